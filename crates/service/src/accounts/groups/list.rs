//! Reading groups.

use super::unknown;
use crate::{Ctx, Service};
use datahall_catalog::{Group, List, Membership, Page, User};
use datahall_core::Result;

impl Service {
    /// The groups, by name: at most `limit` after `offset` others, and how many there are.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance.
    pub async fn list_groups(&self, ctx: &Ctx, limit: u64, offset: u64) -> Result<Page<Group>> {
        self.require_instance_admin(ctx)?;
        self.catalog.list(&List::<Group>::all().order_by("name").page(limit, offset).with_total()).await
    }

    /// The group of that name.
    ///
    /// # Errors
    /// As [`Service::list_groups`]; `NotFound`.
    pub async fn get_group(&self, ctx: &Ctx, name: &str) -> Result<Group> {
        self.require_instance_admin(ctx)?;
        self.catalog.find(Group::by_name(name)).await?.ok_or_else(|| unknown(name))
    }

    /// The logins of those who are in the group of that name.
    ///
    /// # Errors
    /// As [`Service::list_groups`].
    pub async fn group_members(&self, ctx: &Ctx, name: &str) -> Result<Vec<String>> {
        self.require_instance_admin(ctx)?;
        let memberships = self.catalog.list(&List::<Membership>::all().only("group", name)).await?.items;
        let ids = memberships.into_iter().map(|membership| membership.user);
        let users = self.catalog.list(&List::<User>::all().any_of("id", ids).order_by("login")).await?.items;
        Ok(users.into_iter().map(|user| user.login).collect())
    }
}
