//! A file that is deleted when nobody reads it any more.

use std::path::PathBuf;

/// A file that is deleted when the last holder lets go.
#[derive(Debug)]
pub(crate) struct ExportFile {
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "an export could not be deleted");
        }
    }
}
