//! Tables of saved queries that are being made or deleted, noted in a folder: what a server that was ended in between leaves behind is
//! deleted at its next start.

use super::on_disk::table;
use crate::Service;
use datahall_catalog::Dataset;
use datahall_core::{Error, Result};
use std::path::PathBuf;

/// The notes: files that are named by the ids of records.
pub(crate) struct Unfinished {
    folder: PathBuf,
}

impl Unfinished {
    /// Notes are kept in `folder`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new(folder: PathBuf) -> Result<Self> {
        let made = std::fs::create_dir_all(&folder);
        made.map_err(|error| Error::internal(error).context(format!("{}: cannot be used", folder.display())))?;
        Ok(Self { folder })
    }

    /// The ids that are noted.
    pub(crate) fn all(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric())).collect()
    }

    pub(super) fn note(&self, id: &str) -> Result<()> {
        std::fs::write(self.folder.join(id), "")
            .map_err(|error| Error::internal(error).context("a note of a table to be deleted"))
    }

    pub(super) fn is_noted(&self, id: &str) -> bool {
        self.folder.join(id).exists()
    }

    pub(super) fn done(&self, id: &str) {
        if let Err(error) = std::fs::remove_file(self.folder.join(id))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            // Looked at once more at the next start.
            tracing::warn!(?error, id, "a note of a table to be deleted stays");
        }
    }
}

impl Service {
    /// Deletes the tables of those of `noted` that there are no records of.
    pub(crate) async fn finish(&self, noted: Vec<String>) {
        for id in noted {
            match self.catalog.get::<Dataset>(&id).await {
                Ok(Some(_)) => self.unfinished.done(&id),
                Ok(None) => self.drop_table(&id).await,
                Err(error) => tracing::error!(?error, id, "the table of a saved query that is gone stays"),
            }
        }
    }

    /// Deletes the table of the query of that id.
    pub(super) async fn drop_table(&self, id: &str) {
        match self.engine.drop_managed(&table(id)).await {
            Ok(()) => self.unfinished.done(id),
            // Nobody can read it any more, and it is noted: tried again at the next start.
            Err(error) => tracing::error!(?error, id, "the table of a saved query that is gone could not be deleted"),
        }
    }
}
