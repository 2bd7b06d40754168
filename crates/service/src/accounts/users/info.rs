//! What may be told of a user: everything but the password.

use crate::accounts::names::same;
use datahall_catalog::{Catalog, Change, List, Membership, Meta, Object, Organisation, OrganisationRole, User};
use datahall_core::privilege::Role;
use datahall_core::{Error, Result};

/// What somebody is in the organisation of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationRoleOf {
    /// The key of the organisation.
    pub organisation: String,
    /// What he is there.
    pub role: Role,
}

/// A user, without the hash of his password.
#[derive(Debug, Clone, PartialEq)]
pub struct UserInfo {
    /// Id, version, who and when.
    pub meta: Meta,
    /// The login; it never changes.
    pub login: String,
    /// The name as people write it.
    pub display_name: String,
    /// Where mail reaches him.
    pub email: String,
    /// Whether he has a password to log in by.
    pub has_password: bool,
    /// Whether he may log in at all.
    pub enabled: bool,
    /// Whether he administers the instance.
    pub admin: bool,
    /// What he is in which organisation.
    pub roles: Vec<OrganisationRoleOf>,
    /// The groups that he is in.
    pub groups: Vec<String>,
    /// What row filters may ask for.
    pub attributes: Object,
    /// Free-form.
    pub profile: Object,
}

impl UserInfo {
    /// What may be told of this user.
    pub(super) async fn of(catalog: &Catalog, user: User) -> Result<Self> {
        let memberships = catalog.list(&List::<Membership>::all().only("user", user.meta.id.as_str())).await?.items;
        let ids: Vec<&str> = user.memberships.iter().map(|role| role.organisation.as_str()).collect();
        let organisations = catalog.list(&List::<Organisation>::all().any_of("id", ids)).await?.items;
        let role_of = |there: &OrganisationRole| {
            let organisation = organisations.iter().find(|organisation| organisation.meta.id == there.organisation)?;
            Some(OrganisationRoleOf { organisation: organisation.key.clone(), role: Role::parse(&there.role).ok()? })
        };
        let mut groups: Vec<String> = memberships.into_iter().map(|membership| membership.group).collect();
        groups.sort();
        Ok(Self {
            roles: user.memberships.iter().filter_map(role_of).collect(),
            groups,
            has_password: user.password_hash.is_some(),
            meta: user.meta,
            login: user.login,
            display_name: user.display_name,
            email: user.email,
            enabled: user.enabled,
            admin: user.admin,
            attributes: user.attributes,
            profile: user.profile,
        })
    }
}

/// Roles as the record keeps them: by the organisations' ids.
pub(super) async fn kept_roles(change: &mut Change, roles: &[OrganisationRoleOf]) -> Result<Vec<OrganisationRole>> {
    let mut kept: Vec<OrganisationRole> = Vec::with_capacity(roles.len());
    for OrganisationRoleOf { organisation, role } in roles {
        let found = change.find(Organisation::by_key(organisation)).await?;
        let found = found.ok_or_else(|| Error::invalid(format!("there is no organisation '{}'", organisation.escape_debug())))?;
        if kept.iter().any(|other| other.organisation == found.meta.id) {
            return Err(Error::invalid(format!("the organisation '{}' is there twice", organisation.escape_debug())));
        }
        kept.push(OrganisationRole { organisation: found.meta.id, role: role.name().to_owned() });
    }
    Ok(kept)
}

/// Puts the user in these groups and in no others.
pub(super) async fn set_groups(change: &mut Change, user: &str, groups: &[String]) -> Result<()> {
    let there = change.list(&List::<Membership>::all().only("user", user)).await?.items;
    for old in there.iter().filter(|old| !groups.iter().any(|group| same(group, &old.group))) {
        change.delete(old).await?;
    }
    let mut named: Vec<String> = there.into_iter().map(|old| old.group).collect();
    for group in groups {
        if named.iter().any(|other| same(other, group)) {
            continue;
        }
        let mut membership = Membership { user: user.to_owned(), group: group.clone(), ..Membership::default() };
        change.insert(&mut membership).await?;
        named.push(group.clone());
    }
    Ok(())
}
