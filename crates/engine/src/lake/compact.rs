//! Putting small files together.

use super::failed::{failed, may_be_repeated};
use super::{Lake, commit};
use datahall_core::lake::{Compacted, Compaction};
use datahall_core::query::find_column;
use datahall_core::{Code, Error, Result};
use deltalake::operations::optimize::OptimizeType;
use std::num::NonZeroU64;
use std::sync::Arc;

impl Lake {
    /// See [`Engine::compact`](datahall_core::engine::Engine::compact).
    pub(crate) async fn compact(&self, table: &str, how: &Compaction) -> Result<Compacted> {
        let store = self.open(table)?;
        let target = NonZeroU64::new(how.target_bytes).ok_or_else(|| Error::invalid("files must have a size"))?;
        for _ in 0..commit::TRIES {
            let there = self.load(&store).await?.ok_or_else(|| Error::not_found("not found: the table has no version yet"))?;
            let schema = super::write::columns_of(&there)?;
            let columns =
                how.z_order.iter().map(|name| find_column(&schema, name).map(str::to_owned)).collect::<Result<Vec<_>>>()?;
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
