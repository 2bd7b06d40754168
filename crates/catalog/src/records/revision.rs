//! Revisions: what a package of the registry is made of, time after time.

use crate::record::{Column, Find, Meta, Record, Table};
use crate::{Millis, Object};
use serde::{Deserialize, Serialize};

/// How a revision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RevisionState {
    /// All of it was made.
    Succeeded,
    /// Something of it was not.
    Failed,
}

impl RevisionState {
    /// As it is kept, to filter by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// One making of a package by a job. It outlives the job: what is worth keeping of that goes into `summary` when the revision is closed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Revision {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its package.
    pub package: String,
    /// Its number in the package, from 1, without gaps.
    pub number: i64,
    /// The id of the job that makes it; the job may be gone when the revision is closed.
    pub job: Option<String>,
    /// How it ended; empty as long as it is not closed.
    pub state: Option<RevisionState>,
    /// Whether what it made is kept.
    pub kept: bool,
    /// The spec as it was, as long as what it made is kept.
    pub spec: Object,
    /// The descriptor, where that does not stand in the spec, as long as what it made is kept.
    pub descriptor: Option<Object>,
    /// When its job ended.
    pub ended_at: Option<Millis>,
    /// What there was to say of it when it was closed.
    pub summary: Object,
}

impl Revision {
    /// By its number in the package of that id.
    pub fn by_number(package: &str, number: i64) -> Find<Self> {
        Find::new(&["package", "number"], [package.into(), number.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::part_of("package", "packages"),
    Column::int("number"),
    Column::text("job"),
    Column::text("state"),
    Column::flag("kept"),
];

impl Record for Revision {
    const TABLE: &'static Table = &Table { unique: &[&["package", "number"]], ..Table::new("revisions", "revision", COLUMNS) };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
