//! Changing connections: what is kept, what must be said again, and whose word counts for where they lead.

use super::create::{check_name, taken};
use super::destination::{is_same_place, may_have_secrets_of};
use super::info::ConnectionInfo;
use super::record::kind_of;
use super::secrets::{kept, merged, replaced};
use super::trust::{is_trusted, set_trusted};
use super::types::Type;
use crate::accounts::authority::is_instance_admin;
use crate::accounts::names;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Connection as Record, Hidden, Object};
use datahall_core::connection::Reach;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::collections::BTreeSet;

/// What of a connection is to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectionChange {
    /// Only if it is in one of these versions.
    pub versions: Option<Vec<i64>>,
    /// Its name.
    pub name: Option<String>,
    /// Its type, which must be the one it has.
    pub kind: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its settings.
    pub config: Option<ConfigChange>,
}

/// How settings change. Bullets keep the secret that is there.
#[derive(Debug, Clone)]
pub enum ConfigChange {
    /// All of them; what is not there goes.
    Replace(Hidden<Object>),
    /// Some of them: objects merge, nulls remove.
    Merge(Hidden<Object>),
}

/// Settings that are to take the place of others.
pub(super) struct Settled {
    pub(super) settings: Object,
    pub(super) stated: Reach,
    pub(super) trusted: bool,
}

impl ConfigChange {
    fn sent(&self) -> &Object {
        match self {
            Self::Replace(sent) | Self::Merge(sent) => &sent.0,
        }
    }

    fn applied(&self, kind: &Type, stored: Result<&Object, &Error>) -> Result<Object> {
        match (self, stored) {
            (Self::Replace(sent), Ok(stored)) => replaced(kind, &sent.0, Some(stored)),
            // Who says everything anew needs nothing of what cannot be opened.
            (Self::Replace(sent), Err(error)) => replaced(kind, &sent.0, None).map_err(|_| error.clone()),
            (Self::Merge(sent), Ok(stored)) => merged(kind, &sent.0, stored),
            (Self::Merge(_), Err(error)) => Err(error.clone()),
        }
    }
}

impl Service {
    /// Changes a connection of the caller's organisation, all of it or, after an error, nothing.
    ///
    /// # Errors
    /// As [`Service::create_connection`]; `NotFound`; `Stale` when it is in another version; `Invalid` also when it would lead elsewhere
    /// with secrets that were not given anew, and for bullets that stand for nothing.
    pub async fn change_connection(&self, ctx: &Ctx, name: &str, wanted: ConnectionChange) -> Result<ConnectionInfo> {
        let organisation = self.connection_editor(ctx)?;
        let before = self.connection_record(ctx, name).await?;
        if wanted.versions.as_ref().is_some_and(|versions| !versions.contains(&before.meta.version)) {
            return Err(Error::new(Code::Stale, "the connector was changed since you read it"));
        }
        let kind = kind_of(&before);
        if let Some(wanted) = &wanted.kind
            && Type::named(wanted)?.name != kind.name
        {
            return Err(Error::invalid("connector_type: cannot be changed; make another connector"));
        }
        let mut record = before.clone();
        if let Some(name) = wanted.name {
            check_name(&name)?;
            let other = self.catalog.find(Record::by_name(organisation, &name)).await?;
            if !names::same(&name, &before.name) && other.is_some() {
                return Err(taken(&name));
            }
            record.name = name;
        }
        record.description = wanted.description.unwrap_or(record.description);
        let mut health = None;
        if let Some(change) = &wanted.config {
            let settled = self.settings_after(ctx, &before, change)?;
            set_trusted(&mut record, settled.trusted);
            if self.settings_of(&before).ok().as_ref() != Some(&settled.settings) {
                health = Some(self.try_out(&record, settled.stated, settled.trusted).await?);
            }
            self.put_settings(&mut record, settled.settings).await?;
        }
        if record == before {
            return Ok(self.connection_info(before));
        }
        let entry = self.write_change(ctx, &before, &mut record).await;
        entry.map_err(|error| if record.name == before.name { error } else { renamed(&record, error) })?;
        if let Some(health) = health {
            self.note_tried(&record, &health);
        }
        // Nobody reads as it was once this is answered.
        self.see_connections().await?;
        Ok(self.connection_info(record))
    }

    async fn write_change(&self, ctx: &Ctx, before: &Record, record: &mut Record) -> Result<()> {
        let changed = self.changed_names(before, record);
        let mut change = self.catalog.change(&ctx.actor()).await?;
        change.update(record).await?;
        let entry = AuditEntry::updated("connection.change", before, record)?.organisation(&record.organisation);
        change.commit(entry.detail(json!({"settings": changed}))).await
    }

    /// The settings after a change, judged: whose word counts for where they lead, and which secrets may be sent there.
    pub(super) fn settings_after(&self, ctx: &Ctx, before: &Record, change: &ConfigChange) -> Result<Settled> {
        let kind = kind_of(before);
        let stored = self.settings_of(before);
        let settings = change.applied(kind, stored.as_ref())?;
        let stated = kind.reach(&settings)?;
        let was = stored.ok().and_then(|stored| kind.reach(&stored).ok());
        let is_same = was.as_ref().is_some_and(|was| is_same_place(was, &stated));
        // Where it leads was said by whoever said it last.
        let trusted = if is_same { is_trusted(before) } else { is_instance_admin(ctx) };
        self.judge_connection(kind, &stated, trusted)
            .inspect_err(|error| self.note_refusal_on(ctx, "connection.change", ("connection", &before.meta.id), error))?;
        if !was.is_some_and(|was| may_have_secrets_of(&was, &stated))
            && let Some(path) = kept(kind, &settings, change.sent()).first()
        {
            let why = "must be given anew: the other settings send it elsewhere, or less safely, than where it was given for";
            return Err(Error::invalid(format!("{path}: {why}")));
        }
        Ok(Settled { settings, stated, trusted })
    }

    /// The names of the settings that differ, for the audit log; nothing of what they are.
    fn changed_names(&self, before: &Record, after: &Record) -> BTreeSet<String> {
        let (Ok(before), Ok(after)) = (self.settings_of(before), self.settings_of(after)) else { return BTreeSet::new() };
        let names = before.keys().chain(after.keys());
        names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
    }
}

fn renamed(record: &Record, error: Error) -> Error {
    // Somebody may have taken the name since it was looked up.
    if error.code() == Code::Conflict { taken(&record.name) } else { error }
}
