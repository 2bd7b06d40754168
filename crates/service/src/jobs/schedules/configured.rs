//! The schedules that blocks ask for: `[dataset.refresh]` of each dataset of the configuration, brought in line with what the catalog has,
//! and those of datasets that are registered at run time, which come and go with them.

use super::fire::{BEAT, JITTER, OUTPUT, PARAMS, set_next};
use super::{Recurrence, duration};
use crate::auth::Starter;
use crate::config::RefreshBlock;
use crate::datasets::{Refresh, refresh_output, refresh_params};
use crate::jobs::Work;
use crate::records::Reconciled;
use crate::{Ctx, DatasetBlock, Object, Service, home};
use datahall_catalog::{Actor, AuditEntry, Change, List, Schedule};
use datahall_core::{Code, Result};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Who owns them.
const OWNER: &str = "config";
/// Who owns those of datasets registered at run time.
const RUNTIME: &str = "runtime";
/// How long a saved query may take that does not say; sources take what they need.
const QUERY_TIMEOUT: Duration = Duration::from_secs(600);
/// In a schedule's body: the id of the server whose file has it.
const NODE: &str = "node";

impl RefreshBlock {
    /// How often, and in which time zone; `None`: not by the clock.
    pub(crate) fn recurrence(&self) -> Option<(String, Option<&str>)> {
        match (&self.interval, &self.cron) {
            (Some(interval), _) => Some((format!("every {}", interval.trim()), None)),
            (None, Some(cron)) => Some((format!("cron {}", cron.trim()), self.time_zone.as_deref())),
            (None, None) => None,
        }
    }
}

impl Service {
    /// Makes, changes and deletes schedules as the blocks say. `whole`: they are all that this server's file has, and schedules of its
    /// own that none of them wants go. Those of other servers' files stay.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) async fn reconcile_schedules(&self, blocks: &[DatasetBlock], reconciled: &Reconciled, whole: bool) -> Result<()> {
        for _ in 1..home::TRIES {
            match self.try_reconcile(blocks, reconciled, whole).await {
                Err(error) if error.code() == Code::Conflict => {}
                outcome => return outcome,
            }
        }
        self.try_reconcile(blocks, reconciled, whole).await
    }

    async fn try_reconcile(&self, blocks: &[DatasetBlock], reconciled: &Reconciled, whole: bool) -> Result<()> {
        let mut change = self.catalog.change(&Actor::system()).await?;
        let there = change.list(&List::<Schedule>::all().only("kind", Refresh::NAME)).await?.items;
        let mut there: Vec<_> = there.into_iter().filter(|schedule| schedule.owner == OWNER).collect();
        let mut changed = 0;
        for block in blocks {
            let Some(kept) = reconciled.records.get(&block.name.to_lowercase()) else { continue };
            let at = there.iter().position(|schedule| schedule.object == kept.id);
            let old = at.map(|at| there.swap_remove(at));
            changed += usize::from(self.bring_in_line(&mut change, block, &kept.id, old).await?);
        }
        let own = |schedule: &&Schedule| whole && schedule.body.get(NODE).and_then(Json::as_str) == Some(&self.node);
        for schedule in there.iter().filter(own) {
            change.delete(schedule).await?;
            change.audit(AuditEntry::deleted("schedule.delete", schedule)?);
            changed += 1;
        }
        if changed > 0 {
            change.commit(AuditEntry::new("schedule.reconcile").detail(json!({"changed": changed}))).await?;
        }
        Ok(())
    }

    /// Gives whether anything had to be changed.
    async fn bring_in_line(&self, change: &mut Change, block: &DatasetBlock, id: &str, old: Option<Schedule>) -> Result<bool> {
        let Some(mut new) = schedule_of(block, id, OWNER, &Starter::Admin)? else {
            let Some(old) = old else { return Ok(false) };
            change.delete(&old).await?;
            change.audit(AuditEntry::deleted("schedule.delete", &old)?);
            return Ok(true);
        };
        let node = old.as_ref().and_then(|old| old.body.get(NODE).cloned());
        new.body.insert(NODE.into(), node.unwrap_or_else(|| self.node.as_str().into()));
        let now = self.clock.now();
        let recurrence = Recurrence::parse(&new.spec, new.time_zone.as_deref())?;
        let Some(old) = old else {
            self.insert_schedule(change, new).await?;
            return Ok(true);
        };
        // Later than it can ever be: the clock was set back since.
        let too_late = recurrence.step().zip(old.next_at).is_some_and(|(step, next)| next.to_datetime() > now + step * 2);
        let mut body = old.body.clone();
        let beat = body.remove(BEAT);
        let same = (&old.spec, &old.time_zone) == (&new.spec, &new.time_zone) && old.next_at.is_some() && !too_late;
        if same && body == new.body {
            return Ok(false);
        }
        let mut schedule = Schedule { spec: new.spec, time_zone: new.time_zone, body: new.body, ..old.clone() };
        if same {
            schedule.body.extend(beat.map(|beat| (BEAT.to_owned(), beat)));
        } else {
            schedule.next_at = None;
            let next = self.next_of(&schedule, &recurrence, now);
            set_next(&mut schedule, next);
        }
        change.update(&mut schedule).await?;
        change.audit(AuditEntry::updated("schedule.update", &old, &schedule)?);
        Ok(true)
    }

    async fn insert_schedule(&self, change: &mut Change, mut schedule: Schedule) -> Result<()> {
        let recurrence = Recurrence::parse(&schedule.spec, schedule.time_zone.as_deref())?;
        let next = self.next_of(&schedule, &recurrence, self.clock.now());
        set_next(&mut schedule, next);
        change.insert(&mut schedule).await?;
        change.audit(AuditEntry::created("schedule.create", &schedule)?);
        Ok(())
    }

    /// Makes the schedule that the block of a dataset asks for which is registered at run time under that record, if it asks for one.
    /// Its jobs have the rights of whoever registers it.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular; what the database says.
    pub(crate) async fn schedule_registered(&self, change: &mut Change, ctx: &Ctx, block: &DatasetBlock, id: &str) -> Result<()> {
        match schedule_of(block, id, RUNTIME, &Starter::of(&ctx.principal)?)? {
            Some(schedule) => self.insert_schedule(change, schedule).await,
            None => Ok(()),
        }
    }
}

/// Deletes every schedule of the dataset with that record.
///
/// # Errors
/// What the database says.
pub(crate) async fn delete_schedules(change: &mut Change, id: &str) -> Result<()> {
    for schedule in change.list(&List::<Schedule>::all().only("object", id).only("kind", Refresh::NAME)).await?.items {
        change.delete(&schedule).await?;
        change.audit(AuditEntry::deleted("schedule.delete", &schedule)?);
    }
    Ok(())
}

/// The schedule that a block asks for, as it is before its first time is known.
fn schedule_of(block: &DatasetBlock, id: &str, owner: &str, starter: &Starter) -> Result<Option<Schedule>> {
    let refresh = block.refresh.clone().unwrap_or_default();
    let Some((spec, time_zone)) = refresh.recurrence() else { return Ok(None) };
    let timeout = match &refresh.timeout {
        Some(timeout) => Some(duration(timeout)?),
        None => (block.source.kind == "query").then_some(QUERY_TIMEOUT),
    };
    let mut body = Object::new();
    body.insert(PARAMS.into(), refresh_params(id, &block.name, timeout).into());
    body.insert(OUTPUT.into(), refresh_output(id).into());
    body.insert(JITTER.into(), refresh.jitter.unwrap_or(true).into());
    Ok(Some(Schedule {
        kind: Refresh::NAME.to_owned(),
        object: id.to_owned(),
        spec,
        time_zone: time_zone.map(str::to_owned),
        project: Some(home::PROJECT.to_owned()),
        owner: owner.to_owned(),
        starter: starter.label(),
        principal: starter.to_object()?,
        body,
        ..Schedule::default()
    }))
}
