//! Connections: how an organisation reaches outside systems. Who may make and use them is decided here, a file per operation.
//!
//! A record keeps the settings that are declared and no secret as they are, for lists and for the audit log; all others, unknown ones
//! too, are sealed together in `vault`. `types` says what each type takes and what its settings come to. In a record's body stands
//! whether an administrator of the instance said where it leads (`trust`): what it may reach follows from that each time it is used,
//! and whoever else changes where it leads takes that away. Secrets that were given for one place are never sent to another
//! (`destination`).

mod authority;
mod browse;
mod change;
mod create;
mod delete;
mod destination;
mod health;
mod info;
mod list;
mod open;
mod read;
mod record;
mod secrets;
mod test;
mod trust;
mod types;
mod vault;

#[cfg(test)]
mod tests;

pub use browse::UsableConnection;
pub use change::{ConfigChange, ConnectionChange};
pub use create::NewConnection;
pub use info::{ConnectionInfo, ConnectionStatus, ConnectionType};
pub use test::Tested;

use crate::Environment;
use datahall_core::clock::Random;
use datahall_core::{Error, Result};
use health::Health;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vault::Vault;

/// What connections need beside the catalog.
pub(crate) struct Connections {
    vault: Vault,
    health: Health,
    /// Absolute.
    data_dir: PathBuf,
}

impl Connections {
    /// # Errors
    /// `Invalid` when `DATAHALL_SECRET_KEY` is no key.
    pub(crate) fn new(environment: &Environment, data_dir: &Path, random: Arc<dyn Random>) -> Result<Self> {
        let data_dir = std::path::absolute(data_dir).map_err(Error::internal)?;
        Ok(Self { vault: Vault::new(environment, data_dir.clone(), random)?, health: Health::default(), data_dir })
    }
}
