//! Deleting groups.

use super::unknown;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Group, List, Membership};
use datahall_core::Result;

impl Service {
    /// Deletes a group; nobody is in it any more, should one of its name be made again.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` without ADMIN on the instance; `NotFound`.
    pub async fn delete_group(&self, ctx: &Ctx, name: &str) -> Result<()> {
        self.require_instance_admin(ctx)?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let group = change.find(Group::by_name(name)).await?.ok_or_else(|| unknown(name))?;
        for membership in change.list(&List::<Membership>::all().only("group", group.name.as_str())).await?.items {
            change.delete(&membership).await?;
        }
        change.delete(&group).await?;
        let entry = AuditEntry::deleted("group.delete", &group)?;
        change.commit(entry).await?;
        Ok(())
    }
}
