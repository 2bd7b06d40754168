//! What rows of a saved query were made of, as one text: the same text, the same rows.
//!
//! In it are the statement, who made it and so ran it, and of each dataset that it reads which rows those were and all that he could
//! see of them. Which rows they were is what the engine says: names, sizes, times and tags of files, versions of Delta tables. What is
//! read in an outside system at each query, and what has no tags, cannot be told to be the same; nor can what asks what time it is.

use crate::loading::Opened;
use crate::registry::{SavedStatement, text_of};
use sha2::{Digest, Sha256};

/// Grows when rows are made in another way of the same. The version of the program is in it as well: a newer one may read text files
/// otherwise, or compute otherwise.
const MAKING: u32 = 1;

/// That text for a run of `statement` over `opened`; `None` where nobody knows whether it would give the same rows again.
pub(super) fn print(statement: &SavedStatement, opened: &[(String, Opened)]) -> Option<String> {
    let mut digest = Sha256::new();
    let SavedStatement { sql, sort_by, maker, .. } = statement;
    digest.update(format!("{MAKING} {} {sql:?} {sort_by:?} {}\n", env!("CARGO_PKG_VERSION"), serde_json::to_string(maker).ok()?));
    for (name, opened) in opened {
        if opened.handle.table.info().live {
            return None;
        }
        let rows = opened.generation.identity()?;
        digest.update(format!("{name:?} {rows:?} {:?}\n", text_of(&opened.handle.policy)));
    }
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
