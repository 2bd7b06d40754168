//! What a descriptor says of a package or a resource itself, as far as it is what the standard has it to be: one value of another type would
//! make a descriptor of the whole that no reader takes.

use crate::Object;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value as Json;

/// Properties that are text.
const TEXTS: &[&str] = &["title", "description", "homepage", "image", "version", "encoding", "mediatype", "type"];
/// Properties that are lists of objects whose own properties of these names are text.
const LISTS: &[(&str, &[&str])] = &[
    ("licenses", &["name", "path", "title"]),
    ("sources", &["title", "path", "email"]),
    ("contributors", &["title", "path", "email", "organization", "organisation", "role"]),
];

/// The properties without those named in `but`; what had to be left out or changed goes into `wrong`, by name.
pub(super) fn own(descriptor: &Object, but: &[&str], wrong: &mut Vec<String>) -> Object {
    let mut kept = Object::new();
    for (name, value) in descriptor {
        if but.contains(&name.as_str()) || value.is_null() {
            continue;
        }
        let fit = fitting(name, value);
        if fit.as_ref() != Some(value) {
            wrong.push(name.clone());
        }
        if let Some(value) = fit {
            kept.insert(name.clone(), value);
        }
    }
    kept
}

fn fitting(name: &str, value: &Json) -> Option<Json> {
    if TEXTS.contains(&name) {
        return text(value);
    }
    if let Some((_, texts)) = LISTS.iter().find(|(list, _)| *list == name) {
        let listed = value.as_array()?.iter().filter_map(|item| entry(name, item.as_object()?, texts));
        return Some(Json::Array(listed.collect()));
    }
    match name {
        "keywords" => Some(Json::Array(value.as_array()?.iter().filter_map(text).collect())),
        "created" => value.as_str().filter(|text| is_moment(text)).map(Json::from),
        _ => Some(value.clone()),
    }
}

fn entry(list: &str, item: &Object, texts: &[&str]) -> Option<Json> {
    let mut kept = Object::new();
    for (name, value) in item {
        let value = match name.as_str() {
            "email" => text(value).filter(|email| email.as_str().is_some_and(is_email)),
            name if texts.contains(&name) => text(value),
            _ => Some(value.clone()),
        };
        kept.extend(value.map(|value| (name.clone(), value)));
    }
    // The standard wants a license to be named or found.
    let named = |name: &str| kept.get(name).and_then(Json::as_str).is_some_and(|text| !text.is_empty());
    if list == "licenses" && !named("name") && !named("path") {
        let title = kept.get("title").and_then(Json::as_str)?.to_owned();
        kept.insert("name".into(), title.into());
    }
    Some(Json::Object(kept))
}

fn text(value: &Json) -> Option<Json> {
    match value {
        Json::String(_) => Some(value.clone()),
        // As in `version: 1.0`.
        Json::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

fn is_email(text: &str) -> bool {
    let (user, host) = text.split_once('@').unwrap_or_default();
    !user.is_empty() && host.contains('.') && !text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | ','))
}

fn is_moment(text: &str) -> bool {
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ"];
    DateTime::parse_from_rfc3339(text).is_ok()
        || formats.iter().any(|format| NaiveDateTime::parse_from_str(text, format).is_ok())
        || NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(descriptor: Json) -> (Json, Vec<String>) {
        let mut wrong = Vec::new();
        (own(descriptor.as_object().unwrap(), &["resources"], &mut wrong).into(), wrong)
    }

    #[test]
    fn what_is_as_it_should_be_stays() {
        let as_it_is = json!({
            "title": "T", "version": "1.0", "created": "2025-08-21T23:04:37.691343+00:00", "keywords": ["a"], "x": {"y": [1]},
            "licenses": [{"name": "ODC-PDDL-1.0", "path": "https://x"}, {"title": "T", "path": "p"}],
            "contributors": [{"title": "Joe", "email": "joe@example.com", "roles": ["author"]}],
        });
        assert_eq!(kept(as_it_is.clone()), (as_it_is, vec![]));
        assert_eq!(kept(json!({"resources": [], "title": null})), (json!({}), vec![]));
    }

    #[test]
    fn what_no_reader_takes_is_made_to_fit_or_left_out() {
        let (is, wrong) = kept(json!({
            "title": 7, "description": ["x"], "created": "yesterday", "keywords": ["a", {}, 1], "homepage": {}, "sources": "me",
            "licenses": [{"title": "Public Domain"}, {}, "MIT"], "contributors": [{"title": {}, "email": "no mail", "path": "p"}],
        }));
        let licenses = json!([{"title": "Public Domain", "name": "Public Domain"}]);
        assert_eq!(is, json!({"title": "7", "keywords": ["a", "1"], "licenses": licenses, "contributors": [{"path": "p"}]}));
        assert_eq!(wrong.len(), 8);
    }
}
