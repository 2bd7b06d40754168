//! Parquet files: footers read at opening, rows at each query with filters pushed into the files.

use super::errors::explain_at_open;
use super::hive::{self, Partitions};
use super::listing::Listing;
use super::pinned_file::{PinnedFile, answered_unread, unchanged};
use super::pinned_store::{PinnedStore, Registration};
use super::provider::{not_ruled_out, runs};
use super::schema::{merge, presented_schema};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result as QueryResult, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datahall_core::{Error, Result};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use std::ops::Range;
use std::sync::Arc;

/// How many footers are read at once.
const AT_ONCE: usize = 16;
/// How much of a file's end is read in the hope that the footer is in it.
const FOOTER_GUESS: usize = 64 * 1024;
/// The shortest file that can be Parquet: a magic number at each end, and a length.
const SHORTEST: u64 = 12;

/// A table of Parquet files.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    registration: Arc<Registration>,
    table: TableSchema,
    files: Vec<PartitionedFile>,
    partitions: Partitions,
}

struct Footer {
    schema: Schema,
    metadata: Arc<ParquetMetaData>,
}

/// Opens the files of `listing`; with the table comes its number of rows.
///
/// # Errors
/// `Invalid` naming the file that is no Parquet, is cut off, or does not fit the others.
pub(crate) async fn open(location: &str, listing: Listing, runtime: &Arc<RuntimeEnv>) -> Result<(ParquetTable, u64)> {
    let files: Vec<Arc<PinnedFile>> = listing.files.into_iter().map(Arc::new).collect();
    let partitions = hive::infer(files.iter().map(|file| (file.name.as_str(), file.partitions.as_slice())))
        .map_err(|error| error.context(location))?;
    let registration = Registration::new(runtime, PinnedStore::new(files.clone()))?;
    let metas = registration.store.metas();
    let each: Vec<_> = files.iter().cloned().zip(metas.iter().cloned()).collect();
    let read = |(file, meta)| footer(location.to_owned(), registration.clone(), file, meta);
    let footers: Vec<Footer> = stream::iter(each).map(read).buffered(AT_ONCE).try_collect().await?;
    let shown: Vec<Schema> = footers.iter().map(|footer| without_partitions(&footer.schema, &partitions)).collect();
    let named: Vec<(&str, &Schema)> = files.iter().map(|file| file.name.as_str()).zip(&shown).collect();
    let merged = merge(&named).map_err(|error| error.context(location))?;
    let table = TableSchema::builder(merged.clone()).with_table_partition_cols(partitions.fields.clone()).build();
    let rows = footers.iter().map(|footer| u64::try_from(footer.metadata.file_metadata().num_rows()).unwrap_or(0)).sum();
    let described = metas.into_iter().zip(&footers).enumerate();
    let files = described.map(|(at, (meta, footer))| {
        let mut file = PartitionedFile::new_from_meta(meta).with_arrow_schema(Arc::new(footer.schema.clone()));
        file.partition_values = partitions.values[at].clone();
        file.statistics = Some(Arc::new(statistics(footer, &merged, &shown[at], table.table_schema())));
        file
    });
    let files = files.collect();
    Ok((ParquetTable { registration, table, files, partitions }, rows))
}

async fn footer(location: String, registration: Arc<Registration>, file: Arc<PinnedFile>, meta: ObjectMeta) -> Result<Footer> {
    let refuse = |what: &str| super::text::wrong(&location, &file.name, what);
    if meta.size == 0 {
        return Err(refuse("the file is empty"));
    }
    if meta.size < SHORTEST {
        return Err(refuse("not a Parquet file"));
    }
    let read = read_footer(&registration, &meta).await;
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(error) => {
            let known = super::errors::explain(&error).filter(|_| is_io(&error));
            if known.is_some() {
                return Err(explain_at_open(&location, &error));
            }
            let what = what_is_wrong(&registration, &meta).await;
            return Err(refuse(what).with_detail(error));
        }
    };
    let file_metadata = metadata.file_metadata();
    let read = parquet_to_arrow_schema(file_metadata.schema_descr(), file_metadata.key_value_metadata());
    // The embedded Arrow schema is a hint; a file whose hint does not fit it is still read for what it is.
    let read = read.or_else(|_| parquet_to_arrow_schema(file_metadata.schema_descr(), None));
    let schema = read.map_err(|error| refuse("corrupt Parquet schema").with_detail(error))?;
    let schema = presented_schema(&schema);
    Ok(Footer { schema, metadata })
}

async fn read_footer(registration: &Registration, meta: &ObjectMeta) -> QueryResult<Arc<ParquetMetaData>> {
    DFParquetMetadata::new(registration.store.as_ref(), meta)
        .with_file_metadata_cache(Some(registration.runtime().cache_manager.get_file_metadata_cache()))
        .with_metadata_size_hint(Some(FOOTER_GUESS))
        .with_page_index_policy(Some(PageIndexPolicy::Skip))
        .fetch_metadata()
        .await
}

fn is_io(error: &datafusion::error::DataFusionError) -> bool {
    let stored = super::errors::find(error, |inner| inner.downcast_ref::<object_store::Error>().map(|_| ()));
    stored.is_some() || super::errors::find(error, |inner| inner.downcast_ref::<Error>().map(|_| ())).is_some()
}

async fn what_is_wrong(registration: &Registration, meta: &ObjectMeta) -> &'static str {
    let read = registration.store.file(&meta.location);
    let ends = match read {
        Ok(file) => file.read(vec![0..4, meta.size - 4..meta.size]).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    match ends.iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>().as_slice() {
        [b"PAR1", b"PAR1"] => "corrupt Parquet footer",
        [b"PAR1", _] => "the Parquet file is cut off: it has no footer",
        [b"PARE", _] | [_, b"PARE"] => "encrypted Parquet is not supported",
        _ => "not a Parquet file",
    }
}

/// Columns that are in the path as well as in the file are taken from the path.
fn without_partitions(schema: &Schema, partitions: &Partitions) -> Schema {
    let of_path = |name: &str| partitions.fields.iter().any(|field| field.name() == name);
    Schema::new(schema.fields().iter().filter(|field| !of_path(field.name())).cloned().collect::<Vec<_>>())
}

/// What the footer says of the columns of the whole table. Of columns whose type in the file is another, only the number
/// of rows is taken.
fn statistics(footer: &Footer, merged: &SchemaRef, own: &Schema, whole: &Schema) -> Statistics {
    let rows = usize::try_from(footer.metadata.file_metadata().num_rows()).unwrap_or(0);
    let mut statistics = DFParquetMetadata::statistics_from_parquet_metadata(&footer.metadata, merged)
        .unwrap_or_else(|_| Statistics::new_unknown(merged));
    statistics.num_rows = Precision::Exact(rows);
    for (field, column) in merged.fields().iter().zip(&mut statistics.column_statistics) {
        let same = own.field_with_name(field.name()).is_ok_and(|found| found.data_type() == field.data_type());
        // Footers leave NaN out of the least and greatest, queries do not.
        if !same || field.data_type().is_floating() {
            *column = ColumnStatistics::new_unknown();
        }
    }
    statistics.column_statistics.resize(whole.fields().len(), ColumnStatistics::new_unknown());
    statistics
}

impl ParquetTable {
    fn plan(
        &self,
        state: &dyn Session,
        files: Vec<PartitionedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let schema = self.table.table_schema();
        let known: Vec<_> = files.iter().filter_map(|file| file.statistics.as_deref()).collect();
        let statistics = Statistics::try_merge_iter(known, schema).unwrap_or_else(|_| Statistics::new_unknown(schema));
        let readers = Readers { registration: self.registration.clone() };
        let mut options = state.table_options().parquet.clone();
        options.global = state.config_options().execution.parquet.clone();
        options.global.enable_page_index = true;
        options.global.bloom_filter_on_read = true;
        let source = ParquetSource::new(self.table.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers));
        let groups = runs(files, state.config_options().execution.target_partitions).into_iter().map(FileGroup::new);
        let config = FileScanConfigBuilder::new(self.registration.url.clone(), Arc::new(source))
            .with_file_groups(groups.collect())
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            // Partitions read one after the other give the rows in the order of the files.
            .with_preserve_order(true)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        self.table.table_schema().clone()
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
        let kept = not_ruled_out(state, &self.partitions, self.files.len(), filters)?;
        if kept.is_empty() {
            let schema = datafusion::common::project_schema(self.table.table_schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let files: Vec<_> = kept.into_iter().map(|at| self.files[at].clone()).collect();
        let pinned = files.iter().map(|file| self.registration.store.file(&file.object_meta.location).cloned());
        unchanged(pinned.collect::<object_store::Result<_>>()?, answered_unread(filters, limit)).await?;
        self.plan(state, files, projection, limit)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Makes readers over the pinned files. It holds the registration, and so do the plans that hold it.
#[derive(Debug)]
struct Readers {
    registration: Arc<Registration>,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> QueryResult<Box<dyn AsyncFileReader + Send>> {
        let pinned = self.registration.store.file(&file.object_meta.location)?.clone();
        Ok(Box::new(Reader { registration: self.registration.clone(), pinned, meta: file.object_meta }))
    }
}

struct Reader {
    registration: Arc<Registration>,
    pinned: Arc<PinnedFile>,
    meta: ObjectMeta,
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let mut read = self.pinned.read(vec![range]).await.map_err(external)?;
            read.pop().ok_or_else(|| ParquetError::General("nothing read".into()))
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move { self.pinned.read(ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            DFParquetMetadata::new(self.registration.store.as_ref(), &self.meta)
                .with_file_metadata_cache(Some(self.registration.runtime().cache_manager.get_file_metadata_cache()))
                .with_metadata_size_hint(Some(FOOTER_GUESS))
                .with_page_index_policy(options.map(ArrowReaderOptions::column_index_policy))
                .fetch_metadata()
                .await
                .map_err(external)
        }
        .boxed()
    }
}
