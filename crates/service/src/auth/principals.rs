//! Records → principals: what a user and an API key may do.

use super::directory::KnownKey;
use super::last_use::LastUse;
use super::projects;
use super::shares::{self, Reach};
use crate::accounts::attributes;
use crate::accounts::key_grants::KeyGrants;
use crate::{Membership, Principal, PrincipalKind, home};
use datahall_catalog::{Catalog, Group, Key, List, Membership as InGroup, Organisation, User};
use datahall_core::Result;
use datahall_core::access::{Grant, Grants, Place};
use datahall_core::privilege::Role;

/// What the user may do; `None` when he may not log in.
pub(super) async fn of_user(catalog: &Catalog, user: User) -> Result<Option<Principal>> {
    if !user.enabled {
        return Ok(None);
    }
    let memberships = catalog.list(&List::<InGroup>::all().only("user", user.meta.id.as_str())).await?.items;
    let groups: Vec<String> = memberships.into_iter().map(|membership| membership.group).collect();
    let in_projects = projects::grants_of(catalog, Some(&user.login), &groups).await?;
    let login = user.login.clone();
    let kind = PrincipalKind::User { login: user.login };
    let attributes = attributes::shared(&user.attributes);
    if user.admin || some_administers(catalog, &groups).await? {
        return Ok(Some(Principal { kind, groups, attributes, ..Principal::admin() }));
    }
    let ids: Vec<&str> = user.memberships.iter().map(|role| role.organisation.as_str()).collect();
    let organisations = catalog.list(&List::<Organisation>::all().any_of("id", ids)).await?.items;
    let mut roles = Vec::new();
    for there in &user.memberships {
        let organisation = organisations.iter().find(|organisation| organisation.meta.id == there.organisation);
        if let (Some(organisation), Ok(role)) = (organisation, Role::parse(&there.role)) {
            roles.push(member(organisation, role));
        }
    }
    let shared = shares::with(catalog, Some(&login), &groups, &roles, Reach::Everywhere).await?;
    let grants = Grants::new(roles.iter().map(of_role).chain(in_projects).chain(shared));
    // Where he acts unless he says otherwise.
    let organisation = roles.first().cloned();
    Ok(Some(Principal {
        kind,
        grants,
        reads_public: true,
        organisation,
        memberships: roles.into(),
        groups,
        attributes,
        owner: None,
    }))
}

/// What is remembered of the key.
pub(super) async fn of_key(catalog: &Catalog, key: Key) -> Result<KnownKey> {
    let mut known = KnownKey {
        id: key.meta.id.clone(),
        hash: key.hash.clone(),
        expires_at: key.expires_at,
        principal: None,
        by_name: false,
        incomplete: false,
        last_use: LastUse::new(key.last_used_at),
    };
    if key.revoked_at.is_some() {
        return Ok(known);
    }
    // It falls with the user in whose name it acts; a name that is no user's is only a name.
    let user = match &key.owner {
        Some(owner) => catalog.find(User::by_login(owner)).await?,
        None => None,
    };
    if user.as_ref().is_some_and(|user| !user.enabled) {
        return Ok(known);
    }
    let attributes = attributes::shared(user.as_ref().map_or(&key.attributes, |user| &user.attributes));
    let kind = PrincipalKind::Key { id: key.meta.id, owner: key.owner, name: key.label };
    let grants = KeyGrants::parse(&key.grants)?;
    if some_administers(catalog, &key.groups).await? || grants.administers() {
        known.principal = Some(Principal { kind, groups: key.groups, attributes, ..Principal::admin() });
        return Ok(known);
    }
    let organisation = match &key.organisation {
        Some(id) => catalog.get::<Organisation>(id).await?,
        None => None,
    };
    let resolved = grants.resolve(catalog, key.organisation.as_deref().unwrap_or(home::ORGANISATION)).await?;
    let role = key.role.as_deref().and_then(|role| Role::parse(role).ok());
    let organisation = organisation.zip(role).map(|(organisation, role)| member(&organisation, role));
    let in_projects = projects::grants_of(catalog, None, &key.groups).await?;
    let owner = known_owner(&kind);
    let own: Vec<Membership> = organisation.iter().cloned().collect();
    let shared = shares::with(catalog, owner, &key.groups, &own, Reach::OwnOrganisation).await?;
    let grants = Grants::new(organisation.iter().map(of_role).chain(resolved.grants).chain(in_projects).chain(shared));
    (known.by_name, known.incomplete) = (resolved.by_name, !resolved.complete);
    let groups = key.groups;
    let memberships = organisation.iter().cloned().collect();
    known.principal =
        Some(Principal { kind, grants, reads_public: true, organisation, memberships, groups, attributes, owner: None });
    Ok(known)
}

fn known_owner(kind: &PrincipalKind) -> Option<&str> {
    match kind {
        PrincipalKind::Key { owner, .. } => owner.as_deref(),
        _ => None,
    }
}

/// What a role gives where it holds.
pub(super) fn of_role(member: &Membership) -> Grant {
    Grant { at: Place::Organisation(member.organisation.clone()), gives: member.role.privileges() }
}

fn member(organisation: &Organisation, role: Role) -> Membership {
    Membership { organisation: organisation.meta.id.clone(), key: organisation.key.clone(), role }
}

/// Whether one of these groups administers the instance.
async fn some_administers(catalog: &Catalog, groups: &[String]) -> Result<bool> {
    if groups.is_empty() {
        return Ok(false);
    }
    let administering = List::<Group>::all().any_of("name", groups).only("admin", true).page(1, 0);
    Ok(!catalog.list(&administering).await?.items.is_empty())
}
