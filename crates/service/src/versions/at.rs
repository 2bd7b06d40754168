//! Looking a dataset up as it was.

use super::narrowed::narrowed;
use crate::loading::Opened;
use crate::registry::Current;
use crate::{Ctx, Service, View};
use chrono::{DateTime, Utc};
use datahall_core::{Code, Error, Result};
use std::sync::Arc;

/// As of when a dataset is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum At {
    /// As it is.
    #[default]
    Now,
    /// As it was at this version.
    Version(u64),
    /// As it was at this moment.
    Time(DateTime<Utc>),
}

impl Service {
    /// As [`Service::view`], of the rows of then. What is kept from the caller now is kept from him in old versions too, and columns that
    /// the dataset has no more are not shown where anything of it is kept from anybody: nobody could have said what is to become
    /// of them.
    ///
    /// # Errors
    /// As [`Service::view`]; `Conflict` (reason [`NO_VERSIONS`](datahall_core::lake::NO_VERSIONS)) for a dataset that has no versions;
    /// `NotFound` (reason [`NO_SUCH_VERSION`](datahall_core::lake::NO_SUCH_VERSION)) for one that is not there, or not any more;
    /// `Invalid` when the dataset's policy cannot be applied to the columns of then.
    pub async fn view_at(&self, ctx: &Ctx, name: &str, at: &At) -> Result<View> {
        let now = self.view(ctx, name).await?;
        if *at == At::Now {
            return Ok(now);
        }
        let opened = self.as_of(ctx, now.opened, at).await?;
        self.view_of(opened).await
    }

    /// As [`Service::opened`], of the rows of then.
    pub(crate) async fn opened_at(&self, ctx: &Ctx, name: &str, at: &At) -> Result<Opened> {
        let now = self.opened(ctx, name).await?;
        if *at == At::Now { Ok(now) } else { self.as_of(ctx, now, at).await }
    }

    async fn as_of(&self, ctx: &Ctx, now: Opened, at: &At) -> Result<Opened> {
        let table = self.versioned(&now.entry).await?;
        // Finding versions and opening them is work like any query's.
        let permit = self.admit(ctx)?;
        let version = match at {
            At::Now => return Ok(now),
            At::Version(version) => *version,
            At::Time(time) => {
                let found = self.engine.version_at(&table.source, *time, &table.access).await;
                found.map_err(|error| table.explain(error))?
            }
        };
        let generation = self.at_version(&now.generation, &table, version).await?;
        drop(permit);
        let stated = now.entry.stated();
        let (then, is) = (&generation.table.info().schema, &now.generation.table.info().schema);
        let policy = self.in_force(&now.entry, &narrowed(&stated, then, is), then).await.map_err(|error| match error.code() {
            Code::Invalid => unsuited(&now.entry.name, version).with_detail(error),
            _ => error,
        })?;
        let current = Current { generation, policy: Arc::new(policy) };
        let handle = self.handle(ctx, &current);
        Ok(Opened { entry: now.entry, generation: current.generation, handle })
    }
}

// What the policy says is not for everybody to read.
pub(super) fn unsuited(name: &str, version: u64) -> Error {
    Error::invalid(format!(
        "dataset '{name}' cannot be shown as of version {version}: what is stated of its columns does not suit those of then"
    ))
}
