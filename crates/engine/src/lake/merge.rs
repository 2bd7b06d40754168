//! Merging: new rows in place of those with the same keys.

use super::columns::{fitted, storable};
use super::failed::{failed, may_be_repeated};
use super::write::columns_of;
use super::{Lake, commit};
use crate::errors::from_datafusion;
use arrow::array::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::Column;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::Expr;
use datahall_core::engine::Rows;
use datahall_core::lake::{Provenance, Written};
use datahall_core::query::find_column;
use datahall_core::{Code, Error, Result};
use deltalake::DeltaTable;
use futures::StreamExt;
use std::collections::HashSet;

const NEW: &str = "new";
const OLD: &str = "old";

/// Merges `rows` into the table.
///
/// # Errors
/// `Invalid` for keys that are no columns or come twice; `LimitExceeded` when the new rows take more memory than queries are
/// given.
pub(super) async fn merge(
    lake: &Lake,
    there: DeltaTable,
    rows: Rows,
    keys: &[String],
    provenance: &Provenance,
) -> Result<Written> {
    let schema = columns_of(&there)?;
    let new = Collected::of(lake, rows, keys, Some(schema.clone())).await?;
    let keys = keys.iter().map(|key| find_column(&schema, key).map(str::to_owned)).collect::<Result<Vec<_>>>()?;
    let (count, store) = (new.rows(), there.log_store());
    let mut there = there;
    for _ in 0..commit::TRIES {
        let source = lake.context.read_batches(new.batches.clone()).map_err(from_datafusion)?;
        let same = keys.iter().map(|key| column(OLD, key).eq(column(NEW, key))).reduce(Expr::and);
        let same = same.ok_or_else(|| Error::invalid("merging needs at least one key column"))?;
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        let merged = there
            .merge(source, same)
            .with_source_alias(NEW)
            .with_target_alias(OLD)
            .with_commit_properties(commit::properties(provenance))
            .with_session_state(std::sync::Arc::new(lake.context.state()))
            .when_matched_update(|update| names.iter().fold(update, |update, name| update.update(bare(name), column(NEW, name))))
            .and_then(|merge| {
                merge.when_not_matched_insert(|insert| {
                    names.iter().fold(insert, |insert, name| insert.set(bare(name), column(NEW, name)))
                })
            });
        match merged.map_err(failed)?.await {
            Ok((table, _)) => return Ok(Written { version: table.version().unwrap_or(0), rows: count, bytes: 0 }),
            Err(error) if may_be_repeated(&error) => {
                there = lake.load(&store).await?.ok_or_else(|| Error::new(Code::Conflict, "the table is gone"))?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Error::new(Code::Conflict, "the table is changed by others all the time; try again"))
}

/// `rows` as they are, once it is known that no key comes twice.
///
/// # Errors
/// As [`merge`].
pub(super) async fn distinct(lake: &Lake, rows: Rows, keys: &[String]) -> Result<Rows> {
    let schema = storable(&rows.schema)?;
    let new = Collected::of(lake, rows, keys, None).await?;
    Ok(Rows { schema, batches: futures::stream::iter(new.batches.into_iter().map(Ok)).boxed() })
}

fn column(table: &str, name: &str) -> Expr {
    Expr::Column(Column::new(Some(table), name))
}

fn bare(name: &str) -> Column {
    Column::from_name(name)
}

/// New rows in memory, each key once.
struct Collected {
    batches: Vec<RecordBatch>,
    _held: MemoryReservation,
}

impl Collected {
    /// All of `rows`, in the columns of `target` or else such as can be kept.
    async fn of(lake: &Lake, mut rows: Rows, keys: &[String], target: Option<arrow::datatypes::SchemaRef>) -> Result<Self> {
        let target = target.map_or_else(|| storable(&rows.schema), Ok)?;
        let find = |key: &String| {
            find_column(&rows.schema, key)?;
            target.index_of(find_column(&target, key)?).map_err(Error::internal)
        };
        let positions = keys.iter().map(find).collect::<Result<Vec<_>>>()?;
        let fields = positions.iter().map(|at| SortField::new(target.field(*at).data_type().clone())).collect();
        let converter =
            RowConverter::new(fields).map_err(|error| Error::invalid("a key column cannot be compared").with_detail(error))?;
        let held = MemoryConsumer::new("merge").register(&lake.context.runtime_env().memory_pool);
        let (mut seen, mut batches): (HashSet<OwnedRow>, _) = (HashSet::new(), Vec::new());
        while let Some(batch) = rows.batches.next().await {
            let batch = fitted(&batch?, &target)?;
            held.try_grow(batch.get_array_memory_size() * 2).map_err(|error| {
                Error::new(Code::LimitExceeded, "the new rows need more memory than queries are given").with_detail(error)
            })?;
            let columns: Vec<_> = positions.iter().map(|at| batch.column(*at).clone()).collect();
            for (row, key) in converter.convert_columns(&columns).map_err(Error::internal)?.iter().enumerate() {
                let known = columns.iter().all(|column| column.is_valid(row));
                if known && !seen.insert(key.owned()) {
                    return Err(Error::invalid(format!("several of the new rows have the same {}", keys.join(", "))));
                }
            }
            batches.push(batch);
        }
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(target));
        }
        Ok(Self { batches, _held: held })
    }

    fn rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }
}
