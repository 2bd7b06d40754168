//! How delimited text is delimited, and whether its first line names the columns.

/// How delimited text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between fields.
    pub delimiter: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Fields in most of the lines.
    pub columns: usize,
}

/// In order of preference, where the text decides nothing.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Lines looked at.
const LINES: usize = 50;

/// The likeliest way to read the text that begins with `head`. The last line is left out when others are there, as it may
/// be cut off.
pub fn dialect(head: &[u8]) -> Dialect {
    dialect_quoted(head, b'"')
}

/// As [`dialect`], where `quote` stands around fields.
pub fn dialect_quoted(head: &[u8], quote: u8) -> Dialect {
    let head = super::without_mark(head);
    let cut = !head.ends_with(b"\n");
    let readings = DELIMITERS.map(|delimiter| {
        let mut lines = split(head, delimiter, quote);
        if cut && lines.len() > 1 {
            lines.pop();
        }
        (delimiter, lines)
    });
    let best = readings.iter().rev().max_by_key(|(_, lines)| agreement(lines));
    let (delimiter, lines) = best.map_or((b',', &[][..]), |(delimiter, lines)| (*delimiter, lines));
    let columns = common_width(lines).0;
    let delimiter = if columns < 2 { b',' } else { delimiter };
    Dialect { delimiter, header: has_header(lines), columns }
}

/// Lines of fields, quotes taken off.
fn split(text: &[u8], delimiter: u8, quote: u8) -> Vec<Vec<Vec<u8>>> {
    let (mut lines, mut line, mut field) = (Vec::new(), Vec::new(), Vec::new());
    let (mut quoted, mut after_quote) = (false, false);
    for byte in text {
        match byte {
            byte if *byte == quote && quoted => (quoted, after_quote) = (false, true),
            byte if *byte == quote && (field.is_empty() || after_quote) => {
                if after_quote {
                    field.push(quote);
                }
                (quoted, after_quote) = (true, false);
            }
            _ if quoted => field.push(*byte),
            b'\n' => {
                line.push(std::mem::take(&mut field));
                if line.len() > 1 || !line[0].is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.clear();
                after_quote = false;
                if lines.len() == LINES {
                    return lines;
                }
            }
            b'\r' => {}
            byte if *byte == delimiter => {
                line.push(std::mem::take(&mut field));
                after_quote = false;
            }
            byte => field.push(*byte),
        }
    }
    if !line.is_empty() || !field.is_empty() {
        line.push(field);
        lines.push(line);
    }
    lines
}

/// The commonest number of fields, and how many lines have it.
fn common_width(lines: &[Vec<Vec<u8>>]) -> (usize, usize) {
    let count = |width: usize| lines.iter().filter(|line| line.len() == width).count();
    let widths = lines.iter().map(Vec::len).map(|width| (count(width), width));
    widths.max().map_or((0, 0), |(count, width)| (width, count))
}

/// How well the lines agree on a number of fields above one: the share of lines that have it (per thousand), then the number.
fn agreement(lines: &[Vec<Vec<u8>>]) -> (usize, usize) {
    match common_width(lines) {
        (0 | 1, _) => (0, 0),
        (width, count) => (count * 1000 / lines.len(), width),
    }
}

/// Names are there, differ, and do not look like values.
fn has_header(lines: &[Vec<Vec<u8>>]) -> bool {
    let Some(first) = lines.first() else { return true };
    let distinct = first.iter().collect::<std::collections::HashSet<_>>().len() == first.len();
    distinct && !first.iter().any(|field| is_value(field)) && first.iter().any(|field| !field.trim_ascii().is_empty())
}

/// Whether it looks like a number, a date or a truth value rather than like a name.
pub(crate) fn is_value(field: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(field) else { return false };
    let text = text.trim();
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let number = numeric && text.replace(',', ".").parse::<f64>().is_ok();
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let date = digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7) && bytes.get(7) == Some(&b'-') && digits(8..10);
    number || date || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str) -> (char, bool, usize) {
        let dialect = dialect(text.as_bytes());
        (dialect.delimiter as char, dialect.header, dialect.columns)
    }

    #[test]
    fn each_delimiter() {
        assert_eq!(guess("a,b,c\n1,2,3\n"), (',', true, 3));
        assert_eq!(guess("a;b\n1,5;2,5\n3,5;4,5\n"), (';', true, 2));
        assert_eq!(guess("a\tb\nx, y\tz\n"), ('\t', true, 2));
        assert_eq!(guess("a|b|c\n1|2|3"), ('|', true, 3));
    }

    #[test]
    fn what_is_quoted_does_not_count() {
        assert_eq!(guess("name;note\n\"a\";\"x, y, z\"\n\"b\"\"c\";\"line\nbreak, too\"\n"), (';', true, 2));
    }

    #[test]
    fn values_are_no_header() {
        assert_eq!(guess("1,x\n2,y\n"), (',', false, 2));
        assert_eq!(guess("2024-01-01,x\n"), (',', false, 2));
        assert_eq!(guess("a,a\nb,c\n"), (',', false, 2));
        assert_eq!(guess("id,2001 total\n1,2\n"), (',', true, 2));
    }

    #[test]
    fn one_column_or_nothing() {
        assert_eq!(guess("name\nAnna\nBert\n"), (',', true, 1));
        assert_eq!(guess(""), (',', true, 0));
        assert_eq!(guess("\u{feff}a,b\r\n1,2\r\n"), (',', true, 2));
    }

    #[test]
    fn a_line_that_is_cut_off_does_not_count() {
        assert_eq!(guess("a,b,c\n1,2,3\n4,5"), (',', true, 3));
    }
}
