//! Making a user.

use super::info::{OrganisationRoleOf, UserInfo, kept_roles, set_groups};
use crate::accounts::{attributes, names};
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Hidden, Object, User};
use datahall_core::Result;
use serde_json::json;

/// What a user is to be.
#[derive(Clone, Default)]
pub struct NewUser {
    /// The login, unique ignoring case; it never changes.
    pub login: String,
    /// The name as people write it.
    pub display_name: String,
    /// Where mail reaches him.
    pub email: String,
    /// What he logs in by; `None`: nothing yet.
    pub password: Option<Hidden<String>>,
    /// Whether he may not log in yet.
    pub disabled: bool,
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

impl Service {
    /// Makes a user.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `Conflict` when the login is taken; `Invalid` for a name
    /// that cannot be one or an organisation that is not there.
    pub async fn create_user(&self, ctx: &Ctx, new: NewUser) -> Result<UserInfo> {
        self.require_instance_admin(ctx)?;
        names::check("login", &new.login)?;
        new.groups.iter().try_for_each(|group| names::check("groups", group))?;
        attributes::check(&new.attributes)?;
        let password_hash = match &new.password {
            Some(password) => Some(Hidden(self.passwords.hash(&*self.random, &password.0).await?)),
            None => None,
        };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let mut user = User {
            login: new.login,
            display_name: new.display_name,
            email: new.email,
            password_hash,
            enabled: !new.disabled,
            admin: new.admin,
            memberships: kept_roles(&mut change, &new.roles).await?,
            attributes: new.attributes,
            profile: new.profile,
            ..User::default()
        };
        change.insert(&mut user).await?;
        set_groups(&mut change, &user.meta.id, &new.groups).await?;
        let entry = AuditEntry::created("user.create", &user)?.detail(json!({"groups": new.groups}));
        change.commit(entry).await?;
        UserInfo::of(&self.catalog, user).await
    }
}
