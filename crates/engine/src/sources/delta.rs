//! Delta tables, at the version they have when they are opened.
//!
//! The table sees nothing but a read-only store of the files that lie below its folder now, so that its log can name
//! nothing outside, nothing is created, and files that change or go away are noticed as with every other source.

use super::errors::{explain_at_open, find};
use super::held::HeldPlan;
use super::listing::{Place, place};
use super::pinned_file::{PinnedFile, answered_unread, lasting, unchanged};
use super::pinned_store::{PinnedStore, Registration};
use super::{Opened, delta_ids, delta_log, hive, local, s3};
use crate::lake::InUse;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as QueryResult;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::prelude::SessionContext;
use datahall_core::dataset::Location;
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use deltalake::delta_datafusion::{DeltaScanConfig, DeltaScanNext};
use deltalake::kernel::{DeletionVectorDescriptor, StorageType};
use deltalake::logstore::{StorageConfig, default_logstore};
use deltalake::{DeltaTable, DeltaTableError};
use object_store::prefix::PrefixStore;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// Opens the table at `location`, as it is or as it was at `version`. Its files are marked in `in_use` as being read as long as
/// it or a plan made from it is there.
///
/// # Errors
/// `Invalid`: no table there, a log that is corrupt, needs what is not supported, or names files outside or missing; `NotFound`
/// for a version that is not there, or whose files are gone.
pub(crate) async fn open(
    context: &SessionContext,
    location: &Location,
    version: Option<u64>,
    in_use: &InUse,
    access: &Access,
) -> Result<Opened> {
    let url = location.url.as_str();
    let uses = in_use.of(&place_key(location));
    // From the listing until the files are marked nobody deletes any.
    let _opening = uses.opening().await;
    let looked = look(context, location, version, access).await?;
    uses.reads(&looked.registration, looked.names.clone());
    let Looked { registration, table, active, storage, rows, vectors, .. } = looked;
    let state = table.snapshot().map_err(|error| failed(url, error.into()))?;
    let metadata = serde_json::to_value(state.metadata()).map_err(Error::internal)?;
    if let Some(mapping) = delta_ids::mapping(&metadata)? {
        mapping.check(url, &registration.store, &active).await?;
    }
    let config = DeltaScanConfig {
        wrap_partition_values: false,
        enable_parquet_pushdown: false,
        schema_force_view_types: false,
        ..DeltaScanConfig::new()
    };
    let scan = DeltaScanNext::new(Arc::new(state.snapshot().clone()), config).map_err(|error| failed(url, error))?;
    let identity = identity(&table, &scan, &active);
    let provider: Arc<dyn TableProvider> = Arc::new(PinnedDelta { scan, active, registration });
    if vectors {
        // Planning reads them: one that is missing or corrupt is found when the table is opened, not by the first query.
        provider.scan(&context.state(), Some(&vec![0]), &[], None).await.map_err(|error| spoilt(url, error))?;
    }
    let rows = match rows {
        Some(rows) => rows,
        None => counted(context, url, &provider).await?,
    };
    let notes = table.version().map(|version| format!("Delta version {version}")).into_iter().collect();
    Ok(Opened { provider, rows: Some(rows), storage_bytes: Some(storage), notes, live: false, identity })
}

/// Names the rows, also across restarts: the version says what of the files counts and what columns there are, unless another table was put
/// in the place of this one.
fn identity(table: &DeltaTable, scan: &DeltaScanNext, active: &[Arc<PinnedFile>]) -> Option<String> {
    let mut active: Vec<&PinnedFile> = active.iter().map(|file| &**file).collect();
    active.sort_by(|a, b| a.name.cmp(&b.name));
    let files = lasting(active)?;
    let schema = scan.schema();
    let columns: Vec<_> = schema.fields().iter().map(|field| (field.name(), field.data_type())).collect();
    Some(format!("{files} {:?} {columns:?}", table.version()))
}

/// A table whose log was read and found to name nothing but files that are there, below its folder.
pub(crate) struct Looked {
    pub(crate) registration: Arc<Registration>,
    pub(crate) table: DeltaTable,
    /// The files with rows.
    active: Vec<Arc<PinnedFile>>,
    /// What they and their deletion vectors are called below the table's folder.
    names: Vec<String>,
    storage: u64,
    /// How many rows, when statistics say so.
    pub(crate) rows: Option<u64>,
    vectors: bool,
}

/// Looks at the table at `location`, as it is or as it was at `version`.
///
/// # Errors
/// As [`open`].
pub(crate) async fn look(context: &SessionContext, location: &Location, version: Option<u64>, access: &Access) -> Result<Looked> {
    let url = location.url.as_str();
    let files = everything(location, access).await?;
    if !files.iter().any(|file| delta_log::is_part(&file.name)) {
        return Err(Error::invalid(format!("{url}: no Delta table here (there is no _delta_log)")));
    }
    if let Some(version) = version {
        delta_log::has(files.iter().map(|file| file.name.as_str()), version)?;
    }
    let sizes: HashMap<String, u64> = files.iter().map(|file| (file.name.clone(), file.size())).collect();
    let registration = Registration::new(&context.runtime_env(), PinnedStore::by_name(files))?;
    let table = load(url, &registration, version).await?;
    let state = table.snapshot().map_err(|error| failed(url, error.into()))?;
    let (mut storage, mut rows, mut active, mut names, mut vectors) = (0, Some(0), Vec::new(), Vec::new(), false);
    for view in state.log_data().iter() {
        let (path, size, vector) = (view.path(), u64::try_from(view.size()).unwrap_or(0), view.deletion_vector_descriptor());
        inside(url, &path, vector.as_ref())?;
        present(url, &path, size, &sizes).map_err(|error| match version {
            Some(version) if !sizes.contains_key(path.as_ref()) => delta_log::gone(version).with_detail(error),
            _ => error,
        })?;
        storage += size;
        active.push(registration.store.named(&path).map_err(Error::internal)?.clone());
        names.push(path.into_owned());
        names.extend(vector.as_ref().and_then(delta_log::vector_of));
        vectors |= vector.is_some();
        let deleted = vector.map_or(0, |vector| vector.cardinality);
        let count = view.num_records().and_then(|count| u64::try_from(count).ok()?.checked_sub(u64::try_from(deleted).ok()?));
        rows = rows.zip(count).and_then(|(rows, count): (u64, u64)| rows.checked_add(count));
    }
    Ok(Looked { registration, table, active, names, storage, rows, vectors })
}

async fn everything(location: &Location, access: &Access) -> Result<Vec<PinnedFile>> {
    let url = location.url.as_str();
    match place(url)? {
        Place::Local(path) => local::everything(url, &local_path(url, path), access).await,
        Place::S3 { bucket, key } => s3::everything(url, bucket, key, &location.s3).await,
        Place::Http(_) => Err(Error::invalid(format!("{url}: a Delta table is read from a folder or an s3:// prefix"))),
    }
}

/// The files of the table's log alone, by their names below the table's folder.
///
/// # Errors
/// As [`open`].
pub(crate) async fn log_files(location: &Location, access: &Access) -> Result<Vec<PinnedFile>> {
    let url = location.url.as_str();
    let none = || Error::invalid(format!("{url}: no Delta table here (there is no _delta_log)"));
    let log = Location { url: format!("{}/_delta_log", url.trim_end_matches('/')), s3: location.s3.clone() };
    let files = everything(&log, access).await.map_err(|error| match error.message().ends_with("no such file or folder") {
        true => none().with_detail(error),
        false => error,
    })?;
    let named = |file: PinnedFile| PinnedFile { name: format!("_delta_log/{}", file.name), ..file };
    let files: Vec<_> = files.into_iter().map(named).filter(|file| delta_log::is_part(&file.name)).collect();
    if files.is_empty() { Err(none()) } else { Ok(files) }
}

/// The path that a local location names.
pub(crate) fn local_path(url: &str, path: &str) -> String {
    if url.contains("://") { hive::decode(path) } else { path.to_owned() }
}

/// What tells a table from all others, however its location is written.
pub(crate) fn place_key(location: &Location) -> String {
    let url = location.url.trim_end_matches('/');
    match place(url) {
        Ok(Place::Local(path)) => {
            let path = local_path(url, path);
            std::fs::canonicalize(&path).map_or(path, |path| path.display().to_string())
        }
        Ok(Place::S3 { bucket, key }) => format!("s3://{bucket}/{key}"),
        _ => url.to_owned(),
    }
}

pub(crate) async fn load(url: &str, registration: &Arc<Registration>, version: Option<u64>) -> Result<DeltaTable> {
    let root = registration.store.clone();
    let number = registration.store.number();
    let table_url = Url::parse(&format!("{}{number}/", registration.url.as_str())).map_err(Error::internal)?;
    let prefixed = Arc::new(PrefixStore::new(root.clone(), number.to_string()));
    let mut table = DeltaTable::new(default_logstore(prefixed, root, &table_url, &StorageConfig::default()));
    let loaded = match version {
        Some(version) => table.load_version(version).await,
        None => table.load().await,
    };
    loaded.map_err(|error| failed(url, error.into()))?;
    Ok(table)
}

/// Checks that what the log names lies below the table's folder.
///
/// # Errors
/// `Invalid` when it does not.
pub(crate) fn inside(url: &str, path: &str, vector: Option<&DeletionVectorDescriptor>) -> Result<()> {
    let outside =
        path.starts_with('/') || path.contains("://") || path.starts_with("file:") || path.split('/').any(|part| part == "..");
    if outside || vector.is_some_and(|vector| matches!(vector.storage_type, StorageType::AbsolutePath)) {
        return Err(Error::invalid(format!(
            "{url}: the Delta log names files by absolute paths or outside the table, which are not read"
        )));
    }
    Ok(())
}

/// Checks that a file is there as the log says.
fn present(url: &str, path: &str, size: u64, sizes: &HashMap<String, u64>) -> Result<()> {
    match sizes.get(path) {
        Some(found) if *found == size => Ok(()),
        Some(_) => Err(Error::invalid(format!("{url}: {path} is not of the size that the Delta log says"))),
        None => Err(Error::invalid(format!("{url}: {path} is missing, although the Delta log names it (vacuumed?)"))),
    }
}

fn failed(url: &str, error: DataFusionError) -> Error {
    let unsupported = find(&error, |inner| inner.downcast_ref::<DeltaTableError>().map(ToString::to_string))
        .filter(|text| text.contains("eature"));
    if let Some(text) =
        unsupported.or_else(|| Some(error.to_string()).filter(|text| text.contains("nsupported") && text.contains("eature")))
    {
        return Error::invalid(format!("{url}: the Delta table needs reader features that are not supported")).with_detail(text);
    }
    match super::explain(&error) {
        Some(_) => explain_at_open(url, &error),
        None => Error::invalid(format!("{url}: the Delta log cannot be read")).with_detail(error),
    }
}

fn spoilt(url: &str, error: DataFusionError) -> Error {
    Error::invalid(format!("{url}: a deletion vector is missing or corrupt")).with_detail(error)
}

async fn counted(context: &SessionContext, url: &str, provider: &Arc<dyn TableProvider>) -> Result<u64> {
    let count = async { context.read_table(provider.clone())?.count().await };
    count.await.map(|count| count as u64).map_err(|error| explain_at_open(url, &error))
}

/// A table with the store that it reads.
#[derive(Debug)]
struct PinnedDelta {
    scan: DeltaScanNext,
    active: Vec<Arc<PinnedFile>>,
    registration: Arc<Registration>,
}

#[async_trait::async_trait]
impl TableProvider for PinnedDelta {
    fn schema(&self) -> arrow::datatypes::SchemaRef {
        self.scan.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        unchanged(self.active.clone(), answered_unread(filters, limit)).await?;
        let counts = projection.is_some_and(Vec::is_empty);
        // Counting rows asks for no column, which the reader of mapped columns cannot do.
        let first = vec![0];
        let rows = self.scan.scan(state, if counts { Some(&first) } else { projection }, filters, limit).await?;
        let held: Arc<dyn ExecutionPlan> = Arc::new(HeldPlan::new(rows, self.registration.clone()));
        if counts { Ok(Arc::new(ProjectionExec::try_new(Vec::<ProjectionExpr>::new(), held)?)) } else { Ok(held) }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        self.scan.supports_filters_pushdown(filters)
    }
}
