//! What every record carries: its id, its version, who wrote it and when.

use crate::Millis;

/// What every record carries. `insert` and `update` fill it in; callers only read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// 16 random lower-case hexadecimal characters, unless the record came with an id of its own.
    pub id: String,
    /// Begins with 1 and grows by one with each update.
    pub version: i64,
    /// When it was inserted.
    pub created_at: Millis,
    /// The principal that inserted it.
    pub created_by: String,
    /// When it was last inserted or updated.
    pub updated_at: Millis,
    /// The principal that did so.
    pub updated_by: String,
}
