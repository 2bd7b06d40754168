//! One write, whatever becomes of the rows that are there.

use super::columns::storable;
use super::failed::{failed, may_be_repeated};
use super::model::Model;
use super::{Lake, actions, commit, files, merge};
use arrow::datatypes::{Schema, SchemaRef};
use datahall_core::clock::{Clock, SystemClock};
use datahall_core::engine::Rows;
use datahall_core::lake::{Provenance, Write, WriteMode, Written};
use datahall_core::{Code, Error, Result};
use deltalake::DeltaTable;
use deltalake::kernel::engine::arrow_conversion::TryIntoArrow;
use deltalake::kernel::transaction::{CommitBuilder, TableReference};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::{DeltaOperation, SaveMode};
use std::sync::Arc;

impl Lake {
    /// See [`Engine::write`](datahall_core::engine::Engine::write).
    pub(crate) async fn write(&self, table: &str, rows: Rows, write: &Write) -> Result<Written> {
        let (store, uses) = self.open(table)?;
        let _writing = uses.writing(SystemClock::new().now());
        let there = self.load(&store).await?;
        if let Some(version) = done_before(&store, there.as_ref(), &write.provenance).await? {
            return Ok(Written { version, rows: 0, bytes: 0 });
        }
        let (mode, rows, there) = match (&write.mode, there) {
            (WriteMode::Merge { keys }, Some(there)) => return merge::merge(self, there, rows, keys, &write.provenance).await,
            (WriteMode::Merge { keys }, None) => (SaveMode::Append, merge::distinct(self, rows, keys).await?, None),
            (WriteMode::Append, there) => (SaveMode::Append, rows, there),
            (WriteMode::Overwrite, there) => (SaveMode::Overwrite, rows, there),
        };
        self.put(&store, there, rows, mode, &write.provenance).await
    }

    /// Writes the files, then commits them, on top of whatever others commit meanwhile.
    async fn put(
        &self,
        store: &LogStoreRef,
        mut there: Option<DeltaTable>,
        rows: Rows,
        mode: SaveMode,
        provenance: &Provenance,
    ) -> Result<Written> {
        let schema = match &there {
            Some(table) if mode == SaveMode::Append => columns_of(table)?,
            _ => storable(&rows.schema)?,
        };
        let model = Model::of(&schema).await?;
        let files = files::write(store, rows, &schema, &model).await?;
        for _ in 0..commit::TRIES {
            let actions = match &there {
                Some(table) if mode == SaveMode::Append => actions::appending(table, &files, &schema)?,
                _ => actions::replacing(there.as_ref(), &files, &model)?,
            };
            let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
            let snapshot = there.as_ref().map(|table| table.snapshot().map_err(failed)).transpose()?;
            let base = snapshot.map(|state| state as &dyn TableReference);
            let commit = CommitBuilder::from(commit::properties(provenance)).with_actions(actions);
            match commit.build(base, store.clone(), operation).await {
                Ok(done) => return Ok(Written { version: done.version(), rows: files.rows, bytes: files.bytes }),
                Err(error) if may_be_repeated(&error) => there = self.load(store).await?,
                Err(error) => return Err(failed(error)),
            }
            // Somebody may have done this very write, such as a worker that was taken for dead.
            if let Some(version) = done_before(store, there.as_ref(), provenance).await? {
                return Ok(Written { version, rows: files.rows, bytes: files.bytes });
            }
        }
        Err(Error::new(Code::Conflict, "the table is changed by others all the time; try again"))
    }
}

/// The version that a write with the same name made, or a later one.
pub(super) async fn done_before(store: &LogStoreRef, table: Option<&DeltaTable>, provenance: &Provenance) -> Result<Option<u64>> {
    let (Some(once), Some(table)) = (&provenance.once, table) else { return Ok(None) };
    let state = table.snapshot().map_err(failed)?;
    let done = state.transaction_version(store.as_ref(), once.clone()).await.map_err(failed)?;
    Ok(done.and(table.version()))
}

/// The columns of a table.
pub(super) fn columns_of(table: &DeltaTable) -> Result<SchemaRef> {
    let schema = table.snapshot().map_err(failed)?.schema();
    let schema: Schema = schema.as_ref().try_into_arrow().map_err(Error::internal)?;
    Ok(Arc::new(schema))
}
