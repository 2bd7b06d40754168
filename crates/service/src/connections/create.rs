//! Making connections.

use super::info::ConnectionInfo;
use super::secrets::refuse_bullets;
use super::trust::set_trusted;
use super::types::Type;
use crate::accounts::authority::is_instance_admin;
use crate::accounts::names;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Connection as Record, Object};
use datahall_core::clock::random_hex;
use datahall_core::connection::Connection;
use datahall_core::{Code, Error, Result};

/// Names that mean something else where names are looked up.
const RESERVED: &str = "catalog";

/// What a connection is to be.
#[derive(Debug, Clone, Default)]
pub struct NewConnection {
    /// Its name, unique in the organisation ignoring case.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What it is for.
    pub description: String,
    /// Its settings, as they come.
    pub config: datahall_catalog::Hidden<Object>,
}

pub(super) fn check_name(name: &str) -> Result<()> {
    names::check("name", name)?;
    if names::same(name, RESERVED) { Err(Error::invalid(format!("name: '{RESERVED}' is reserved"))) } else { Ok(()) }
}

pub(super) fn taken(name: &str) -> Error {
    Error::new(Code::Conflict, format!("the name is taken: {name}"))
}

impl Service {
    /// Makes a connection in the caller's organisation. Its system is asked once; that it does not answer keeps nobody from making it.
    ///
    /// # Errors
    /// `Unauthenticated`; `Forbidden` without WRITE_CONF on the organisation, or ADMIN on the instance for types that load code; `Invalid`
    /// for settings that are wrong, or lead where the caller may not; `Conflict` when the name is taken; `Unavailable` when secrets
    /// cannot be sealed.
    pub async fn create_connection(&self, ctx: &Ctx, new: NewConnection) -> Result<ConnectionInfo> {
        let organisation = self.connection_editor(ctx)?;
        check_name(&new.name)?;
        let kind = Type::named(&new.kind)?;
        let config = new.config.0;
        refuse_bullets(kind, &config)?;
        let (stated, trusted) = (kind.reach(&config)?, is_instance_admin(ctx));
        self.judge_connection(kind, &stated, trusted)
            .inspect_err(|error| self.note_refusal_on(ctx, "connection.create", ("connection", &new.name), error))?;
        if self.catalog.find(Record::by_name(organisation, &new.name)).await?.is_some() {
            return Err(taken(&new.name));
        }
        let mut record = Record {
            organisation: organisation.to_owned(),
            name: new.name,
            kind: kind.name.to_owned(),
            description: new.description,
            ..Record::default()
        };
        record.meta.id = random_hex(&*self.random, 8);
        set_trusted(&mut record, trusted);
        let health = self.try_out(&record, stated, trusted).await?;
        self.put_settings(&mut record, config).await?;
        let mut change = self.catalog.change(&ctx.actor()).await?;
        change.insert(&mut record).await.map_err(|error| match error.code() {
            Code::Conflict => taken(&record.name),
            _ => error,
        })?;
        let entry = AuditEntry::created("connection.create", &record)?.organisation(organisation);
        change.commit(entry).await?;
        self.note_tried(&record, &health);
        Ok(self.connection_info(record))
    }

    /// Asks the system that settings lead to, before they are kept; gives how that went.
    ///
    /// # Errors
    /// `Invalid` when it may not be reached, which is known only once names were looked up; `Throttled`.
    pub(super) async fn try_out(
        &self,
        record: &Record,
        stated: datahall_core::connection::Reach,
        trusted: bool,
    ) -> Result<Result<()>> {
        let (reach, access) = self.settled(&record.organisation, stated, trusted);
        self.connections.make_own(&reach)?;
        let connection = Connection { id: record.meta.id.clone(), version: 0, name: record.name.clone(), reach };
        match self.probe(&connection, &access).await {
            Err(error) if matches!(error.code(), Code::Invalid | Code::Forbidden | Code::Throttled) => Err(error),
            outcome => Ok(outcome),
        }
    }

    /// Remembers of a record that was just written what was found out before.
    pub(super) fn note_tried(&self, record: &Record, outcome: &Result<()>) {
        // Only its id and its version count here.
        let reach = datahall_core::connection::Reach::Lakehouse { root: None };
        let (id, version) = (record.meta.id.clone(), record.meta.version);
        self.note_health(&Connection { id, version, name: String::new(), reach }, outcome);
    }
}
