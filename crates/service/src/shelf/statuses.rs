//! Datasets that were made through APIs, as listings of what is loaded show them: out of their records, without opening any.

use super::{OfRecord, Pages};
use crate::{Ctx, Service, State, Status};
use datahall_catalog::{Dataset, List, Mask};
use datahall_core::Result;
use datahall_core::access::Verdict;
use datahall_core::privilege::Privilege;
use std::collections::HashMap;

impl Service {
    /// Those where the caller is that he may know of. What is not open can be read all the same, and counts as there.
    pub(crate) async fn recorded_statuses(&self, ctx: &Ctx) -> Result<Vec<Status>> {
        let (mut statuses, mut pages) =
            (Vec::new(), Pages::of(List::all().only("project", ctx.home.project()).only("origin", "api")));
        loop {
            let page = pages.next(&self.catalog).await?;
            if page.is_empty() {
                return Ok(statuses);
            }
            let sees =
                |record: &&Dataset| self.verdict_on(ctx, ctx.home.organisation(), record, Privilege::ReadConf) != Verdict::Hidden;
            let seen: Vec<&Dataset> = page.iter().filter(sees).collect();
            let ids = seen.iter().map(|record| record.meta.id.as_str());
            let mut masks: HashMap<String, Vec<Mask>> = HashMap::new();
            for mask in self.catalog.list(&List::<Mask>::all().any_of("dataset", ids)).await?.items {
                masks.entry(mask.dataset.clone()).or_default().push(mask);
            }
            for record in seen {
                let of_it = masks.remove(&record.meta.id).unwrap_or_default();
                match self.registry.on_shelf(ctx.home.project(), &record.name).filter(|entry| entry.current().is_some()) {
                    Some(entry) => {
                        let status = self.status_of(ctx, &entry).await;
                        let description = self.status_of_record(ctx, record, &of_it).description;
                        statuses.push(Status { description, ..status });
                    }
                    None => statuses.push(self.status_of_record(ctx, record, &of_it)),
                }
            }
        }
    }

    fn status_of_record(&self, ctx: &Ctx, record: &Dataset, masks: &[Mask]) -> Status {
        let info = self.summary_of(ctx, ctx.home.organisation(), record, masks);
        let of = OfRecord::of(record).ok();
        let lazy = of.as_ref().is_some_and(|of| of.options.lazy || (of.source.connection().is_some() && of.cache.is_none()));
        Status {
            name: info.name,
            description: info.description,
            state: if of.is_some() { State::Published } else { State::Failed },
            kind: of.as_ref().map_or("delta", |of| of.source.kind()),
            residency: if lazy { "lazy" } else { "memory" },
            rows: info.row_count,
            columns: info.columns.len(),
            lazy,
            depends_on: Vec::new(),
            consecutive_failures: 0,
            refresh_source: None,
            last_refresh_at: Some(info.updated_at.to_datetime()),
            last_refresh_duration_ms: None,
            next_refresh_at: None,
            last_error: None,
            storage_bytes: None,
            generation_id: None,
            notes: Vec::new(),
        }
    }
}
