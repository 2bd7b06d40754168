//! Changing a user.

use super::end_sessions;
use super::info::{OrganisationRoleOf, UserInfo, kept_roles, set_groups};
use super::read::unknown;
use crate::accounts::{attributes, names};
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Object, User};
use datahall_core::{Code, Error, Result};
use serde_json::json;

/// What of a user is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// Only if the user is in this version.
    pub version: Option<i64>,
    /// The name as people write it.
    pub display_name: Option<String>,
    /// Where mail reaches him.
    pub email: Option<String>,
    /// Whether he may log in; his sessions end when he may not.
    pub enabled: Option<bool>,
    /// Whether he administers the instance.
    pub admin: Option<bool>,
    /// What he is in which organisation.
    pub roles: Option<Vec<OrganisationRoleOf>>,
    /// The groups that he is in.
    pub groups: Option<Vec<String>>,
    /// What row filters may ask for.
    pub attributes: Option<Object>,
    /// Free-form.
    pub profile: Option<Object>,
}

impl Service {
    /// Changes a user.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `NotFound`; `Conflict` when he is in another version;
    /// `Invalid` for a group that cannot be one or an organisation that is not there.
    pub async fn update_user(&self, ctx: &Ctx, login: &str, wanted: UserChange) -> Result<UserInfo> {
        self.require_instance_admin(ctx)?;
        wanted.groups.iter().flatten().try_for_each(|group| names::check("groups", group))?;
        wanted.attributes.as_ref().map_or(Ok(()), attributes::check)?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let before = change.find(User::by_login(login)).await?.ok_or_else(|| unknown(login))?;
        if wanted.version.is_some_and(|version| version != before.meta.version) {
            return Err(Error::new(Code::Conflict, "the user was changed since you read him"));
        }
        let mut user = before.clone();
        set(&mut user.display_name, wanted.display_name);
        set(&mut user.email, wanted.email);
        set(&mut user.enabled, wanted.enabled);
        set(&mut user.admin, wanted.admin);
        set(&mut user.attributes, wanted.attributes);
        set(&mut user.profile, wanted.profile);
        if let Some(roles) = &wanted.roles {
            user.memberships = kept_roles(&mut change, roles).await?;
        }
        if let Some(groups) = &wanted.groups {
            set_groups(&mut change, &user.meta.id, groups).await?;
        }
        if !user.enabled {
            end_sessions(&mut change, &user.meta.id).await?;
        }
        change.update(&mut user).await?;
        let mut entry = AuditEntry::updated("user.update", &before, &user)?;
        if let Some(groups) = &wanted.groups {
            entry = entry.detail(json!({"groups": groups}));
        }
        change.commit(entry).await?;
        UserInfo::of(&self.catalog, user).await
    }
}

fn set<T>(field: &mut T, wanted: Option<T>) {
    if let Some(wanted) = wanted {
        *field = wanted;
    }
}
