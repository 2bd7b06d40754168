//! Who may make, see and use connections: they are the organisation's.

use crate::accounts::authority::administers;
use crate::{Ctx, Service};
use datahall_catalog::{Connection as Record, UsableBy};
use datahall_core::access::Scope;
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};

/// What is said of every connection that the caller may not know of.
pub(super) fn not_found(name: &str) -> Error {
    Error::not_found(format!("not found: connector: {name}"))
}

/// The id of the organisation that the caller acts in, where he has that privilege.
pub(super) fn organisation_with(ctx: &Ctx, privilege: Privilege) -> Option<&str> {
    let own = &ctx.principal.organisation.as_ref()?.organisation;
    let scope = Scope { organisation: Some(own), ..Scope::default() };
    ctx.principal.grants.allow(privilege, &scope).then_some(own)
}

/// Whether the caller may see and use the connection.
pub(super) fn may_use(ctx: &Ctx, record: &Record) -> bool {
    organisation_with(ctx, Privilege::ReadConf) == Some(&record.organisation)
        && match record.usable_by {
            UsableBy::All => true,
            UsableBy::Allowed => {
                let is_allowed = |group: &String| record.allowed_groups.contains(group);
                ctx.principal.groups.iter().any(is_allowed) || administers(ctx, &record.organisation)
            }
        }
}

impl Service {
    /// The id of the organisation whose connections the caller may make and change.
    pub(super) fn connection_editor<'a>(&self, ctx: &'a Ctx) -> Result<&'a str> {
        self.require_editor(ctx)
            .inspect_err(|error| self.note_refusal_on(ctx, "connection.change", ("connection", ""), error))?;
        organisation_with(ctx, Privilege::WriteConf).ok_or_else(|| Error::internal("an editor edits an organisation"))
    }

    /// The record of a connection of the caller's organisation, by its id or its name.
    ///
    /// # Errors
    /// `NotFound` when there is none or it is not his to see.
    pub(super) async fn connection_record(&self, ctx: &Ctx, name: &str) -> Result<Record> {
        let Some(organisation) = organisation_with(ctx, Privilege::ReadConf) else { return Err(not_found(name)) };
        if name.contains('\0') {
            return Err(not_found(&name.escape_debug().to_string()));
        }
        let by_id = self.catalog.get::<Record>(name).await?.filter(|record| record.organisation == organisation);
        let found = match by_id {
            Some(record) => Some(record),
            None => self.catalog.find(Record::by_name(organisation, name)).await?,
        };
        found.filter(|record| may_use(ctx, record)).ok_or_else(|| not_found(name))
    }
}
