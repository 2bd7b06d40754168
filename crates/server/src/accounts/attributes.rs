//! Attributes as a command line writes them: `NAME=VALUE`, once for each value.

use datahall_core::{Error, Result};
use datahall_service::Object;
use serde_json::Value;

/// The attributes that these say: a list of values each, empty where only `NAME=` was given.
///
/// # Errors
/// `Invalid` for what is not `NAME=VALUE`.
pub(super) fn read(texts: &[String]) -> Result<Object> {
    let mut attributes = Object::new();
    for text in texts {
        let (name, value) =
            text.split_once('=').ok_or_else(|| Error::invalid(format!("--attribute {text}: write NAME=VALUE")))?;
        let values = attributes.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let (Value::Array(values), false) = (values, value.is_empty()) {
            values.push(value.into());
        }
    }
    Ok(attributes)
}

/// `old` with what is given in its place; what has no value goes.
pub(super) fn over(mut old: Object, given: Object) -> Object {
    old.extend(given);
    old.retain(|_, values| values.as_array().is_none_or(|values| !values.is_empty()));
    old
}

/// As a line shows them.
pub(super) fn shown(attributes: &Object) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let one = |(name, value): (&String, &Value)| match value.as_array() {
        Some(values) => format!("{name}:{}", values.iter().map(text).collect::<Vec<_>>().join(",")),
        None => format!("{name}:{}", text(value)),
    };
    attributes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given(texts: &[&str]) -> Object {
        read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn values_are_collected_and_none_takes_an_attribute_away() {
        let attributes = given(&["region=EU", "level=a=b", "region=US"]);
        assert_eq!(Value::Object(attributes.clone()), json!({"region": ["EU", "US"], "level": ["a=b"]}));
        assert_eq!(shown(&attributes).concat().len(), "region:EU,USlevel:a=b".len());
        let changed = over(attributes, given(&["region=", "x=1"]));
        assert_eq!(Value::Object(changed), json!({"level": ["a=b"], "x": ["1"]}));
        assert!(read(&["region".to_owned()]).unwrap_err().message().contains("NAME=VALUE"));
    }
}
