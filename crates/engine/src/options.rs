//! What the engine is given of the machine.

use datahall_core::dataset::Location;
use std::path::PathBuf;

/// What the engine may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that tables in memory may take together; what does not fit is served lazily.
    pub memory_budget_bytes: u64,
    /// Bytes that running queries may take together; beyond it they spill to disk where they can.
    pub query_memory_bytes: u64,
    /// Bytes that they may put on disk together; 0: none. Beyond it a query fails with `LimitExceeded`.
    pub spill_bytes: u64,
    /// Where they spill. Emptied when the engine starts.
    pub spill_dir: PathBuf,
    /// The folder or bucket of managed tables.
    pub lake: Location,
    /// The folder of connections of type lakehouse that name none; it need not be there.
    pub lakehouse: PathBuf,
    /// Threads for queries.
    pub threads: usize,
}
