//! Keeping the rows of an outside system: a job writes them into a managed table, and from then on they are read there. Who reads the
//! rows of before finishes on them.

use super::details::RefreshMode;
use super::schedule::refresh_of;
use super::{StoredSource, columns, of_record};
use crate::home::Home;
use crate::loading::not_found;
use crate::registry::Entry;
use crate::{Ctx, JobCtx, Object, Service};
use arrow::datatypes::SchemaRef;
use datahall_catalog::{AuditEntry, Dataset, Project};
use datahall_core::dataset::{DatasetSpec, ReadOptions};
use datahall_core::engine::{Handle, Table};
use datahall_core::lake::{Provenance, Write, WriteMode, Written};
use datahall_core::policy::ReadPolicy;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What a refresh found.
struct Seen {
    schema: SchemaRef,
    rows: Option<u64>,
    /// The table that they were written to, if they were.
    cache: Option<String>,
}

impl Service {
    /// Refreshes a dataset that was made through an API: rows of an outside system are taken over where its settings say that they are
    /// kept, and otherwise only looked at again; a table of Datahall's own is opened anew.
    pub(crate) async fn refresh_recorded(self: &Arc<Self>, job: &JobCtx, dataset: &Dataset) -> Result<Object> {
        let gone = || not_found(&dataset.name);
        let project = self.catalog.get::<Project>(&dataset.project).await?.ok_or_else(gone)?;
        let (_, masks) = self.policy_records(&dataset.meta.id).await?.ok_or_else(gone)?;
        let entry = of_record::entry(&Home::of(&project), dataset, &masks, &*self.random)?;
        let limit = job.params().get("timeout_secs").and_then(serde_json::Value::as_u64).unwrap_or(u64::from(u32::MAX));
        let too_long = || Error::new(datahall_core::Code::Timeout, format!("the refresh took longer than {limit} s"));
        let look = self.look_again(job, &entry, dataset);
        let seen = tokio::time::timeout(Duration::from_secs(limit), look).await.map_err(|_| too_long())??;
        let record = self.note_refresh(job.ctx(), &project.organisation, &dataset.meta.id, &seen).await?;
        if let Some(live) = self.registry.by_record(&dataset.meta.id)
            && self.still_stands(&live, Some(&record))
        {
            self.read_anew(&live, record.generation).await;
        }
        if let Some(old) = dataset.cache.as_ref().filter(|old| seen.cache.as_ref() != Some(*old)) {
            // It is not read from any more; other nodes, which may not know yet, open the dataset anew when it fails them.
            let _ = self.engine.drop_managed(old).await;
        }
        let result = json!({"dataset": dataset.name, "rows": seen.rows, "generation": record.generation});
        Ok(result.as_object().cloned().unwrap_or_default())
    }

    async fn look_again(&self, job: &JobCtx, entry: &Entry, dataset: &Dataset) -> Result<Seen> {
        let of = entry.of_record().ok_or_else(|| Error::internal("an entry of a record"))?;
        let outside = matches!(of.source, StoredSource::Connected { .. });
        let keeps = outside && refresh_of(dataset).mode != RefreshMode::OnDemand;
        let (source, access) = self.source_of(entry, &of.source).await?;
        let options = if outside { ReadOptions { lazy: true, ..of.options.clone() } } else { of.options.clone() };
        let spec = DatasetSpec { name: dataset.name.clone(), description: None, source, options };
        let table = self.engine.open(&spec, &access).await?;
        let schema = table.info().schema.clone();
        // Before anything is written: what could not be served under its policy is not taken over.
        entry.stated().check(&*self.engine, &schema)?;
        if !keeps {
            return Ok(Seen { schema, rows: table.info().rows, cache: None });
        }
        let cache = match &dataset.cache {
            Some(cache) => cache.clone(),
            None => format!("{}/cache-{}", entry.home.organisation(), dataset.meta.id),
        };
        let written = self.write_cache(job, table, &cache).await?;
        job.info(format!("{} rows were taken over", written.rows));
        Ok(Seen { schema, rows: Some(written.rows), cache: Some(cache) })
    }

    /// Writes all rows, unmasked, into a table that is only read under the dataset's policy.
    async fn write_cache(&self, job: &JobCtx, table: Arc<dyn Table>, cache: &str) -> Result<Written> {
        let policy = ReadPolicy::default();
        let query = Query::default().resolve(&table.info().schema, &policy)?;
        let handle = Handle { table, policy: Arc::new(policy) };
        let rows = job.counting(self.engine.read(&handle, &query).await?);
        let once = format!("{}:{}", job.job(), job.activity());
        let user = job.ctx().principal.label().to_owned();
        let provenance = Provenance { user, job: Some(job.job().to_owned()), once: Some(once), ..Provenance::default() };
        let write = Write { mode: WriteMode::Overwrite, provenance };
        self.engine.write(cache, rows, &write).await
    }

    async fn note_refresh(&self, ctx: &Ctx, organisation: &str, id: &str, seen: &Seen) -> Result<Dataset> {
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let gone = || Error::not_found("the dataset is gone");
        let before = change.get::<Dataset>(id).await?.ok_or_else(gone)?;
        let mut record = before.clone();
        record.generation += 1;
        record.schema = Some(columns::to_json(&seen.schema));
        record.row_count = seen.rows.and_then(|rows| i64::try_from(rows).ok()).or(record.row_count);
        record.cache.clone_from(&seen.cache);
        change.update(&mut record).await?;
        let of_log = AuditEntry::about("dataset.refresh", &record).organisation(organisation);
        change.commit(of_log.detail(json!({"generation": record.generation, "row_count": record.row_count}))).await?;
        Ok(record)
    }
}
