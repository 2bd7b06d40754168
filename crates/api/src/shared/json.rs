//! JSON bodies: read strictly, with messages that say where and what.

use datahall_core::{Error, Result};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// A `T` that must be written as a JSON object: derived readers would take an array of the fields in order, too.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// An object of any keys, each of which may be there once.
#[derive(Debug, Default)]
pub(crate) struct Unique<T>(pub(crate) BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UniqueVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueVisitor<T> {
            type Value = Unique<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if all.contains_key(&key) {
                        return Err(A::Error::custom(format!("duplicate field `{key}`")));
                    }
                    all.insert(key, value);
                }
                Ok(Unique(all))
            }
        }
        deserializer.deserialize_map(UniqueVisitor(PhantomData))
    }
}

/// For fields where `null` says something else than nothing: with `#[serde(default)]` the field is `None` where it is not
/// there, and `Some(None)` where it is `null`.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads `bytes` as one JSON object.
///
/// # Errors
/// `Invalid`, saying where and what.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed: Object<T> = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        describe(&path, &error.into_inner())
    })?;
    deserializer.end().map_err(|error| describe(".", &error))?;
    Ok(parsed.0)
}

fn describe(path: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    if let Some(message) = unknown_field(&text) {
        let at = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        return if at.is_empty() { Error::invalid(message) } else { Error::invalid(format!("{message} (in {at})")) };
    }
    if error.is_data() && path != "." {
        return Error::invalid(format!("invalid body: {path}: {text}"));
    }
    Error::invalid(format!("invalid body: {text}"))
}

/// Turns serde's "unknown field `x`, expected one of `a`, `b`" into a message that names the nearest known field.
fn unknown_field(text: &str) -> Option<String> {
    let rest = text.strip_prefix("unknown field `")?;
    let (field, rest) = rest.split_once("`, expected")?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    Some(match nearest(field, &known) {
        Some(near) => format!("unknown field `{field}`, did you mean `{near}`?"),
        None => format!("unknown field `{field}`, known are: {}", known.join(", ")),
    })
}

/// The one of `known` that `name` is most likely a slip of.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let scored = known.iter().map(|candidate| (strsim::jaro_winkler(&folded, candidate), *candidate));
    scored.filter(|(score, _)| *score >= 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "col")]
        _col: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default, rename = "predicates")]
        _predicates: Vec<Object<Inner>>,
        #[serde(default, rename = "page")]
        _page: u64,
    }

    fn message(text: &str) -> String {
        parse::<Outer>(text.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn unknown_fields_are_named_with_the_nearest_known_one() {
        assert_eq!(message(r#"{"predicate":[]}"#), "unknown field `predicate`, did you mean `predicates`?");
        assert_eq!(message(r#"{"zzz":[]}"#), "unknown field `zzz`, known are: predicates, page");
        assert_eq!(
            message(r#"{"predicates":[{"column":"a"}]}"#),
            "unknown field `column`, did you mean `col`? (in predicates[0])"
        );
    }

    #[test]
    fn arrays_do_not_stand_for_objects() {
        assert!(message("[]").contains("expected an object"));
        assert!(message(r#"{"predicates":[["a"]]}"#).contains("predicates[0]"));
    }

    #[test]
    fn wrong_types_say_where() {
        assert!(message(r#"{"page":-1}"#).starts_with("invalid body: page: "));
        assert!(message(r#"{"page":1} x"#).contains("trailing"));
        assert!(message("").contains("EOF"));
        let deep = "[".repeat(10_000);
        assert!(message(&format!("{{\"predicates\":{deep}")).contains("line 1"));
    }
}
