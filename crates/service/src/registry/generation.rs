//! One generation of a dataset's rows: they never change, and what was made of them goes when they go.

use super::ExportFile;
use chrono::{DateTime, Utc};
use datahall_core::engine::Table;
use datahall_core::policy::ReadPolicy;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use tokio::sync::OnceCell;

type ExportCell = Arc<OnceCell<Arc<ExportFile>>>;

/// One generation of rows.
pub(crate) struct Generation {
    /// Differs from that of every other generation of any dataset.
    pub(crate) id: String,
    pub(crate) table: Arc<dyn Table>,
    pub(crate) loaded_at: DateTime<Utc>,
    exports: Mutex<HashMap<String, ExportCell>>,
}

impl Generation {
    pub(crate) fn new(id: String, table: Arc<dyn Table>, loaded_at: DateTime<Utc>) -> Self {
        Self { id, table, loaded_at, exports: Mutex::default() }
    }

    /// Names what `question` answers over these rows seen through `policy`.
    pub(crate) fn etag(&self, policy: &ReadPolicy, question: &dyn Debug) -> String {
        let digest = Sha256::digest(format!("{}\n{policy:?}\n{question:?}", self.id));
        digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where the export under `key` is kept, or will be: whoever comes first makes it, the others wait.
    pub(crate) fn export(&self, key: &str) -> ExportCell {
        self.exports.lock().entry(key.to_owned()).or_default().clone()
    }
}
