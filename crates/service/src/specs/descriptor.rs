//! What a data package's descriptor says of its resources, and names that are safe to make files, ids and tables of.

use crate::Object;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The most resources of a package.
pub(super) const MOST_RESOURCES: usize = 2_000;
const LONGEST_NAME: usize = 100;
const LONGEST_PATH: usize = 1_000;

/// A resource of a data package.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resource {
    /// Its name, cleaned: lower-case letters, digits, `-`, `_` and `.`; it begins with a letter or a digit.
    pub(super) name: String,
    /// Where it is, as the descriptor has it: a relative path or a URL.
    pub(super) path: String,
    /// What is after the last dot of its path, or what the descriptor says its format is; empty where neither says.
    pub(super) format: String,
    /// All that the descriptor says of it.
    pub(super) descriptor: Object,
}

impl Resource {
    /// Its Table Schema, which makes it a table.
    pub(super) fn schema(&self) -> Option<&Json> {
        self.descriptor.get("schema").filter(|schema| schema.get("fields").is_some())
    }

    /// The last step of its path, cleaned: what its copy is called.
    pub(super) fn file_name(&self) -> String {
        let bare = self.path.split(['?', '#']).next().unwrap_or_default();
        let last = bare.rsplit('/').next().unwrap_or_default();
        // What is after the last dot tells what is in it, whatever becomes of the rest.
        let (stem, ending) = last.rsplit_once('.').map_or((last, ""), |(stem, ending)| (stem, ending));
        let (stem, ending) = (clean(stem), clean(ending));
        match (stem.is_empty(), ending.is_empty()) {
            (true, true) => self.name.clone(),
            (true, false) => format!("{}.{ending}", self.name),
            (false, true) => stem,
            (false, false) => format!("{stem}.{ending}"),
        }
    }
}

/// The resources of a descriptor.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn resources(descriptor: &Object) -> Result<Vec<Resource>, String> {
    let listed = match descriptor.get("resources") {
        Some(Json::Array(listed)) if !listed.is_empty() => listed,
        Some(Json::Array(_)) | None => return Err("descriptor.resources: a data package has at least one resource".into()),
        Some(_) => return Err("descriptor.resources: must be a list".into()),
    };
    if listed.len() > MOST_RESOURCES {
        return Err(format!("descriptor.resources: {} are more than a package may have ({MOST_RESOURCES})", listed.len()));
    }
    let mut taken: HashMap<String, usize> = HashMap::with_capacity(listed.len());
    let mut found = Vec::with_capacity(listed.len());
    for (at, one) in listed.iter().enumerate() {
        let resource = resource(one).map_err(|why| format!("descriptor.resources[{at}]: {why}"))?;
        // Names of tables and of files on some disks do not know more.
        if let Some(before) = taken.insert(resource.name.replace(['-', '.'], "_"), at) {
            let name = &resource.name;
            return Err(format!(
                "descriptor.resources[{at}]: the name '{name}' is that of descriptor.resources[{before}], once cleaned"
            ));
        }
        found.push(resource);
    }
    Ok(found)
}

fn resource(one: &Json) -> Result<Resource, String> {
    let Json::Object(descriptor) = one else { return Err("must be an object".into()) };
    let path = match descriptor.get("path") {
        Some(Json::String(path)) => path.trim(),
        Some(Json::Array(paths)) => match paths.as_slice() {
            [Json::String(path)] => path.trim(),
            _ => return Err("path: a resource in several files is not taken".into()),
        },
        None if descriptor.contains_key("data") => {
            return Err("data: a resource must have a path; data within the descriptor is not taken".into());
        }
        _ => return Err("path: must be text".into()),
    };
    check_path(path)?;
    let name = match descriptor.get("name") {
        Some(Json::String(name)) => clean(name),
        // Version 1 of the standard demands one; older packages have none.
        None => clean(stem(path)),
        Some(_) => return Err("name: must be text".into()),
    };
    if name.is_empty() {
        return Err("name: must hold letters or digits".into());
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(format!("name: must not have more than {LONGEST_NAME} characters"));
    }
    let stated = descriptor.get("format").and_then(Json::as_str).map(|format| format.trim().trim_start_matches('.'));
    let format = stated.filter(|format| !format.is_empty()).unwrap_or_else(|| extension(path)).to_ascii_lowercase();
    Ok(Resource { name, path: path.to_owned(), format, descriptor: descriptor.clone() })
}

/// Refuses paths that lead out of the package.
fn check_path(path: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("path: {why}"));
    if path.is_empty() || path.len() > LONGEST_PATH {
        return refuse(&format!("must be 1 to {LONGEST_PATH} characters"));
    }
    if path.chars().any(char::is_control) {
        return refuse("must not hold control characters");
    }
    if is_url(path) {
        return Ok(());
    }
    if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        return refuse("must be a URL, or relative to the descriptor");
    }
    let decoded = path.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
    if path.starts_with('~') || decoded.split('/').any(|step| step == "..") {
        return refuse("must not lead out of the package");
    }
    Ok(())
}

/// Whether it is a URL of a kind that files are read from.
pub(super) fn is_url(path: &str) -> bool {
    ["http://", "https://", "s3://", "file://"]
        .iter()
        .any(|scheme| path.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// The name as files and ids can have it: what is not a letter of ASCII, a digit, `.`, `_` or `-` becomes `_`; no dots, dashes or
/// underscores at its ends. Letters and digits that are not of ASCII would be lost so, and names that differ in them alone would meet: then eight
/// digits follow that are the name's own, which are all there is of a name that has none of ASCII.
pub(super) fn clean(name: &str) -> String {
    let name = name.trim();
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c.to_ascii_lowercase() } else { '_' };
    let cleaned: String = name.chars().map(fit).collect();
    let cleaned = cleaned.trim_matches(['.', '_', '-']);
    if !name.chars().any(|c| !c.is_ascii() && c.is_alphanumeric()) {
        return cleaned.to_owned();
    }
    if cleaned.is_empty() { format!("x{}", digits(name)) } else { format!("{cleaned}_{}", digits(name)) }
}

/// Eight hexadecimal digits that are this name's: the first of its SHA-256.
pub(super) fn digits(name: &str) -> String {
    Sha256::digest(name.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn stem(path: &str) -> &str {
    let last = path.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    last.split_once('.').map_or(last, |(stem, _)| stem)
}

fn extension(path: &str) -> &str {
    let last = path.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    last.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(resources: Json) -> Result<Vec<Resource>, String> {
        super::resources(json!({"resources": resources}).as_object().unwrap())
    }

    #[test]
    fn resources_are_read_and_their_names_cleaned() {
        let found = read(json!([
            {"name": "Birth Days", "path": "data/b.csv", "schema": {"fields": []}},
            {"path": "https://example.com/x/Rates.2024.XLSX?v=1#top"},
            {"name": "c", "path": ["c.arrow"], "format": ".Arrow"},
        ]))
        .unwrap();
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.format.as_str(), one.file_name())).collect();
        assert_eq!(
            names,
            [
                ("birth_days", "csv", "b.csv".to_owned()),
                ("rates", "xlsx", "rates.2024.xlsx".to_owned()),
                ("c", "arrow", "c.arrow".to_owned())
            ]
        );
        assert!(found[0].schema().is_some() && found[1].schema().is_none());
    }

    #[test]
    fn names_of_other_scripts_stay_apart() {
        // The first digits of `printf %s NAME | sha256sum`.
        for (name, cleaned) in [
            ("данные", "x9d8cf70d"),
            ("Zoë", "zo_c6a12698"),
            ("a.b-C_1", "a.b-c_1"),
            (" x ", "x"),
            ("--", ""),
            ("★", ""),
            ("2020 год", "2020_46d0cdc9"),
        ] {
            assert_eq!(clean(name), cleaned, "{name}");
        }
        assert_eq!(clean(&clean("данные")), clean("данные"));
        let found = read(json!([
            {"name": "данные", "path": "данные.csv"}, {"name": "другое", "path": "p/другое.csv"}, {"path": "год.CSV"},
            {"name": "x", "path": "★.csv"},
        ]))
        .unwrap();
        let names: std::collections::HashSet<_> = found.iter().map(|one| one.name.clone()).collect();
        assert_eq!(names.len(), 4);
        assert_eq!((found[0].file_name(), found[3].file_name()), ("x9d8cf70d.csv".to_owned(), "x.csv".into()));
        assert!(found.iter().all(|one| one.file_name().ends_with(".csv") && one.format == "csv"), "{found:?}");
    }

    #[test]
    fn what_leads_out_or_is_none_is_refused_by_place() {
        for (resource, says) in [
            (json!("x"), "must be an object"),
            (json!({"name": "x"}), "path: must be text"),
            (json!({"name": "x", "data": [1]}), "data: a resource must have a path"),
            (json!({"name": "x", "path": ""}), "path: must be 1 to"),
            (json!({"name": "x", "path": ["a", "b"]}), "several files"),
            (json!({"name": "x", "path": "/etc/passwd"}), "relative to the descriptor"),
            (json!({"name": "x", "path": "C:/x.csv"}), "relative to the descriptor"),
            (json!({"name": "x", "path": "a\\b.csv"}), "relative to the descriptor"),
            (json!({"name": "x", "path": "ftp://x/y.csv"}), "relative to the descriptor"),
            (json!({"name": "x", "path": "../x.csv"}), "must not lead out"),
            (json!({"name": "x", "path": "a/%2e%2E/x.csv"}), "must not lead out"),
            (json!({"name": "x", "path": "~/x.csv"}), "must not lead out"),
            (json!({"name": "x", "path": "a\nb"}), "control characters"),
            (json!({"name": 1, "path": "a"}), "name: must be text"),
            (json!({"name": "../..", "path": "a"}), "letters or digits"),
            (json!({"name": "x".repeat(101), "path": "a"}), "more than 100"),
        ] {
            let said = read(json!([{"name": "first", "path": "a.csv"}, resource])).unwrap_err();
            assert!(said.starts_with("descriptor.resources[1]: ") && said.contains(says), "{said}");
        }
        let collide = read(json!([{"name": "a-b", "path": "a"}, {"name": "A b", "path": "b"}])).unwrap_err();
        assert!(collide.contains("resources[1]: the name 'a_b' is that of descriptor.resources[0]"), "{collide}");
        assert!(read(json!([])).unwrap_err().contains("at least one"));
        assert!(read(json!({})).unwrap_err().contains("a list"));
        let many: Vec<_> = (0..10_000).map(|n| json!({"name": format!("r{n}"), "path": "a"})).collect();
        assert!(read(json!(many)).unwrap_err().contains("10000 are more"));
    }
}
