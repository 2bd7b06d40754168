//! Who may do what, for the dialects to ask before they read a body, and for every use case to ask again.

use crate::{Credentials, Ctx, Principal, PrincipalKind, Service, home};
use datahall_core::privilege::{self, Privilege};
use datahall_core::{Code, Error, Result};

pub(crate) fn unauthenticated() -> Error {
    Error::new(Code::Unauthenticated, "unauthorized: missing or invalid bearer token")
}

impl Service {
    /// Who the credentials prove.
    ///
    /// # Errors
    /// `Unauthenticated` when a presented key, session or bearer token does not hold; `Forbidden` when a page of another site may
    /// have sent the session's cookie; `Unavailable` when it cannot be judged, because the catalog or the identity provider
    /// cannot be reached.
    pub async fn identify(&self, credentials: &Credentials) -> Result<Principal> {
        self.authenticator.identify(credentials).await
    }

    /// Refuses callers who may not read anything.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular, `Forbidden` for a token without the scopes.
    pub fn require_read(&self, ctx: &Ctx) -> Result<()> {
        if ctx.principal.reads_public || ctx.principal.grants.allow_somewhere(Privilege::ReadData) {
            return Ok(());
        }
        match ctx.principal.kind {
            PrincipalKind::Nobody => Err(unauthenticated()),
            _ => Err(Error::forbidden("forbidden: the token lacks a scope that reading needs")),
        }
    }

    /// Refuses callers who may not register, reload, persist and unregister.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `Forbidden` also when there is no administrator at all.
    pub fn require_admin(&self, ctx: &Ctx) -> Result<()> {
        let held = ctx.principal.grants.on(&home::scope());
        if held.contain_all(privilege::of_operators()) { Ok(()) } else { Err(self.refusal(ctx, "administering")) }
    }

    /// Refuses callers who may not make, list and delete saved queries.
    ///
    /// # Errors
    /// As [`Service::require_admin`]; `NotFound` when nobody can have the right.
    pub fn require_manage(&self, ctx: &Ctx) -> Result<()> {
        if ctx.principal.grants.allow(Privilege::WriteConf, &home::scope()) {
            return Ok(());
        }
        if !self.authenticator.has_admin() && !self.authenticator.accepts_tokens() {
            return Err(Error::not_found("not found: saved queries"));
        }
        Err(self.refusal(ctx, "managing saved queries"))
    }

    fn refusal(&self, ctx: &Ctx, what: &str) -> Error {
        let authenticator = &self.authenticator;
        match ctx.principal.kind {
            PrincipalKind::Token { .. } => Error::forbidden(format!("forbidden: the token lacks a scope that {what} needs")),
            PrincipalKind::User { .. } | PrincipalKind::Key { .. } => {
                Error::forbidden(format!("forbidden: {what} needs a privilege that is not granted"))
            }
            _ if self.settings.auth.enabled => unauthenticated(),
            _ if authenticator.has_admin() => Error::forbidden("forbidden: invalid or missing X-Admin-Token"),
            _ => Error::forbidden("forbidden: admin endpoints are disabled (set ADMIN_TOKEN env var to enable)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};
    use crate::{Credentials, Ctx, Principal, PrincipalKind};
    use datahall_core::Code;
    use datahall_core::access::Grants;

    #[tokio::test]
    async fn the_administrators_token_counts_in_every_form_and_a_wrong_one_does_not_close_reading() {
        let fixture = Fixture::new().await;
        let identify = async |x: Option<&str>, authorization: Option<&str>| {
            let credentials = Credentials {
                admin_token: x.map(Into::into),
                authorization: authorization.map(Into::into),
                ..Credentials::default()
            };
            fixture.service.identify(&credentials).await.unwrap()
        };
        // Basic with user name `secret` and no password.
        for (x, authorization) in
            [(Some("secret"), None), (None, Some("Bearer secret")), (None, Some("secret")), (None, Some("Basic c2VjcmV0Og=="))]
        {
            assert_eq!(identify(x, authorization).await, Principal::admin(), "{x:?} {authorization:?}");
        }
        for (x, authorization) in [
            (None, None),
            (Some("Secret"), None),
            (Some(""), None),
            (None, Some("Bearer x")),
            (None, Some("Basic !")),
            (None, Some("Basic c2VjcmV0OmE=")),
        ] {
            assert_eq!(identify(x, authorization).await, Principal::nobody(true), "{x:?} {authorization:?}");
        }
    }

    #[tokio::test]
    async fn refusals_say_what_is_missing() {
        let fixture = Fixture::new().await;
        assert!(fixture.service.require_admin(&admin()).is_ok());
        let error = fixture.service.require_admin(&reader()).unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Forbidden, "forbidden: invalid or missing X-Admin-Token"));
        let nobody = Fixture::without_admin().await;
        let error = nobody.service.require_admin(&reader()).unwrap_err();
        assert_eq!(error.message(), "forbidden: admin endpoints are disabled (set ADMIN_TOKEN env var to enable)");
        assert_eq!(nobody.service.require_manage(&reader()).unwrap_err().code(), Code::NotFound);
        let kind = PrincipalKind::Token { subject: "s".into(), scopes: vec![], tenant: None };
        let token = Ctx { principal: Principal::bare(kind, Grants::default(), false), ..reader() };
        assert_eq!(fixture.service.require_read(&token).unwrap_err().code(), Code::Forbidden);
        assert_eq!(fixture.service.require_admin(&token).unwrap_err().code(), Code::Forbidden);
        let closed = Ctx { principal: Principal::nobody(false), ..reader() };
        let error = fixture.service.require_read(&closed).unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unauthenticated, "unauthorized: missing or invalid bearer token"));
    }
}
