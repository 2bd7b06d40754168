//! Documents held to the code: every configuration key and every route is written down where a user looks.

use super::mask::find_word;
use super::source::{File, Finding, Tree};

const CONFIG: &str = "crates/service/src/config/";
const TEMPLATE: &str = "crates/service/src/config/template.rs";
const DIALECTS: &str = "crates/api/src/dialects/";

/// Keys that are accepted so that an existing file loads, and have no effect yet: nobody should be told to set them.
const WITHOUT_EFFECT: &[&str] = &[
    "backend",
    "debounce",
    "depends_on",
    "environment",
    "environment_color",
    "interval",
    "jitter",
    "oauth2",
    "on_upstream_reload",
    "pgwire",
    "quack",
    "refresh",
    "saved_queries_dir",
    "sql",
    "storage",
    "timeout",
];

/// Compares the structs of the configuration and the routers with what users read.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let documents: Vec<_> = tree.files.iter().filter(is_document).collect();
    let configuration = tree.rust().filter(|file| file.path.starts_with(CONFIG) && !file.path.ends_with("/later.rs"));
    let undocumented_keys = configuration.flat_map(|file| keys(file, &documents));
    let undocumented_routes = tree.rust().filter(is_router).flat_map(|file| routes(file, &documents));
    undocumented_keys.chain(undocumented_routes).collect()
}

fn is_router(file: &&File) -> bool {
    file.path.starts_with(DIALECTS) && file.path.ends_with("/router.rs")
}

// The configuration that `init` writes is a document too, in Rust.
fn is_document(file: &&File) -> bool {
    let page = file.path.ends_with(".md") && (!file.path.contains('/') || file.path.starts_with("docs/"));
    page || file.path == TEMPLATE || file.path == "datasets.example.toml"
}

fn keys(file: &File, documents: &[&File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_read_from_file = false;
    for (number, line) in file.code.lines().enumerate().map(|(at, line)| (at + 1, line.trim_start())) {
        // Only structs that serde reads are written by users.
        match line {
            _ if line.starts_with("#[derive(") => is_read_from_file = line.contains("Deserialize"),
            "}" => is_read_from_file = false,
            _ => {}
        }
        let field = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
        let Some(name) = field.filter(|name| is_read_from_file && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        else {
            continue;
        };
        let documented = documents.iter().any(|document| find_word(&document.text, name).is_some());
        if !documented && !WITHOUT_EFFECT.contains(&name) {
            findings.push(Finding::new(
                &file.path,
                number,
                "docs",
                format!("the configuration key {name} is documented nowhere"),
            ));
        }
    }
    findings
}

fn routes(file: &File, documents: &[&File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let Some(path) = line.trim_start().strip_prefix("Route::").and_then(|rest| rest.split('"').nth(1)) else { continue };
        // A star says that there are slashes in it, which readers need not know.
        let path = &path.replace("{*", "{");
        if !documents.iter().any(|document| document.text.contains(path)) {
            findings.push(Finding::new(&file.path, number, "docs", format!("the route {path} is documented nowhere")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_document_names_is_found() {
        let text =
            "#[derive(Deserialize)]\npub struct Server {\n    pub port: u16,\n    pub hidden: bool,\n    pub quack: Quack,\n}\n";
        let config =
            File::new("crates/service/src/config/server.rs", &format!("{text}pub struct Own {{\n    pub inner: u8,\n}}\n"));
        let readme = File::new("README.md", "Set `port`.");
        let findings = check(&Tree { files: vec![config, readme] });
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].line, findings[0].reason.contains("hidden")), (4, true));
    }

    #[test]
    fn a_route_that_no_document_names_is_found() {
        let router = File::new(
            "crates/api/src/dialects/v1/router.rs",
            "        Route::get(\"/healthz\", Open),\n        Route::post(\"/api/v1/sql\", Read),\n",
        );
        let findings = check(&Tree { files: vec![router, File::new("README.md", "`/healthz`")] });
        assert_eq!(findings.len(), 1);
        assert!(findings[0].reason.contains("/api/v1/sql"));
    }
}
