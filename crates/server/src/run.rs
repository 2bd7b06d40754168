//! Settings → engine → service → router → listener: the layers put together, and taken down again.

use crate::data_dir::DataDir;
use crate::{admin_token, catalog, listener, memory};
use datahall_core::clock::{SystemClock, SystemRandom};
use datahall_core::dataset::{Location, S3Options};
use datahall_core::{Error, Result};
use datahall_engine::{DataFusionEngine, Options};
use datahall_service::{Catalog, Deps, Environment, HttpFetch, NetCourier, Service, Settings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const MEBIBYTE: u64 = 1 << 20;

/// What a server is started on.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    /// The file the settings came from.
    pub(crate) config_path: Option<PathBuf>,
    pub(crate) data_dir: DataDir,
    /// `HOST:PORT`.
    pub(crate) listen: String,
}

/// Runs a server until it is asked to stop. `announce` is called once it listens.
///
/// # Errors
/// Whatever keeps it from starting.
pub(crate) fn run(plan: Plan, announce: impl FnOnce(SocketAddr, Option<&Path>, &Settings)) -> Result<()> {
    let workers = plan.settings.server.workers.unwrap_or_else(processors).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("datahall")
        .enable_all()
        .build()
        .map_err(|error| Error::internal(error).context("the runtime cannot be started"))?;
    let outcome = runtime.block_on(serve(plan, workers, announce));
    // What still blocks a thread must not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(plan: Plan, workers: usize, announce: impl FnOnce(SocketAddr, Option<&Path>, &Settings)) -> Result<()> {
    let Plan { settings, config_path, data_dir, listen } = plan;
    let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SystemRandom));
    let environment = Environment::of_process();
    // Bound first, so that a taken port is known before anything is loaded.
    let listener = listener::bind(&listen).await?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let token = admin_token::obtain(&environment, &*random, data_dir.path())?;
    let catalog = Catalog::open(&catalog::url(&environment, data_dir.path()), clock.clone(), random.clone()).await?;
    let engine = DataFusionEngine::new(engine_options(&settings, &data_dir, workers, &environment)?)?;
    let grace = Duration::from_secs(settings.server.shutdown_timeout_secs);
    for note in &settings.notes {
        tracing::warn!("{note}");
    }
    let service = Service::start(Deps {
        engine,
        catalog: catalog.clone(),
        clock: clock.clone(),
        random: random.clone(),
        fetch: Arc::new(HttpFetch::new()?),
        courier: Arc::new(NetCourier::new()?),
        environment,
        settings,
        config_path,
        data_dir: data_dir.path().to_path_buf(),
        admin_token: Some(token.secret),
    })
    .await?;
    let router = datahall_api::router(service.clone(), clock, &*random);
    announce(address, token.file.as_deref(), service.settings());
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    let stopping = service.clone();
    let stop = async move {
        listener::asked_to_stop().await;
        stopping.begin_stop();
    };
    listener::serve(listener, router, stop, grace).await;
    service.shutdown().await;
    catalog.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn engine_options(settings: &Settings, data_dir: &DataDir, threads: usize, environment: &Environment) -> Result<Options> {
    let available = memory::available_bytes();
    let resident = settings.server.memory_budget_mb.map_or(available / 2, |budget| budget.saturating_mul(MEBIBYTE));
    let queries =
        settings.limits.query_memory_mb.map_or((available / 4).max(256 * MEBIBYTE), |limit| limit.saturating_mul(MEBIBYTE));
    let lake = match &settings.server.storage {
        Some(storage) => storage.location(environment)?,
        None => Location { url: data_dir.path().join("lake").display().to_string(), s3: S3Options::default() },
    };
    Ok(Options {
        memory_budget_bytes: resident,
        query_memory_bytes: queries,
        spill_bytes: settings.limits.spill_mb.saturating_mul(MEBIBYTE),
        spill_dir: data_dir.tmp().join("spill"),
        lake,
        lakehouse: data_dir.path().join("lakehouse"),
        threads,
    })
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
