//! Reading users.

use super::info::UserInfo;
use crate::{Ctx, Service};
use datahall_catalog::{List, Page, User};
use datahall_core::{Error, Result};

/// The answer for a login that is nobody's.
pub(super) fn unknown(login: &str) -> Error {
    Error::not_found(format!("there is no user '{}'", login.escape_debug()))
}

impl Service {
    /// The users, by login: at most `limit` after `offset` others, and how many there are.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance.
    pub async fn list_users(&self, ctx: &Ctx, limit: u64, offset: u64) -> Result<Page<UserInfo>> {
        self.require_instance_admin(ctx)?;
        let users = List::<User>::all().order_by("login").page(limit, offset).with_total();
        let page = self.catalog.list(&users).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for user in page.items {
            items.push(UserInfo::of(&self.catalog, user).await?);
        }
        Ok(Page { items, total: page.total })
    }

    /// The user of that login.
    ///
    /// # Errors
    /// As [`Service::list_users`]; `NotFound`.
    pub async fn get_user(&self, ctx: &Ctx, login: &str) -> Result<UserInfo> {
        self.require_instance_admin(ctx)?;
        let user = self.catalog.find(User::by_login(login)).await?.ok_or_else(|| unknown(login))?;
        UserInfo::of(&self.catalog, user).await
    }
}
