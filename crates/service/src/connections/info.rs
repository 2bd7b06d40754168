//! What callers are told of connections and of types.

use super::record::{kind_of, plain_of};
use super::secrets::shown;
use super::trust::is_trusted;
use super::types::TYPES;
use crate::{Ctx, Millis, Service};
use chrono::{DateTime, Utc};
use datahall_catalog::{Connection as Record, Object};
use datahall_core::Result;
use serde_json::Value;

/// A connection without its secrets.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// Its id.
    pub id: String,
    /// Grows with each change.
    pub version: i64,
    /// Its name, unique in its organisation.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What it is for.
    pub description: String,
    /// Its settings, with bullets for each secret; without the sealed ones where those cannot be opened.
    pub config: Object,
    /// Whether it works, as far as that is known.
    pub status: ConnectionStatus,
    /// Whether an administrator of the instance said where it leads.
    pub trusted: bool,
    /// When it was made.
    pub created_at: Millis,
    /// By whom.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Millis,
}

/// Whether a connection works, as it was when that was last found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// `None`: nobody has asked since the server started.
    pub works: Option<bool>,
    /// Why it does not.
    pub message: Option<String>,
    /// When it was found out.
    pub checked_at: Option<DateTime<Utc>>,
}

/// A type of connections.
#[derive(Debug, Clone)]
pub struct ConnectionType {
    /// Its name in requests.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What one should know.
    pub about: &'static str,
    /// Whether only administrators of the instance make such connections.
    pub administrators_only: bool,
    /// Its settings as a JSON Schema; secret ones are `writeOnly`.
    pub schema: Value,
}

impl Service {
    /// The types of connections.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular.
    pub fn connection_types(&self, ctx: &Ctx) -> Result<Vec<ConnectionType>> {
        self.require_known(ctx)?;
        let info = |kind: &&super::types::Type| ConnectionType {
            name: kind.name,
            title: kind.title,
            about: kind.about,
            administrators_only: kind.trusted_only,
            schema: kind.schema(),
        };
        Ok(TYPES.iter().map(info).collect())
    }

    /// What is told of a record.
    pub(super) fn connection_info(&self, record: Record) -> ConnectionInfo {
        let kind = kind_of(&record);
        let (config, status) = match self.settings_of(&record) {
            Ok(settings) => (shown(kind, &settings), self.connections.health.status(&record.meta)),
            Err(error) => {
                let message = Some(error.message().to_owned());
                (shown(kind, &plain_of(&record)), ConnectionStatus { works: Some(false), message, checked_at: None })
            }
        };
        let trusted = is_trusted(&record);
        let Record { meta, name, kind, description, .. } = record;
        ConnectionInfo {
            id: meta.id,
            version: meta.version,
            name,
            kind,
            description,
            config,
            status,
            trusted,
            created_at: meta.created_at,
            created_by: meta.created_by,
            updated_at: meta.updated_at,
        }
    }
}
