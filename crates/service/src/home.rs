//! Where datasets are that no project was named for: the default project of the default organisation. Both are there from
//! the first start.

use crate::accounts::organisations;
use datahall_catalog::{Actor, Catalog, Project};
use datahall_core::Result;
use datahall_core::access::{Place, Scope};

/// The id and the key of the default organisation, to which the administrator belongs.
pub(crate) const ORGANISATION: &str = "default";
/// The id and the key of its default project.
pub(crate) const PROJECT: &str = "default";

/// The default project as a scope.
pub(crate) fn scope() -> Scope<'static> {
    Scope { organisation: Some(ORGANISATION), project: Some(PROJECT), dataset: None }
}

/// The default project as a place to grant something at.
pub(crate) fn place() -> Place {
    Place::Project(PROJECT.into())
}

/// Tries of what another server on the same catalog may do at the same moment: in the next one it is found done.
pub(crate) const TRIES: usize = 10;

/// Makes what is not there yet.
pub(crate) async fn ensure(catalog: &Catalog) -> Result<()> {
    if catalog.get::<Project>(PROJECT).await?.is_none() {
        organisations::ensure(catalog, &Actor::system(), ORGANISATION).await?;
    }
    Ok(())
}
