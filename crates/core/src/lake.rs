//! Managed tables: what is written to Datahall's own tables, by whom, and how.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::time::Duration;

/// The reason of an error: the dataset has no versions.
pub const NO_VERSIONS: &str = "no_versions";
/// The reason of an error: the table has no such version, or not any more.
pub const NO_SUCH_VERSION: &str = "no_such_version";
/// The reason of an error: the rows of the table cannot be laid out by these columns.
pub const BAD_LAYOUT: &str = "bad_layout";

/// One write to a managed table. It becomes one version, visible in one step, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What becomes of the rows that are there.
    pub mode: WriteMode,
    /// Whose work it is.
    pub provenance: Provenance,
}

/// What becomes of the rows that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteMode {
    /// They stay; the new ones come to them. The columns must be those of the table, in any order; missing ones are null.
    Append,
    /// They go, and so may the columns.
    Overwrite,
    /// Those with the same values in the key columns as a new one are replaced by it; the other new ones come to them.
    Merge {
        /// The key columns. No two of the new rows may have the same.
        keys: Vec<String>,
    },
}

/// Whose work a version is; it stands in the table's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Who.
    pub user: String,
    /// Which job's.
    pub job: Option<String>,
    /// Which run of a recipe's.
    pub recipe_run: Option<String>,
    /// Names this write among all that ever were: done again with the same, it is done once.
    pub once: Option<String>,
    /// Names what the rows were made of, to tell whether they would be the same again.
    pub made_of: Option<String>,
}

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The version that it made, from 0.
    pub version: u64,
    /// The rows it was given.
    pub rows: u64,
    /// Bytes of the files it wrote.
    pub bytes: u64,
}

/// How small files are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// Bytes that a file is to have.
    pub target_bytes: u64,
    /// Columns that rows are laid out by, near each other what is alike in all of them; empty: as they lie.
    pub z_order: Vec<String>,
    /// Whose work it is.
    pub provenance: Provenance,
}

/// What a compaction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// The version of the table after it; it is the one before it when there was nothing to do.
    pub version: u64,
    /// Files that are no longer part of the table.
    pub files_removed: u64,
    /// Files that came in their place.
    pub files_added: u64,
    /// Bytes of the files removed.
    pub bytes_before: u64,
    /// Bytes of the files added.
    pub bytes_after: u64,
}

/// One version of a Delta table.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// From 0.
    pub version: u64,
    /// When it was made. Later versions have later times, by a millisecond at least.
    pub at: DateTime<Utc>,
    /// What was done, as the table's log calls it: `WRITE`, `MERGE`, `OPTIMIZE`, `RESTORE`.
    pub operation: String,
    /// Rows in the table at that version; `None` when the log does not say.
    pub rows: Option<u64>,
    /// Who, when the log says.
    pub user: Option<String>,
    /// Which job made it, when the log says.
    pub job: Option<String>,
    /// The recipe run that made it, when the log says.
    pub recipe_run: Option<String>,
    /// What names that which its rows were made of, when the log says.
    pub made_of: Option<String>,
    /// What the log says it came to: `numFiles` and the like.
    pub metrics: BTreeMap<String, String>,
}

/// What may be deleted of a Delta table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vacuum {
    /// Files that left the table longer ago than this.
    pub retention: Duration,
    /// Nothing is deleted; what would be is told.
    pub dry_run: bool,
    /// Whose work it is.
    pub provenance: Provenance,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vacuumed {
    /// Paths within the table.
    pub files: Vec<String>,
    /// Their bytes.
    pub bytes: u64,
}
