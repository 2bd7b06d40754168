//! Where datasets are that no project was named for: the default project of the default organisation. Both are there from
//! the first start.

use datahall_catalog::{Actor, AuditEntry, Catalog, Organisation, Project};
use datahall_core::access::{Place, Scope};
use datahall_core::{Code, Result};

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
    for _ in 1..TRIES {
        match make(catalog).await {
            Err(error) if error.code() == Code::Conflict => {}
            outcome => return outcome,
        }
    }
    make(catalog).await
}

async fn make(catalog: &Catalog) -> Result<()> {
    if catalog.get::<Project>(PROJECT).await?.is_some() {
        return Ok(());
    }
    let mut change = catalog.change(&Actor::system()).await?;
    if change.get::<Organisation>(ORGANISATION).await?.is_none() {
        let mut organisation = Organisation { key: ORGANISATION.into(), title: "Default".into(), ..Organisation::default() };
        organisation.meta.id = ORGANISATION.into();
        change.insert(&mut organisation).await?;
        change.audit(AuditEntry::created("organisation.create", &organisation)?);
    }
    // Another process may have been faster.
    if change.get::<Project>(PROJECT).await?.is_some() {
        return Ok(());
    }
    let mut project =
        Project { organisation: ORGANISATION.into(), key: PROJECT.into(), name: "Default".into(), ..Project::default() };
    project.meta.id = PROJECT.into();
    change.insert(&mut project).await?;
    let entry = AuditEntry::created("project.create", &project)?;
    change.commit(entry).await
}
