//! Listing API keys.

use super::info::KeyInfo;
use crate::accounts::authority::{is_instance_admin, own_organisation};
use crate::{Ctx, Service};
use datahall_catalog::{Key, List, Page};
use datahall_core::Result;

impl Service {
    /// The API keys that were not revoked, newest first: all of them for the instance's administrator, those of his organisation
    /// for an organisation's. At most `limit` after `offset` others, and how many there are.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub async fn list_keys(&self, ctx: &Ctx, limit: u64, offset: u64) -> Result<Page<KeyInfo>> {
        self.require_organisation_admin(ctx)?;
        let mut keys = List::<Key>::all().missing("revoked_at");
        if !is_instance_admin(ctx)
            && let Some(own) = own_organisation(ctx)
        {
            keys = keys.only("organisation", own.organisation.as_str());
        }
        let page = self.catalog.list(&keys.order_by_desc("created_at").page(limit, offset).with_total()).await?;
        Ok(Page { items: KeyInfo::of(&self.catalog, page.items).await?, total: page.total })
    }
}
