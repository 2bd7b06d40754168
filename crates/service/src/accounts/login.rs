//! Logging in: a password for a session.

use super::throttle::Attempt;
use crate::auth::secrets;
use crate::{Ctx, PrincipalKind, Service};
use chrono::TimeDelta;
use datahall_catalog::{AuditEntry, Hidden, Millis, Outcome, Session, User};
use datahall_core::{Code, Error, Result};
use serde_json::json;

/// How long a session lasts, in seconds.
const LIFE: u32 = 12 * 3600;
/// Longer ones are nobody's.
const LONGEST_LOGIN: usize = 1000;

/// A session that just began.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// What proves it, for a cookie or a bearer. It is told this once.
    pub secret: Hidden<String>,
    /// After how many seconds it ends.
    pub expires_in: u32,
    /// Whose it is.
    pub login: String,
}

impl Service {
    /// Begins a session for the user whose login and password these are.
    ///
    /// # Errors
    /// `Unauthenticated`, in the same words and after the same time whatever was wrong; `Throttled` after too many of these.
    pub async fn login(&self, ctx: &Ctx, username: &str, password: &Hidden<String>) -> Result<LoggedIn> {
        let attempt = self.throttle.begin(username, ctx.address);
        let attempt = attempt.inspect_err(|_| self.note_login(ctx, None, "too many attempts"))?;
        let user = self.user_of_login(username).await?;
        let kept = user.as_ref().filter(|user| user.enabled).and_then(|user| user.password_hash.as_ref());
        let holds = self.passwords.verify(kept.map(|hash| hash.0.as_str()), &password.0).await?;
        match user {
            Some(user) if holds => self.begin_session(ctx, user, &attempt).await,
            user => {
                self.note_login(ctx, user.as_ref(), "wrong user name or password");
                Err(wrong())
            }
        }
    }

    async fn user_of_login(&self, username: &str) -> Result<Option<User>> {
        if username.contains('\0') || username.len() > LONGEST_LOGIN {
            return Ok(None);
        }
        self.catalog.find(User::by_login(username)).await
    }

    async fn begin_session(&self, ctx: &Ctx, user: User, attempt: &Attempt) -> Result<LoggedIn> {
        self.throttle.succeeded(attempt);
        let fresh = secrets::new_session(&*self.random);
        let expires_at = Millis::from(self.clock.now() + TimeDelta::seconds(LIFE.into()));
        let mut session = Session { hash: Hidden(fresh.hash), user: user.meta.id.clone(), expires_at, ..Session::default() };
        let mut ctx = ctx.clone();
        ctx.principal.kind = PrincipalKind::User { login: user.login.clone() };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        // The password may have been changed, or he disabled, while it was compared.
        let now = change.get::<User>(&user.meta.id).await?;
        if now.is_none_or(|now| !now.enabled || now.password_hash != user.password_hash) {
            return Err(wrong());
        }
        change.insert(&mut session).await?;
        let mut entry = AuditEntry::new("login").on("user", &user.meta.id);
        if let [only] = user.memberships.as_slice() {
            entry = entry.organisation(&only.organisation);
        }
        change.commit(entry).await?;
        Ok(LoggedIn { secret: Hidden(fresh.secret), expires_in: LIFE, login: user.login })
    }

    /// Notes an attempt that failed. What was given as a name stays out: people type passwords there.
    fn note_login(&self, ctx: &Ctx, user: Option<&User>, why: &str) {
        let id = user.map(|user| user.meta.id.as_str()).unwrap_or_default();
        let entry = AuditEntry::new("login").on("user", id).detail(json!({"message": why})).outcome(Outcome::Refused);
        self.refusals.note(ctx.actor(), entry);
    }
}

fn wrong() -> Error {
    Error::new(Code::Unauthenticated, "wrong user name or password")
}
