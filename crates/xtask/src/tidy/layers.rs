//! Which crate may depend on which: `core ← formats, catalog`; `core, formats ← engine`; `core, formats, catalog ← service ← api ← server`.

use super::source::{File, Finding, Tree};

/// Every member of the workspace and which others it may use, in tests too: a test that linked the engine would make
/// `service` and `api` as slow to build as the engine is.
const MAY_USE: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("formats", &["core"]),
    ("catalog", &["core"]),
    ("engine", &["core", "formats"]),
    ("service", &["core", "formats", "catalog"]),
    ("api", &["core", "formats", "service"]),
    ("server", &["core", "formats", "engine", "service", "api"]),
    ("e2e", &[]),
    ("xtask", &[]),
];

/// Outside crates that belong to some layers only.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("axum", &["api", "server"], "HTTP is the api's"),
    ("tower-http", &["api", "server"], "HTTP is the api's"),
    ("utoipa", &["api"], "the OpenAPI document describes the api's wire types"),
    ("datafusion", &["engine"], "the rest sees the Engine trait, so that it builds in seconds"),
    ("deltalake", &["engine"], "the rest sees the Engine trait, so that it builds in seconds"),
    ("object_store", &["engine"], "sources are the engine's"),
    ("sqlx", &["catalog", "engine"], "records are the catalog's; tables of outside databases the engine's"),
    ("clap", &["server", "xtask"], "only programs have a command line"),
    ("tracing-subscriber", &["server"], "the program decides where logs go"),
    ("mimalloc", &["server"], "the program decides how memory is allocated"),
];

/// Reads each member's `Cargo.toml`.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"));
    manifests.flat_map(of_manifest).collect()
}

fn of_manifest(file: &File) -> Vec<Finding> {
    let member = file.member().unwrap_or_default();
    let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == member) else {
        return vec![Finding::new(
            &file.path,
            1,
            "layers",
            format!("{member} has no place in the layers: give it one in tidy/layers.rs"),
        )];
    };
    let manifest: toml::Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(&file.path, 1, "layers", format!("not TOML: {error}"))],
    };
    let mut findings = Vec::new();
    for (section, name) in dependencies(&manifest) {
        let line = 1 + file.text.lines().position(|line| line.starts_with(name)).unwrap_or_default();
        let own = name.strip_prefix("datahall-").or((name == "datahall").then_some("server"));
        if let Some(own) = own.filter(|own| !may_use.contains(own)) {
            findings.push(Finding::new(&file.path, line, "layers", format!("{member} must not use {own} ({section})")));
        }
        for (_, members, why) in ONLY_IN.iter().filter(|(outside, members, _)| *outside == name && !members.contains(&member)) {
            findings.push(Finding::new(&file.path, line, "layers", format!("{name} only in {}: {why}", members.join(", "))));
        }
    }
    findings
}

fn dependencies(manifest: &toml::Table) -> Vec<(&str, &str)> {
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = sections.into_iter().filter_map(|section| Some((section, manifest.get(section)?.as_table()?)));
    tables.flat_map(|(section, table)| table.keys().map(move |name| (section, name.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(path: &str, text: &str) -> Vec<String> {
        of_manifest(&File::new(path, text)).into_iter().map(|finding| finding.reason).collect()
    }

    #[test]
    fn upward_and_sideways_dependencies_are_found_in_every_section() {
        assert!(
            reasons("crates/api/Cargo.toml", "[dependencies]\ndatahall-service.workspace = true\naxum = \"0.8\"\n").is_empty()
        );
        let engine = reasons("crates/service/Cargo.toml", "[dev-dependencies]\ndatahall-engine.workspace = true\n");
        assert_eq!(engine, ["service must not use engine (dev-dependencies)"]);
        assert_eq!(reasons("crates/e2e/Cargo.toml", "[dev-dependencies]\ndatahall = \"0\"\n").len(), 1);
    }

    #[test]
    fn heavy_crates_stay_in_their_layer_and_new_members_need_a_place() {
        assert_eq!(reasons("crates/service/Cargo.toml", "[dependencies]\ndatafusion.workspace = true\n").len(), 1);
        assert_eq!(reasons("crates/extra/Cargo.toml", "").len(), 1);
    }
}
