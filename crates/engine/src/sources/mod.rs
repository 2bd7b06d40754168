//! From the description of a dataset to a table whose rows are those of the files as they were when it was opened, or none.
//!
//! Files are listed once, pinned (size, times, tags) and read through a store of the dataset's own that checks them at
//! every read: a file that changed or went away gives an error, never a mixture of old and new rows.

mod addresses;
mod arrow_ipc;
pub(crate) mod connected;
mod csv;
pub(crate) mod delta;
mod delta_ids;
pub(crate) mod delta_log;
mod errors;
pub(crate) mod fetch;
mod glob;
mod held;
pub(crate) mod hive;
mod http;
mod identity;
mod json;
mod judged_store;
pub(crate) mod listing;
pub(crate) mod local;
mod parquet;
pub(crate) mod pinned_file;
pub(crate) mod pinned_store;
mod provider;
mod renamed;
mod rows;
pub(crate) mod s3;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod xlsx;

use crate::lake::Lake;
pub(crate) use connected::{Hub, with_federation};
use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use datahall_core::dataset::{DatasetSpec, FileFormat, FileSource, ReadOptions, Source};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
pub(crate) use errors::{explain, explain_at_open};
use std::sync::Arc;

/// A source that has been opened.
pub(crate) struct Opened {
    /// The rows, with the columns that were asked for.
    pub(crate) provider: Arc<dyn TableProvider>,
    /// How many there are, when that is known without reading them all.
    pub(crate) rows: Option<u64>,
    /// Bytes of the files.
    pub(crate) storage_bytes: Option<u64>,
    /// What an operator should know.
    pub(crate) notes: Vec<String>,
    /// Its rows are asked for in an outside system at each read.
    pub(crate) live: bool,
    /// Names the files as they are, also across restarts, where they have what tells it.
    pub(crate) identity: Option<String>,
}

/// What it takes to get to what is not in memory.
#[derive(Clone)]
pub(crate) struct Ways {
    /// What reads run on.
    pub(crate) context: SessionContext,
    /// Managed tables.
    pub(crate) lake: Arc<Lake>,
    /// Sessions of outside databases.
    pub(crate) hub: Arc<Hub>,
}

/// Opens what `spec` describes. Queries that read it must run on the runtime environment of the context.
///
/// # Errors
/// `Invalid` naming the location as it was written and what is wrong with it.
pub(crate) async fn open(ways: &Ways, spec: &DatasetSpec, access: &Access) -> Result<Opened> {
    let Ways { context, lake, .. } = ways;
    let opened = match &spec.source {
        Source::Files(source) => files(context, source, &spec.options, access).await?,
        Source::Delta { location, version } => {
            no_options(&spec.options)?;
            delta::open(context, location, *version, lake.in_use(), access).await?
        }
        Source::Managed { table, version } => {
            delta::open(context, &lake.location(table)?, *version, lake.in_use(), &Access::default()).await?
        }
        Source::Connected { connection, part, version } => {
            connected::open(ways, connection, (part, *version), &spec.options, access).await?
        }
    };
    let opened = match &spec.source {
        // Done there, where it can be.
        Source::Connected { .. } => opened,
        _ => Opened { provider: renamed::renamed(opened.provider, &spec.options.rename)?, ..opened },
    };
    let schema = opened.provider.schema();
    if schema.fields().is_empty() {
        return Err(Error::invalid(format!("{}: no columns", http::shown_location(spec.source.name()))));
    }
    match schema::positions(&schema, &spec.options.columns)? {
        None => Ok(opened),
        Some(positions) => Ok(Opened { provider: Arc::new(provider::Chosen::new(opened.provider, positions)), ..opened }),
    }
}

async fn files(context: &SessionContext, source: &FileSource, options: &ReadOptions, access: &Access) -> Result<Opened> {
    let location = http::shown_location(&source.location.url);
    let location = location.as_str();
    let dialect = match source.format {
        FileFormat::Csv => Some(csv::Dialect::new(&options.format, b',')?),
        FileFormat::Tsv => Some(csv::Dialect::new(&options.format, b'\t')?),
        FileFormat::Xlsx => None,
        _ => {
            no_options(options)?;
            None
        }
    };
    let listing = listing::list(source, access).await?;
    let storage_bytes = Some(listing.files.iter().map(pinned_file::PinnedFile::size).sum());
    let identity = pinned_file::lasting(&listing.files);
    let mut notes = listing.notes.clone();
    let (provider, rows): (Arc<dyn TableProvider>, u64) = match (source.format, dialect) {
        (FileFormat::Parquet, _) => {
            let (table, rows) = parquet::open(location, listing, &context.runtime_env()).await?;
            (Arc::new(table), rows)
        }
        (FileFormat::Arrow, _) => {
            let (table, rows) = arrow_ipc::open(location, listing).await?;
            (Arc::new(table), rows)
        }
        (FileFormat::Xlsx, _) => {
            let (table, rows, more) = xlsx::open(location, listing, &options.format).await?;
            notes.extend(more);
            (Arc::new(table), rows)
        }
        (_, Some(dialect)) => {
            let (table, rows, more) = csv::open(location, listing, dialect).await?;
            notes.extend(more);
            (Arc::new(table), rows)
        }
        (format, None) => {
            let (table, rows, more) = json::open(location, listing, format == FileFormat::Json).await?;
            notes.extend(more);
            (Arc::new(table), rows)
        }
    };
    Ok(Opened { provider, rows: Some(rows), storage_bytes, notes, live: false, identity })
}

fn no_options(options: &ReadOptions) -> Result<()> {
    match options.format.keys().next() {
        Some(key) => Err(Error::invalid(format!("unknown option: {key} (this kind of source has none)"))),
        None => Ok(()),
    }
}
