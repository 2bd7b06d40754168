//! What is known of callers, for row filters to ask: attributes by name, each with its values.

use super::names;
use datahall_catalog::Object;
use datahall_core::policy::Attributes;
use datahall_core::{Error, Result};
use serde_json::Value;
use std::sync::Arc;

/// The most attributes that an account may have.
const MOST: usize = 100;

/// What `fields` say: text, numbers, truth values, and lists of them. Anything else says nothing; a list without values
/// says nothing either.
pub(crate) fn of(fields: &Object) -> Attributes {
    let named = fields.iter().filter_map(|(name, value)| Some((name.clone(), values(value)?)));
    named.filter(|(_, values)| !values.is_empty()).collect()
}

/// As principals carry them; nothing when there are none.
pub(crate) fn shared(fields: &Object) -> Option<Arc<Attributes>> {
    let attributes = of(fields);
    if attributes.is_empty() { None } else { Some(Arc::new(attributes)) }
}

/// Refuses attributes that no row filter could ask for.
///
/// # Errors
/// `Invalid`, naming the attribute.
pub(crate) fn check(fields: &Object) -> Result<()> {
    if fields.len() > MOST {
        return Err(Error::invalid(format!("attributes: must not be more than {MOST}")));
    }
    for (name, value) in fields {
        names::check("attributes", name)?;
        if values(value).is_none() {
            let what = "must be text, a number, true or false, or a list of them";
            return Err(Error::invalid(format!("attributes.{name}: {what}")));
        }
    }
    Ok(())
}

fn values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        value => one(value).map(|value| vec![value]),
    }
}

fn one(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_values_and_lists_of_them_count_and_nothing_else() {
        let fields = json!({"a": "x", "b": 7, "c": true, "d": ["y", 1.5], "e": null, "f": {"g": 1}, "h": [["z"]], "i": []});
        let fields = fields.as_object().unwrap();
        let expected = [("a", vec!["x"]), ("b", vec!["7"]), ("c", vec!["true"]), ("d", vec!["y", "1.5"])];
        let expected: Attributes =
            expected.into_iter().map(|(name, values)| (name.into(), values.into_iter().map(str::to_owned).collect())).collect();
        assert_eq!(of(fields), expected);
        assert!(check(fields).unwrap_err().message().starts_with("attributes.e: must be text"));
        assert!(check(json!({"a": [], "b": "x"}).as_object().unwrap()).is_ok());
        assert!(check(json!({"": "x"}).as_object().unwrap()).is_err());
        assert!(shared(&Object::new()).is_none());
    }
}
