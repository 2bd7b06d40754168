//! Tables of files that are read from one end to the other: CSV, NDJSON, Arrow.

use super::hive::Partitions;
use super::pinned_file::{PinnedFile, unchanged};
use super::provider::{not_ruled_out, runs};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as QueryResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::scalar::ScalarValue;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use std::fmt::Debug;
use std::sync::Arc;

/// Rows of one file as they come.
pub(crate) type Batches = BoxStream<'static, QueryResult<RecordBatch>>;

/// One file with what is needed to read it.
pub(crate) trait RowFile: Debug + Send + Sync {
    /// The columns that are in the file.
    fn schema(&self) -> &SchemaRef;

    /// Whether the rows are in memory, so that the file does not matter any more.
    fn is_held(&self) -> bool {
        false
    }

    /// Its rows, with the columns at `columns` of [`Self::schema`], in batches of about `batch_size`.
    fn read(&self, file: Arc<PinnedFile>, columns: Vec<usize>, batch_size: usize) -> Batches;
}

/// The rows of a file that was read into memory as a whole.
#[derive(Debug)]
pub(crate) struct Held {
    /// Its columns.
    pub(crate) schema: SchemaRef,
    /// Its rows.
    pub(crate) batches: Vec<RecordBatch>,
}

impl RowFile for Held {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn is_held(&self) -> bool {
        true
    }

    fn read(&self, _: Arc<PinnedFile>, columns: Vec<usize>, _: usize) -> Batches {
        let batches = self.batches.clone().into_iter();
        futures::stream::iter(batches.map(move |batch| Ok(batch.project(&columns)?))).boxed()
    }
}

/// One file of a table.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Where its bytes are.
    pub(crate) pinned: Arc<PinnedFile>,
    /// How they are read.
    pub(crate) rows: Arc<dyn RowFile>,
}

/// A table of such files.
#[derive(Debug)]
pub(crate) struct RowsTable {
    schema: SchemaRef,
    partitions: Partitions,
    members: Vec<Member>,
}

impl RowsTable {
    /// A table of `members` with the columns `merged` (which may be more, and wider, than those of each file) and those
    /// of their partitions.
    pub(crate) fn new(merged: &Schema, partitions: Partitions, members: Vec<Member>) -> Self {
        let own = merged.fields().iter().filter(|field| !partitions.fields.iter().any(|of_path| of_path.name() == field.name()));
        let fields: Vec<_> = own.chain(&partitions.fields).cloned().collect();
        Self { schema: Arc::new(Schema::new(fields)), partitions, members }
    }
}

#[async_trait]
impl TableProvider for RowsTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
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
        let schema = datafusion::common::project_schema(&self.schema, projection)?;
        let kept = not_ruled_out(state, &self.partitions, self.members.len(), filters)?;
        if kept.is_empty() {
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let read = kept.iter().map(|at| &self.members[*at]).filter(|member| !member.rows.is_held());
        // These files are always read, which finds changes on other machines.
        unchanged(read.map(|member| member.pinned.clone()).collect(), false).await?;
        let constants = |at: usize| {
            self.partitions.fields.iter().map(|field| field.name().clone()).zip(self.partitions.values[at].iter().cloned())
        };
        let files = kept.into_iter().map(|at| (self.members[at].clone(), constants(at).collect::<Vec<_>>())).collect();
        let groups = runs(files, state.config_options().execution.target_partitions);
        let streams = groups.into_iter().map(|files| Arc::new(Run { schema: schema.clone(), files }) as Arc<dyn PartitionStream>);
        Ok(Arc::new(StreamingTableExec::try_new(schema.clone(), streams.collect(), None, [], false, limit)?))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Files that are read one after the other.
#[derive(Debug)]
struct Run {
    schema: SchemaRef,
    files: Vec<(Member, Vec<(String, ScalarValue)>)>,
}

impl PartitionStream for Run {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (schema, batch_size) = (self.schema.clone(), context.session_config().batch_size());
        let each = self.files.clone().into_iter().map(move |(member, constants)| one(&schema, member, &constants, batch_size));
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(each).flatten()))
    }
}

/// Where a column of the table comes from in one file.
#[derive(Debug, Clone)]
enum Origin {
    Column(usize),
    Constant(ScalarValue),
    Nothing,
}

fn one(schema: &SchemaRef, member: Member, constants: &[(String, ScalarValue)], batch_size: usize) -> Batches {
    let mut columns = Vec::new();
    let own = member.rows.schema();
    let origins: Vec<Origin> = schema
        .fields()
        .iter()
        .map(|field| {
            if let Some((_, value)) = constants.iter().find(|(name, _)| name == field.name()) {
                return Origin::Constant(value.clone());
            }
            let Ok(at) = own.index_of(field.name()) else { return Origin::Nothing };
            columns.push(at);
            Origin::Column(columns.len() - 1)
        })
        .collect();
    let schema = schema.clone();
    let rows = member.rows.read(member.pinned, columns, batch_size);
    rows.and_then(move |batch| futures::future::ready(fit(&schema, &origins, &batch))).boxed()
}

fn fit(schema: &SchemaRef, origins: &[Origin], batch: &RecordBatch) -> QueryResult<RecordBatch> {
    let rows = batch.num_rows();
    let columns = schema.fields().iter().zip(origins).map(|(field, origin)| -> QueryResult<ArrayRef> {
        match origin {
            Origin::Nothing => Ok(new_null_array(field.data_type(), rows)),
            Origin::Constant(value) => value.to_array_of_size(rows),
            Origin::Column(at) if batch.column(*at).data_type() == field.data_type() => Ok(batch.column(*at).clone()),
            // Types were merged so that nothing is lost; should something not fit after all, that is an error, no null.
            Origin::Column(at) => {
                let options = CastOptions { safe: false, ..Default::default() };
                Ok(cast_with_options(batch.column(*at), field.data_type(), &options)?)
            }
        }
    });
    let columns = columns.collect::<QueryResult<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}
