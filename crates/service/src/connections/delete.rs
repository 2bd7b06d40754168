//! Deleting connections.

use super::authority::not_found;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Connection as Record, Dataset, List};
use datahall_core::{Code, Error, Result};

/// So many of those that are in the way are named.
const NAMED: usize = 5;

impl Service {
    /// Deletes a connection of the caller's organisation, if it is in one of `versions`, where these are given.
    ///
    /// # Errors
    /// `Unauthenticated`; `Forbidden` without WRITE_CONF on the organisation; `NotFound`; `Stale`; `Conflict` while datasets are read
    /// through it, naming some.
    pub async fn delete_connection(&self, ctx: &Ctx, name: &str, versions: Option<&[i64]>) -> Result<()> {
        self.connection_editor(ctx)?;
        let id = self.connection_record(ctx, name).await?.meta.id;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let record = change.get::<Record>(&id).await?.ok_or_else(|| not_found(name))?;
        if versions.is_some_and(|versions| !versions.contains(&record.meta.version)) {
            return Err(Error::new(Code::Stale, "the connector was changed since you read it"));
        }
        let through = List::<Dataset>::all().only("connection", id.as_str()).order_by("name").page(NAMED as u64 + 1, 0);
        let through = change.list(&through).await?.items;
        if !through.is_empty() {
            let names: Vec<_> = through.iter().take(NAMED).map(|dataset| dataset.name.as_str()).collect();
            let more = if through.len() > NAMED { " and others" } else { "" };
            let why = format!("datasets are read through it: {}{more}", names.join(", "));
            return Err(Error::new(Code::Conflict, why));
        }
        change.delete(&record).await?;
        let entry = AuditEntry::deleted("connection.delete", &record)?.organisation(&record.organisation);
        change.commit(entry).await?;
        self.connections.health.forget(&id);
        Ok(())
    }
}
