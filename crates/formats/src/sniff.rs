//! What a file is: by its first bytes, by its name, and for delimited text how it is delimited.

mod delimited;

pub(crate) use delimited::is_value;
pub use delimited::{Dialect, dialect, dialect_quoted};

use datahall_core::dataset::FileFormat;

/// What could be told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// Its format, or that of what is compressed in it.
    pub format: Option<FileFormat>,
    /// Whether it is compressed with gzip.
    pub gzip: bool,
}

const ALL: [FileFormat; 7] = [
    FileFormat::Parquet,
    FileFormat::Csv,
    FileFormat::Tsv,
    FileFormat::Json,
    FileFormat::Ndjson,
    FileFormat::Arrow,
    FileFormat::Xlsx,
];

/// What a file is, given its name (a path or URL without query will do) and its first bytes, a few thousand where there are
/// as many. The bytes win over the name where they are unmistakable.
pub fn sniff(name: &str, head: &[u8]) -> Sniffed {
    let named = by_name(name);
    if head.starts_with(b"\x1f\x8b") {
        return Sniffed { format: named.format, gzip: true };
    }
    let format = match (by_magic(head), named.format) {
        (Some(format), _) => Some(format),
        (None, Some(FileFormat::Json | FileFormat::Ndjson)) => by_json(head).or(named.format),
        (None, Some(format)) => Some(format),
        (None, None) => by_json(head).or_else(|| by_text(head)),
    };
    Sniffed { format, gzip: false }
}

/// What the ending of a name, in any case, says. `.gz` may follow any ending.
pub fn by_name(name: &str) -> Sniffed {
    let name = name.to_lowercase();
    let (stem, gzip) = match name.strip_suffix(".gz") {
        Some(stem) => (stem, true),
        None => (name.as_str(), false),
    };
    let has = |ending: &&&str| stem.strip_suffix(**ending).is_some_and(|rest| rest.ends_with('.'));
    let format = ALL.into_iter().find(|format| format.endings().iter().any(|ending| has(&ending)));
    Sniffed { format, gzip }
}

/// The format whose first bytes are unmistakable.
pub fn by_magic(head: &[u8]) -> Option<FileFormat> {
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    const PARTS: [&[u8]; 3] = [b"xl/", b"[Content_Types].xml", b"application/vnd.oasis.opendocument.spreadsheet"];
    let holds = |part: &&[u8]| head.windows(part.len()).any(|window| window == *part);
    if head.starts_with(b"PAR1") || head.starts_with(b"PARE") {
        Some(FileFormat::Parquet)
    } else if head.starts_with(b"ARROW1") || head.starts_with(b"\xff\xff\xff\xff") {
        Some(FileFormat::Arrow)
    } else if head.starts_with(OLE) || (head.starts_with(b"PK\x03\x04") && PARTS.iter().any(holds)) {
        Some(FileFormat::Xlsx)
    } else {
        None
    }
}

/// JSON or NDJSON, for text that begins with a bracket or a brace.
fn by_json(head: &[u8]) -> Option<FileFormat> {
    let text = without_mark(head).trim_ascii_start();
    match text.first()? {
        b'[' => Some(FileFormat::Json),
        b'{' => {
            // An object that ends with its line, and another one after it or nothing at all.
            let mut values = serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>();
            let complete = matches!(values.next(), Some(Ok(_)));
            let rest = text[values.byte_offset().min(text.len())..].trim_ascii_start();
            let lines = complete && (rest.is_empty() || rest.starts_with(b"{"));
            Some(if lines { FileFormat::Ndjson } else { FileFormat::Json })
        }
        _ => None,
    }
}

/// CSV or TSV, for text with more than one column in its lines.
fn by_text(head: &[u8]) -> Option<FileFormat> {
    let end = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        // The head may end inside a character.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return None,
    };
    let dialect = dialect(&head[..end]);
    match dialect.delimiter {
        _ if dialect.columns < 2 => None,
        b'\t' => Some(FileFormat::Tsv),
        _ => Some(FileFormat::Csv),
    }
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: &str, head: &[u8]) -> Option<FileFormat> {
        sniff(name, head).format
    }

    #[test]
    fn names() {
        let cases = [
            ("a.parquet", Some(FileFormat::Parquet), false),
            ("dir.csv/A.CSV.GZ", Some(FileFormat::Csv), true),
            ("x.tab", Some(FileFormat::Tsv), false),
            ("x.jsonl", Some(FileFormat::Ndjson), false),
            ("x.json.gz", Some(FileFormat::Json), true),
            ("x.feather", Some(FileFormat::Arrow), false),
            ("x.ods", Some(FileFormat::Xlsx), false),
            ("notcsv", None, false),
            ("csv", None, false),
            ("x.txt.gz", None, true),
        ];
        for (name, format, gzip) in cases {
            assert_eq!(by_name(name), Sniffed { format, gzip }, "{name}");
        }
    }

    #[test]
    fn bytes_win_where_they_are_unmistakable() {
        assert_eq!(format("x.csv", b"PAR1\x15\x04"), Some(FileFormat::Parquet));
        assert_eq!(format("x.csv", b"ARROW1\0\0"), Some(FileFormat::Arrow));
        assert_eq!(format("x", b"\xff\xff\xff\xff\x10\0\0\0"), Some(FileFormat::Arrow));
        assert_eq!(format("x.zip", b"PK\x03\x04....[Content_Types].xml"), Some(FileFormat::Xlsx));
        assert_eq!(format("x.zip", b"PK\x03\x04....readme.txt"), None);
        assert_eq!(format("book", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Some(FileFormat::Xlsx));
        assert_eq!(sniff("x.csv", b"\x1f\x8b\x08"), Sniffed { format: Some(FileFormat::Csv), gzip: true });
    }

    #[test]
    fn json_and_ndjson_are_told_apart_by_what_follows_the_first_object() {
        assert_eq!(format("x.json", b" \n[{}]"), Some(FileFormat::Json));
        assert_eq!(format("x.json", b"{\"a\":1}\n{\"a\":2}\n"), Some(FileFormat::Ndjson));
        assert_eq!(format("x.ndjson", b"\xef\xbb\xbf[{\"a\":1}]"), Some(FileFormat::Json));
        assert_eq!(format("x", b"{\"a\":\n {\"b\": 1"), Some(FileFormat::Json));
        assert_eq!(format("x.json", b""), Some(FileFormat::Json));
    }

    #[test]
    fn text_without_a_telling_name() {
        assert_eq!(format("x", b"a,b\n1,2\n"), Some(FileFormat::Csv));
        assert_eq!(format("x", b"a\tb\n1\t2\n"), Some(FileFormat::Tsv));
        assert_eq!(format("x", b"just some words\nand more\n"), None);
        assert_eq!(format("x", b"\x00\xff\x00"), None);
        assert_eq!(format("x", "a;b\nä;ü".as_bytes().split_last().unwrap().1), Some(FileFormat::Csv));
    }
}
