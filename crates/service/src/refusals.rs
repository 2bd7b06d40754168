//! Refused attempts, for the audit log. They are written in the background and only so fast: whoever is refused often must
//! not keep others from writing.

use crate::{Ctx, Service};
use datahall_catalog::{Actor, AuditEntry, Catalog, Outcome};
use datahall_core::{Code, Error};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Attempts that wait to be written; more are counted, and the count is written.
const WAITING: usize = 256;
/// The time between two entries.
const PAUSE: Duration = Duration::from_millis(20);

/// Where refused attempts go.
pub(crate) struct Refusals {
    sender: mpsc::Sender<(Actor, AuditEntry)>,
    lost: Arc<AtomicU64>,
}

impl Refusals {
    /// The queue, and what empties it.
    pub(crate) fn new(catalog: Catalog) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        (Self { sender, lost: lost.clone() }, write(catalog, receiver, lost))
    }

    /// Notes an attempt.
    pub(crate) fn note(&self, actor: Actor, entry: AuditEntry) {
        if self.sender.try_send((actor, entry)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn write(catalog: Catalog, mut receiver: mpsc::Receiver<(Actor, AuditEntry)>, lost: Arc<AtomicU64>) {
    while let Some((actor, entry)) = receiver.recv().await {
        if let Err(error) = catalog.record(&actor, entry).await {
            tracing::warn!(?error, "a refused attempt could not be noted");
        }
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let detail = serde_json::json!({"attempts": count});
            let entry = AuditEntry::new("refused.uncounted").detail(detail).outcome(Outcome::Refused);
            if catalog.record(&Actor::system(), entry).await.is_err() {
                lost.fetch_add(count, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Service {
    /// Notes that `action` on the path `object` was refused, when `error` is a refusal.
    pub fn note_refusal(&self, ctx: &Ctx, action: &str, object: &str, error: &Error) {
        self.note_refusal_on(ctx, action, ("path", object), error);
    }

    /// As [`Service::note_refusal`], of something that has a kind and a name.
    pub(crate) fn note_refusal_on(&self, ctx: &Ctx, action: &str, object: (&str, &str), error: &Error) {
        if !matches!(error.code(), Code::Forbidden | Code::Unauthenticated) {
            return;
        }
        let detail = serde_json::json!({"message": error.message()});
        let mut entry = AuditEntry::new(action).on(object.0, object.1).detail(detail).outcome(Outcome::Refused);
        if let Some(organisation) = &ctx.principal.organisation {
            entry = entry.organisation(&organisation.organisation);
        }
        self.refusals.note(ctx.actor(), entry);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, reader};
    use datahall_catalog::{AuditQuery, Outcome};
    use datahall_core::Error;
    use std::time::Duration;

    #[tokio::test]
    async fn a_refused_attempt_is_in_the_log_and_a_mistake_is_not() {
        let fixture = Fixture::new().await;
        fixture.service.note_refusal(&reader(), "POST /x", "/x", &Error::invalid("no"));
        fixture.service.note_refusal(&reader(), "POST /x", "/x", &Error::forbidden("forbidden: no"));
        let query = AuditQuery { outcome: Some(Outcome::Refused), limit: 10, ..AuditQuery::default() };
        for _ in 0..200 {
            let page = fixture.service.catalog.audit(&query).await.unwrap();
            if let Some(entry) = page.items.first() {
                assert_eq!((page.total, entry.action.as_str(), entry.principal.as_str()), (Some(1), "POST /x", "nobody"));
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it was never noted");
    }
}
