//! Revoking an API key.

use super::create::within;
use crate::accounts::authority::{administers, is_instance_admin};
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Key};
use datahall_core::{Error, Result};

impl Service {
    /// Revokes the API key of that id: at once on this node, within a second on every other. Its record stays, for the audit log
    /// names it.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`; `NotFound` when there is none, or it was revoked, or it is another organisation's.
    pub async fn revoke_key(&self, ctx: &Ctx, id: &str) -> Result<()> {
        self.require_organisation_admin(ctx)?;
        let unknown = || Error::not_found("there is no such key");
        if id.contains('\0') {
            return Err(unknown());
        }
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let before = change.get::<Key>(id).await?.filter(|key| key.revoked_at.is_none()).ok_or_else(unknown)?;
        let is_his = before.organisation.as_deref().is_some_and(|organisation| administers(ctx, organisation));
        if !is_his && !is_instance_admin(ctx) {
            return Err(unknown());
        }
        let mut key = Key { revoked_at: Some(change.at()), ..before.clone() };
        change.update(&mut key).await?;
        let entry = within(AuditEntry::updated("key.revoke", &before, &key)?, key.organisation.as_deref());
        change.commit(entry).await?;
        Ok(())
    }
}
