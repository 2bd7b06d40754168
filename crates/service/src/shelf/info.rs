//! A dataset as lists and details show it, without opening it.

use super::add::scope;
use super::{ColumnInfo, DatasetKind, StoredSource};
use crate::loading::not_found;
use crate::policies::{Kept as KeptPolicy, Stated, seen_by, stated};
use crate::registry::Entry;
use crate::{Ctx, Millis, Object, PolicyInfo, Service, Visibility};
use arrow::datatypes::SchemaRef;
use datahall_catalog::{Dataset, Mask, Origin, Visibility as Kept};
use datahall_core::Result;
use datahall_core::access::{Verdict, decide};
use datahall_core::connection::Part;
use datahall_core::policy::{ReadPolicy, RowAccess};
use datahall_core::privilege::Privilege;
use serde_json::Value as Json;
use std::sync::Arc;

/// A dataset, as its record tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetInfo {
    /// The id of its record.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is to whoever made it.
    pub kind: DatasetKind,
    /// A title.
    pub friendly_name: Option<String>,
    /// Free text for people.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The id of the connection that it is read through.
    pub connection: Option<String>,
    /// The schema that the table is in, in the outside system.
    pub source_schema: Option<String>,
    /// The table in the outside system.
    pub source_table: Option<String>,
    /// The statement that is run there.
    pub source_query: Option<String>,
    /// How many rows, when that was last known and is for the caller to know.
    pub row_count: Option<u64>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it was made.
    pub created_at: Millis,
    /// When its record last changed.
    pub updated_at: Millis,
    /// Who may know that it is there.
    pub visibility: Visibility,
    /// The version of its record.
    pub version: i64,
    /// Grows whenever its data changes.
    pub generation: i64,
    /// The columns that the caller sees, as he sees them; none where they are not known.
    pub columns: Vec<ColumnInfo>,
    /// How it is refreshed, what its columns mean, as the record keeps it.
    pub settings: Object,
    /// Where it comes from.
    pub provenance: Object,
    /// Who sees what of it; in details only.
    pub policy: Option<PolicyInfo>,
}

impl Service {
    /// A dataset with all that is known of it; its source is not asked.
    ///
    /// # Errors
    /// `NotFound`, also for one of another organisation; `Forbidden` without READ_CONF on it.
    pub async fn dataset(&self, ctx: &Ctx, name: &str) -> Result<DatasetInfo> {
        self.require_read(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, Privilege::ReadConf, "reading the settings of")?;
        self.info_of_entry(ctx, &entry).await
    }

    /// The same of an entry that the caller may know of.
    pub(super) async fn info_of_entry(&self, ctx: &Ctx, entry: &Arc<Entry>) -> Result<DatasetInfo> {
        let records = match entry.record.get() {
            Some(id) => self.policy_records(id).await?,
            None => return Ok(self.info_of_query(ctx, entry).await),
        };
        let (dataset, masks) = records.ok_or_else(|| not_found(&entry.name))?;
        let mut info = self.summary_of(ctx, entry.home.organisation(), &dataset, &masks);
        info.policy = Some(self.info(ctx, entry, &dataset, &KeptPolicy::of(&dataset, &masks)?));
        // What is open tells more.
        if let Some(current) = entry.current() {
            let handle = self.handle(ctx, &current);
            if dataset.origin != Origin::Api || dataset.schema.is_none() {
                info.columns = open_columns(&current.generation.table.info().schema, &handle.policy);
            }
            info.row_count = self.rows_seen(ctx, &current.generation, &handle).await.or(info.row_count);
        }
        Ok(info)
    }

    /// A saved query that is kept in memory has no record.
    async fn info_of_query(&self, ctx: &Ctx, entry: &Arc<Entry>) -> DatasetInfo {
        let dataset = Dataset { name: entry.name.clone(), kind: "lakehouse".into(), ..Dataset::default() };
        let mut info = self.summary_of(ctx, entry.home.organisation(), &dataset, &[]);
        info.visibility = if self.is_private(entry) { Visibility::Private } else { Visibility::Public };
        if let Some(current) = entry.current() {
            let handle = self.handle(ctx, &current);
            info.columns = open_columns(&current.generation.table.info().schema, &handle.policy);
            info.row_count = self.rows_seen(ctx, &current.generation, &handle).await;
        }
        info
    }

    /// The same of a record just made.
    pub(super) async fn info_of(&self, ctx: &Ctx, record: &Dataset) -> Result<DatasetInfo> {
        let entry = self.look_up(&ctx.home, &record.name).await?.ok_or_else(|| not_found(&record.name))?;
        self.info_of_entry(ctx, &entry).await
    }

    /// What a record and its masks tell the caller.
    pub(super) fn summary_of(&self, ctx: &Ctx, organisation: &str, dataset: &Dataset, masks: &[Mask]) -> DatasetInfo {
        let stated = stated(dataset, masks, &Stated::default());
        let policy = seen_by(&ctx.principal, organisation, &stated);
        let columns = ColumnInfo::of_record(dataset.schema.as_ref());
        let columns = if stated.fault.is_some() { Vec::new() } else { columns };
        let text = |name: &str| dataset.metadata.get(name).and_then(Json::as_str).map(str::to_owned);
        let tags = dataset.metadata.get("tags").and_then(Json::as_array);
        let (schema, table, query) = match StoredSource::of_object(&dataset.source) {
            Ok(StoredSource::Connected { part: Part::Table { schema, name }, .. }) => (schema, Some(name), None),
            Ok(StoredSource::Connected { part: Part::Query { sql }, .. }) => (None, None, Some(sql)),
            _ => (None, None, None),
        };
        DatasetInfo {
            id: dataset.meta.id.clone(),
            name: dataset.name.clone(),
            kind: DatasetKind::of(dataset),
            friendly_name: text("friendly_name"),
            description: text("description"),
            tags: tags.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect(),
            connection: dataset.connection.clone(),
            source_schema: schema,
            source_table: table,
            source_query: query,
            row_count: dataset.row_count.filter(|_| policy.rows == RowAccess::All).and_then(|rows| u64::try_from(rows).ok()),
            owner: dataset.owner.clone(),
            created_at: dataset.meta.created_at,
            updated_at: dataset.meta.updated_at,
            visibility: if dataset.visibility == Kept::Public { Visibility::Public } else { Visibility::Private },
            version: dataset.meta.version,
            generation: dataset.generation,
            columns: columns.into_iter().filter_map(|column| column.seen(&policy)).collect(),
            settings: settings_seen(&dataset.settings, &policy),
            provenance: dataset.provenance.clone(),
            policy: None,
        }
    }

    /// What the caller may do with the dataset of a record.
    pub(super) fn verdict_on(&self, ctx: &Ctx, organisation: &str, dataset: &Dataset, privilege: Privilege) -> Verdict {
        let public = ctx.principal.reads_public && dataset.visibility == Kept::Public;
        decide(&ctx.principal.grants, privilege, &scope(organisation, dataset), public)
    }
}

fn open_columns(schema: &SchemaRef, policy: &ReadPolicy) -> Vec<ColumnInfo> {
    ColumnInfo::of_schema(schema).into_iter().filter_map(|column| column.seen(policy)).collect()
}

/// Settings without what is said of columns that the caller does not see.
pub(crate) fn settings_seen(settings: &Object, policy: &ReadPolicy) -> Object {
    let mut seen = settings.clone();
    for name in ["semantic_overrides", "column_descriptions"] {
        if let Some(Json::Object(texts)) = seen.get_mut(name) {
            texts.retain(|column, _| policy.visible.allows(column));
        }
    }
    let hidden = |column: &str| !policy.visible.allows(column);
    if seen.get("time_column").and_then(Json::as_str).is_some_and(hidden) {
        seen.remove("time_column");
    }
    seen
}
