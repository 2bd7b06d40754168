//! Opening a source, and taking it into memory when it is to be there and fits.

use super::DataFusionEngine;
use crate::errors::from_datafusion;
use crate::resident::{Loaded, Resident, load};
use crate::sources;
use crate::table::{Data, OpenTable};
use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datahall_core::dataset::{DatasetSpec, IndexMode, ReadOptions};
use datahall_core::engine::{Access, BEYOND_BUDGET, Rows, Table, TableInfo};
use datahall_core::query::find_column;
use datahall_core::{Code, Error, Result};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl DataFusionEngine {
    pub(super) async fn open_table(&self, spec: &DatasetSpec, access: &Access) -> Result<Arc<dyn Table>> {
        let (ways, wanted, access) = (self.ways(), spec.clone(), access.clone());
        let opened = self.cpu.run(async move { sources::open(&ways, &wanted, &access).await }).await?;
        let schema = opened.provider.schema();
        check_index(&spec.options, &schema)?;
        let identity = opened.identity.as_deref().map(|files| identity_of(spec, files));
        let mut notes = opened.notes;
        // What may differ at each read is read at each.
        if !spec.options.lazy && !opened.live {
            let location = spec.source.name();
            match self.load_all(opened.provider.clone(), &spec.options, location).await? {
                Loaded::Resident(resident) => {
                    let known = Known { storage_bytes: opened.storage_bytes, notes, identity };
                    return Ok(resident_table(resident, &spec.options, known));
                }
                Loaded::TooLarge => notes.push("does not fit the memory budget and is served lazily".into()),
            }
        }
        let info = TableInfo {
            schema,
            rows: opened.rows,
            resident: false,
            memory_bytes: 0,
            storage_bytes: opened.storage_bytes,
            indexed: Vec::new(),
            notes,
            live: opened.live,
            identity,
        };
        Ok(Arc::new(OpenTable::new(info, Data::Lazy(opened.provider), spec.options.clone())))
    }

    async fn load_all(&self, provider: Arc<dyn TableProvider>, options: &ReadOptions, location: &str) -> Result<Loaded> {
        let state = self.ordered.clone();
        let (options, budget, location) = (options.clone(), self.budget.clone(), location.to_owned());
        let work = async move {
            let plan = provider.scan(&state, None, &[], None).await?;
            // Decoded on one thread while another puts what there is in its place.
            let rows = spawn_buffered(execute_stream(plan, state.task_ctx())?, 4);
            load(rows, &options, &budget).await
        };
        self.cpu.run(async move { work.await.map_err(|error| sources::explain_at_open(&location, &error)) }).await
    }

    pub(super) async fn materialise_rows(&self, rows: Rows, options: &ReadOptions) -> Result<Arc<dyn Table>> {
        check_index(options, &rows.schema)?;
        let batches = rows.batches.map_err(|error| DataFusionError::External(Box::new(error)));
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(rows.schema, batches));
        let (kept, options, budget) = (options, options.clone(), self.budget.clone());
        let loaded = self.cpu.run(async move { load(rows, &options, &budget).await.map_err(from_datafusion) }).await?;
        match loaded {
            Loaded::Resident(resident) => Ok(resident_table(resident, kept, Known::default())),
            Loaded::TooLarge => {
                Err(Error::new(Code::LimitExceeded, "the result does not fit the memory budget").because(BEYOND_BUDGET))
            }
        }
    }
}

/// What is known of rows by where they came from.
#[derive(Default)]
struct Known {
    storage_bytes: Option<u64>,
    notes: Vec<String>,
    identity: Option<String>,
}

/// Names the rows of `files` as `spec` says that they are read. Whether they are kept in memory, and how there, makes no others of them.
fn identity_of(spec: &DatasetSpec, files: &str) -> String {
    let ReadOptions { rename, columns, format, .. } = &spec.options;
    let digest = Sha256::digest(format!("{files}\n{:?}\n{rename:?}\n{columns:?}\n{format:?}", spec.source));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn resident_table(resident: Arc<Resident>, options: &ReadOptions, known: Known) -> Arc<dyn Table> {
    let Known { storage_bytes, notes, identity } = known;
    let info = TableInfo {
        schema: resident.answer_schema(),
        rows: Some(resident.rows as u64),
        resident: true,
        memory_bytes: resident.bytes(),
        storage_bytes,
        indexed: resident.indexed(),
        notes,
        live: false,
        identity,
    };
    Arc::new(OpenTable::new(info, Data::Resident(resident), options.clone()))
}

fn check_index(options: &ReadOptions, schema: &Schema) -> Result<()> {
    if options.index.mode == IndexMode::List {
        options
            .index
            .columns
            .iter()
            .try_for_each(|name| find_column(schema, name).map(|_| ()).map_err(|error| error.context("index")))?;
    }
    Ok(())
}
