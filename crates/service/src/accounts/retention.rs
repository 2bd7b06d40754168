//! What has had its time: entries of the audit log and jobs past retention, and sessions that ended. Looked for at the start and daily.

use crate::Service;
use chrono::TimeDelta;
use datahall_catalog::{Actor, AuditEntry, List, Millis, Session};
use datahall_core::Result;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const PERIOD: Duration = Duration::from_secs(24 * 3600);
/// Sessions that are deleted in one change; others may change something in between.
const AT_ONCE: u64 = 1000;

impl Service {
    /// Clears up for ever.
    pub(crate) fn watch_retention(self: &Arc<Self>) {
        let me = Arc::downgrade(self);
        self.background(async move {
            let mut tick = tokio::time::interval(PERIOD);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let Some(service) = me.upgrade() else { return };
                if let Err(error) = service.clear_up().await {
                    tracing::warn!(?error, "old entries of the audit log or old sessions could not be deleted");
                }
                if let Err(error) = service.clear_up_jobs().await {
                    tracing::warn!(?error, "old jobs could not be deleted");
                }
            }
        });
    }

    /// Deletes what has had its time.
    pub(crate) async fn clear_up(&self) -> Result<()> {
        let now = self.clock.now();
        let days = self.settings.limits.audit_retention_days;
        if days > 0
            && let Some(before) = now.checked_sub_signed(TimeDelta::days(days.into()))
        {
            let pruned = self.catalog.prune_audit(&Actor::system(), before.into()).await?;
            tracing::info!(entries = pruned, days, "old entries of the audit log are deleted");
        }
        let ended = List::<Session>::all().at_most("expires_at", Millis::from(now)).page(AT_ONCE, 0);
        // Nothing is written, not even begun, when there is nothing to do.
        while !self.catalog.list(&ended).await?.items.is_empty() {
            let mut change = self.catalog.change(&Actor::system()).await?;
            let ended = change.list(&ended).await?.items;
            for session in &ended {
                change.delete(session).await?;
            }
            change.commit(AuditEntry::new("session.purge").detail(json!({"sessions": ended.len()}))).await?;
        }
        Ok(())
    }
}
