//! An organisation's datasets in figures: how sensitive their columns are, how many of those are masked, and what is shared.

use super::Meanings;
use crate::registry::Entry;
use crate::shelf::ColumnInfo;
use crate::{Ctx, Service};
use datahall_catalog::{Dataset, Grant, List, Mask, Origin, Project};
use datahall_core::Result;
use datahall_core::classify::{SemanticType, Sensitivity, Shape};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Records read at a time.
const CHUNK: u64 = 1000;
/// Organisations whose figures are kept.
const MOST_KEPT: usize = 64;
/// What the figures are made of, beside what is loaded here.
const TABLES: [&str; 4] = ["datasets", "masks", "grants", "projects"];

/// The figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GovernanceSummary {
    /// How many datasets.
    pub datasets: u64,
    /// How many columns they have, as far as that is known.
    pub columns: u64,
    /// How many of them are how sensitive.
    pub by_sensitivity: BTreeMap<Sensitivity, u64>,
    /// Columns that are more than of low sensitivity, or masked: whoever masks a column holds it for sensitive.
    pub sensitive_columns: u64,
    /// Those of them that are masked or hidden.
    pub masked_columns: u64,
    /// How many shares.
    pub shares: u64,
    /// How many datasets are shared.
    pub datasets_shared: u64,
    /// How many shares of which permission.
    pub by_permission: BTreeMap<String, u64>,
}

/// The figures that were asked for last, by organisation.
#[derive(Default)]
pub(crate) struct Summaries {
    kept: Mutex<HashMap<String, (Moment, Arc<GovernanceSummary>)>>,
    /// Held while figures are made: one who makes them is enough.
    making: tokio::sync::Mutex<()>,
}

/// What figures are of: the epochs of the tables, and what is loaded of datasets whose records do not know their columns.
#[derive(Clone, PartialEq, Eq)]
struct Moment {
    epochs: Vec<i64>,
    loaded: Vec<String>,
}

impl Service {
    /// The figures of the organisation that the caller acts in, the same for each of its members: they tell of names, of what
    /// somebody said of columns and of policies, and nothing of values. Nothing for who acts in none.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular; what the catalog says.
    pub async fn governance_summary(&self, ctx: &Ctx) -> Result<Arc<GovernanceSummary>> {
        self.require_known(ctx)?;
        let Some(own) = &ctx.principal.organisation else { return Ok(Arc::default()) };
        let organisation = own.organisation.as_str();
        if let Some(kept) = self.kept_summary(organisation, &self.moment().await?) {
            return Ok(kept);
        }
        let _one = self.summaries.making.lock().await;
        // Before anything is read: what changes meanwhile makes the figures old at once.
        let moment = self.moment().await?;
        if let Some(kept) = self.kept_summary(organisation, &moment) {
            return Ok(kept);
        }
        let made = Arc::new(self.make_summary(organisation).await?);
        let mut kept = self.summaries.kept.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(organisation.to_owned(), (moment, made.clone()));
        Ok(made)
    }

    fn kept_summary(&self, organisation: &str, moment: &Moment) -> Option<Arc<GovernanceSummary>> {
        let kept = self.summaries.kept.lock();
        kept.get(organisation).filter(|(of, _)| of == moment).map(|(_, made)| made.clone())
    }

    async fn moment(&self) -> Result<Moment> {
        let epochs = self.catalog.epochs().await?;
        let epochs = TABLES.iter().map(|table| epochs.get(*table).copied().unwrap_or(0)).collect();
        let open = |entry: &Arc<Entry>| entry.of_record().is_none().then(|| entry.current()).flatten();
        let loaded = self.registry.all().iter().filter_map(|entry| Some(open(entry)?.generation.id.clone())).collect();
        Ok(Moment { epochs, loaded })
    }

    async fn make_summary(&self, organisation: &str) -> Result<GovernanceSummary> {
        let projects = self.catalog.list(&List::<Project>::all().only("organisation", organisation)).await?.items;
        let projects: Vec<String> = projects.into_iter().map(|project| project.meta.id).collect();
        let masks = self.all_masks().await?;
        let entries = self.registry.all();
        let here: HashMap<&str, &Arc<Entry>> =
            entries.iter().filter_map(|entry| Some((entry.record.get()?.as_str(), entry))).collect();
        let mut summary = GovernanceSummary::default();
        summary.by_sensitivity.extend(Sensitivity::ALL.iter().map(|level| (*level, 0)));
        let (mut ids, mut last) = (HashSet::new(), String::new());
        loop {
            let list =
                List::<Dataset>::all().any_of("project", projects.iter().map(String::as_str)).after_id(&last).page(CHUNK, 0);
            let page = self.catalog.list(&list).await?.items;
            let Some(end) = page.last() else { break };
            last.clone_from(&end.meta.id);
            for dataset in page {
                let entry = here.get(dataset.meta.id.as_str()).copied();
                // Records of other servers' files and registrations are not served here.
                if dataset.origin != Origin::Api && entry.is_none() {
                    continue;
                }
                let none = Vec::new();
                summary.add(&dataset, &columns(&dataset, entry), masks.get(&dataset.meta.id).unwrap_or(&none));
                ids.insert(dataset.meta.id);
            }
        }
        self.add_shares(&mut summary, &ids).await?;
        Ok(summary)
    }

    async fn all_masks(&self) -> Result<HashMap<String, Vec<Mask>>> {
        let (mut masks, mut last) = (HashMap::<String, Vec<Mask>>::new(), String::new());
        loop {
            let page = self.catalog.list(&List::<Mask>::all().after_id(&last).page(CHUNK, 0)).await?.items;
            let Some(end) = page.last() else { return Ok(masks) };
            last.clone_from(&end.meta.id);
            for mask in page {
                masks.entry(mask.dataset.clone()).or_default().push(mask);
            }
        }
    }

    async fn add_shares(&self, summary: &mut GovernanceSummary, ids: &HashSet<String>) -> Result<()> {
        let (mut shared, mut last) = (HashSet::new(), String::new());
        loop {
            let page = self.catalog.list(&List::<Grant>::all().after_id(&last).page(CHUNK, 0)).await?.items;
            let Some(end) = page.last() else { break };
            last.clone_from(&end.meta.id);
            for grant in page.into_iter().filter(|grant| ids.contains(&grant.dataset)) {
                summary.shares += 1;
                *summary.by_permission.entry(grant.permission).or_default() += 1;
                shared.insert(grant.dataset);
            }
        }
        summary.datasets_shared = shared.len() as u64;
        Ok(())
    }
}

/// The columns of a dataset and their shapes: as its record knows them, or else as it is open here.
fn columns(dataset: &Dataset, entry: Option<&Arc<Entry>>) -> Vec<(String, Shape)> {
    let recorded = ColumnInfo::of_record(dataset.schema.as_ref());
    if !recorded.is_empty() {
        return recorded.into_iter().map(|column| (column.name, shape(&column.kind))).collect();
    }
    let Some(current) = entry.and_then(|entry| entry.current()) else { return Vec::new() };
    let fields = current.generation.table.info().schema.fields().clone();
    fields.iter().map(|field| (field.name().clone(), Shape::of(field.data_type()))).collect()
}

pub(super) fn shape(kind: &str) -> Shape {
    match kind {
        "string" => Shape::Text,
        "int64" => Shape::Whole,
        "float64" | "decimal" => Shape::Number,
        "date" | "timestamp" => Shape::Moment,
        _ => Shape::Other,
    }
}

impl GovernanceSummary {
    fn add(&mut self, dataset: &Dataset, columns: &[(String, Shape)], masks: &[Mask]) {
        let meanings = Meanings::of(&dataset.settings);
        self.datasets += 1;
        self.columns += columns.len() as u64;
        for (name, shape) in columns {
            let mask = masks.iter().find(|mask| mask.column.eq_ignore_ascii_case(name));
            let said = mask.and_then(|mask| Sensitivity::parse(mask.params.get("sensitivity")?.as_str()?));
            let meant = || meanings.by_name(name, *shape).kind.map(SemanticType::sensitivity).unwrap_or_default();
            let level = said.unwrap_or_else(meant);
            *self.by_sensitivity.entry(level).or_default() += 1;
            let is_masked = mask.is_some_and(|mask| mask.hidden || !matches!(mask.strategy.as_str(), "" | "none"));
            self.masked_columns += u64::from(is_masked);
            self.sensitive_columns += u64::from(is_masked || level > Sensitivity::Low);
        }
    }

    /// How much of what is sensitive is masked, from 0 to 1; where nothing is sensitive, all of it.
    pub fn coverage(&self) -> f64 {
        if self.sensitive_columns == 0 { 1.0 } else { self.masked_columns as f64 / self.sensitive_columns as f64 }
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
