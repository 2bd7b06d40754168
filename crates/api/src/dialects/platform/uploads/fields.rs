//! What the texts of a form say.

use crate::dialects::platform::fault::Fault;
use datahall_core::Error;
use datahall_formats::ingest::Hints;
use std::collections::BTreeMap;

/// How the file is to be read.
pub(super) fn hints(texts: &BTreeMap<String, String>) -> Result<Hints, Fault> {
    let mut hints = Hints::default();
    for field in Hints::FIELDS {
        if let Some(text) = texts.get(field) {
            hints.set(field, text).map_err(|fault| Error::invalid(fault.to_string()))?;
        }
    }
    Ok(hints)
}

/// A truth value; `false` when it is not there.
pub(super) fn truth(texts: &BTreeMap<String, String>, field: &str) -> Result<bool, Fault> {
    match texts.get(field).map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Error::invalid(format!("{field}: must be true or false")).into()),
    }
}

/// A text that may be left out; blank is left out.
pub(super) fn text(texts: &BTreeMap<String, String>, field: &str) -> Option<String> {
    texts.get(field).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A JSON list of texts, or words between commas.
pub(super) fn words(texts: &BTreeMap<String, String>, field: &str) -> Result<Vec<String>, Fault> {
    let Some(given) = text(texts, field) else { return Ok(Vec::new()) };
    if given.starts_with('[') {
        let parsed = serde_json::from_str(&given);
        return Ok(parsed.map_err(|_| Error::invalid(format!("{field}: must be a JSON list of texts, or words between commas")))?);
    }
    Ok(given.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn texts_become_values() {
        let given = texts(&[("replace", "TRUE"), ("tags", "a, b,"), ("more", "[\"x,y\"]"), ("title", "  "), ("wrong", "[1]")]);
        assert!(truth(&given, "replace").ok().unwrap());
        assert!(!truth(&given, "absent").ok().unwrap());
        assert!(truth(&given, "tags").is_err());
        assert_eq!(words(&given, "tags").ok().unwrap(), ["a", "b"]);
        assert_eq!(words(&given, "more").ok().unwrap(), ["x,y"]);
        assert!(words(&given, "wrong").is_err());
        assert_eq!(text(&given, "title"), None);
    }

    #[test]
    fn hints_are_read() {
        assert_eq!(hints(&texts(&[("delimiter", ";"), ("header", "false")])).ok().unwrap().delimiter, Some(b';'));
        assert!(hints(&texts(&[("encoding", "klingon")])).is_err());
    }
}
