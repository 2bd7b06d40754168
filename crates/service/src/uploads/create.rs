//! A file made into a dataset, or into the next version of one: all of it or, after an error, nothing.

use super::desk::Place;
use super::ingest::{FoundFile, Ingested};
use super::received::Received;
use super::refused::Refused;
use crate::{Ctx, DatasetInfo, DatasetKind, DetailsChange, NewDataset, NewRows, Object, PolicyChange, Service, StoredSource};
use arrow::datatypes::SchemaRef;
use datahall_catalog::Dataset;
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::{Access, Engine};
use datahall_core::lake::{Provenance, Write, WriteMode, Written};
use datahall_core::{Code, Error, Result};
use datahall_formats::ingest::Hints;
use serde_json::json;
use std::sync::Arc;

/// What becomes of rows that are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// They keep the file from being taken.
    #[default]
    Refuse,
    /// They are left out, and told.
    Skip,
}

/// What a file is to become.
#[derive(Debug, Clone, Default)]
pub struct NewUpload {
    /// The dataset's name, normalised.
    pub name: String,
    /// How the file is to be read.
    pub hints: Hints,
    /// What becomes of rows that are wrong.
    pub on_error: OnError,
    /// Whether a dataset of that name gets these rows in the place of its own.
    pub replace: bool,
    /// Free text for people; unset, that of a dataset that is replaced stays.
    pub description: Option<String>,
    /// A title; the same.
    pub friendly_name: Option<String>,
    /// Words to find it by; none, the same.
    pub tags: Vec<String>,
    /// Masks and the like, for a new dataset only.
    pub policy: Option<PolicyChange>,
}

impl NewUpload {
    /// What of a dataset that is there already changes along with its rows.
    fn details(&self) -> Result<DetailsChange> {
        if self.policy.is_some() {
            let name = &self.name;
            return Err(Error::invalid(format!(
                "settings: dataset '{name}' is there and keeps its own; change them by themselves"
            )));
        }
        let details = DetailsChange {
            description: self.description.clone().map(Some),
            friendly_name: self.friendly_name.clone().map(Some),
            tags: (!self.tags.is_empty()).then(|| self.tags.clone()),
            ..DetailsChange::default()
        };
        // What is wrong with them is told before anything is written.
        details.put_into(&mut Dataset::default())?;
        Ok(details)
    }
}

/// What became of a file.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// The dataset.
    pub dataset: DatasetInfo,
    /// What was found out of the file.
    pub found: FoundFile,
    /// The version of its table that it is.
    pub version: u64,
}

impl Service {
    /// Makes a dataset of a file. Its table gets one version; when the name is taken and the caller said `replace`, the table of that
    /// dataset gets one more, and its settings and masks stay.
    ///
    /// # Errors
    /// As [`Service::require_add`]; [`Refused::Rows`] for rows that are wrong, unless they are to be skipped; `Conflict` when the
    /// name is taken; `Invalid` for a policy that does not suit the columns; `StorageFull`. Nothing was changed then, and nothing is left
    /// in the lake.
    pub async fn create_upload(&self, ctx: &Ctx, received: Received, new: NewUpload) -> Result<Uploaded, Refused> {
        self.require_add(ctx)?;
        let there = self.require_free(ctx, &new.name).await;
        let replaces = match there {
            Ok(()) => false,
            Err(error) if error.code() == Code::Conflict && new.replace => true,
            Err(error) => return Err(error.into()),
        };
        let details = if replaces { Some(new.details()?) } else { None };
        let ingested = self.survey(received, new.hints.clone()).await?;
        if ingested.found.report.total > 0 && new.on_error == OnError::Refuse {
            return Err(Refused::Rows(ingested.found.report.clone()));
        }
        match details {
            Some(details) => self.replace_upload(ctx, ingested, new.name, details).await,
            None => self.add_upload(ctx, ingested, new).await,
        }
    }

    async fn add_upload(&self, ctx: &Ctx, ingested: Ingested, new: NewUpload) -> Result<Uploaded, Refused> {
        let table = format!("{}/{}", ctx.home.organisation(), self.unique_suffix());
        // Whatever happens from here on, the caller's going away too, the table stays only with its dataset.
        ingested.place.note(&table)?;
        let mut orphan = Orphan { engine: self.engine.clone(), table: Some(table.clone()), place: ingested.place.clone() };
        let written = self.write_upload(ctx, &ingested, &table).await?;
        let schema = self.schema_kept(&table, written).await?;
        let source = StoredSource::Managed { table, version: None };
        let dataset = NewDataset {
            description: new.description,
            friendly_name: new.friendly_name,
            tags: new.tags,
            policy: new.policy.unwrap_or_default(),
            row_count: Some(ingested.found.rows),
            provenance: provenance(&ingested.found),
            ..NewDataset::new(new.name, DatasetKind::Upload, source, schema)
        };
        // Not given up half way: whether there is a dataset decides whether its table stays.
        let (service, ctx) = (self.arc(), ctx.clone());
        let add = tokio::spawn(async move {
            let added = service.add_dataset(&ctx, dataset).await;
            if added.is_ok() {
                orphan.keep();
            } else {
                orphan.bury().await;
            }
            added
        });
        let dataset = add.await.map_err(Error::internal)??;
        Ok(Uploaded { dataset, found: ingested.found, version: written.version })
    }

    async fn replace_upload(
        &self,
        ctx: &Ctx,
        ingested: Ingested,
        name: String,
        details: DetailsChange,
    ) -> Result<Uploaded, Refused> {
        let table = self.writable_table(ctx, &name, &ingested.found.schema).await?;
        let written = self.write_upload(ctx, &ingested, &table).await?;
        let rows = NewRows {
            schema: self.schema_kept(&table, written).await.unwrap_or_else(|_| ingested.found.schema.clone()),
            row_count: Some(ingested.found.rows),
            provenance: provenance(&ingested.found),
            details,
        };
        let (service, ctx) = (self.arc(), ctx.clone());
        let replace = tokio::spawn(async move {
            let replaced = service.replace_rows(&ctx, &name, rows).await;
            if replaced.is_err() {
                service.take_back(&ctx, &table, written).await;
            }
            replaced
        });
        let dataset = replace.await.map_err(Error::internal)??;
        Ok(Uploaded { dataset, found: ingested.found, version: written.version })
    }

    async fn write_upload(&self, ctx: &Ctx, ingested: &Ingested, table: &str) -> Result<Written, Refused> {
        let (rows, failure) = ingested.rows();
        let provenance = Provenance { user: ctx.principal.label().to_owned(), ..Provenance::default() };
        let write = Write { mode: WriteMode::Overwrite, provenance };
        let written = self.engine.write(table, rows, &write).await;
        written.map_err(|error| match failure.lock().take() {
            // The file's own failure says more than what the engine made of it.
            Some(fault) => fault.into(),
            None => error.into(),
        })
    }

    /// The columns as the table keeps them: it has fewer types than files have.
    async fn schema_kept(&self, table: &str, written: Written) -> Result<SchemaRef> {
        let spec = DatasetSpec {
            name: table.to_owned(),
            description: None,
            source: Source::Managed { table: table.to_owned(), version: Some(written.version) },
            options: ReadOptions { lazy: true, ..ReadOptions::default() },
        };
        Ok(self.engine.open(&spec, &Access::default()).await?.info().schema.clone())
    }

    /// What was written a moment ago and must not be read: the policy of the dataset changed meanwhile, or the dataset is gone.
    async fn take_back(&self, ctx: &Ctx, table: &str, written: Written) {
        let Some(before) = written.version.checked_sub(1) else { return };
        let source = Source::Managed { table: table.to_owned(), version: None };
        let provenance = Provenance { user: ctx.principal.label().to_owned(), ..Provenance::default() };
        if let Err(error) = self.engine.restore(&source, before, &provenance, &Access::default()).await {
            tracing::error!(?error, table, "a version that nothing is to be made of could not be taken back");
        }
    }
}

/// A table without a dataset, deleted unless it gets one.
struct Orphan {
    engine: Arc<dyn Engine>,
    table: Option<String>,
    /// Where its name is noted as long as this is undecided.
    place: Arc<Place>,
}

impl Orphan {
    fn keep(&mut self) {
        self.table = None;
    }

    async fn bury(&mut self) {
        if let Some(table) = self.table.take() {
            drop_table(&*self.engine, &table).await;
        }
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        let Some(table) = self.table.take() else { return };
        let (engine, place) = (self.engine.clone(), self.place.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                drop_table(&*engine, &table).await;
                drop(place);
            });
        }
    }
}

pub(super) async fn drop_table(engine: &dyn Engine, table: &str) {
    if let Err(error) = engine.drop_managed(table).await {
        tracing::error!(?error, table, "the table of an upload that failed could not be deleted");
    }
}

/// Where the rows come from, as records keep it.
fn provenance(found: &FoundFile) -> Object {
    let told = &found.told;
    let value = json!({
        "file_name": found.file_name,
        "bytes": found.bytes,
        "format": told.format.name(),
        "compression": told.compression,
        "encoding": told.encoding,
        "delimiter": told.delimiter,
        "quote": told.quote,
        "header": told.header,
        "sheet": told.sheet,
        "rows_reported": found.report.total,
    });
    match value {
        serde_json::Value::Object(object) => object.into_iter().collect(),
        _ => Object::new(),
    }
}
