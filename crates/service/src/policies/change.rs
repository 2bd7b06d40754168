//! Changing a dataset's policy: tightening it takes WRITE_CONF, loosening it WRITE_POLICY.

use super::kept::write_masks;
use super::{Kept, PolicyChange, PolicyInfo, Stated};
use crate::loading::not_found;
use crate::registry::Entry;
use crate::shelf::uncache;
use crate::{ColumnInfo, Ctx, Service};
use arrow::datatypes::{DataType, Field, Schema};
use datahall_catalog::{AuditEntry, Dataset};
use datahall_core::access::Verdict;
use datahall_core::policy::{DatasetPolicy, Protection, loosens};
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::sync::Arc;

impl Service {
    /// Refuses callers who may not change the dataset's policy at all, before anybody reads what they want.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without WRITE_CONF on it.
    pub async fn require_policy_change(&self, ctx: &Ctx, name: &str) -> Result<()> {
        self.require_read(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        let allowed = self.require_on(ctx, &entry, Privilege::WriteConf, "changing the policy of");
        allowed.inspect_err(|error| self.note_refusal_on(ctx, "policy.change", ("dataset", &entry.name), error))
    }

    /// Changes the policy of a dataset, all of it or, after an error, nothing; gives what it is then.
    ///
    /// # Errors
    /// As [`Service::require_policy_change`]; `Forbidden` when it loosens the policy and WRITE_POLICY is not granted; `Stale` when the
    /// dataset is in another version; `Invalid` for an unknown column or strategy, or a row filter that is none; `Conflict` for
    /// what stands in the configuration file and for saved queries, whose policy is that of what they read.
    pub async fn change_policy(&self, ctx: &Ctx, name: &str, wanted: PolicyChange) -> Result<PolicyInfo> {
        self.require_policy_change(ctx, name).await?;
        let entry = self.of_own_organisation(ctx, name).await?;
        if wanted.names_columns() && entry.of_record().is_some() && entry.current().is_none() {
            // Nobody has read it yet. Whether the policy suits it is better said now than to whoever reads it first.
            self.open_record(&entry).await;
        }
        // In a task of its own: what is durable takes effect, also when the caller goes away.
        let (service, ctx_of_it, of_it) = (self.arc(), ctx.clone(), entry.clone());
        let change = tokio::spawn(async move { service.change_policy_of(&ctx_of_it, &of_it, &wanted).await });
        let outcome = change.await.map_err(Error::internal)?;
        if let Err(error) = &outcome {
            self.note_refusal_on(ctx, "policy.change", ("dataset", &entry.name), error);
        }
        outcome
    }

    async fn change_policy_of(&self, ctx: &Ctx, entry: &Arc<Entry>, wanted: &PolicyChange) -> Result<PolicyInfo> {
        let Some(id) = entry.record.get() else {
            let why = format!("dataset '{}' is a saved query: its policy is that of what it reads", entry.name);
            return Err(Error::new(Code::Conflict, why));
        };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let there = self.policy_records_in(&mut change, id).await?;
        let (before_record, masks) = there.ok_or_else(|| not_found(&entry.name))?;
        let version = before_record.meta.version;
        if wanted.versions.as_ref().is_some_and(|versions| !versions.contains(&version)) {
            return Err(Error::new(Code::Stale, "the dataset was changed since you read its policy"));
        }
        let before = Kept::of(&before_record, &masks)?;
        let after = wanted.applied_to(&before)?;
        if after == before && wanted.details.is_empty() {
            return Ok(self.info(ctx, entry, &before_record, &before));
        }
        let columns = entry.stated();
        let stated = (before.stated(&columns, version), after.stated(&columns, version));
        if entry.current().is_none() {
            check_names(&stated.1, &before_record)?;
        }
        let loosened = self.check_change(ctx, entry, &stated)?;
        let mut record = before_record.clone();
        after.put_into(&mut record);
        wanted.details.put_into(&mut record)?;
        if record == before_record && after == before {
            return Ok(self.info(ctx, entry, &record, &after));
        }
        let uncached = uncache(&mut record);
        self.schedule_refresh(&mut change, ctx, &before_record, &record).await?;
        write_masks(&mut change, id, &masks, &after.masks).await?;
        change.update(&mut record).await?;
        let entry_of_log = audit(&before_record, &record, (&before, &after), loosened)?;
        change.commit(entry_of_log.organisation(entry.home.organisation())).await?;
        self.put_in_force(entry, after.stated(&columns, record.meta.version)).await;
        if let Some(table) = uncached {
            // Its rows are asked for at each read from now on.
            self.forget_entry(entry);
            let _ = self.engine.drop_managed(&table).await;
        }
        tracing::info!(
            principal = ctx.principal.label(),
            request_id = ctx.request_id,
            dataset = entry.name,
            loosened,
            "policy changed"
        );
        Ok(self.info(ctx, entry, &record, &after))
    }

    /// Refuses what does not suit the columns and what the caller may not do; gives whether it loosens the policy.
    fn check_change(&self, ctx: &Ctx, entry: &Entry, (before, after): &(Stated, Stated)) -> Result<bool> {
        let current = entry.current();
        // What cannot be loaded is judged when it is; nothing is served of it before.
        if let Some(current) = &current {
            after.check(&*self.engine, &current.generation.table.info().schema)?;
        }
        let (was, is) = (before.unchecked(), after.unchecked());
        let protection = |policy, stated: &Stated| Protection { policy, public: !stated.private };
        let loosened = loosens(protection(&was, before), protection(&is, after));
        if self.verdict(ctx, entry, Privilege::WritePolicy) == Verdict::Allowed {
            return Ok(loosened);
        }
        if loosened {
            return self.require_on(ctx, entry, Privilege::WritePolicy, "loosening the policy of").map(|()| true);
        }
        // Rows that come and go tell what a row filter asks of columns that he does not see as they are.
        let Some(sql) = after.row_filter.as_ref().filter(|_| before.row_filter.is_none()) else { return Ok(false) };
        let plain = current.is_some_and(|current| {
            let schema = &current.generation.table.info().schema;
            let policy = current.policy.for_ctx(ctx);
            let seen = |field: &Arc<arrow::datatypes::Field>| {
                policy.visible.allows(field.name())
                    && policy.mask(field.name()).is_none()
                    && policy.filterable.allows(field.name())
            };
            let fields: Vec<_> = schema.fields().iter().filter(|field| seen(field)).cloned().collect();
            self.engine.check_row_filter(sql, &Arc::new(Schema::new(fields))).is_ok()
        });
        if !plain {
            self.require_on(ctx, entry, Privilege::WritePolicy, "choosing rows by columns that you do not see as they are in")?;
        }
        Ok(false)
    }
}

/// Refuses masks of columns that the record does not know: all that can be said while the rows are not to be had.
fn check_names(after: &Stated, record: &Dataset) -> Result<()> {
    let columns = ColumnInfo::of_record(record.schema.as_ref());
    if columns.is_empty() {
        return Ok(());
    }
    let named = columns.into_iter().map(|column| Field::new(column.name, DataType::Null, true));
    let masks = DatasetPolicy { masks: after.masks.clone(), ..DatasetPolicy::default() };
    masks.check(&Schema::new(named.collect::<Vec<_>>()))
}

fn audit(before: &Dataset, after: &Dataset, kept: (&Kept, &Kept), loosened: bool) -> Result<AuditEntry> {
    let detail = json!({"before": kept.0.image(), "after": kept.1.image(), "loosened": loosened});
    Ok(AuditEntry::updated("policy.change", before, after)?.detail(detail))
}
