//! Who may upload for an owner, and report how his pipelines go.

use super::owner;
use crate::{Ctx, Service, home};
use datahall_core::Result;
use datahall_core::access::Scope;
use datahall_core::privilege::Privilege;

/// As whom somebody acts for an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Acting {
    /// The most packages that the owner's plan lets him have; `None`: there is no plan.
    pub(super) most: Option<u64>,
}

impl Service {
    /// Whether the caller may act for the owner of that id: his token names him, or he may change and run what is in the owner's project;
    /// as long as there is none, in the whole default organisation.
    ///
    /// # Errors
    /// What the catalog says.
    pub(super) async fn acts_for(&self, ctx: &Ctx, owner: &str) -> Result<Option<Acting>> {
        if !owner::is_id(owner) {
            return Ok(None);
        }
        if let Some(token) = ctx.principal.owner.as_ref().filter(|token| token.id == owner) {
            return Ok(Some(Acting { most: Some(token.max_datasets) }));
        }
        // Most callers hold nothing anywhere, and the catalog need not be asked for them.
        if !ctx.principal.grants.allow_somewhere(Privilege::WriteConf) {
            return Ok(None);
        }
        let project = owner::project(&self.catalog, owner).await?;
        let project = project.as_ref().map(|project| project.meta.id.as_str());
        let scope = Scope { organisation: Some(home::ORGANISATION), project, dataset: None };
        let may = |privilege| ctx.principal.grants.allow(privilege, &scope);
        Ok((may(Privilege::WriteConf) && may(Privilege::RunJobs)).then_some(Acting { most: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, admin, reader};
    use crate::{Principal, PrincipalKind, TokenOwner};
    use datahall_core::access::{Grant, Grants, Place};
    use datahall_core::privilege::Privileges;

    #[tokio::test]
    async fn it_is_the_owner_or_whoever_may_change_and_run_what_is_his() {
        let fixture = Fixture::new().await;
        let service = &fixture.service;
        let granted = |at: Place, gives: &[Privilege]| {
            let kind = PrincipalKind::User { login: "u".into() };
            let grants = Grants::new([Grant { at, gives: Privileges::of(gives) }]);
            Ctx { principal: Principal::bare(kind, grants, true), ..reader() }
        };
        let kind = PrincipalKind::Token { subject: "ann".into(), scopes: vec![], tenant: None };
        let mut ann = Ctx { principal: Principal::bare(kind, Grants::default(), true), ..reader() };
        ann.principal.owner =
            Some(TokenOwner { id: "ann".into(), max_datasets: 3, max_public_storage_mb: None, max_private_storage_mb: None });
        let both = [Privilege::WriteConf, Privilege::RunJobs];
        let organisation = || Place::Organisation(home::ORGANISATION.into());
        for (ctx, owner, acting) in [
            (&ann, "ann", Some(Some(3))),
            (&ann, "Ann", None),
            (&ann, "bob", None),
            (&ann, "../ann", None),
            (&admin(), "ann", Some(None)),
            (&admin(), "", None),
            (&reader(), "ann", None),
            (&granted(organisation(), &both), "ann", Some(None)),
            (&granted(organisation(), &both[..1]), "ann", None),
            (&granted(organisation(), &both[1..]), "ann", None),
            // The default project is nobody's.
            (&granted(home::place(), &both), "ann", None),
            (&granted(home::place(), &both), home::PROJECT, None),
        ] {
            let found = service.acts_for(ctx, owner).await.unwrap();
            assert_eq!(found.map(|acting| acting.most), acting, "{owner}");
        }
    }
}
