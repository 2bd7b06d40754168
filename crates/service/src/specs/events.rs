//! What is told when a flow ends: one event, whoever was killed when (contract `specs`, 6).

use super::contents::Findability;
use super::flow::{Flow, FlowState};
use super::names::Whose;
use super::told;
use crate::{Ctx, Object, Service};
use datahall_catalog::{Activity, Delivery, Event, List, Millis};
use datahall_core::Result;
use serde_json::json;

/// Events of one answer, the newest.
const MOST: u64 = 1_000;
/// Deliveries that are looked up at a time.
const AT_ONCE: usize = 200;

/// An event, and whom it reached.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecEvent {
    /// What is told: `id`, `entity`, `action`, `status`, `findability`, `owner`, `ownerid`, `dataset`, `flow_id`, `pipeline_id`,
    /// `timestamp` and `payload`.
    pub event: Object,
    /// On which ways it is or was told.
    pub deliveries: Vec<SpecDelivery>,
}

/// One way on which an event is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecDelivery {
    /// `hook` or `mail`.
    pub channel: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it arrived.
    pub delivered_at: Option<Millis>,
    /// When it is tried next; none when it arrived or was given up.
    pub next_at: Option<Millis>,
    /// Why the last try failed.
    pub error: Option<String>,
}

impl Service {
    /// What was told of the ends of a package's flows, the newest first.
    ///
    /// # Errors
    /// `NotFound`, also for a private package that the caller may not read.
    pub async fn spec_events(&self, ctx: &Ctx, owner: &str, dataset: &str) -> Result<Vec<SpecEvent>> {
        let package = self.spec_package(owner, dataset).await?;
        self.require_package(ctx, owner, &package)?;
        let all = List::<Event>::all().only("package", &package.meta.id).order_by_desc("number").page(MOST, 0);
        let events = self.catalog.list(&all).await?.items;
        let mut deliveries = Vec::new();
        for some in events.chunks(AT_ONCE) {
            let of = List::<Delivery>::all().any_of("event", some.iter().map(|event| event.meta.id.as_str())).order_by("channel");
            deliveries.extend(self.catalog.list(&of).await?.items);
        }
        let stranger = self.is_stranger(ctx, owner, &package).await?;
        let project = self.project_of(&package).await?;
        let lens = self.lens(ctx, &project, &package).await?;
        let some_kept = !lens.kept_now().is_empty();
        let told = |mut event: Event| {
            let number = event.number;
            // Plans of old revisions are dropped, so what is kept of one table keeps the words of all pipelines.
            told::of_event(&mut event.body, stranger, |pipeline| some_kept || lens.keeps_pipeline(pipeline, number));
            let mine = deliveries.iter().filter(|delivery| delivery.event.as_ref() == Some(&event.meta.id));
            SpecEvent { deliveries: mine.cloned().map(SpecDelivery::from).collect(), event: event.body }
        };
        Ok(events.into_iter().map(told).collect())
    }
}

impl From<Delivery> for SpecDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { channel, attempts, delivered_at, next_at, error, .. } = delivery;
        Self { channel, attempts, delivered_at, next_at, error }
    }
}

/// What is told of the end of a flow. `id` tells one event from another, however often it arrives.
pub(super) fn of_end(id: &str, flow_id: &str, whose: &Whose, flow: &Flow, activities: &[Activity], at: Millis) -> Object {
    let succeeded = flow.state == FlowState::Succeeded;
    let published = succeeded && whose.findability == Findability::Published;
    let last = activities.iter().max_by_key(|activity| (activity.ended_at, activity.position));
    let event = json!({
        "id": id,
        "timestamp": at.to_datetime().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "entity": "flow",
        "action": "finish",
        "status": if succeeded { "OK" } else { "FAIL" },
        "findability": if published { "published" } else { "private" },
        "owner": whose.owner_name,
        "ownerid": whose.owner,
        "dataset": whose.dataset,
        "flow_id": flow_id,
        "pipeline_id": last.map_or(flow_id, |activity| activity.name.as_str()),
        "payload": {"flow-id": flow_id, "errors": flow.error_log.clone().unwrap_or_default()},
    });
    event.as_object().cloned().unwrap_or_default()
}
