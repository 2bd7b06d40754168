//! What code may name: the layers again, where Cargo cannot see them, and dialects that know nothing of one another.

use super::mask::find_word;
use super::source::{File, Finding, Tree};
use std::collections::BTreeSet;

/// Names that some members must not use, and why.
const NOT_IN: &[(&str, &[&str], &str)] = &[
    ("datahall_engine", &["core", "formats", "catalog", "service", "api", "e2e"], "rows are reached through the Engine trait"),
    ("datafusion::", &["core", "formats", "catalog", "service", "api", "server", "e2e"], "plans are the engine's affair"),
    ("axum", &["core", "formats", "catalog", "engine", "service"], "HTTP is the api's"),
    ("StatusCode", &["core", "formats", "catalog", "service"], "failures are Codes; only the api makes statuses of them"),
    ("serde_json", &["core"], "core types have no wire form; each dialect gives them one"),
    ("Serialize", &["core"], "core types have no wire form; each dialect gives them one"),
    ("Deserialize", &["core"], "core types have no wire form; each dialect gives them one"),
];

const DIALECTS: &str = "crates/api/src/dialects/";

/// Looks at every Rust file's code.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let dialects: BTreeSet<_> = tree.rust().filter_map(dialect_of).collect();
    tree.rust().flat_map(|file| names(file).into_iter().chain(siblings(file, &dialects))).collect()
}

fn names(file: &File) -> Vec<Finding> {
    let member = file.member().unwrap_or_default();
    let mut findings = Vec::new();
    for (name, _, why) in NOT_IN.iter().filter(|(_, members, _)| members.contains(&member)) {
        for (number, _) in numbered(&file.code).filter(|(_, line)| find_word(line, name).is_some()) {
            findings.push(Finding::new(&file.path, number, "imports", format!("{member} must not name {name}: {why}")));
        }
    }
    findings
}

fn siblings(file: &File, dialects: &BTreeSet<&str>) -> Vec<Finding> {
    let Some(own) = dialect_of(file) else { return Vec::new() };
    let mut findings = Vec::new();
    for other in dialects.iter().filter(|other| **other != own) {
        let paths = [format!("dialects::{other}"), format!("super::{other}")];
        for (number, _) in numbered(&file.code).filter(|(_, line)| paths.iter().any(|path| find_word(line, path).is_some())) {
            let reason = format!("dialect {own} must not know {other}: what both need belongs in shared/ or service");
            findings.push(Finding::new(&file.path, number, "imports", reason));
        }
    }
    findings
}

fn dialect_of(file: &File) -> Option<&str> {
    let first = file.path.strip_prefix(DIALECTS)?.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "mod").then_some(name)
}

fn numbered(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().map(|(at, line)| (at + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_names_are_found_in_code_and_not_in_comments() {
        let file = File::new("crates/service/src/a.rs", "//! Not axum.\nuse datahall_engine::X;\n");
        let findings = names(&file);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
    }

    #[test]
    fn dialects_do_not_know_one_another() {
        let tree = Tree {
            files: vec![
                File::new("crates/api/src/dialects/v1/query.rs", "use crate::dialects::portal::Page;\nuse super::body::Body;\n"),
                File::new("crates/api/src/dialects/portal.rs", "use crate::shared::error;\n"),
            ],
        };
        let findings = check(&tree);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].reason.contains("v1 must not know portal"));
    }
}
