//! What the bearer of a valid JSON web token may do: by the role in an organisation that it names, or by its scopes.

use super::claims::Claims;
use super::directory::Directory;
use super::principals;
use crate::config::Auth;
use crate::{Principal, PrincipalKind, TokenOwner, home};
use datahall_catalog::Actor;
use datahall_core::access::{Grant, Grants, Place};
use datahall_core::policy::Attributes;
use datahall_core::privilege::{self, Privilege, Privileges, Role};
use datahall_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The scope that saved queries need when the configuration names none.
const MANAGE_SCOPE: &str = "datasets:manage";

/// The claims that give rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenFacts {
    pub(super) subject: String,
    pub(super) scopes: Vec<String>,
    pub(super) tenant: Option<String>,
    /// The organisation's key, and the role there.
    pub(super) organisation: Option<(String, String)>,
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) attributes: Attributes,
    #[serde(default)]
    pub(super) owner: Option<TokenOwner>,
}

impl TokenFacts {
    /// Whether both are of one bearer, who acts in one organisation.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        let who = |facts: &Self| {
            let organisation = facts.organisation.as_ref().map(|(key, _)| key.clone());
            let owner = facts.owner.as_ref().map(|owner| owner.id.clone());
            (facts.subject.clone(), facts.tenant.clone(), organisation, owner)
        };
        !self.subject.is_empty() && who(self) == who(other)
    }
}

/// The principal whose token says `claims`; `names_owners`: whether whoever signed it says who owns which packages.
pub(super) async fn principal(settings: &Auth, directory: &Directory, claims: &Claims, names_owners: bool) -> Result<Principal> {
    let named = claims.organisation()?;
    let owner = if names_owners { claims.owner() } else { None };
    let subject = Some(claims.subject()).filter(|subject| !subject.is_empty());
    let facts = TokenFacts {
        subject: subject.or_else(|| owner.as_ref().map(|owner| owner.id.clone())).unwrap_or_default(),
        scopes: claims.scopes(),
        tenant: claims.tenant(settings)?,
        organisation: named.map(|(key, role)| (key.to_owned(), role.name().to_owned())),
        groups: claims.groups(),
        attributes: claims.attributes().as_deref().cloned().unwrap_or_default(),
        owner,
    };
    of_facts(settings, directory, facts).await
}

/// The principal of whom these were claimed, by the configuration as it is now.
pub(super) async fn of_facts(settings: &Auth, directory: &Directory, facts: TokenFacts) -> Result<Principal> {
    let TokenFacts { subject, scopes, tenant, organisation, groups, attributes, owner } = facts;
    let attributes = (!attributes.is_empty()).then(|| Arc::new(attributes));
    let allowed = &settings.allowed_tenants;
    if !settings.tenant_claim.is_empty() && !allowed.is_empty() && tenant.as_ref().is_none_or(|tenant| !allowed.contains(tenant))
    {
        return Err(Error::forbidden("forbidden: the token's tenant is not allowed"));
    }
    let (gives, reads) = of_scopes(settings, &scopes, organisation.is_some() || owner.is_some());
    let anonymous = !settings.enabled || settings.anonymous_read;
    let by_scope = Grant { at: home::place(), gives };
    let as_owner = match &owner {
        Some(owner) => directory.owned_project(&owner.id).await?.map(Place::Project),
        None => None,
    };
    let as_owner = as_owner.map(|at| Grant { at, gives: privilege::of_package_owners() });
    let kind = PrincipalKind::Token { subject: subject.clone(), scopes, tenant };
    let Some((key, role)) = organisation else {
        // Whom a token names as an owner is somebody known, like the members of organisations.
        let reads = reads || anonymous || owner.is_some();
        let bare = Principal::bare(kind, Grants::new([by_scope].into_iter().chain(as_owner)), reads);
        return Ok(Principal { attributes, owner, ..bare });
    };
    let actor = Actor::named(format!("token:{subject}"));
    let organisation = directory.organisation(&key, Role::parse(&role)?, &actor).await?;
    let shared = directory.shares(&subject, &groups, &organisation).await?;
    let own = [principals::of_role(&organisation), by_scope].into_iter().chain(as_owner);
    let grants = Grants::new(own.chain(shared.iter().cloned()));
    let memberships = [organisation.clone()].into();
    Ok(Principal { kind, grants, reads_public: true, organisation: Some(organisation), memberships, groups, attributes, owner })
}

/// What the scopes give on the default project, and whether they let read what is public.
fn of_scopes(settings: &Auth, scopes: &[String], has_place: bool) -> (Privileges, bool) {
    let has = |needed: &[String]| needed.iter().all(|scope| scopes.contains(&scope.to_lowercase()));
    // No scope asked for means that no token administers: anybody's token would.
    let has_some = |needed: &[String]| !needed.is_empty() && has(needed);
    let manage = match &settings.manage_scopes {
        Some(needed) => has_some(needed),
        None => scopes.iter().any(|scope| scope == MANAGE_SCOPE),
    };
    // A role ends at the border of its organisation, and an owner at that of his packages: without a scope that is named, neither
    // opens the default project.
    let read = if has_place { has_some(&settings.read_scopes) } else { has(&settings.read_scopes) };
    let mut gives = Privileges::NONE;
    if read {
        gives = gives.union(privilege::of_public_datasets());
    }
    if manage {
        gives = gives.union(Privileges::of(&[Privilege::WriteConf, Privilege::RunJobs]));
    }
    if has_some(&settings.reload_scopes) {
        gives = gives.union(privilege::of_operators());
    }
    (gives, read)
}
