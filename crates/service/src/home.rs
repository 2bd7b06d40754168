//! Where datasets are that no project was named for: the default project of an organisation, for some dialects the caller's, for
//! others the default organisation's. That one and its project are there from the first start.

use crate::accounts::names::same;
use crate::accounts::organisations;
use crate::{Ctx, Membership, Service};
use datahall_catalog::{Actor, Catalog, Organisation, Project};
use datahall_core::access::{Place, Scope};
use datahall_core::privilege::{Privilege, Role};
use datahall_core::{Error, Result};
use std::sync::{Arc, LazyLock};

/// The id and the key of the default organisation, to which the administrator belongs.
pub(crate) const ORGANISATION: &str = "default";
/// The id and the key of its default project.
pub(crate) const PROJECT: &str = "default";

/// A project in which flat names are looked up. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Home(Arc<Ids>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ids {
    organisation: String,
    project: String,
    key: String,
}

static INSTANCE: LazyLock<Home> = LazyLock::new(|| Home::new(ORGANISATION, PROJECT, PROJECT));

impl Default for Home {
    /// The default project of the default organisation.
    fn default() -> Self {
        INSTANCE.clone()
    }
}

impl Home {
    /// The project of that id and key, in the organisation of that id.
    pub(crate) fn new(organisation: &str, project: &str, key: &str) -> Self {
        Self(Arc::new(Ids { organisation: organisation.into(), project: project.into(), key: key.into() }))
    }

    /// A project's.
    pub(crate) fn of(project: &Project) -> Self {
        Self::new(&project.organisation, &project.meta.id, &project.key)
    }

    /// The id of its organisation.
    pub fn organisation(&self) -> &str {
        &self.0.organisation
    }

    /// Its id.
    pub fn project(&self) -> &str {
        &self.0.project
    }

    /// Its key, by which full names (`KEY.name`) begin.
    pub(crate) fn key(&self) -> &str {
        &self.0.key
    }

    /// It as a scope.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { organisation: Some(self.organisation()), project: Some(self.project()), dataset: None }
    }
}

/// The default project as a scope.
pub(crate) fn scope() -> Scope<'static> {
    Scope { organisation: Some(ORGANISATION), project: Some(PROJECT), dataset: None }
}

/// The default project as a place to grant something at.
pub(crate) fn place() -> Place {
    Place::Project(PROJECT.into())
}

/// Tries of what another server on the same catalog may do at the same moment: in the next one it is found done.
pub(crate) const TRIES: usize = 10;

impl Service {
    /// Puts the caller into the organisation of that key or id, or by default the one that he acts in: there he is what he is there, and
    /// the names of datasets are looked up in its default project. Who acts in none stays where he is.
    ///
    /// # Errors
    /// `Forbidden` for an organisation that he does not belong to; what the catalog says.
    pub async fn enter(&self, ctx: &mut Ctx, organisation: Option<&str>) -> Result<()> {
        let own = match organisation {
            Some(named) => Some(self.membership(ctx, named).await?),
            None => ctx.principal.organisation.clone(),
        };
        let Some(own) = own else { return Ok(()) };
        if own.organisation != ctx.home.organisation() {
            ctx.home = self.authenticator.directory.home(&own.organisation).await?;
        }
        ctx.principal.organisation = Some(own);
        Ok(())
    }

    /// What the caller is in the organisation of that key or id.
    pub(crate) async fn membership(&self, ctx: &Ctx, named: &str) -> Result<Membership> {
        let is_it = |own: &&Membership| same(&own.key, named) || own.organisation == named;
        if let Some(own) = ctx.principal.memberships.iter().find(is_it) {
            return Ok(own.clone());
        }
        let strange = || Error::forbidden(format!("forbidden: you do not belong to organisation '{}'", named.escape_debug()));
        if !ctx.principal.grants.allow(Privilege::Admin, &Scope::default()) || named.contains('\0') {
            return Err(strange());
        }
        // Whoever administers the instance belongs to every organisation.
        let found = match self.catalog.find(Organisation::by_key(named)).await? {
            None => self.catalog.get::<Organisation>(named).await?,
            found => found,
        };
        let there = found.ok_or_else(strange)?;
        Ok(Membership { organisation: there.meta.id, key: there.key, role: Role::Admin })
    }
}

/// Makes what is not there yet.
pub(crate) async fn ensure(catalog: &Catalog) -> Result<()> {
    if catalog.get::<Project>(PROJECT).await?.is_none() {
        organisations::ensure(catalog, &Actor::system(), ORGANISATION).await?;
    }
    Ok(())
}
