//! The files that the rules look at, and what a rule says of one.

use super::mask;
use crate::run::Outcome;
use std::path::Path;
use std::process::Command;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// From the root of the checkout.
    pub(super) path: String,
    /// From 1.
    pub(super) line: usize,
    /// The rule's short name.
    pub(super) rule: &'static str,
    /// What is wrong and why it matters.
    pub(super) reason: String,
}

impl Finding {
    /// A finding at `line`, from 1.
    pub(super) fn new(path: &str, line: usize, rule: &'static str, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, reason: reason.into() }
    }
}

/// One text file.
#[derive(Debug)]
pub(super) struct File {
    /// From the root of the checkout, with `/`.
    pub(super) path: String,
    /// All of it.
    pub(super) text: String,
    /// Of Rust files: the same lines, comments and the insides of literals blanked. Else empty.
    pub(super) code: String,
}

impl File {
    /// A file as it would be read.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { mask::blank(text) } else { String::new() };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The folder below `crates/` it belongs to.
    pub(super) fn member(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// The lines of code outside test modules, with their numbers; nothing of a file that is only tests.
    pub(super) fn lines_outside_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = mask::test_lines(&self.code);
        let only_tests = self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.member() == Some("e2e");
        let lines = self.code.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(move |(number, _)| !only_tests && !tests.iter().any(|range| range.contains(number)))
    }
}

/// All text files of the checkout that git does not ignore.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    /// Reads them from disk.
    pub(super) fn read(root: &Path) -> Outcome<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let listed = git.output().ok().filter(|output| output.status.success()).map(|output| output.stdout);
        let paths = match listed {
            Some(bytes) => String::from_utf8_lossy(&bytes).split('\0').map(str::to_owned).collect(),
            None => walk(root),
        };
        let read = |path: &String| std::fs::read_to_string(root.join(path)).ok().map(|text| File::new(path, &text));
        let files: Vec<_> = paths.iter().filter(|path| !path.is_empty()).filter_map(read).collect();
        if files.is_empty() { Err(format!("no files in {}", root.display())) } else { Ok(Self { files }) }
    }

    /// The Rust files of the workspace.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with(".rs"))
    }
}

// For a checkout without git, as from an archive.
fn walk(root: &Path) -> Vec<String> {
    let visible = |entry: &walkdir::DirEntry| !matches!(entry.file_name().to_str(), Some("target" | ".git" | "datahall-data"));
    let entries = walkdir::WalkDir::new(root).into_iter().filter_entry(visible).filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.filter_map(|entry| Some(entry.path().strip_prefix(root).ok()?.to_string_lossy().into_owned())).collect()
}
