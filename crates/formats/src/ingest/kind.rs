//! What a file is: its content decides, its name helps, and a name that lies is told.

use super::{Fault, Result};
use crate::sniff;
use datahall_core::dataset::FileFormat;

/// First bytes of what is surely no table, and what that is.
const OTHERS: [(&[u8], &str); 16] = [
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"FEA1", "a Feather file of version 1"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89HDF", "an HDF5 file"),
];

/// What was found out of a file by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of the formats that have unmistakable first bytes.
    Binary(FileFormat),
    /// Text of some kind; what kind can be told once its encoding is known.
    Text,
}

/// The format that a name claims. `.txt` and names without an ending claim none.
pub(crate) fn claimed(name: &str) -> Option<FileFormat> {
    sniff::by_name(name).format
}

/// Whether the first bytes are those of a format with unmistakable ones, or of text.
///
/// # Errors
/// [`Fault::Unsupported`] for anything else, and where the name claims a format that the content is not.
pub(crate) fn of(name: &str, head: &[u8]) -> Result<Kind> {
    if let Some(format) = sniff::by_magic(head) {
        return Ok(Kind::Binary(format));
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(unsupported(&format!("the file is {what}")));
    }
    if let Some(format @ (FileFormat::Parquet | FileFormat::Arrow | FileFormat::Xlsx)) = claimed(name) {
        let called = called(format);
        return Err(unsupported(&format!("the file's name says {called}, its content does not")));
    }
    Ok(Kind::Text)
}

/// What kind of text it is, given its first bytes as UTF-8.
///
/// # Errors
/// As [`of`].
pub(crate) fn of_text(name: &str, head: &[u8]) -> Result<FileFormat> {
    // Some letters are missing at the cut, none is zero in a table.
    if head.contains(&0) {
        return Err(unsupported("the file is neither text nor of a type that is known"));
    }
    let text = head.trim_ascii_start();
    let lower = text[..text.len().min(64)].to_ascii_lowercase();
    if [&b"<!doctype"[..], b"<html", b"<?xml", b"<svg"].iter().any(|start| lower.starts_with(start)) {
        return Err(unsupported("the file is an HTML or XML document"));
    }
    let claimed = claimed(name);
    match (claimed, json(text, claimed)) {
        (Some(FileFormat::Json | FileFormat::Ndjson), Some((_, format))) => Ok(format),
        (Some(FileFormat::Json | FileFormat::Ndjson), None) => {
            Err(unsupported("the file's name says JSON, its content does not"))
        }
        (_, Some((true, format))) => Ok(format),
        (Some(format), _) => Ok(format),
        (None, _) => match sniff::dialect(head) {
            dialect if dialect.columns < 2 && !plain(name) => {
                Err(unsupported("the file is neither delimited text nor of a type that is known"))
            }
            dialect if dialect.delimiter == b'\t' && dialect.columns > 1 => Ok(FileFormat::Tsv),
            _ => Ok(FileFormat::Csv),
        },
    }
}

/// A name that claims text and no more.
fn plain(name: &str) -> bool {
    [".txt", ".text", ".dat"].iter().any(|ending| name.to_lowercase().ends_with(ending))
}

/// Whether text is JSON: surely, or only if its name says so; and whether it is one value or one a line.
fn json(text: &[u8], claimed: Option<FileFormat>) -> Option<(bool, FileFormat)> {
    let after = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    match text.first()? {
        b'[' => Some((matches!(after, Some(b'{')), FileFormat::Json)),
        b'{' => {
            let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let whole = serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok();
            let lines = whole || (claimed == Some(FileFormat::Ndjson) && first.trim_ascii() != b"{");
            let format = if lines { FileFormat::Ndjson } else { FileFormat::Json };
            Some((matches!(after, Some(b'"' | b'}')), format))
        }
        _ => None,
    }
}

/// What messages call a format.
pub(crate) fn called(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Parquet => "Parquet",
        FileFormat::Csv => "CSV",
        FileFormat::Tsv => "TSV",
        FileFormat::Json => "JSON",
        FileFormat::Ndjson => "NDJSON",
        FileFormat::Arrow => "Arrow",
        FileFormat::Xlsx => "a spreadsheet",
    }
}

/// That a file is none that is taken, for this reason.
pub(crate) fn unsupported(why: &str) -> Fault {
    Fault::Unsupported(format!("{why} (taken are CSV, TSV, Excel, Parquet, JSON, NDJSON and Arrow)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, head: &[u8]) -> Option<FileFormat> {
        match of(name, head).ok()? {
            Kind::Binary(format) => Some(format),
            Kind::Text => of_text(name, head).ok(),
        }
    }

    #[test]
    fn content_decides() {
        assert_eq!(kind("x.csv", b"PAR1...."), Some(FileFormat::Parquet));
        assert_eq!(kind("x.csv", b"{\"a\":1}\n{\"a\":2}\n"), Some(FileFormat::Ndjson));
        assert_eq!(kind("x.csv", b"[{\"a\":1}]"), Some(FileFormat::Json));
        assert_eq!(kind("x.csv", b"[id],name\n1,2\n"), Some(FileFormat::Csv));
        assert_eq!(kind("x.json", b"[1,2]"), Some(FileFormat::Json));
        assert_eq!(kind("x", b"a;b\n1;2\n"), Some(FileFormat::Csv));
        assert_eq!(kind("x.txt", b"a\n1\n"), Some(FileFormat::Csv));
        assert_eq!(kind("x.txt", b"a\tb\n1\t2\n"), Some(FileFormat::Tsv));
    }

    #[test]
    fn what_is_no_table_or_lies_about_its_type_is_refused() {
        for (name, head) in [
            ("x.csv", &b"%PDF-1.7"[..]),
            ("x.csv", b"\x89PNG\r\n"),
            ("x.csv", b"<!DOCTYPE html><html>"),
            ("x.csv", b" <?xml version='1.0'?>"),
            ("x.csv", b"a\0b\x01\x02"),
            ("x.parquet", b"a,b\n1,2\n"),
            ("x.xlsx", b"a,b\n1,2\n"),
            ("x.arrow", b"a,b\n1,2\n"),
            ("x.json", b"a,b\n1,2\n"),
            ("x.ndjson", b""),
            ("x", b"just words\nand more\n"),
        ] {
            assert_eq!(kind(name, head), None, "{name} {head:?}");
        }
    }
}
