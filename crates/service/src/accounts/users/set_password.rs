//! Setting a user's password.

use super::end_sessions;
use super::read::unknown;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Hidden, User};
use datahall_core::Result;

impl Service {
    /// Sets the password of a user; whoever is logged in by the old one is logged out.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `NotFound`; `Invalid` for a password that cannot be one.
    pub async fn set_password(&self, ctx: &Ctx, login: &str, password: &Hidden<String>) -> Result<()> {
        self.require_instance_admin(ctx)?;
        // Before the change begins: others wait while one is open.
        let hash = self.passwords.hash(&*self.random, &password.0).await?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let before = change.find(User::by_login(login)).await?.ok_or_else(|| unknown(login))?;
        let mut user = User { password_hash: Some(Hidden(hash)), ..before.clone() };
        end_sessions(&mut change, &user.meta.id).await?;
        change.update(&mut user).await?;
        let entry = AuditEntry::updated("user.set_password", &before, &user)?;
        change.commit(entry).await?;
        Ok(())
    }
}
