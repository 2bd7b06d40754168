//! Who sees what is made of a package: its files and its events. How its revisions go is open to all.

use super::revise::SPEC;
use crate::{Ctx, Service, home};
use datahall_catalog::Package;
use datahall_core::access::Scope;
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use serde_json::Value as Json;

impl Service {
    /// Refuses callers who may not see what is made of a package: a private one is there for those alone who may read its owner's project.
    ///
    /// # Errors
    /// `NotFound`; for packages that all may see, as [`Service::require_read`].
    pub(super) fn require_package(&self, ctx: &Ctx, owner: &str, package: &Package) -> Result<()> {
        let scope = Scope { organisation: Some(home::ORGANISATION), project: Some(&package.project), dataset: None };
        if ctx.principal.grants.allow(Privilege::ReadData, &scope) {
            return Ok(());
        }
        if is_private(package) {
            return Err(Error::not_found(format!("not found: dataset: {}/{}", owner.escape_debug(), package.name)));
        }
        if ctx.principal.reads_public { Ok(()) } else { self.require_read(ctx) }
    }
}

/// Whether the spec of a package lets its owner alone see it; what says nothing does.
pub(super) fn is_private(package: &Package) -> bool {
    let said = package.body.get(SPEC).and_then(|spec| spec.get("meta")?.get("findability")).and_then(Json::as_str);
    !matches!(said, Some("published" | "unlisted"))
}
