//! Specs that are uploaded again by the clock.

use super::work;
use crate::auth::Starter;
use crate::jobs::Recurrence;
use crate::jobs::schedules::fire::{OUTPUT, PARAMS, set_next};
use crate::{Object, home};
use chrono::TimeDelta;
use datahall_catalog::{AuditEntry, Change, List, Package, Schedule};
use datahall_core::Result;

/// Who owns these schedules.
const OWNER: &str = "specs";

/// Makes, changes or deletes the schedule of a package that is uploaded now. A time that is still ahead is kept where it is the earlier one.
///
/// # Errors
/// What the catalog says.
pub(super) async fn bring_in_line(
    change: &mut Change,
    package: &Package,
    period: Option<TimeDelta>,
    starter: &Starter,
) -> Result<()> {
    let mine = List::<Schedule>::all().only("object", &package.meta.id).only("kind", work::UPLOAD);
    let mut there = change.list(&mine).await?.items.into_iter();
    let old = there.next();
    let Some(period) = period else {
        for schedule in old.into_iter().chain(there) {
            change.delete(&schedule).await?;
            change.audit(AuditEntry::deleted("schedule.delete", &schedule)?.organisation(home::ORGANISATION));
        }
        return Ok(());
    };
    let now = change.at();
    let due = now.to_datetime().checked_add_signed(period);
    let ahead = old.as_ref().and_then(|old| old.next_at).filter(|next| *next > now).map(|next| next.to_datetime());
    let due = match (due, ahead) {
        (Some(due), Some(ahead)) => Some(due.min(ahead)),
        (due, ahead) => due.or(ahead),
    };
    let mut schedule = Schedule {
        kind: work::UPLOAD.to_owned(),
        object: package.meta.id.clone(),
        spec: Recurrence::in_seconds(period),
        project: Some(package.project.clone()),
        owner: OWNER.to_owned(),
        starter: starter.label(),
        principal: starter.to_object()?,
        body: Object::from_iter([
            (PARAMS.to_owned(), work::upload_params(&package.meta.id).into()),
            (OUTPUT.to_owned(), format!("spec-upload:{}", package.meta.id).into()),
        ]),
        ..Schedule::default()
    };
    set_next(&mut schedule, due.map(|due| (due, due)));
    let entry = match old {
        None => {
            change.insert(&mut schedule).await?;
            AuditEntry::created("schedule.create", &schedule)?
        }
        Some(old) => {
            (schedule.meta, schedule.last_job) = (old.meta.clone(), old.last_job.clone());
            change.update(&mut schedule).await?;
            AuditEntry::updated("schedule.update", &old, &schedule)?
        }
    };
    change.audit(entry.organisation(home::ORGANISATION));
    Ok(())
}
