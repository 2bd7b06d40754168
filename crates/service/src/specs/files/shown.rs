//! The descriptor of a package as somebody gets it from whom something of its tables is kept: nothing in it may tell what that is.

use super::super::told::{OF_PACKAGE, OF_RESOURCE, remove};
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// Without what it says of the resources for which `keeps` holds, and of all together.
///
/// # Errors
/// `Internal` when it is no descriptor.
pub(super) fn descriptor(mut descriptor: Json, keeps: impl Fn(&str) -> bool) -> Result<Vec<u8>> {
    let whole = descriptor.as_object_mut().ok_or_else(|| Error::internal("a descriptor is an object"))?;
    remove(whole, OF_PACKAGE);
    if let Some(hub) = whole.get_mut("datahub").and_then(Json::as_object_mut) {
        remove(hub, OF_PACKAGE);
    }
    let name = |one: &Json| one.get("name").and_then(Json::as_str).map(str::to_owned);
    // Only long tables have previews.
    let is_kept = |one: &Json| {
        let preview = one.pointer("/datahub/type").and_then(Json::as_str) == Some("derived/preview");
        preview && name(one).is_none_or(|name| keeps(&name))
    };
    if let Some(resources) = whole.get_mut("resources").and_then(Json::as_array_mut) {
        resources.retain(|resource| !is_kept(resource));
    }
    if let Some(views) = whole.get_mut("views").and_then(Json::as_array_mut) {
        let of_kept = |view: &Json| {
            let shows = view.get("resources").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
            view.pointer("/datahub/type").is_some() && shows.into_iter().any(&keeps)
        };
        views.retain(|view| !of_kept(view));
    }
    let resources = whole.get_mut("resources").and_then(Json::as_array_mut);
    for resource in resources.into_iter().flatten().filter_map(Json::as_object_mut) {
        if resource.get("name").and_then(Json::as_str).is_none_or(&keeps) {
            remove(resource, OF_RESOURCE);
            if let Some(hub) = resource.get_mut("datahub").and_then(Json::as_object_mut) {
                remove(hub, OF_RESOURCE);
            }
        }
    }
    serde_json::to_vec_pretty(&descriptor).map_err(Error::internal)
}

/// A name for these bytes.
pub(super) fn tag(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_left_that_depends_on_what_is_kept() {
        let of = |rows: u64| {
            let mut of = json!({
                "name": "d", "title": "D",
                "datahub": {"owner": "ann", "hash": format!("h{rows}"), "stats": {"rowcount": rows, "bytes": rows * 7}},
                "resources": [
                    {"name": "a_csv", "path": "data/a_csv.csv", "bytes": rows, "hash": format!("x{rows}"), "rowcount": rows,
                     "schema": {"fields": [{"name": format!("c{rows}")}]}, "datahub": {"type": "derived/csv", "derivedFrom": ["a"]}},
                    {"name": "a", "path": "archive/a.csv", "bytes": rows, "hash": "y", "datahub": {"type": "source/tabular",
                     "schema": {"fields": [{"name": format!("c{rows}")}]}}},
                    {"name": "b", "path": "archive/b.csv", "bytes": 5, "hash": "z"},
                ],
                "views": [],
            });
            let mut preview = |table: &str| {
                let name = format!("{table}_csv_preview");
                let view = json!({"name": "v", "datahub": {"type": "preview"}, "resources": [name]});
                of["resources"].as_array_mut().unwrap().push(json!({"name": name, "datahub": {"type": "derived/preview"}}));
                of["views"].as_array_mut().unwrap().push(view);
            };
            preview("b");
            if rows > 2_000 {
                preview("a");
            }
            of
        };
        let shown = |rows| descriptor(of(rows), |name| name.starts_with('a')).unwrap();
        assert_eq!(shown(3), shown(4_000));
        let said: Json = serde_json::from_slice(&shown(3)).unwrap();
        assert_eq!((&said["title"], &said["datahub"]["owner"]), (&json!("D"), &json!("ann")));
        assert_eq!(said["resources"][0]["path"], "data/a_csv.csv");
        assert_eq!((&said["resources"][2]["bytes"], &said["resources"][2]["hash"]), (&json!(5), &json!("z")));
        assert_eq!((said["resources"].as_array().unwrap().len(), said["views"].as_array().unwrap().len()), (4, 1));
        assert_ne!(tag(&shown(3)), tag(b"x"));
        assert!(descriptor(json!([]), |_| false).is_err());
    }
}
