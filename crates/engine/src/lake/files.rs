//! Rows → files of a table, which are no part of it yet.

use super::columns::fitted;
use super::failed::failed;
use super::model::Model;
use arrow::datatypes::SchemaRef;
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::Add;
use deltalake::logstore::LogStoreRef;
use deltalake::table::config::TablePropertiesExt;
use futures::StreamExt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::num::NonZeroU64;

/// Bytes that a file has, about: small enough that several are read side by side, and that one can be held until it is put in its place.
const FILE_BYTES: NonZeroU64 = NonZeroU64::new(48 * 1024 * 1024).unwrap();
const GROUP_ROWS: usize = 262_144;

/// What was written.
pub(super) struct Files {
    pub(super) added: Vec<Add>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Writes all of `rows`, in the columns of `schema`.
///
/// # Errors
/// The first that `rows` gives; `Invalid` for what does not fit `schema`; `StorageFull`. The files are gone then.
pub(super) async fn write(store: &LogStoreRef, mut rows: Rows, schema: &SchemaRef, model: &Model) -> Result<Files> {
    let level = ZstdLevel::try_new(1).map_err(Error::internal)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build();
    let indexed = model.state().table_config().num_indexed_cols();
    let config = WriterConfig::new(schema.clone(), Vec::new(), Some(properties), Some(FILE_BYTES), None, indexed, None);
    let mut writer = DeltaWriter::new(store.object_store(None), config);
    let mut count = 0;
    while let Some(batch) = rows.batches.next().await {
        let written = match batch.and_then(|batch| fitted(&batch, schema)) {
            Ok(batch) => {
                count += batch.num_rows() as u64;
                writer.write(&batch).await.map_err(failed)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            // What stays behind is no part of the table, and is cleared away with what is old.
            let _ = writer.abort().await;
            return Err(error);
        }
    }
    let added = writer.close().await.map_err(failed)?;
    let bytes = added.iter().map(|file| u64::try_from(file.size).unwrap_or(0)).sum();
    Ok(Files { added, rows: count, bytes })
}
