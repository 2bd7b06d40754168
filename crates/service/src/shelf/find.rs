//! From a name to a dataset: those that this server was told of, those on the shelf, those of the catalog; then full names.

use super::of_record;
use crate::home::Home;
use crate::loading::not_found;
use crate::registry::Entry;
use crate::{Ctx, Service};
use datahall_catalog::{Dataset, Origin, Project};
use datahall_core::{Error, Result};
use std::sync::Arc;

/// Tries of reading a record that is changed at the same moment.
const TRIES: usize = 5;

impl Service {
    /// The dataset that the caller means by `name`, if he may know of it.
    ///
    /// # Errors
    /// `NotFound`; what the catalog says.
    pub(crate) async fn find(&self, ctx: &Ctx, name: &str) -> Result<Arc<Entry>> {
        let found = self.look_up(&ctx.home, name).await?;
        found.filter(|entry| self.sees(ctx, entry)).ok_or_else(|| not_found(name))
    }

    /// What `name` means to somebody at `home`: a dataset of that project, or by its full name `KEY.name` one of another project of
    /// the organisation.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn look_up(&self, home: &Home, name: &str) -> Result<Option<Arc<Entry>>> {
        if let Some(entry) = self.in_project(home, name).await? {
            return Ok(Some(entry));
        }
        let Some((key, rest)) = name.split_once('.').filter(|_| !name.contains('\0')) else { return Ok(None) };
        match self.catalog.find(Project::by_key(home.organisation(), key)).await? {
            Some(project) => self.in_project(&Home::of(&project), rest).await,
            None => Ok(None),
        }
    }

    async fn in_project(&self, home: &Home, name: &str) -> Result<Option<Arc<Entry>>> {
        let registry = &self.registry;
        match registry.find(home.project(), name).or_else(|| registry.on_shelf(home.project(), name)) {
            None if !name.contains('\0') => self.catalogued(home, name).await,
            known => Ok(known),
        }
    }

    async fn catalogued(&self, home: &Home, name: &str) -> Result<Option<Arc<Entry>>> {
        for _ in 0..TRIES {
            let Some(found) = self.catalog.find(Dataset::by_name(home.project(), name)).await? else { return Ok(None) };
            if found.origin != Origin::Api {
                // The others are there while a server has them.
                return Ok(None);
            }
            let Some((dataset, masks)) = self.policy_records(&found.meta.id).await? else { continue };
            let entry = self.registry.shelve(Arc::new(of_record::entry(home, &dataset, &masks, &*self.random)?));
            // Whatever changed before it was on the shelf nobody has told it.
            let now = self.catalog.get::<Dataset>(&dataset.meta.id).await?;
            let holds = |now: &Dataset| {
                entry.record.get() == Some(&now.meta.id) && now.meta.version <= entry.stated().version && now.name == entry.name
            };
            if now.as_ref().is_some_and(holds) {
                return Ok(Some(entry));
            }
            self.registry.unshelve(&entry);
        }
        Err(Error::unavailable("the dataset is changing at this moment").retry_after(1))
    }

    /// Whether a record has the name in the project of that id.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn is_recorded(&self, project: &str, name: &str) -> Result<bool> {
        Ok(self.catalog.find(Dataset::by_name(project, name)).await?.is_some())
    }
}
