//! Deleting a user.

use super::read::unknown;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Change, Key, List, Session, User};
use datahall_core::Result;

impl Service {
    /// Deletes a user. His sessions end, and the API keys that act in his name are revoked: nobody who gets the login later
    /// should have them act for him.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `NotFound`.
    pub async fn delete_user(&self, ctx: &Ctx, login: &str) -> Result<()> {
        self.require_instance_admin(ctx)?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let user = change.find(User::by_login(login)).await?.ok_or_else(|| unknown(login))?;
        let keys = change.list(&List::<Key>::all().only("owner", user.login.as_str()).missing("revoked_at")).await?.items;
        for before in keys {
            let mut key = Key { revoked_at: Some(change.at()), ..before.clone() };
            change.update(&mut key).await?;
            change.audit(AuditEntry::updated("key.revoke", &before, &key)?);
        }
        change.delete(&user).await?;
        let entry = AuditEntry::deleted("user.delete", &user)?;
        change.commit(entry).await?;
        Ok(())
    }
}

/// Ends all sessions of the user of that id.
pub(crate) async fn end_sessions(change: &mut Change, user: &str) -> Result<()> {
    for session in change.list(&List::<Session>::all().only("user", user)).await?.items {
        change.delete(&session).await?;
    }
    Ok(())
}
