//! Where connections' secrets are sealed and opened, and with which key.
//!
//! The key is `DATAHALL_SECRET_KEY`, else the file `secret.key` of the data directory, which is made when something is first sealed.
//! Where both are there, the variable seals and either opens, so that moving from the file to the variable loses nothing. The
//! catalog keeps the id of the key that sealed last: a second server on the same catalog must not make a key of its own.

mod file;
mod key;

use crate::Environment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use datahall_catalog::{Actor, AuditEntry, Catalog, Object, Setting};
use datahall_core::clock::Random;
use datahall_core::{Code, Error, Result};
use key::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const VARIABLE: &str = "DATAHALL_SECRET_KEY";
/// The setting that has the id of the key.
const SETTING: &str = "connections.key";
const FORM: &str = "v1";

/// Seals and opens.
pub(crate) struct Vault {
    stated: Option<Key>,
    data_dir: PathBuf,
    random: Arc<dyn Random>,
}

/// Something sealed, as it is kept: `v1:<id of the key>:<nonce, text and tag in base64>`.
struct Sealed {
    key: String,
    bytes: Vec<u8>,
}

impl Vault {
    /// A vault with the key that the environment states or the data directory has or will have.
    ///
    /// # Errors
    /// `Invalid` when the variable holds something that is no key.
    pub(crate) fn new(environment: &Environment, data_dir: PathBuf, random: Arc<dyn Random>) -> Result<Self> {
        let stated = environment.get(VARIABLE).map(|text| Key::of(&text));
        let stated = stated.transpose().map_err(|error| error.context(VARIABLE))?;
        Ok(Self { stated, data_dir, random })
    }

    /// Seals `secrets` for the connection of that id, whose other settings are `plain`: neither the id nor these can be exchanged
    /// without the secrets being lost.
    ///
    /// # Errors
    /// `Unavailable` when this server's key is not the one that others seal with, or cannot be read or made.
    pub(super) async fn seal(&self, catalog: &Catalog, id: &str, plain: &Object, secrets: &Object) -> Result<String> {
        let key = match self.keys()?.into_iter().next() {
            Some(key) => key,
            None if setting(catalog).await?.is_some() => return Err(other_key()),
            None => Kept::Made(Key::of(&file::make(&self.data_dir, &*self.random)?)?),
        };
        self.announce(catalog, key.get()).await?;
        let text = serde_json::to_vec(secrets).map_err(Error::internal)?;
        Ok(key.get().seal(&*self.random, &bound(id, plain)?, text)?.to_text())
    }

    /// What [`Vault::seal`] sealed. Nothing is made or changed.
    ///
    /// # Errors
    /// `Unavailable`, saying whether it was sealed with another key, or does not belong here, or is damaged.
    pub(super) fn open(&self, id: &str, plain: &Object, sealed: &str) -> Result<Object> {
        let damaged = || Error::unavailable("the secrets are damaged, or the record was changed from outside: give them anew");
        let sealed = Sealed::parse(sealed).ok_or_else(damaged)?;
        let keys = self.keys()?;
        let key = keys.iter().map(Kept::get).find(|key| key.id == sealed.key).ok_or_else(other_key)?;
        let text = key.open(&bound(id, plain)?, sealed).ok_or_else(damaged)?;
        serde_json::from_slice(&text).map_err(|_| damaged())
    }

    /// The keys that are there, the one that seals first.
    fn keys(&self) -> Result<Vec<Kept<'_>>> {
        let stated = self.stated.iter().map(Kept::Stated);
        let kept = match file::read(&self.data_dir)? {
            None => None,
            Some(text) => Some(Kept::Made(Key::of(&text).map_err(|error| {
                Error::unavailable("the key of connections' secrets is none").with_detail(format!("{}: {error}", file::FILE))
            })?)),
        };
        Ok(stated.chain(kept).collect())
    }

    /// Notes in the catalog which key seals.
    async fn announce(&self, catalog: &Catalog, key: &Key) -> Result<()> {
        match self.try_announce(catalog, key).await {
            // Another server was faster: what it noted counts.
            Err(error) if error.code() == Code::Conflict => self.try_announce(catalog, key).await,
            done => done,
        }
    }

    async fn try_announce(&self, catalog: &Catalog, key: &Key) -> Result<()> {
        let there = setting(catalog).await?;
        let noted = there.as_ref().and_then(|setting| setting.value["id"].as_str());
        if noted == Some(key.id.as_str()) {
            return Ok(());
        }
        // Whoever states a key means it; one that was only found in a folder may be of a server that should have been told another.
        if noted.is_some() && self.stated.is_none() {
            return Err(other_key());
        }
        let mut change = catalog.change(&Actor::system()).await?;
        let value = json!({"id": key.id});
        let entry = match there {
            None => {
                let mut setting = Setting { name: SETTING.into(), value, ..Setting::default() };
                change.insert(&mut setting).await?;
                AuditEntry::created("connections.key.create", &setting)?
            }
            Some(before) => {
                let mut setting = Setting { value, ..before.clone() };
                change.update(&mut setting).await?;
                AuditEntry::updated("connections.key.change", &before, &setting)?
            }
        };
        change.commit(entry).await
    }
}

/// A key, stated once for all or read just now.
enum Kept<'a> {
    Stated(&'a Key),
    Made(Key),
}

impl Kept<'_> {
    fn get(&self) -> &Key {
        match self {
            Self::Stated(key) => key,
            Self::Made(key) => key,
        }
    }
}

impl Sealed {
    fn to_text(&self) -> String {
        format!("{FORM}:{}:{}", self.key, STANDARD_NO_PAD.encode(&self.bytes))
    }

    fn parse(text: &str) -> Option<Self> {
        let (key, bytes) = text.strip_prefix(FORM)?.strip_prefix(':')?.split_once(':')?;
        Some(Self { key: key.to_owned(), bytes: STANDARD_NO_PAD.decode(bytes).ok()? })
    }
}

async fn setting(catalog: &Catalog) -> Result<Option<Setting>> {
    catalog.find(Setting::by_name(SETTING)).await
}

fn bound(id: &str, plain: &Object) -> Result<String> {
    // In one order, whatever order the maps of this build keep.
    let plain: BTreeMap<&String, &Value> = plain.iter().collect();
    let plain = serde_json::to_string(&plain).map_err(Error::internal)?;
    Ok(format!("connection\0{id}\0{plain}"))
}

fn other_key() -> Error {
    Error::unavailable(format!(
        "the secrets of connections are sealed with another key than this server has: set {VARIABLE} to that key, or put \
         {} back; if it is lost, set {VARIABLE} to a new one and give the secrets anew",
        file::FILE
    ))
}

#[cfg(test)]
mod tests;
