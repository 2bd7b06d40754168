//! Who may change accounts: the instance's administrators all of them, an organisation's those of his organisation, and nobody
//! gives away more than he holds.

use crate::permission::unauthenticated;
use crate::{Ctx, Membership, PrincipalKind, Service};
use datahall_core::access::{Grant, Place, Scope};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};

impl Service {
    /// Refuses callers who prove nobody.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub fn require_known(&self, ctx: &Ctx) -> Result<()> {
        if ctx.principal.kind == PrincipalKind::Nobody { Err(unauthenticated()) } else { Ok(()) }
    }

    /// Refuses callers who may not change things in the organisation that they act in.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular, else `Forbidden`.
    pub fn require_editor(&self, ctx: &Ctx) -> Result<()> {
        self.require_known(ctx)?;
        let edits = |own: &Membership| {
            let scope = Scope { organisation: Some(&own.organisation), ..Scope::default() };
            ctx.principal.grants.allow(Privilege::WriteConf, &scope)
        };
        if ctx.principal.organisation.as_ref().is_some_and(edits) {
            return Ok(());
        }
        Err(Error::forbidden("forbidden: this needs the privilege WRITE_CONF on the organisation"))
    }

    /// Refuses callers who administer neither the instance nor the organisation they act in.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular, else `Forbidden`.
    pub fn require_organisation_admin(&self, ctx: &Ctx) -> Result<()> {
        self.require_known(ctx)?;
        if is_instance_admin(ctx) || own_organisation(ctx).is_some() {
            return Ok(());
        }
        Err(Error::forbidden("forbidden: this needs the privilege ADMIN on the organisation"))
    }

    /// Refuses callers who do not administer the instance.
    ///
    /// # Errors
    /// As [`Service::require_organisation_admin`].
    pub fn require_instance_admin(&self, ctx: &Ctx) -> Result<()> {
        self.require_known(ctx)?;
        if is_instance_admin(ctx) {
            return Ok(());
        }
        Err(Error::forbidden("forbidden: this needs the privilege ADMIN on the instance"))
    }
}

/// Whether the caller administers everything.
pub(crate) fn is_instance_admin(ctx: &Ctx) -> bool {
    ctx.principal.grants.allow(Privilege::Admin, &Scope::default())
}

/// The organisation that the caller acts in, where he administers it.
pub(super) fn own_organisation(ctx: &Ctx) -> Option<&Membership> {
    ctx.principal.organisation.as_ref().filter(|own| administers(ctx, &own.organisation))
}

/// Whether the caller administers the organisation of that id.
pub(crate) fn administers(ctx: &Ctx, organisation: &str) -> bool {
    let scope = Scope { organisation: Some(organisation), ..Scope::default() };
    ctx.principal.grants.allow(Privilege::Admin, &scope)
}

/// Refuses to give what the caller does not hold. `organisation` is the id of the one that projects and datasets belong to.
///
/// # Errors
/// `Forbidden`, naming a privilege that he lacks.
pub(super) fn check_holds(ctx: &Ctx, grant: &Grant, organisation: Option<&str>) -> Result<()> {
    let scope = match &grant.at {
        Place::Instance => Scope::default(),
        Place::Organisation(id) => Scope { organisation: Some(id), ..Scope::default() },
        Place::Project(id) => Scope { organisation, project: Some(id), dataset: None },
        Place::Dataset(id) => Scope { organisation, project: None, dataset: Some(id) },
    };
    let held = ctx.principal.grants.on(&scope);
    match grant.gives.iter().find(|privilege| !held.contains(*privilege)) {
        None => Ok(()),
        Some(lacking) => Err(Error::forbidden(format!("forbidden: you cannot give what you do not hold: {}", lacking.name()))),
    }
}

/// The answer to giving what is somebody else's to give.
pub(super) fn not_yours(what: &str) -> Error {
    Error::forbidden(format!("forbidden: {what} is not yours to give"))
}
