//! Looking at a file without keeping anything of it.

use super::ingest::FoundFile;
use super::received::Received;
use super::refused::Refused;
use crate::{Ctx, Service};
use arrow::array::RecordBatch;
use datahall_formats::ingest::Hints;

/// Rows that are shown.
const ROWS: usize = 50;

/// A file as it would be taken.
#[derive(Debug, Clone)]
pub struct UploadPreview {
    /// What was found out of it.
    pub found: FoundFile,
    /// Its first rows.
    pub head: Vec<RecordBatch>,
}

impl Service {
    /// What a file holds and how it is read, from all of it, and its first 50 rows. Nothing is kept. Rows that are wrong are no failure
    /// here: they are told.
    ///
    /// # Errors
    /// As [`Service::require_known`]; [`Refused`] for what cannot be read.
    pub async fn preview_upload(&self, ctx: &Ctx, received: Received, hints: Hints) -> Result<UploadPreview, Refused> {
        self.require_known(ctx)?;
        let ingested = self.survey(received, hints).await?;
        let head = ingested.head(ROWS).await?;
        Ok(UploadPreview { found: ingested.found.clone(), head })
    }
}
