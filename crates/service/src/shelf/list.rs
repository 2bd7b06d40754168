//! Listing the datasets of a project, a page at a time, out of the catalog alone.

use super::{DatasetInfo, Pages};
use crate::{Ctx, Page, Service, home};
use datahall_catalog::{Dataset, Grant, List, Mask, Origin};
use datahall_core::Result;
use datahall_core::access::Verdict;
use datahall_core::privilege::Privilege;
use std::collections::{HashMap, HashSet};

/// Records that a statement names to leave them out; where there are more, all are looked at.
pub(super) const MOST_NAMED: usize = 5_000;

/// What datasets are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatasetOrder {
    /// Their names.
    #[default]
    Name,
    /// When they were made.
    CreatedAt,
    /// When their records last changed.
    UpdatedAt,
    /// How many rows they have; those of which that is not known come first.
    RowCount,
}

/// Which datasets to list, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatasetFilter {
    /// Only those with this text in their name, title, description, tags or columns, ignoring case.
    pub text: Option<String>,
    /// What they are ordered by.
    pub order: DatasetOrder,
    /// The greatest first.
    pub descending: bool,
    /// Only those that the caller may read and, where they are shared with somebody, that are shared with him, are his, or that he
    /// administers.
    pub available: bool,
}

impl Service {
    /// The datasets where the caller is that he may know of: one page, and how many there are in all.
    ///
    /// # Errors
    /// As [`Service::require_read`]; what the catalog says.
    pub async fn datasets(&self, ctx: &Ctx, filter: &DatasetFilter, limit: u64, offset: u64) -> Result<Page<DatasetInfo>> {
        self.require_read(ctx)?;
        let held = ctx.principal.grants.on(&ctx.home.scope());
        let sees_all = held.contains(Privilege::ReadConf);
        let available = filter.available && !held.contains(Privilege::Admin);
        let ordered = filter.order != DatasetOrder::RowCount;
        let others = self.unlisted(ctx);
        if sees_all && filter.text.is_none() && !available && ordered && others.len() <= MOST_NAMED {
            let list = by_column(List::all().only("project", ctx.home.project()).none_of("id", others), filter);
            let mut page = self.catalog.list(&list.page(limit, offset).with_total()).await?;
            // What another server registered a moment ago is not yet known to be its own.
            page.items.retain(|record| self.is_listed(ctx, record));
            let items = self.infos(ctx, std::mem::take(&mut page.items)).await?;
            return Ok(Page { items, total: page.total });
        }
        let mut found = self.looked_through(ctx, filter).await?;
        sort(&mut found, filter);
        let total = found.len() as u64;
        let (limit, offset) = (usize::try_from(limit).unwrap_or(usize::MAX), usize::try_from(offset).unwrap_or(usize::MAX));
        Ok(Page { items: found.into_iter().skip(offset).take(limit).collect(), total: Some(total) })
    }

    /// Whether the record is of a dataset that was made through an API, or of one that this server was told of otherwise and the
    /// caller may know of.
    fn is_listed(&self, ctx: &Ctx, record: &Dataset) -> bool {
        let told_of = || self.registry.told_of(&record.meta.id).is_some_and(|entry| self.may_share_view(ctx, &entry));
        record.origin == Origin::Api || told_of()
    }

    /// The ids of all other records of the project.
    fn unlisted(&self, ctx: &Ctx) -> Vec<String> {
        if ctx.home.project() != home::PROJECT {
            return Vec::new();
        }
        let queries = self.registry.queries().into_iter().filter(|entry| !self.may_share_view(ctx, entry));
        self.elsewhere().into_iter().chain(queries.filter_map(|entry| entry.record.get().cloned())).collect()
    }

    /// Those that pass, each looked at.
    async fn looked_through(&self, ctx: &Ctx, filter: &DatasetFilter) -> Result<Vec<DatasetInfo>> {
        let text = filter.text.as_ref().map(|text| text.to_lowercase());
        let (mut found, mut pages) = (Vec::new(), Pages::of_project(ctx.home.project()));
        loop {
            let page = pages.next(&self.catalog).await?;
            if page.is_empty() {
                return Ok(found);
            }
            let wanted = if filter.available { Privilege::ReadData } else { Privilege::ReadConf };
            let passes = |dataset: &Dataset| match self.verdict_on(ctx, ctx.home.organisation(), dataset, wanted) {
                Verdict::Allowed => true,
                Verdict::Refused => !filter.available,
                Verdict::Hidden => false,
            };
            let mut seen: Vec<Dataset> =
                page.into_iter().filter(|dataset| self.is_listed(ctx, dataset) && passes(dataset)).collect();
            if filter.available {
                let kept_back = self.shared_with_others(ctx, &seen).await?;
                seen.retain(|dataset| !kept_back.contains(&dataset.meta.id));
            }
            let infos = self.infos(ctx, seen).await?;
            found.extend(infos.into_iter().filter(|info| text.as_ref().is_none_or(|text| mentions(info, text))));
        }
    }

    async fn infos(&self, ctx: &Ctx, records: Vec<Dataset>) -> Result<Vec<DatasetInfo>> {
        let ids = records.iter().map(|record| record.meta.id.as_str());
        let mut masks: HashMap<String, Vec<Mask>> = HashMap::new();
        for mask in self.catalog.list(&List::<Mask>::all().any_of("dataset", ids)).await?.items {
            masks.entry(mask.dataset.clone()).or_default().push(mask);
        }
        let mut infos = Vec::with_capacity(records.len());
        for record in &records {
            let of_it = masks.remove(&record.meta.id).unwrap_or_default();
            let mut info = self.summary_of(ctx, ctx.home.organisation(), record, &of_it);
            let open = self.registry.find(ctx.home.project(), &record.name);
            if let Some(current) = open.as_ref().and_then(|entry| entry.current()) {
                let handle = self.handle(ctx, &current);
                info.row_count = self.rows_seen(ctx, &current.generation, &handle).await;
            }
            infos.push(info);
        }
        Ok(infos)
    }

    /// Of these, the ids of those that are shared with somebody, and neither with the caller nor his own nor administered by him.
    async fn shared_with_others(&self, ctx: &Ctx, datasets: &[Dataset]) -> Result<HashSet<String>> {
        let ids = datasets.iter().map(|dataset| dataset.meta.id.as_str());
        let mut shared: HashMap<String, bool> = HashMap::new();
        for grant in self.catalog.list(&List::<Grant>::all().any_of("dataset", ids)).await?.items {
            let with_him = self.is_grantee(ctx, &grant);
            *shared.entry(grant.dataset).or_default() |= with_him;
        }
        let owner = super::add::owner(ctx);
        let own = |dataset: &&Dataset| dataset.owner.as_ref() == Some(&owner);
        let administers =
            |dataset: &&Dataset| self.verdict_on(ctx, ctx.home.organisation(), dataset, Privilege::Admin) == Verdict::Allowed;
        let kept_back =
            |dataset: &&Dataset| shared.get(&dataset.meta.id) == Some(&false) && !own(dataset) && !administers(dataset);
        Ok(datasets.iter().filter(kept_back).map(|dataset| dataset.meta.id.clone()).collect())
    }
}

fn by_column(list: List<Dataset>, filter: &DatasetFilter) -> List<Dataset> {
    let column = match filter.order {
        DatasetOrder::Name | DatasetOrder::RowCount => "name",
        DatasetOrder::CreatedAt => "created_at",
        DatasetOrder::UpdatedAt => "updated_at",
    };
    if filter.descending { list.order_by_desc(column) } else { list.order_by(column) }
}

fn mentions(info: &DatasetInfo, text: &str) -> bool {
    let has = |candidate: &str| candidate.to_lowercase().contains(text);
    has(&info.name)
        || info.friendly_name.as_deref().is_some_and(has)
        || info.description.as_deref().is_some_and(has)
        || info.tags.iter().any(|tag| has(tag))
        || info.columns.iter().any(|column| has(&column.name))
}

fn sort(found: &mut [DatasetInfo], filter: &DatasetFilter) {
    found.sort_by(|a, b| {
        let order = match filter.order {
            DatasetOrder::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            DatasetOrder::CreatedAt => a.created_at.cmp(&b.created_at),
            DatasetOrder::UpdatedAt => a.updated_at.cmp(&b.updated_at),
            DatasetOrder::RowCount => a.row_count.cmp(&b.row_count),
        };
        let order = if filter.descending { order.reverse() } else { order };
        order.then_with(|| a.id.cmp(&b.id))
    });
}
