//! Making a dataset of a table, or of what a statement gives, in an outside system. Its rows stay there.

use super::{DatasetInfo, DatasetKind, NewDataset, StoredSource};
use crate::{Ctx, Object, PolicyChange, Service, UsableConnection};
use datahall_core::connection::{Part, Reach};
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::Table;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most columns that may get other names.
const MOST_RENAMED: usize = 10_000;

/// What is to be made a dataset of.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The name of the dataset, normalised.
    pub name: String,
    /// The id or the name of the connection.
    pub connection: String,
    /// What is read through it.
    pub part: Part,
    /// Other names for columns, by those that they have there.
    pub rename: BTreeMap<String, String>,
    /// Free text for people.
    pub description: Option<String>,
    /// A title.
    pub friendly_name: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Masks and other settings; they name columns by their new names.
    pub policy: PolicyChange,
    /// The job that brings many tables, if one does.
    pub batch: Option<String>,
}

/// Why there is no dataset, where the words of an error do not tell what it is about.
#[derive(Debug, Clone)]
pub enum ImportFault {
    /// The caller may not make datasets, or the dataset cannot be as he wants it.
    Dataset(Error),
    /// There is no such connection for him.
    Connection(Error),
    /// The table or the statement is none.
    Source(Error),
}

impl ImportFault {
    /// What went wrong.
    pub fn error(&self) -> &Error {
        match self {
            Self::Dataset(error) | Self::Connection(error) | Self::Source(error) => error,
        }
    }
}

impl Service {
    /// Makes a dataset of what is in an outside system; all of it or, after an error, nothing.
    ///
    /// # Errors
    /// As [`Service::add_dataset`]; `NotFound` for a connection that is not the caller's to use; `Invalid` for what is not there and what
    /// is no statement that reads; `Unavailable` when the system does not answer.
    pub async fn import_dataset(&self, ctx: &Ctx, new: NewImport) -> Result<DatasetInfo, ImportFault> {
        self.require_add(ctx).map_err(ImportFault::Dataset)?;
        let usable = self.use_connection(ctx, &new.connection).await.map_err(ImportFault::Connection)?;
        self.require_free(ctx, &new.name).await.map_err(ImportFault::Dataset)?;
        let rename = renamed(&new.rename).map_err(ImportFault::Dataset)?;
        let table = self.look_at(&usable, &new, Vec::new()).await.map_err(ImportFault::Source)?;
        let table = match rename.is_empty() {
            true => table,
            false => {
                check_renamed(&rename, &table).map_err(ImportFault::Dataset)?;
                self.look_at(&usable, &new, rename.clone()).await.map_err(ImportFault::Source)?
            }
        };
        let info = table.info();
        let kind = if matches!(usable.connection.reach, Reach::Lakehouse { .. }) {
            DatasetKind::Lakehouse
        } else {
            DatasetKind::Connector
        };
        let provenance = provenance(&usable, &new);
        let source = StoredSource::Connected { connection: usable.id.clone(), part: new.part, version: None };
        let dataset = NewDataset {
            options: ReadOptions { rename, ..ReadOptions::default() },
            description: new.description,
            friendly_name: new.friendly_name,
            tags: new.tags,
            policy: new.policy,
            row_count: info.rows,
            provenance,
            ..NewDataset::new(new.name, kind, source, info.schema.clone())
        };
        self.add_dataset(ctx, dataset).await.map_err(ImportFault::Dataset)
    }

    async fn look_at(&self, usable: &UsableConnection, new: &NewImport, rename: Vec<(String, String)>) -> Result<Arc<dyn Table>> {
        let source = Source::Connected { connection: usable.connection.clone(), part: new.part.clone(), version: None };
        let options = ReadOptions { rename, ..ReadOptions::default() };
        let spec = DatasetSpec { name: new.name.clone(), description: None, source, options };
        self.engine.open(&spec, &usable.access).await.map_err(|error| match error.code() {
            // What is not there makes the request wrong.
            Code::NotFound => Error::invalid(error.message()),
            _ => error,
        })
    }
}

fn renamed(rename: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
    if rename.len() > MOST_RENAMED {
        return Err(Error::invalid(format!("rename: must not name more than {MOST_RENAMED} columns")));
    }
    let fits = |name: &str| !name.trim().is_empty() && name.chars().count() <= 255 && !name.chars().any(char::is_control);
    for (old, new) in rename {
        if !fits(new) {
            return Err(Error::invalid(format!("rename.{old}: must be 1 to 255 characters without control characters")));
        }
    }
    Ok(rename.iter().filter(|(old, new)| old != new).map(|(old, new)| (old.clone(), new.clone())).collect())
}

/// Refuses names of columns that are not there, and new ones that would be there twice.
fn check_renamed(rename: &[(String, String)], table: &Arc<dyn Table>) -> Result<()> {
    let schema = table.info().schema.clone();
    for (old, _) in rename {
        if schema.field_with_name(old).is_err() {
            return Err(Error::invalid(format!("rename: unknown column: {old}")));
        }
    }
    let new_of = |name: &str| rename.iter().find(|(old, _)| old == name).map_or(name, |(_, new)| new).to_lowercase();
    let mut names: Vec<String> = schema.fields().iter().map(|field| new_of(field.name())).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::invalid(format!("rename: a column would be there twice: {}", pair[0]))),
        None => Ok(()),
    }
}

fn provenance(usable: &UsableConnection, new: &NewImport) -> Object {
    let (schema, table, query) = match &new.part {
        Part::Table { schema, name } => (schema.as_deref(), Some(name.as_str()), None),
        Part::Query { sql } => (None, None, Some(sql.as_str())),
    };
    let mut provenance = Object::new();
    provenance.insert("connector_id".into(), usable.id.as_str().into());
    provenance.insert("connector_name".into(), usable.name.as_str().into());
    provenance.insert("schema".into(), schema.into());
    provenance.insert("source_table".into(), table.into());
    provenance.insert("source_query".into(), query.into());
    if !new.rename.is_empty() {
        provenance.insert("column_map".into(), json!(new.rename));
    }
    if let Some(batch) = &new.batch {
        provenance.insert("import_batch".into(), batch.as_str().into());
    }
    provenance
}
