//! What a new table of some columns looks like in the log.

use super::failed::failed;
use arrow::datatypes::Schema;
use datahall_core::{Error, Result};
use deltalake::DeltaTable;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{Metadata, Protocol, StructType};
use deltalake::table::state::DeltaTableState;
use serde_json::Value;

/// A table of the columns, made in memory and thrown away: it knows which protocol they need.
pub(super) struct Model(DeltaTableState);

impl Model {
    pub(super) async fn of(schema: &Schema) -> Result<Self> {
        let columns: StructType = schema.try_into_kernel().map_err(Error::internal)?;
        let table = DeltaTable::new_in_memory().create().with_columns(columns.fields().cloned()).await.map_err(failed)?;
        Ok(Self(table.snapshot().map_err(failed)?.clone()))
    }

    pub(super) fn state(&self) -> &DeltaTableState {
        &self.0
    }

    pub(super) fn protocol(&self) -> &Protocol {
        self.0.protocol()
    }

    pub(super) fn metadata(&self) -> &Metadata {
        self.0.metadata()
    }

    /// Whether a table with `protocol` cannot keep these columns.
    pub(super) fn needs_more_than(&self, protocol: &Protocol) -> Result<bool> {
        let (wanted, there) = (json(self.protocol())?, json(protocol)?);
        let lower = |key: &str| wanted[key].as_i64() > there[key].as_i64();
        let lacks = |key: &str| {
            let there = there[key].as_array().map_or(&[][..], Vec::as_slice);
            wanted[key].as_array().is_some_and(|wanted| wanted.iter().any(|feature| !there.contains(feature)))
        };
        Ok(lower("minReaderVersion") || lower("minWriterVersion") || lacks("readerFeatures") || lacks("writerFeatures"))
    }
}

fn json(protocol: &Protocol) -> Result<Value> {
    serde_json::to_value(protocol).map_err(Error::internal)
}
