//! How text is cut into fields: what the caller says, else what its first lines look like.

use super::super::hints::Hints;
use super::records::{Fields, Records};
use crate::sniff;
use datahall_core::dataset::FileFormat;

/// How text is cut into fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) header: bool,
    pub(crate) more: More,
}

/// What few files need, and only callers can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct More {
    /// Quotes are letters.
    pub(crate) unquoted: bool,
    /// What makes the next letter one that stands for itself.
    pub(crate) escape: Option<u8>,
    /// A quote within quotes ends the field, though another follows.
    pub(crate) single: bool,
    /// Blanks before a field are none of it.
    pub(crate) trim: bool,
    /// Blank lines are rows without fields.
    pub(crate) blanks: bool,
}

impl More {
    /// None of it.
    pub(crate) const NONE: Self = Self { unquoted: false, escape: None, single: false, trim: false, blanks: false };
}

impl Dialect {
    /// Found for text that begins with `head` (from which half a letter at the end may be missing).
    pub(crate) fn find(head: &[u8], format: FileFormat, hints: &Hints, warnings: &mut Vec<String>) -> Self {
        let quote = hints.quote.unwrap_or_else(|| quote(head));
        let guessed = sniff::dialect_quoted(head, quote);
        let delimiter = hints.delimiter.unwrap_or(match format {
            FileFormat::Tsv if guessed.columns < 2 => b'\t',
            _ => guessed.delimiter,
        });
        let mut dialect = Self { delimiter, quote, header: true, more: More::NONE };
        dialect.header = hints.header.unwrap_or_else(|| dialect.has_header(head));
        if hints.header.is_none() && !dialect.header {
            let message =
                "the first row holds values, so the columns are called column_1 and so on; send header=true if it names them";
            warnings.push(message.to_owned());
        }
        dialect
    }

    /// The first row names the columns unless something in it looks like a value. Years among names are names: `country,2001,2002`.
    fn has_header(&self, head: &[u8]) -> bool {
        let mut fields = Fields::default();
        if Records::new(head, self).next(&mut fields).is_none() {
            return true;
        }
        let year = |field: &[u8]| {
            let text = std::str::from_utf8(field).unwrap_or_default().trim();
            text.len() == 4 && text.parse::<u16>().is_ok_and(|year| (1000..=2999).contains(&year))
        };
        let values = fields.iter().filter(|field| sniff::is_value(field)).count();
        let years = fields.iter().filter(|field| year(field)).count();
        let words = fields.iter().filter(|field| !field.trim_ascii().is_empty()).count() - values;
        values == 0 || (values == years && words > 0)
    }
}

/// Apostrophes, where fields are set in them and none in quotation marks.
fn quote(head: &[u8]) -> u8 {
    let count = |quote: u8| {
        let begins = |pair: &[u8]| matches!(pair[0], b',' | b';' | b'\t' | b'|' | b'\n' | b'\r') && pair[1] == quote;
        let ends = |pair: &[u8]| matches!(pair[1], b',' | b';' | b'\t' | b'|' | b'\n' | b'\r') && pair[0] == quote;
        let begun = head.windows(2).filter(|pair| begins(pair)).count() + usize::from(head.first() == Some(&quote));
        (begun, head.windows(2).filter(|pair| ends(pair)).count())
    };
    let ((double, _), (single, ended)) = (count(b'"'), count(b'\''));
    // The last one of what was looked at may end later.
    if double == 0 && single >= 2 && single.abs_diff(ended) <= 1 { b'\'' } else { b'"' }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (char, char, bool) {
        let dialect = Dialect::find(text.as_bytes(), FileFormat::Csv, &Hints::default(), &mut Vec::new());
        (dialect.delimiter as char, dialect.quote as char, dialect.header)
    }

    #[test]
    fn delimiter_quote_and_header() {
        assert_eq!(found("a;b\n'x;y';1\n'z';2\n"), (';', '\'', true));
        assert_eq!(found("a,b\n\"it's\",'tis\n"), (',', '"', true));
        assert_eq!(found("name,quote\nx,'twas brillig\ny,'tis\n"), (',', '"', true));
        assert_eq!(found("a\tb\n1\t2\n"), ('\t', '"', true));
        assert_eq!(found("1,2\n3,4\n"), (',', '"', false));
        assert_eq!(found("country,2001,2002\nde,1,2\n"), (',', '"', true));
        assert_eq!(found("2001,2002\n1,2\n"), (',', '"', false));
        assert_eq!(found("a,a\n1,2\n"), (',', '"', true));
        assert_eq!(found(""), (',', '"', true));
    }

    #[test]
    fn what_the_caller_says_counts() {
        let hints = Hints { delimiter: Some(b'|'), quote: Some(b'~'), header: Some(false), ..Hints::default() };
        let dialect = Dialect::find(b"a,b\n1,2\n", FileFormat::Csv, &hints, &mut Vec::new());
        assert_eq!(dialect, Dialect { delimiter: b'|', quote: b'~', header: false, more: More::NONE });
        let tsv = Dialect::find(b"a\n1\n", FileFormat::Tsv, &Hints::default(), &mut Vec::new());
        assert_eq!(tsv.delimiter, b'\t');
    }
}
