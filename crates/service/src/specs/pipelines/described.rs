//! The descriptor of the whole: what the source's descriptor says of itself, whose it is, and every file with what is true of it.

use super::super::descriptor::clean;
use super::super::place::hex;
use super::Making;
use super::entries::Parts;
use super::own::own;
use chrono::{DateTime, SecondsFormat, Utc};
use md5::{Digest, Md5};
use serde_json::{Value as Json, json};

/// What of the source's descriptor is not taken over: what is said of the whole in its place, what was true of the source's resources
/// alone, and what the standard does not want there.
const REPLACED: &[&str] = &[
    "name",
    "id",
    "resources",
    "views",
    "datahub",
    "profile",
    "profiles",
    "$schema",
    "hash",
    "bytes",
    "stats",
    "count_of_rows",
    "missingValues",
    "fields",
    "type",
];

/// A descriptor and what it comes to.
pub(super) struct Described {
    pub(super) descriptor: Json,
    /// Of all files.
    pub(super) bytes: u64,
    /// Of all tables, each counted once.
    pub(super) rows: u64,
    /// Properties of the source's descriptor that had to be left out or changed.
    pub(super) wrong: Vec<String>,
}

impl Making<'_> {
    /// What the package is called: as its descriptor says, or as the spec does.
    pub(super) fn name(&self) -> String {
        let stated = self.descriptor.get("name").and_then(Json::as_str).map(clean).filter(|name| !name.is_empty());
        let named = stated.unwrap_or_else(|| clean(&self.spec.dataset));
        if named.is_empty() { "package".to_owned() } else { named }
    }

    /// The descriptor of the package with these parts. The same parts give the same.
    pub(super) fn described(&self, parts: &Parts<'_>) -> Described {
        let mut wrong = Vec::new();
        let mut whole = own(self.descriptor, REPLACED, &mut wrong);
        let resources = parts.resources(&mut wrong);
        let bytes = resources.iter().filter_map(|entry| entry["bytes"].as_u64()).sum();
        let rows = self.plan.tables.iter().filter_map(|table| parts.rows_of(table)).sum();
        let spec = self.spec;
        whole.insert("name".into(), self.name().into());
        whole.insert("id".into(), format!("{}/{}", spec.owner, spec.dataset).into());
        whole.insert("profile".into(), "data-package".into());
        let of_hub = json!({
            "owner": spec.owner_name,
            "ownerid": spec.owner,
            "findability": spec.findability.name(),
            "flowid": self.flow(),
            "created": moment(self.created),
            "modified": moment(self.modified),
            "hash": content_hash(&resources),
            "stats": {"rowcount": rows, "bytes": bytes},
        });
        whole.insert("datahub".into(), of_hub);
        let own_views = self.descriptor.get("views").and_then(Json::as_array).into_iter().flatten();
        let views = own_views.filter(|view| view.is_object()).cloned().chain(parts.views());
        whole.insert("views".into(), views.collect());
        whole.insert("resources".into(), Json::Array(resources));
        Described { descriptor: Json::Object(whole), bytes, rows, wrong }
    }
}

/// Of what is in the files, whenever and as which revision they were made: an MD5 of their paths and hashes, a line each.
fn content_hash(resources: &[Json]) -> String {
    let mut digest = Md5::new();
    for entry in resources {
        let line = format!("{} {}\n", entry["hash"].as_str().unwrap_or_default(), entry["path"].as_str().unwrap_or_default());
        digest.update(line);
    }
    hex(&digest.finalize())
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
