//! A connection's settings as its record keeps them: what is declared and no secret as it is, all else sealed.

use super::secrets::is_plain;
use super::types::Type;
use crate::Service;
use datahall_catalog::{Connection as Record, Hidden, Object};
use datahall_core::Result;
use serde_json::Value;

/// Where the sealed part is. What a caller calls so is sealed, so that the two never meet.
const SEALED: &str = "sealed";

/// The type of a connection; one that nobody knows has settings that are all judged by their names.
pub(super) fn kind_of(record: &Record) -> &'static Type {
    Type::named(&record.kind).unwrap_or(&Type::UNKNOWN)
}

/// The part of the settings that is kept as it is.
pub(super) fn plain_of(record: &Record) -> Object {
    let mut plain = record.config.0.clone();
    plain.remove(SEALED);
    plain
}

impl Service {
    /// All settings.
    ///
    /// # Errors
    /// `Unavailable` when the sealed part cannot be opened.
    pub(super) fn settings_of(&self, record: &Record) -> Result<Object> {
        let Some(sealed) = record.config.0.get(SEALED).and_then(Value::as_str) else { return Ok(record.config.0.clone()) };
        let mut all = plain_of(record);
        let secrets = self.connections.vault.open(&record.meta.id, &all, sealed);
        all.extend(secrets.map_err(|error| error.context(format!("connector '{}'", record.name)))?);
        Ok(all)
    }

    /// Puts settings into a record that has an id. No change to the catalog may be under way.
    ///
    /// # Errors
    /// `Unavailable` when nothing can be sealed.
    pub(super) async fn put_settings(&self, record: &mut Record, settings: Object) -> Result<()> {
        if self.settings_of(record).is_ok_and(|there| there == settings) && !record.config.0.is_empty() {
            // Sealed anew it would look as if it had changed.
            return Ok(());
        }
        let kind = kind_of(record);
        let (mut plain, sealed): (Object, Object) =
            settings.into_iter().partition(|(name, value)| name != SEALED && is_plain(kind, name, value));
        if !sealed.is_empty() {
            let text = self.connections.vault.seal(&self.catalog, &record.meta.id, &plain, &sealed).await?;
            plain.insert(SEALED.to_owned(), text.into());
        }
        record.config = Hidden(plain);
        Ok(())
    }
}
