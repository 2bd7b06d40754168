//! Trying out connections, as they are or with other settings.

use super::change::ConfigChange;
use crate::{Ctx, Service};
use datahall_catalog::{AuditEntry, Hidden, Object, Outcome};
use datahall_core::connection::Connection;
use datahall_core::{Code, Error, Result};
use serde_json::json;
use std::time::Duration;

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Why it does not work; `None`: it works.
    pub failure: Option<String>,
    /// How long it took to find out.
    pub latency: Duration,
}

impl Service {
    /// Asks the system of a connection of the caller's organisation whether it answers: as it is, which everybody may who may use it, or
    /// with these settings in place of its own, which are not kept. Bullets stand for the secrets that it has, under the same rules as
    /// when it is changed.
    ///
    /// # Errors
    /// `Unauthenticated`; `NotFound`; with settings as [`Service::change_connection`]; `Throttled` when too many are being asked. That it
    /// does not work is none.
    pub async fn test_connection(&self, ctx: &Ctx, name: &str, config: Option<Hidden<Object>>) -> Result<Tested> {
        self.require_known(ctx)?;
        if config.is_some() {
            self.connection_editor(ctx)?;
        }
        let record = self.connection_record(ctx, name).await?;
        let is_other = config.is_some();
        let started = self.clock.monotonic();
        let outcome = match config {
            None => match self.opened_connection(&record) {
                Ok((connection, access)) => self.probe(&connection, &access).await,
                Err(error) => Err(error),
            },
            Some(config) => {
                let settled = self.settings_after(ctx, &record, &ConfigChange::Replace(config))?;
                let (reach, access) = self.settled(&record.organisation, settled.stated, settled.trusted);
                self.connections.make_own(&reach)?;
                // Version 0: nothing of it is kept open, or remembered.
                let connection = Connection { id: record.meta.id.clone(), version: 0, name: record.name.clone(), reach };
                self.probe(&connection, &access).await
            }
        };
        let latency = self.clock.monotonic().saturating_sub(started);
        let failure = match outcome {
            Ok(()) => None,
            Err(error) if error.code() == Code::Throttled => return Err(error),
            Err(error) => Some(self.told(ctx, &error)),
        };
        let outcome = if failure.is_some() { Outcome::Failed } else { Outcome::Done };
        let detail = json!({"message": failure, "other_settings": is_other});
        let entry = AuditEntry::about("connection.test", &record).organisation(&record.organisation).detail(detail);
        self.catalog.record(&ctx.actor(), entry.outcome(outcome)).await?;
        Ok(Tested { failure, latency })
    }

    fn told(&self, ctx: &Ctx, error: &Error) -> String {
        if let Some(detail) = error.detail() {
            tracing::info!(request_id = ctx.request_id, error = error.message(), detail, "a connection does not work");
        }
        error.message().to_owned()
    }
}
