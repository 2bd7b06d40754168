//! What is told to somebody outside: kept until it has arrived, tried again and again with growing pauses, by one process at a time. No
//! flow waits for it.

mod courier;
mod mail;

pub use courier::{Courier, NetCourier};
pub use mail::Mail;

use super::flow::{Flow, FlowState};
use crate::{Ctx, Object, Service};
use datahall_catalog::{Actor, AuditEntry, Change, Delivery, Event, List, Millis, Outcome, Value};
use datahall_core::{Error, Result};
use futures::{StreamExt, stream};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const HOOK: &str = "hook";
const MAIL: &str = "mail";
const PERIOD: Duration = Duration::from_secs(1);
/// Deliveries that are looked at in one turn, and tried at once.
const MOST: u64 = 50;
const AT_ONCE: usize = 8;
/// How long whoever tries has it to himself, in milliseconds: longer than any try takes.
const LEASE: i64 = 60_000;
/// The longest pause between two tries, in milliseconds.
const LONGEST: i64 = 3_600_000;
/// Tries; with their pauses they take about a day.
const TRIES: i64 = 35;
/// Notices of failed uploads that may wait; whoever fails in a loop fills no mailbox.
const MOST_NOTICES: u64 = 100;

impl Service {
    /// Puts what is to be told of an event on its ways.
    pub(super) async fn send_event(&self, change: &mut Change, event: &Event, flow: &Flow) -> Result<()> {
        let mut ways = Vec::new();
        if self.settings.specs.events_url.is_some() {
            ways.push((HOOK, event.body.clone()));
        }
        if self.settings.specs.mail.is_some() && flow.state == FlowState::Failed {
            ways.push((MAIL, Mail::of_flow(&event.body, flow).to_object()?));
        }
        for (channel, body) in ways {
            let event = Some(event.meta.id.clone());
            let mut delivery =
                Delivery { event, channel: channel.into(), next_at: Some(change.at()), body, ..Delivery::default() };
            change.insert(&mut delivery).await?;
        }
        Ok(())
    }

    /// Notes that an upload failed whose caller was allowed to make it, and tells those who are told of failures. Nothing that goes wrong
    /// here makes it fail differently.
    pub(super) async fn tell_failed_upload(&self, ctx: &Ctx, dataset: &str, errors: &[String]) {
        let entry = AuditEntry::new("spec.upload").on("dataset", dataset).outcome(Outcome::Failed);
        self.refusals.note(ctx.actor(), entry.detail(json!({ "errors": errors })));
        if let Err(error) = self.notify_failed_upload(ctx, dataset, errors).await {
            tracing::warn!(?error, dataset, "a failed upload could not be told of");
        }
    }

    async fn notify_failed_upload(&self, ctx: &Ctx, dataset: &str, errors: &[String]) -> Result<()> {
        if self.settings.specs.mail.is_none() {
            return Ok(());
        }
        let waiting = List::<Delivery>::all().missing("event").page(MOST_NOTICES, 0);
        if self.catalog.list(&waiting).await?.items.len() as u64 >= MOST_NOTICES {
            tracing::warn!(dataset, "too many notices wait; this failed upload is not told of");
            return Ok(());
        }
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let body = Mail::of_upload(dataset, errors).to_object()?;
        let mut delivery = Delivery { channel: MAIL.into(), next_at: Some(change.at()), body, ..Delivery::default() };
        change.insert(&mut delivery).await?;
        change.commit(AuditEntry::about("delivery.create", &delivery).detail(json!({ "dataset": dataset }))).await?;
        self.specs.wake_deliveries.notify_one();
        Ok(())
    }

    /// Delivers for ever, where this process does the work of jobs.
    pub(crate) fn watch_deliveries(self: &Arc<Self>) {
        let (me, wake) = (Arc::downgrade(self), self.specs.wake_deliveries.clone());
        if !self.settings.jobs.enabled {
            return;
        }
        self.background(async move {
            let mut poll = interval(PERIOD);
            poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut fails = false;
            loop {
                tokio::select! {
                    () = wake.notified() => {}
                    _ = poll.tick() => {}
                }
                let Some(service) = me.upgrade() else { return };
                match service.deliver_due().await {
                    Err(error) if !fails => {
                        tracing::warn!(?error, "nothing can be delivered at the moment");
                        fails = true;
                    }
                    Err(_) => {}
                    Ok(_) => fails = false,
                }
            }
        });
    }

    /// Tries what is due; gives how many tries there were. A way that this process has no configuration for is left to others.
    pub(super) async fn deliver_due(&self) -> Result<usize> {
        let settings = &self.settings.specs;
        let ways = [(HOOK, settings.events_url.is_some()), (MAIL, settings.mail.is_some())];
        let ways: Vec<&str> = ways.into_iter().filter(|(_, there)| *there).map(|(way, _)| way).collect();
        if ways.is_empty() {
            return Ok(0);
        }
        let now = Millis::from(self.clock.now());
        let due = List::<Delivery>::all().any_of("channel", ways).at_most("next_at", now).order_by("next_at").page(MOST, 0);
        let due = self.catalog.list(&due).await?.items;
        let tries = stream::iter(due).map(|delivery| self.deliver(delivery, now)).buffer_unordered(AT_ONCE);
        let tried: Vec<Result<bool>> = tries.collect().await;
        tried.into_iter().try_fold(0, |count, tried| Ok(count + usize::from(tried?)))
    }

    /// Tries one; gives whether it was this process's to try.
    async fn deliver(&self, seen: Delivery, now: Millis) -> Result<bool> {
        let attempts = seen.attempts + 1;
        let when = vec![("next_at", Value::from(seen.next_at)), ("attempts", seen.attempts.into())];
        let set = vec![("next_at", Value::from(Millis(now.0 + LEASE))), ("attempts", attempts.into())];
        if !self.catalog.touch::<Delivery>(&seen.meta.id, when, set).await? {
            return Ok(false);
        }
        let mine = vec![("attempts", attempts.into())];
        let ended = match self.try_to_tell(&seen).await {
            Ok(()) => {
                let at = Millis::from(self.clock.now());
                vec![("next_at", Value::Int(None)), ("delivered_at", at.into()), ("error", Value::Text(None))]
            }
            Err(error) if attempts >= TRIES => {
                tracing::error!(
                    ?error,
                    delivery = seen.meta.id,
                    channel = seen.channel,
                    attempts,
                    "given up: it does not arrive"
                );
                let why = format!("given up after {attempts} tries: {}", error.message());
                vec![("next_at", Value::Int(None)), ("error", why.replace('\0', " ").into())]
            }
            Err(error) => {
                tracing::warn!(
                    ?error,
                    delivery = seen.meta.id,
                    channel = seen.channel,
                    attempts,
                    "it did not arrive; tried again later"
                );
                let next = Millis::from(self.clock.now()).0 + pause(attempts);
                vec![("next_at", Millis(next).into()), ("error", error.message().replace('\0', " ").into())]
            }
        };
        let over = matches!(ended.first(), Some((_, Value::Int(None))));
        self.catalog.touch::<Delivery>(&seen.meta.id, mine, ended).await?;
        if over && seen.event.is_none() {
            self.forget(&seen.meta.id).await?;
        }
        Ok(true)
    }

    async fn try_to_tell(&self, delivery: &Delivery) -> Result<()> {
        let settings = &self.settings.specs;
        match (delivery.channel.as_str(), &settings.events_url, &settings.mail) {
            (HOOK, Some(url), _) => {
                let body = serde_json::to_vec(&Json::Object(delivery.body.clone())).map_err(Error::internal)?;
                self.courier.post(url, body).await
            }
            (MAIL, _, Some(mail)) => {
                let password = settings.mail_password(&self.environment)?;
                self.courier
                    .mail(mail, password.as_ref().map(|password| password.0.as_str()), &Mail::from_object(&delivery.body)?)
                    .await
            }
            _ => Err(Error::unavailable("this server has no such way")),
        }
    }

    /// Deletes what belongs to no event, once it is over.
    async fn forget(&self, id: &str) -> Result<()> {
        let mut change = self.catalog.change(&Actor::system()).await?;
        let Some(delivery) = change.get::<Delivery>(id).await? else { return Ok(()) };
        change.delete(&delivery).await?;
        let detail = json!({"attempts": delivery.attempts, "delivered_at": delivery.delivered_at, "error": delivery.error});
        change.commit(AuditEntry::about("delivery.end", &delivery).detail(detail)).await
    }
}

/// How long to wait after so many tries, in milliseconds.
fn pause(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(20);
    (1_000_i64 << doublings).min(LONGEST)
}

impl Mail {
    fn to_object(&self) -> Result<Object> {
        match serde_json::to_value(self) {
            Ok(Json::Object(object)) => Ok(object),
            other => Err(Error::internal(format!("a message is an object: {other:?}"))),
        }
    }

    fn from_object(object: &Object) -> Result<Self> {
        serde_json::from_value(Json::Object(object.clone())).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_all_take_about_a_day() {
        assert_eq!([1, 2, 3, 12, 13, 35].map(pause), [1_000, 2_000, 4_000, 2_048_000, LONGEST, LONGEST]);
        let all: i64 = (1..TRIES).map(pause).sum();
        assert!((20 * 3_600_000..=26 * 3_600_000).contains(&all), "{all}");
    }
}
