//! Logging out.

use crate::auth::secrets::{self, Shape};
use crate::{Credentials, Ctx, Service};
use datahall_catalog::{AuditEntry, Session};
use datahall_core::{Code, Result};

impl Service {
    /// Ends the session that the credentials present, if they present one that goes on; there is nothing to refuse when not.
    ///
    /// # Errors
    /// `Forbidden` when the page of another site asks for it; what the catalog says.
    pub async fn logout(&self, ctx: &Ctx, credentials: &Credentials) -> Result<()> {
        let Some(secret) = self.authenticator.session_in(credentials)? else { return Ok(()) };
        if secrets::shape(&secret) != Shape::Session {
            return Ok(());
        }
        let (principal, id) = match self.authenticator.directory.session(&secret).await {
            Ok(found) => found,
            Err(error) if error.code() == Code::Unauthenticated => return Ok(()),
            Err(error) => return Err(error),
        };
        let ctx = Ctx { principal, ..ctx.clone() };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        if let Some(session) = change.get::<Session>(&id).await? {
            change.delete(&session).await?;
            change.commit(AuditEntry::new("logout").on("user", session.user)).await?;
        }
        Ok(())
    }
}
