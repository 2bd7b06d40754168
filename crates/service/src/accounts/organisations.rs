//! Organisations: by their key, and made when somebody who may name them first does.

use super::names;
use crate::{Ctx, Service, home};
use datahall_catalog::{Actor, AuditEntry, Catalog, Change, Organisation, Project};
use datahall_core::{Code, Error, Result};

impl Service {
    /// The organisation of that key, ignoring case.
    ///
    /// # Errors
    /// What the catalog says.
    pub async fn organisation_by_key(&self, key: &str) -> Result<Option<Organisation>> {
        if names::check("org", key).is_err() {
            return Ok(None);
        }
        self.catalog.find(Organisation::by_key(key)).await
    }

    /// Makes an organisation and its default project, unless there is one of that key already; gives it.
    ///
    /// # Errors
    /// `Forbidden` without ADMIN on the instance; `Invalid` for a key that cannot be one.
    pub async fn ensure_organisation(&self, ctx: &Ctx, key: &str) -> Result<Organisation> {
        self.require_instance_admin(ctx)?;
        names::check("org", key)?;
        if let Some(there) = self.organisation_by_key(key).await? {
            return Ok(there);
        }
        let made = ensure(&self.catalog, &ctx.actor(), key).await?;
        Ok(made)
    }
}

/// The organisation of that key, which is made when it is not there.
///
/// # Errors
/// What the catalog says.
pub(crate) async fn ensure(catalog: &Catalog, actor: &Actor, key: &str) -> Result<Organisation> {
    match insert(catalog, actor, key).await {
        // Somebody else was faster.
        Err(error) if error.code() == Code::Conflict => {
            let there = catalog.find(Organisation::by_key(key)).await?;
            there.ok_or_else(|| Error::unavailable("the organisation is changing at this moment").retry_after(1))
        }
        done => done,
    }
}

async fn insert(catalog: &Catalog, actor: &Actor, key: &str) -> Result<Organisation> {
    let mut change = catalog.change(actor).await?;
    if let Some(there) = change.find(Organisation::by_key(key)).await? {
        return Ok(there);
    }
    let organisation = insert_into(&mut change, key).await?;
    let entry = AuditEntry::created("organisation.create", &organisation)?.organisation(&organisation.meta.id);
    change.commit(entry).await?;
    Ok(organisation)
}

async fn insert_into(change: &mut Change, key: &str) -> Result<Organisation> {
    let mut organisation = Organisation { key: key.into(), title: key.into(), ..Organisation::default() };
    let is_home = key == home::ORGANISATION;
    if is_home {
        organisation.meta.id = home::ORGANISATION.into();
    }
    change.insert(&mut organisation).await?;
    let id = organisation.meta.id.clone();
    let mut project =
        Project { organisation: id.clone(), key: home::PROJECT.into(), name: "Default".into(), ..Project::default() };
    if is_home {
        project.meta.id = home::PROJECT.into();
    }
    change.insert(&mut project).await?;
    change.audit(AuditEntry::created("project.create", &project)?.organisation(id));
    Ok(organisation)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};
    use datahall_core::Code;

    #[tokio::test]
    async fn one_of_a_key_is_made_once_with_its_default_project() {
        let fixture = Fixture::new().await;
        let service = &fixture.service;
        let admin = admin();
        let (a, b) = tokio::join!(service.ensure_organisation(&admin, "acme"), service.ensure_organisation(&admin, "ACME"));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.meta.id, b.meta.id);
        assert_eq!(service.organisation_by_key("Acme").await.unwrap().unwrap().meta.id, a.meta.id);
        let project = service.catalog.find(datahall_catalog::Project::by_key(&a.meta.id, "default")).await.unwrap();
        assert!(project.is_some());
        assert!(service.organisation_by_key("a\0b").await.unwrap().is_none());
        assert_eq!(service.ensure_organisation(&admin, "a/b").await.unwrap_err().code(), Code::Invalid);
        assert_eq!(service.ensure_organisation(&reader(), "x").await.unwrap_err().code(), Code::Unauthenticated);
    }
}
