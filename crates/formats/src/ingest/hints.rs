//! What a caller says of a file beyond its name: the fields of the form that came with it.

use super::types::Declared;
use super::{Fault, Result};
use encoding_rs::Encoding;
use std::collections::BTreeMap;

/// Rows at most that a header may have.
const MOST_HEADERS: u32 = 100;

/// What a caller says of a file; whatever is unset is found out.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// What stands between fields.
    pub delimiter: Option<u8>,
    /// What stands around fields that hold delimiters.
    pub quote: Option<u8>,
    /// Whether the first row names the columns.
    pub header: Option<bool>,
    /// How many rows of a workbook name the columns, where that is more than one.
    pub header_rows: Option<u32>,
    /// How text is encoded.
    pub encoding: Option<&'static Encoding>,
    /// Texts that stand for nothing, beside the empty one.
    pub null_values: Vec<String>,
    /// Which sheet of a workbook, by name or by number from 1.
    pub sheet: Option<String>,
    /// Types of columns by name.
    pub types: BTreeMap<String, Declared>,
}

impl Hints {
    /// The names of the fields that [`Hints::set`] takes.
    pub const FIELDS: [&'static str; 7] = ["delimiter", "quote", "header", "encoding", "null_values", "sheet", "types"];

    /// Takes one field of a form.
    ///
    /// # Errors
    /// [`Fault::Hints`] when there is no such field or `value` is none for it.
    pub fn set(&mut self, field: &str, value: &str) -> Result<()> {
        match field {
            "delimiter" => self.delimiter = one_byte(field, value)?,
            "quote" => self.quote = one_byte(field, value)?,
            "header" => {
                self.header_rows = value.trim().parse().ok().filter(|rows| (2..=MOST_HEADERS).contains(rows));
                self.header = match value.trim().to_ascii_lowercase().as_str() {
                    "" | "auto" => None,
                    "true" | "1" => Some(true),
                    "false" | "0" => Some(false),
                    _ if self.header_rows.is_some() => Some(true),
                    _ => {
                        return Err(Fault::Hints(format!(
                            "header must be true, false, auto or a number of rows, not {}",
                            short(value)
                        )));
                    }
                }
            }
            "encoding" => self.encoding = encoding(value)?,
            "null_values" => self.null_values = list(value)?,
            "sheet" => self.sheet = Some(value.to_owned()).filter(|sheet| !sheet.is_empty()),
            "types" => self.types = types(value)?,
            _ => return Err(Fault::Hints(format!("unknown field: {}", short(field)))),
        }
        if self.delimiter.is_some() && self.delimiter == self.quote {
            return Err(Fault::Hints("delimiter and quote must differ".to_owned()));
        }
        Ok(())
    }
}

/// `text` as messages repeat it: not too much of it, and nothing that a terminal would obey.
pub(crate) fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(40).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}

fn one_byte(field: &str, value: &str) -> Result<Option<u8>> {
    match value {
        "" | "auto" => Ok(None),
        "\\t" | "tab" => Ok(Some(b'\t')),
        _ => match value.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(Some(*byte)),
            _ => Err(Fault::Hints(format!("{field} must be one ASCII character, tab or auto, not {}", short(value)))),
        },
    }
}

fn encoding(value: &str) -> Result<Option<&'static Encoding>> {
    if value.is_empty() || value.eq_ignore_ascii_case("auto") {
        return Ok(None);
    }
    let label = value.trim().to_ascii_lowercase();
    // Names that are in use and that the web's list of labels does not have.
    let label = match label.as_str() {
        "utf_8" | "utf-8-sig" | "utf_8_sig" => "utf-8",
        "utf_16" | "utf_16_le" => "utf-16le",
        "utf_16_be" => "utf-16be",
        "latin-1" | "latin_1" => "latin1",
        other => other,
    };
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    let wrong = || Fault::Hints(format!("unknown encoding: {} (try utf-8, utf-16le, windows-1252)", short(value)));
    found.map(Some).ok_or_else(wrong)
}

fn list(value: &str) -> Result<Vec<String>> {
    if value.trim_start().starts_with('[') {
        return serde_json::from_str(value).map_err(|_| Fault::Hints("null_values must be a list of texts".to_owned()));
    }
    Ok(value.split(',').map(str::to_owned).filter(|value| !value.is_empty()).collect())
}

fn types(value: &str) -> Result<BTreeMap<String, Declared>> {
    if value.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let declared: BTreeMap<String, String> = serde_json::from_str(value).map_err(|error| {
        let what = "types must be a JSON object of column names and types";
        Fault::Hints(format!("{what}: {error}"))
    })?;
    declared.into_iter().map(|(column, name)| Ok((column, Declared::parse(&name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(field: &str, value: &str) -> Result<Hints> {
        let mut hints = Hints::default();
        hints.set(field, value).map(|()| hints)
    }

    #[test]
    fn fields_are_taken() {
        assert_eq!(set("delimiter", "tab").unwrap().delimiter, Some(b'\t'));
        assert_eq!(set("delimiter", ";").unwrap().delimiter, Some(b';'));
        assert_eq!(set("delimiter", "").unwrap().delimiter, None);
        assert_eq!(set("header", "False").unwrap().header, Some(false));
        let two = set("header", "2").unwrap();
        assert_eq!((two.header, two.header_rows), (Some(true), Some(2)));
        assert_eq!(set("encoding", "Latin-1").unwrap().encoding, Some(encoding_rs::WINDOWS_1252));
        assert_eq!(set("null_values", "NA,-").unwrap().null_values, ["NA", "-"]);
        assert_eq!(set("null_values", "[\"a,b\"]").unwrap().null_values, ["a,b"]);
        assert_eq!(set("types", r#"{"a":"decimal(10,2)"}"#).unwrap().types["a"], Declared::Decimal(Some((10, 2))));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (field, value, expected) in [
            ("delimiter", "::", "delimiter must be one ASCII character, tab or auto, not '::'"),
            ("delimiter", "\n", "delimiter must be one ASCII character, tab or auto, not '\u{fffd}'"),
            ("quote", "ä", "quote must be one ASCII character, tab or auto, not 'ä'"),
            ("header", "maybe", "header must be true, false, auto or a number of rows, not 'maybe'"),
            ("header", "101", "header must be true, false, auto or a number of rows, not '101'"),
            ("encoding", "klingon", "unknown encoding: 'klingon' (try utf-8, utf-16le, windows-1252)"),
            ("colour", "x", "unknown field: 'colour'"),
            ("null_values", "[1]", "null_values must be a list of texts"),
            ("types", r#"{"a":"decimal(99,2)"}"#, "unknown type: 'decimal(99,2)'"),
        ] {
            let message = set(field, value).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        let mut hints = set("delimiter", ";").unwrap();
        assert_eq!(hints.set("quote", ";").unwrap_err().to_string(), "delimiter and quote must differ");
        assert!(matches!(set("types", "[]"), Err(Fault::Hints(_))));
    }
}
