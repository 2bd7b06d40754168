//! Reading the audit log.

use super::authority::{is_instance_admin, own_organisation};
use crate::{Ctx, Service};
use datahall_catalog::{AuditQuery, AuditRecord, Dataset, Page};
use datahall_core::Result;

impl Service {
    /// Entries of the audit log, newest first: all of them for the instance's administrator, those of his organisation for an
    /// organisation's. Of a dataset, its page id says as much as its id.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub async fn audit(&self, ctx: &Ctx, mut query: AuditQuery) -> Result<Page<AuditRecord>> {
        self.require_organisation_admin(ctx)?;
        if !is_instance_admin(ctx)
            && let Some(own) = own_organisation(ctx)
        {
            query.organisation = Some(own.organisation.clone());
        }
        if query.object_type.as_deref() == Some("dataset")
            && let Some(page) = query.object.as_deref().filter(|id| !id.contains('\0'))
            && let Some(dataset) = self.catalog.find(Dataset::by_page(page)).await?
        {
            query.object = Some(dataset.meta.id);
        }
        self.catalog.audit(&query).await
    }
}
