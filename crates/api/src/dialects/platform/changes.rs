//! What an entry of the audit log changed, place by place.

use serde_json::{Value, json};

/// The most places that are listed.
const MOST: usize = 500;

/// Each place that differs, as `{"path", "before", "after"}` with a JSON pointer; lists are one place each.
pub(super) fn between(before: Option<&Value>, after: Option<&Value>) -> Vec<Value> {
    let mut changes = Vec::new();
    // A record that was not there has no places of its own, and neither has one that is gone.
    compare("", before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null), &mut changes);
    changes
}

fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<Value>) {
    if before == after || changes.len() >= MOST {
        return;
    }
    let nothing = serde_json::Map::new();
    let (old, new) = match (before, after) {
        (Value::Object(old), Value::Object(new)) => (old, new),
        (Value::Object(old), Value::Null) if path.is_empty() => (old, &nothing),
        (Value::Null, Value::Object(new)) if path.is_empty() => (&nothing, new),
        _ => return changes.push(json!({"path": path, "before": before, "after": after})),
    };
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let step = key.replace('~', "~0").replace('/', "~1");
        let at = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        compare(&format!("{path}/{step}"), &at(old), &at(new), changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_differ() {
        let (before, after) =
            (json!({"a": 1, "b": {"c/d": [1], "e": 2}, "f": 0}), json!({"a": 1, "b": {"c/d": [2], "e": 2}, "g": {}}));
        assert_eq!(
            between(Some(&before), Some(&after)),
            [
                json!({"path": "/b/c~1d", "before": [1], "after": [2]}),
                json!({"path": "/f", "before": 0, "after": null}),
                json!({"path": "/g", "before": null, "after": {}}),
            ]
        );
        assert_eq!(between(None, Some(&json!({"a": {"b": 1}}))), [json!({"path": "/a", "before": null, "after": {"b": 1}})]);
        assert!(between(None, None).is_empty() && between(Some(&before), Some(&before)).is_empty());
    }
}
