//! Making and changing groups.

use super::unknown;
use crate::accounts::names;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Group};
use datahall_core::{Code, Error, Result};

/// Where a group comes from unless somebody says otherwise.
const LOCAL: &str = "LOCAL";

/// What a group is to be.
#[derive(Debug, Clone, Default)]
pub struct NewGroup {
    /// Its name, unique ignoring case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether its members administer the instance.
    pub admin: bool,
    /// Where it comes from; `None`: `LOCAL`.
    pub source: Option<String>,
}

/// What of a group is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// Only if the group is in this version.
    pub version: Option<i64>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether its members administer the instance.
    pub admin: Option<bool>,
    /// Where it comes from.
    pub source: Option<String>,
}

impl Service {
    /// Makes a group.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `Conflict` when the name is taken; `Invalid` for one that
    /// cannot be a name.
    pub async fn create_group(&self, ctx: &Ctx, new: NewGroup) -> Result<Group> {
        self.require_instance_admin(ctx)?;
        names::check("name", &new.name)?;
        let source = new.source.unwrap_or_else(|| LOCAL.to_owned());
        let mut group = Group { name: new.name, description: new.description, admin: new.admin, source, ..Group::default() };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        change.insert(&mut group).await?;
        let entry = AuditEntry::created("group.create", &group)?;
        change.commit(entry).await?;
        // It may have had members before it was there.
        Ok(group)
    }

    /// Changes a group.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `NotFound`; `Conflict` when it is in another version.
    pub async fn update_group(&self, ctx: &Ctx, name: &str, wanted: GroupChange) -> Result<Group> {
        self.require_instance_admin(ctx)?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let before = change.find(Group::by_name(name)).await?.ok_or_else(|| unknown(name))?;
        if wanted.version.is_some_and(|version| version != before.meta.version) {
            return Err(Error::new(Code::Conflict, "the group was changed since you read it"));
        }
        let mut group = before.clone();
        group.description = wanted.description.unwrap_or(group.description);
        group.admin = wanted.admin.unwrap_or(group.admin);
        group.source = wanted.source.unwrap_or(group.source);
        change.update(&mut group).await?;
        let entry = AuditEntry::updated("group.update", &before, &group)?;
        change.commit(entry).await?;
        Ok(group)
    }
}
