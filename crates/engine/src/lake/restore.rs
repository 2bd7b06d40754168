//! Going back: a new version with the rows of an old one.

use super::failed::{failed, may_be_repeated};
use super::place::not_written;
use super::write::done_before;
use super::{Lake, commit};
use crate::sources::delta;
use datahall_core::clock::{Clock, SystemClock};
use datahall_core::dataset::Source;
use datahall_core::engine::Access;
use datahall_core::lake::{Provenance, Written};
use datahall_core::{Code, Error, Result};

impl Lake {
    /// See [`Engine::restore`](datahall_core::engine::Engine::restore). Restoring the newest version makes none.
    pub(crate) async fn restore(
        &self,
        source: &Source,
        version: u64,
        provenance: &Provenance,
        access: &Access,
    ) -> Result<Written> {
        let table = self.table(source, access).await?;
        let uses = table.uses(self);
        let _writing = uses.writing(SystemClock::new().now());
        // What is about to be part of the table again is not deleted meanwhile.
        let _kept = uses.opening().await;
        let look = delta::look(&self.context, &table.location, Some(version), &table.access);
        let rows = look.await.map_err(|error| table.missing(error))?.rows.unwrap_or_default();
        table.check(self).await?;
        let store = table.store().await?;
        for _ in 0..commit::TRIES {
            let there = self.load(&store).await?.ok_or_else(not_written)?;
            if let Some(version) = done_before(&store, Some(&there), provenance).await? {
                return Ok(Written { version, rows, bytes: 0 });
            }
            if there.version() == Some(version) {
                return Ok(Written { version, rows, bytes: 0 });
            }
            let restored =
                there.restore().with_version_to_restore(version).with_commit_properties(commit::properties(provenance)).await;
            match restored {
                Ok((table, _)) => return Ok(Written { version: table.version().unwrap_or(0), rows, bytes: 0 }),
                Err(error) if may_be_repeated(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::new(Code::Conflict, "the table is changed by others all the time; try again"))
    }
}
