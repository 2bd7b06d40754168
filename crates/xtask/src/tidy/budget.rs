//! How long things may be: files, the median file, functions. And each file says on its first line what it owns.

use super::mask;
use super::source::{File, Finding, Tree};

const FILE_LINES: usize = 600;
const MEDIAN_LINES: usize = 150;
const FUNCTION_LINES: usize = 70;

/// Measures every Rust file, and scripts by their length alone.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let scripts =
        tree.files.iter().filter(|file| [".py", ".ts", ".tsx", ".mjs"].iter().any(|ending| file.path.ends_with(ending)));
    let mut findings: Vec<_> = tree.rust().flat_map(of_file).chain(scripts.filter_map(length)).collect();
    let median = median(tree);
    if median >= MEDIAN_LINES {
        let reason = format!("the median file has {median} lines, {MEDIAN_LINES} or more: split what grew");
        findings.push(Finding::new("crates", 0, "median", reason));
    }
    findings
}

/// The number of lines of the median Rust file.
pub(super) fn median(tree: &Tree) -> usize {
    let mut lengths: Vec<_> = tree.rust().map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or_default()
}

fn of_file(file: &File) -> Vec<Finding> {
    let mut findings: Vec<_> = length(file).into_iter().collect();
    if !file.text.starts_with("//! ") {
        findings.push(Finding::new(&file.path, 1, "first-line", "the first line says what the file owns, as `//! …`"));
    }
    for function in mask::functions(&file.code) {
        let lines = function.lines.clone().count();
        if lines > FUNCTION_LINES {
            let reason = format!("{} has {lines} lines, more than {FUNCTION_LINES}: give its parts names", function.name);
            findings.push(Finding::new(&file.path, *function.lines.start(), "function-length", reason));
        }
    }
    findings
}

fn length(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    let reason = || format!("{lines} lines, more than {FILE_LINES}: split it by what its parts own");
    (lines > FILE_LINES).then(|| Finding::new(&file.path, 1, "file-length", reason()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_long_functions_and_silent_files_are_found() {
        let long = format!("fn f() {{\n{}}}\n", "    g();\n".repeat(700));
        let rules: Vec<_> = of_file(&File::new("crates/core/src/a.rs", &long)).into_iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["file-length", "first-line", "function-length"]);
        assert!(of_file(&File::new("crates/core/src/a.rs", "//! Owns a.\nfn f() {}\n")).is_empty());
    }

    #[test]
    fn the_median_is_the_middle_file() {
        let file = |lines: usize| File::new(&format!("crates/core/src/{lines}.rs"), &"\n".repeat(lines));
        assert_eq!(median(&Tree { files: vec![file(1), file(900), file(7)] }), 7);
    }
}
