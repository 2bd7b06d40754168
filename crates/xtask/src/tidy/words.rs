//! Words that no tracked file may hold: hosts of package registries, paths of somebody's machine.

use super::source::{File, Finding, Tree};

// In two halves, so that this file does not hold them itself.
const WORDS: &[(&str, &str, &str)] = &[
    ("static.crates", ".io", REGISTRY),
    ("index.crates", ".io", REGISTRY),
    ("files.python", "hosted.org", REGISTRY),
    ("registry.npm", "js", REGISTRY),
    ("deb.deb", "ian.org", REGISTRY),
    ("/wo", "rk/", PATH),
    ("/ro", "ot/", PATH),
    ("/fa", "rm/", PATH),
    ("/tmp/bash", "_jobs", PATH),
];
const REGISTRY: &str = "which registry is used is the user's to set up";
const PATH: &str = "a path of one machine means nothing on another";

/// Looks at every text file except lock files, which hold what their tools write.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let looked_at = |file: &&File| !file.path.ends_with(".lock") && !file.path.ends_with("package-lock.json");
    tree.files.iter().filter(looked_at).flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        for (first, second, why) in WORDS {
            let word = format!("{first}{second}");
            if let Some(at) = line.find(&word) {
                // `network/` and `homework/` are not paths of a machine.
                let starts_a_path = line[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
                if starts_a_path {
                    findings.push(Finding::new(&file.path, number, "words", format!("{word}: {why}")));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_and_registry_hosts_are_found() {
        let text = concat!("see /wo", "rk/x\nhome", "/wo", "rk/ is fine\nhttps://index.crates", ".io/x\n");
        let lines: Vec<_> = of_file(&File::new("README.md", text)).into_iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [1, 3]);
    }
}
