//! Which tables of a revision are kept from a caller, wholly or in part, by whichever dialect that was said of their datasets.

use super::super::plan::Plan;
use super::super::publish::{FINDABILITY, PUBLISHED, TABLES};
use crate::policies::{Stated, seen_by, stated};
use crate::{Ctx, Service};
use datahall_catalog::{Dataset, List, Mask, Package, Project, Revision, Visibility};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// Records that are asked for at a time.
const PAGE: usize = 500;
/// Tries of reading records that are changed at the same moment.
const TRIES: usize = 5;

impl Service {
    /// The names of the tables of which the caller may not see everything. What holds is what is said of the datasets now, however old
    /// the revision.
    ///
    /// # Errors
    /// What the catalog says.
    pub(super) async fn tables_kept_from(
        &self,
        ctx: &Ctx,
        project: &Project,
        package: &Package,
        revision: &Revision,
        plan: &Plan,
    ) -> Result<BTreeSet<String>> {
        let ids = package.body.get(TABLES).and_then(Json::as_object);
        let id_of = |table: &str| ids.and_then(|ids| ids.get(table)?.as_str());
        let wanted: Vec<&str> = plan.tables.iter().filter_map(|table| id_of(&table.name)).collect();
        let records = self.datasets_with_masks(&wanted).await?;
        let of_project = |dataset: Option<&str>, privilege, public| {
            let scope = Scope { organisation: Some(&project.organisation), project: Some(&project.meta.id), dataset };
            decide(&ctx.principal.grants, privilege, &scope, public) == Verdict::Allowed
        };
        // Of what is no dataset any more nobody knows what was kept of it; who could lift that may have it.
        let lifts = of_project(None, Privilege::WritePolicy, false);
        let published = package.body.get(PUBLISHED).and_then(Json::as_i64).unwrap_or_default();
        let sees = |table: &str| match id_of(table) {
            None => revision.number >= published || lifts,
            Some(id) => match records.get(id) {
                None => lifts,
                Some((dataset, masks)) => {
                    let may = !is_closed(dataset) || of_project(Some(id), Privilege::ReadData, false);
                    may && sees_all(ctx, &project.organisation, dataset, masks)
                }
            },
        };
        Ok(plan.tables.iter().map(|table| &table.name).filter(|name| !sees(name)).cloned().collect())
    }

    /// These datasets with what is masked of them, each of one moment.
    async fn datasets_with_masks(&self, ids: &[&str]) -> Result<HashMap<String, (Dataset, Vec<Mask>)>> {
        let mut all = HashMap::new();
        for some in ids.chunks(PAGE) {
            let datasets = async || {
                let list = List::<Dataset>::all().any_of("id", some.iter().copied());
                self.catalog.list(&list).await.map(|page| page.items)
            };
            let mut tries = 0;
            let (found, masks) = loop {
                tries += 1;
                let before = datasets().await?;
                let masks = List::<Mask>::all().any_of("dataset", some.iter().copied());
                let masks = self.catalog.list(&masks).await?.items;
                let versions = |datasets: &[Dataset]| -> BTreeSet<(String, i64)> {
                    datasets.iter().map(|dataset| (dataset.meta.id.clone(), dataset.meta.version)).collect()
                };
                // Every change to a mask raises the version of its dataset.
                let after = datasets().await?;
                if versions(&before) == versions(&after) {
                    break (after, masks);
                }
                if tries == TRIES {
                    return Err(Error::unavailable("the datasets of the package are changing at this moment").retry_after(1));
                }
            };
            all.extend(found.into_iter().map(|dataset| {
                let own = masks.iter().filter(|mask| mask.dataset == dataset.meta.id).cloned().collect();
                (dataset.meta.id.clone(), (dataset, own))
            }));
        }
        Ok(all)
    }
}

/// Whether a dataset of a published package was made private since: then its rows are not there for everybody in files either.
fn is_closed(dataset: &Dataset) -> bool {
    let published = dataset.provenance.get(FINDABILITY).and_then(Json::as_str) == Some("published");
    published && dataset.visibility == Visibility::Private
}

fn sees_all(ctx: &Ctx, organisation: &str, dataset: &Dataset, masks: &[Mask]) -> bool {
    let stated = stated(dataset, masks, &Stated::default());
    stated.fault.is_none() && !seen_by(&ctx.principal, organisation, &stated).keeps_anything()
}
