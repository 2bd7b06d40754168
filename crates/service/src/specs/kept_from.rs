//! Which tables of a package are kept from a caller, wholly or in part, by whichever dialect that was said of their datasets.

use super::publish::{FINDABILITY, PUBLISHED, TABLES};
use crate::policies::{Stated, seen_by, stated};
use crate::{Ctx, Object, Service};
use datahall_catalog::{Dataset, List, Mask, Package, Project, Visibility};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// Records that are asked for at a time.
const PAGE: usize = 500;
/// Tries of reading records that are changed at the same moment.
const TRIES: usize = 5;

/// How a caller sees the tables of a package. What holds is what is said of their datasets now, however old a revision.
pub(super) struct Lens<'a> {
    ctx: &'a Ctx,
    project: &'a Project,
    records: HashMap<String, (Dataset, Vec<Mask>)>,
    /// The ids of the package's datasets, by the names of its tables.
    ids: Option<&'a Object>,
    /// The revision whose tables the datasets are; 0: none.
    published: i64,
    /// Whether the caller could lift what is kept.
    lifts: bool,
}

impl Service {
    /// How the caller sees the tables of this package.
    ///
    /// # Errors
    /// What the catalog says.
    pub(super) async fn lens<'a>(&self, ctx: &'a Ctx, project: &'a Project, package: &'a Package) -> Result<Lens<'a>> {
        let ids = package.body.get(TABLES).and_then(Json::as_object);
        let wanted: Vec<&str> = ids.into_iter().flat_map(Object::values).filter_map(Json::as_str).collect();
        let records = self.datasets_with_masks(&wanted).await?;
        let published = package.body.get(PUBLISHED).and_then(Json::as_i64).unwrap_or_default();
        let mut lens = Lens { ctx, project, records, ids, published, lifts: false };
        lens.lifts = lens.of_project(None, Privilege::WritePolicy);
        Ok(lens)
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

impl Lens<'_> {
    /// Those of these tables of the revision of that number of which the caller may not see everything.
    pub(super) fn kept<'n>(&self, names: impl IntoIterator<Item = &'n str>, number: i64) -> BTreeSet<String> {
        names.into_iter().filter(|name| !self.sees(name, number)).map(str::to_owned).collect()
    }

    /// Those that the package has now, of which he may not see everything.
    pub(super) fn kept_now(&self) -> BTreeSet<String> {
        self.kept(self.ids.into_iter().flat_map(Object::keys).map(String::as_str), self.published)
    }

    /// Whether the pipeline of that id, of the revision of that number, makes something of a table that the package has no more and that was
    /// kept from the caller, for all that its name tells.
    pub(super) fn keeps_pipeline(&self, id: &str, number: i64) -> bool {
        let name = id.rsplit('/').next().unwrap_or_default();
        let made = ["_csv_preview", "_csv", "_json", "_parquet"].iter().find_map(|kind| name.strip_suffix(kind));
        !self.sees(made.unwrap_or(name), number)
    }

    fn sees(&self, table: &str, number: i64) -> bool {
        // Of what is no dataset any more nobody knows what was kept of it; who could lift that may have it.
        let Some(id) = self.ids.and_then(|ids| ids.get(table)?.as_str()) else { return number >= self.published || self.lifts };
        let Some((dataset, masks)) = self.records.get(id) else { return self.lifts };
        let may = !is_closed(dataset) || self.of_project(Some(id), Privilege::ReadData);
        may && sees_all(self.ctx, &self.project.organisation, dataset, masks)
    }

    fn of_project(&self, dataset: Option<&str>, privilege: Privilege) -> bool {
        let scope = Scope { organisation: Some(&self.project.organisation), project: Some(&self.project.meta.id), dataset };
        decide(&self.ctx.principal.grants, privilege, &scope, false) == Verdict::Allowed
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
