//! The schedule of a dataset that is refreshed by the clock, as its settings say.

use super::details::{RefreshMode, RefreshSetting};
use crate::auth::Starter;
use crate::datasets::{Refresh, refresh_output, refresh_params};
use crate::jobs::schedules::fire::{JITTER, OUTPUT, PARAMS, set_next};
use crate::jobs::{Recurrence, Work};
use crate::{Ctx, Object, Service};
use datahall_catalog::{AuditEntry, Change, Dataset, List, Schedule};
use datahall_core::{Error, Result};

/// Who owns such schedules.
const OWNER: &str = "dataset";

/// What the record says of refreshing.
pub(super) fn refresh_of(dataset: &Dataset) -> RefreshSetting {
    let kept = dataset.settings.get("refresh").cloned();
    kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default()
}

/// Takes away the table that keeps rows which are asked for at each read again; gives its name.
pub(crate) fn uncache(dataset: &mut Dataset) -> Option<String> {
    if refresh_of(dataset).mode == RefreshMode::OnDemand { dataset.cache.take() } else { None }
}

impl Service {
    /// Makes, changes or deletes the schedule of a dataset whose settings change. Its jobs have the rights of whoever changes them.
    ///
    /// # Errors
    /// `Invalid` for times that are none, and for a dataset whose rows are not asked for in an outside system; what the database says.
    pub(crate) async fn schedule_refresh(&self, change: &mut Change, ctx: &Ctx, before: &Dataset, after: &Dataset) -> Result<()> {
        let (was, is) = (refresh_of(before), refresh_of(after));
        if was == is {
            return Ok(());
        }
        if is.mode != RefreshMode::OnDemand && after.connection.is_none() {
            return Err(Error::invalid("refresh: is for datasets that are read through a connector"));
        }
        let id = after.meta.id.as_str();
        for old in change.list(&List::<Schedule>::all().only("object", id).only("kind", Refresh::NAME)).await?.items {
            if old.owner == OWNER {
                change.delete(&old).await?;
                change.audit(AuditEntry::deleted("schedule.delete", &old)?.organisation(ctx.home.organisation()));
            }
        }
        let Some((spec, time_zone)) = is.recurrence() else { return Ok(()) };
        let starter = Starter::of(&ctx.principal)?;
        let mut body = Object::new();
        body.insert(PARAMS.into(), refresh_params(id, &after.name, None).into());
        body.insert(OUTPUT.into(), refresh_output(id).into());
        body.insert(JITTER.into(), true.into());
        let mut schedule = Schedule {
            kind: Refresh::NAME.to_owned(),
            object: id.to_owned(),
            spec,
            time_zone: time_zone.map(str::to_owned),
            project: Some(after.project.clone()),
            owner: OWNER.to_owned(),
            starter: starter.label(),
            principal: starter.to_object()?,
            body,
            ..Schedule::default()
        };
        let now = self.clock.now();
        let recurrence = Recurrence::parse(&schedule.spec, schedule.time_zone.as_deref())?;
        // An interval begins with the first time; a time of day is waited for.
        let next = if is.mode == RefreshMode::Interval { Some((now, now)) } else { self.next_of(&schedule, &recurrence, now) };
        set_next(&mut schedule, next);
        change.insert(&mut schedule).await?;
        change.audit(AuditEntry::created("schedule.create", &schedule)?.organisation(ctx.home.organisation()));
        Ok(())
    }
}
