//! One configuration file as it was read, and what was found in it: each finding with its line and key.

use super::typo;
use serde::de::DeserializeOwned;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

/// Something wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, when it is known.
    pub line: Option<usize>,
    /// What is wrong, with the key.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A step into a document: a key, or a place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    At(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Step {
    fn from(at: usize) -> Self {
        Self::At(at)
    }
}

/// A file that parsed, and what was found wrong with it.
pub(super) struct Report {
    file: PathBuf,
    text: String,
    /// With the place of everything; only read when there is something to say, for it takes ten times the text.
    document: OnceCell<Option<toml_edit::Document<String>>>,
    pub(super) table: toml::Table,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

impl Report {
    /// Reads the file; the one problem when it is not there or is not TOML.
    pub(super) fn read(file: &Path) -> Result<Self, Problem> {
        let problem = |line, message| Problem { file: file.to_owned(), line, message };
        let bytes = std::fs::read(file).map_err(|error| problem(None, format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| problem(None, "is not UTF-8 text".into()))?;
        Self::parse(file, text)
    }

    pub(super) fn parse(file: &Path, text: String) -> Result<Self, Problem> {
        let problem = |line, message: &str| Problem { file: file.to_owned(), line, message: message.trim().replace('\n', ", ") };
        let table = text
            .parse::<toml::Table>()
            .map_err(|error| problem(error.span().map(|span| line_of(&text, span.start)), error.message()))?;
        Ok(Self { file: file.to_owned(), text, document: OnceCell::new(), table, problems: Vec::new(), notes: Vec::new() })
    }

    /// Adds a problem at `path`, or at the nearest thing above it that the file has.
    pub(super) fn problem(&mut self, path: &[Step], message: impl Into<String>) {
        let line = self.line(path);
        self.problems.push(Problem { file: self.file.clone(), line, message: message.into() });
    }

    pub(super) fn note(&mut self, path: &[Step], message: &str) {
        let line = self.line(path).map(|line| format!(", line {line}")).unwrap_or_default();
        self.notes.push(format!("{}{line}: {message}", self.file.display()));
    }

    fn line(&self, path: &[Step]) -> Option<usize> {
        let mut span = None;
        let mut item = self.document.get_or_init(|| toml_edit::Document::parse(self.text.clone()).ok()).as_ref()?.as_item();
        for step in path {
            let next = match step {
                Step::Key(key) => {
                    let found = item.as_table_like().and_then(|table| table.get_key_value(key));
                    // A table's header says more than the key in it, which toml_edit places at the first of several headers.
                    let header = found.and_then(|(_, item)| item.as_table().filter(|table| !table.is_dotted())?.span());
                    span = header.or_else(|| found.and_then(|(key, _)| key.span())).or(span);
                    found.map(|(_, item)| item)
                }
                Step::At(at) => {
                    let found = item.get(*at);
                    span = found.and_then(toml_edit::Item::span).or(span);
                    found
                }
            };
            match next {
                Some(next) => item = next,
                None => break,
            }
        }
        span.map(|span| line_of(&self.text, span.start))
    }

    /// Reads `value`, which is at `path`: unknown keys are problems and left out, so that all of them are found;
    /// anything else that does not fit is one problem, and `None`.
    pub(super) fn read_as<T: DeserializeOwned>(&mut self, path: &[Step], mut value: toml::Value) -> Option<T> {
        if !self.tables_are_tables(path, &value) {
            return None;
        }
        loop {
            let error = match serde_path_to_error::deserialize::<_, T>(value.clone()) {
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let inner: Vec<Step> = error.path().iter().filter_map(step_of).collect();
            let at = [path, &inner].concat();
            let message = error.inner().message().trim().to_owned();
            let Some((key, known)) = typo::unknown_field(&message) else {
                let path = dotted(&at);
                let message = typo::without_secret(path.rsplit('.').next().unwrap_or_default(), &message);
                self.problem(&at, format!("{path}: {message}"));
                return None;
            };
            let (key, hint) = (key.to_owned(), typo::hint(key, known));
            let inside = inner.split_last().map_or(&[][..], |(_, above)| above);
            self.problem(&at, format!("unknown key `{key}` in {}{hint}", section_name(&[path, inside].concat())));
            if !remove(&mut value, inside, &key) {
                return None;
            }
        }
    }

    // serde takes a list for a struct, field by field in order: nobody means that.
    fn tables_are_tables(&mut self, path: &[Step], value: &toml::Value) -> bool {
        let Some(table) = value.as_table() else {
            self.problem(path, format!("{}: must be a table", dotted(path)));
            return false;
        };
        let mut fine = true;
        for (key, value) in table {
            let at = [path, &[Step::Key(key.clone())]].concat();
            if value.is_table() {
                fine &= self.tables_are_tables(&at, value);
            } else if TABLES.contains(&key.as_str()) && value.is_array() {
                self.problem(&at, format!("{}: must be a table", dotted(&at)));
                fine = false;
            }
        }
        fine
    }
}

/// The keys that hold tables, wherever they stand.
pub(super) const TABLES: &[&str] = &[
    "source",
    "index",
    "s3",
    "options",
    "predicate_filter",
    "projection_filter",
    "masks",
    "refresh",
    "materialize",
    "startup",
    "quack",
    "pgwire",
    "storage",
    "oauth2",
    "jwt",
    "mail",
];

fn step_of(segment: &serde_path_to_error::Segment) -> Option<Step> {
    match segment {
        serde_path_to_error::Segment::Map { key } => Some(Step::Key(key.clone())),
        serde_path_to_error::Segment::Seq { index } => Some(Step::At(*index)),
        _ => None,
    }
}

/// `server.startup.readiness`; places in lists are left out.
pub(super) fn dotted(path: &[Step]) -> String {
    let keys: Vec<&str> =
        path.iter().filter_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None }).collect();
    keys.join(".")
}

fn section_name(path: &[Step]) -> String {
    if path.len() == 2 && matches!(path[1], Step::At(_)) {
        format!("[[{}]]", dotted(path))
    } else {
        format!("[{}]", dotted(path))
    }
}

fn remove(value: &mut toml::Value, inside: &[Step], key: &str) -> bool {
    let mut at = value;
    for step in inside {
        let next = match step {
            Step::Key(key) => at.get_mut(key.as_str()),
            Step::At(place) => at.get_mut(*place),
        };
        let Some(next) = next else { return false };
        at = next;
    }
    at.as_table_mut().is_some_and(|table| table.remove(key).is_some())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
