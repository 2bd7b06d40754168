//! `datahall user|group|key`: accounts from the command line, also beside a running server, which notices within a second.

mod attributes;
mod group;
mod key;
mod no_engine;
mod user;

use crate::{catalog, cli};
use datahall_core::clock::{SystemClock, SystemRandom};
use datahall_core::{Error, Result};
use datahall_service::{Ctx, Deps, Environment, Home, HttpFetch, NetCourier, Principal, Service, Settings};
use no_engine::NoEngine;
use std::path::Path;
use std::sync::Arc;

/// What is to be done, and to the accounts of which server.
pub(crate) enum Command {
    User(cli::accounts::User),
    Group(cli::accounts::Group),
    Key(cli::accounts::Key),
}

/// Does it, as the administrator: whoever can read the catalog's file could do it anyway.
///
/// # Errors
/// Whatever the use case says.
pub(crate) fn main(command: Command) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
    runtime.block_on(async {
        let data_dir = match &command {
            Command::User(user) => &user.place.data_dir,
            Command::Group(group) => &group.place.data_dir,
            Command::Key(key) => &key.place.data_dir,
        };
        let accounts = Accounts::open(data_dir).await?;
        let outcome = match command {
            Command::User(user) => user::run(&accounts, user.action).await,
            Command::Group(group) => group::run(&accounts, group.action).await,
            Command::Key(key) => key::run(&accounts, key.action).await,
        };
        accounts.close().await;
        outcome
    })
}

/// The use cases over a catalog, without datasets.
struct Accounts {
    service: Arc<Service>,
    ctx: Ctx,
    catalog: datahall_service::Catalog,
    /// Nothing of the server's own data directory is touched.
    _scratch: Scratch,
}

impl Accounts {
    async fn open(data_dir: &Path) -> Result<Self> {
        let catalog = catalog::open(data_dir).await?;
        let scratch = Scratch::new()?;
        let mut settings = Settings::default();
        // The work of jobs is the server's, which has an engine and the configuration.
        settings.jobs.enabled = false;
        // Nor is it known here how long that keeps what has ended.
        settings.jobs.retention_days = 0;
        let deps = Deps {
            engine: Arc::new(NoEngine),
            catalog: catalog.clone(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            fetch: Arc::new(HttpFetch::new()?),
            courier: Arc::new(NetCourier::new()?),
            environment: Environment::of_process(),
            settings,
            config_path: None,
            data_dir: scratch.0.clone(),
            admin_token: None,
        };
        let service = Service::start(deps).await?;
        let ctx = Ctx { principal: Principal::admin(), request_id: "command-line".into(), address: None, home: Home::default() };
        Ok(Self { service, ctx, catalog, _scratch: scratch })
    }

    async fn close(&self) {
        self.service.shutdown().await;
        self.catalog.close().await;
    }
}

/// A folder that goes with this value.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let name = format!("datahall-{}", datahall_core::clock::random_hex(&SystemRandom, 8));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
