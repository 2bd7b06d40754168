//! Request bodies: JSON objects read strictly, with errors that say what is wrong and where.

use super::report::TABLES;
use super::{DatasetBlock, Environment, typo};
use datahall_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

impl DatasetBlock {
    /// Reads a block from a request body and checks all that needs no look at the source.
    ///
    /// # Errors
    /// `Invalid`, saying what is wrong and where.
    pub fn from_json(body: &[u8]) -> Result<Self> {
        let block: Self = from_json(body)?;
        if block.made_by.is_some() {
            return Err(Error::invalid("unknown field: made_by"));
        }
        block.check(&Environment::fixed(&[]))?;
        Ok(block)
    }
}

/// Reads a JSON object: unknown and repeated fields, lists in place of objects, and whatever comes after it are refused.
pub(crate) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let shape: Value = serde_json::from_slice(body).map_err(|error| Error::invalid(format!("invalid JSON: {error}")))?;
    let Value::Object(fields) = shape else {
        return Err(Error::invalid("invalid JSON: the body must be an object"));
    };
    if let Some((field, _)) = fields.iter().find(|(field, value)| TABLES.contains(&field.as_str()) && value.is_array()) {
        return Err(Error::invalid(format!("{field}: must be an object")));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| Error::invalid(explain(&error)))?;
    reader.end().map_err(|error| Error::invalid(format!("invalid JSON: {error}")))?;
    Ok(read)
}

fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let whole = error.inner().to_string();
    let place = format!(" at line {} column {}", error.inner().line(), error.inner().column());
    let message = whole.strip_suffix(&place).unwrap_or(&whole);
    let place = format!(" (line {}, column {})", error.inner().line(), error.inner().column());
    match typo::unknown_field(message) {
        Some((field, known)) => {
            let within = path.strip_suffix(field).and_then(|above| above.strip_suffix('.'));
            let within = within.map(|above| format!(" in {above}")).unwrap_or_default();
            format!("unknown field: {field}{within}{}{place}", typo::hint(field, known))
        }
        None if path == "." => format!("{message}{place}"),
        None => {
            let message = typo::without_secret(path.rsplit('.').next().unwrap_or_default(), message);
            format!("{path}: {message}{place}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        let error = DatasetBlock::from_json(body.as_bytes()).unwrap_err();
        assert_eq!(error.code(), datahall_core::Code::Invalid);
        error.message().to_owned()
    }

    #[test]
    fn a_block_is_read() {
        let body = r#"{"name":"e","source":{"kind":"csv","location":"a.csv"},"options":{"null_values":["NA","-"],"sheet":2},
            "s3":{"endpoint_bucket_in_host":"auto","addressing_style":"path"},"on_start":"skip","lazy":null}"#;
        let block = DatasetBlock::from_json(body.as_bytes()).unwrap();
        assert_eq!((block.name.as_str(), block.source.kind.as_str(), block.lazy), ("e", "csv", None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, expected) in [
            (r#"{"name":"e","sorce":{"kind":"csv"}}"#, "unknown field: sorce; did you mean `source`?"),
            (r#"{"name":"e","source":{"knd":"csv"}}"#, "unknown field: knd in source; did you mean `kind`?"),
            (r#"{"name":"e","source":{"kind":"csv","location":5}}"#, "source.location: invalid type: integer `5`"),
            (r#"{"name":"e","name":"f","source":{"kind":"csv"}}"#, "duplicate field `name`"),
            (r#"{"source":{"kind":"csv","location":"x"}}"#, "missing field `name`"),
            (r#"["e",{"kind":"csv"}]"#, "must be an object"),
            (r#"{"name":"e","source":["csv","x"]}"#, "source: must be an object"),
            (r#"{"name":"e","source":{"kind":"csv","location":"x"}} x"#, "trailing characters"),
            (
                r#"{"name":"e","source":{"kind":"csv","location":"x"},"s3":{"secret_access_key":12345}}"#,
                "s3.secret_access_key: has the wrong type",
            ),
            ("{", "EOF"),
            ("", "EOF"),
            (r#"{"name":"e/f","source":{"kind":"csv","location":"x"}}"#, "name:"),
        ] {
            let message = refusal(body);
            assert!(message.contains(expected), "{body}: {message}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let deep = format!("{{\"name\":{}", "[".repeat(200_000));
        assert!(refusal(&deep).contains("recursion limit"));
    }
}
