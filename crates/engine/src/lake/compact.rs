//! Putting small files together.

use super::failed::{failed, may_be_repeated};
use super::place::not_written;
use super::{Lake, commit};
use crate::sources::delta;
use arrow::datatypes::SchemaRef;
use datahall_core::clock::{Clock, SystemClock};
use datahall_core::dataset::Source;
use datahall_core::engine::Access;
use datahall_core::lake::{BAD_LAYOUT, Compacted, Compaction};
use datahall_core::query::find_column;
use datahall_core::{Code, Error, Result};
use deltalake::DeltaTable;
use deltalake::operations::optimize::OptimizeType;
use std::num::NonZeroU64;
use std::sync::Arc;

impl Lake {
    /// See [`Engine::compact`](datahall_core::engine::Engine::compact).
    pub(crate) async fn compact(&self, source: &Source, how: &Compaction, access: &Access) -> Result<Compacted> {
        let target = NonZeroU64::new(how.target_bytes).ok_or_else(|| Error::invalid("files must have a size"))?;
        let table = self.table(source, access).await?;
        let uses = table.uses(self);
        let _writing = uses.writing(SystemClock::new().now());
        // What is read for it stays until it is written.
        let _kept = uses.opening().await;
        table.check(self).await?;
        let store = table.store().await.map_err(|error| table.missing(error))?;
        for _ in 0..commit::TRIES {
            let there = self.load(&store).await?.ok_or_else(not_written)?;
            if !table.managed {
                only_inside(&table.location.url, &there)?;
            }
            let columns = laid_out_by(&there, &how.z_order).map_err(|error| error.because(BAD_LAYOUT))?;
            let kind = if columns.is_empty() { OptimizeType::Compact } else { OptimizeType::ZOrder(columns) };
            let optimized = there
                .optimize()
                .with_type(kind)
                .with_target_size(target)
                .with_commit_properties(commit::properties(&how.provenance))
                .with_session_state(Arc::new(self.context.state()))
                .await;
            match optimized {
                Ok((table, metrics)) => {
                    let bytes = |total: i64| u64::try_from(total).unwrap_or(0);
                    return Ok(Compacted {
                        version: table.version().unwrap_or(0),
                        files_removed: metrics.num_files_removed,
                        files_added: metrics.num_files_added,
                        bytes_before: bytes(metrics.files_removed.total_size),
                        bytes_after: bytes(metrics.files_added.total_size),
                    });
                }
                Err(error) if may_be_repeated(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::new(Code::Conflict, "the table is changed by others all the time; try again"))
    }
}

/// Others may have written since the table was looked at.
fn only_inside(url: &str, there: &DeltaTable) -> Result<()> {
    let state = there.snapshot().map_err(failed)?;
    state.log_data().iter().try_for_each(|view| delta::inside(url, &view.path(), view.deletion_vector_descriptor().as_ref()))
}

/// The columns of these names, as the table spells them.
///
/// # Errors
/// `Invalid` for one that is not there, or by which rows cannot be laid out.
fn laid_out_by(there: &DeltaTable, names: &[String]) -> Result<Vec<String>> {
    let schema: SchemaRef = super::write::columns_of(there)?;
    let partitions = there.snapshot().map_err(failed)?.metadata().partition_columns().to_vec();
    let mut columns: Vec<String> = Vec::new();
    for name in names {
        let column = find_column(&schema, name)?;
        let kind = schema.field_with_name(column).map_err(Error::internal)?.data_type();
        let why = match column {
            _ if partitions.iter().any(|partition| partition == column) => "is what the table is partitioned by",
            _ if columns.iter().any(|other| other == column) => "is named twice",
            // The library takes it for a field of a struct.
            _ if column.contains('.') => "has a dot in its name",
            _ if kind.is_nested() => "is neither number, text nor time",
            _ => {
                columns.push(column.to_owned());
                continue;
            }
        };
        return Err(Error::invalid(format!("rows cannot be laid out by column {column}: it {why}")));
    }
    Ok(columns)
}
