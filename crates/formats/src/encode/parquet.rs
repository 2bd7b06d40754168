//! Parquet: one file, its row groups bounded in rows and in bytes, with statistics.

use super::{Encode, unsuited};
use crate::Format;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use datahall_core::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

const GROUP_ROWS: usize = 256 * 1024;
const GROUP_BYTES: usize = 64 * 1024 * 1024;

/// The file; the writer's own buffer is emptied after each batch.
pub(super) struct Parquet {
    writer: ArrowWriter<Vec<u8>>,
}

impl Parquet {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self> {
        // The writer panics on unions instead of refusing them.
        if let Some(field) = schema.flattened_fields().iter().find(|field| matches!(field.data_type(), DataType::Union(..))) {
            let why = ArrowError::NotYetImplemented(format!("column '{}' is a union", field.name()));
            return Err(unsuited(Format::Parquet, &why));
        }
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(Error::internal)?))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by(concat!("datahall ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(refused)?;
        Ok(Self { writer })
    }
}

fn refused(error: ParquetError) -> Error {
    unsuited(Format::Parquet, &error.into())
}

impl Encode for Parquet {
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        self.writer.write(batch).map_err(refused)?;
        if self.writer.memory_size() > GROUP_BYTES {
            self.writer.flush().map_err(refused)?;
        }
        out.append(self.writer.inner_mut());
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.writer.finish().map_err(refused)?;
        out.append(self.writer.inner_mut());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
