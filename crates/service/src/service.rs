//! The service: what every use case works with, and its start and end.

use crate::accounts::passwords::Passwords;
use crate::accounts::throttle::Throttle;
use crate::admission::Admission;
use crate::auth::{Authenticator, Directory, Fetch};
use crate::config::{Environment, OnStart, Settings};
use crate::connections::Connections;
use crate::datasets::Seen;
use crate::governance::Summaries;
use crate::jobs::Queue;
use crate::loading::AT_START;
use crate::policies::{Stated, TokenKeys};
use crate::records::{Reconciled, reconcile};
use crate::refusals::Refusals;
use crate::registry::{Entry, Registry};
use crate::saved_queries::Unfinished;
use crate::shelf::Elsewhere;
use crate::specs::{Courier, Packages, Specs};
use crate::uploads::{Desk, noted};
use crate::versions::Versions;
use crate::{DatasetBlock, home, node};
use datahall_catalog::Catalog;
use datahall_core::clock::{Clock, Random, random_hex};
use datahall_core::engine::Engine;
use datahall_core::{Error, Result};
use futures::StreamExt;
use parking_lot::Mutex;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How often expired saved queries are looked for.
const TICK: Duration = Duration::from_secs(1);

/// What the service is built from.
pub struct Deps {
    /// Reads rows.
    pub engine: Arc<dyn Engine>,
    /// Keeps the records.
    pub catalog: Catalog,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives chance.
    pub random: Arc<dyn Random>,
    /// Fetches keys of an identity provider (`HttpFetch::new()?`).
    pub fetch: Arc<dyn Fetch>,
    /// Tells of what happened to somebody outside (`NetCourier::new()?`).
    pub courier: Arc<dyn Courier>,
    /// Looks up environment variables, for credentials (`Environment::of_process()`).
    pub environment: Environment,
    /// The configuration, already checked.
    pub settings: Settings,
    /// The file it came from, if any.
    pub config_path: Option<PathBuf>,
    /// Where temporary files may be put; no other process may use it.
    pub data_dir: PathBuf,
    /// The secret that makes a caller the administrator; `None` or empty: nobody is.
    pub admin_token: Option<String>,
}

/// Every use case. Cheap to share; all of it is safe to call at once.
pub struct Service {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) catalog: Catalog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) environment: Environment,
    pub(crate) settings: Settings,
    /// Absolute.
    pub(crate) config_path: Option<PathBuf>,
    /// Where exports are put.
    pub(crate) exports_dir: PathBuf,
    /// Where uploaded files are received.
    pub(crate) desk: Desk,
    /// Tables of saved queries that are being made or deleted.
    pub(crate) unfinished: Unfinished,
    pub(crate) authenticator: Authenticator,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) registry: Registry,
    /// What was seen of the records of datasets.
    pub(crate) seen: Seen,
    /// Which records of datasets are not served here.
    pub(crate) elsewhere: Elsewhere,
    pub(crate) refusals: Refusals,
    /// What this process has of the job queue.
    pub(crate) jobs: Queue,
    pub(crate) admission: Admission,
    /// Lets callers watch jobs.
    pub(crate) watching: Admission,
    pub(crate) connections: Connections,
    /// Old versions of datasets that were asked for.
    pub(crate) versions: Versions,
    /// Organisations in figures.
    pub(crate) summaries: Summaries,
    /// Where data packages are made.
    pub(crate) packages: Packages,
    /// What this process knows of revisions that are made.
    pub(crate) specs: Specs,
    /// Tells of what happened to somebody outside.
    pub(crate) courier: Arc<dyn Courier>,
    /// What masks of strategy `tokenise` need.
    pub(crate) token_keys: TokenKeys,
    /// Tells its run-time registrations from those of other servers on the same catalog.
    pub(crate) node: String,
    /// Held while the configuration file is appended to.
    pub(crate) persisting: Arc<tokio::sync::Mutex<()>>,
    /// Held while the configuration file is read again.
    pub(crate) reloading_config: tokio::sync::Mutex<()>,
    /// One permit a load in the background.
    pub(crate) background_loads: Arc<Semaphore>,
    pub(crate) stopping: AtomicBool,
    tasks: Mutex<JoinSet<()>>,
    me: Weak<Self>,
}

impl Service {
    /// Starts it: the datasets of the configuration begin to load in the background. Needs a Tokio runtime.
    ///
    /// # Errors
    /// `Invalid` when a key of `[auth]` or a `[[dataset]]` cannot be used; `Unavailable` when the identity provider
    /// cannot be reached and `start_degraded` is off.
    pub async fn start(deps: Deps) -> Result<Arc<Self>> {
        let Deps { engine, catalog, clock, random, fetch, courier, environment, settings, .. } = deps;
        let (config_path, data_dir, admin_token) = (deps.config_path, deps.data_dir, deps.admin_token);
        let (directory, write_uses) = Directory::new(catalog.clone(), clock.clone());
        settings.specs.check_variables(&environment)?;
        let directory = Arc::new(directory);
        let listener = Arc::downgrade(&directory);
        catalog.on_commit(move |tables| listener.upgrade().into_iter().for_each(|directory| directory.forget(tables)));
        let authenticator =
            Authenticator::new(&settings.auth, admin_token, fetch, directory.clone(), clock.clone(), &environment).await?;
        let config_path = config_path.map(std::path::absolute).transpose().map_err(Error::internal)?;
        let connections = Connections::new(&environment, &data_dir, random.clone())?;
        let packages = Packages::new(&data_dir)?;
        let Folders { exports_dir, desk, left, unfinished } = Folders::below(&data_dir.join("tmp"))?;
        home::ensure(&catalog).await?;
        let node = node::id(&data_dir, &*random)?;
        let reconciled = reconcile(&catalog, &settings.datasets, Some(&node)).await?;
        let background_loads = Arc::new(Semaphore::new(settings.server.refresh.max_concurrent.clamp(1, 1024)));
        let (refusals, write_refusals) = Refusals::new(catalog.clone());
        let (throttle, jobs) = (Throttle::new(clock.clone()), Queue::new(format!("{node}-{}", random_hex(&*random, 8))));
        let (admission, watching) = (Admission::new(&settings.limits), Admission::of_streams(&settings.limits));
        let service = Arc::new_cyclic(|me| Self {
            engine,
            catalog,
            clock,
            random,
            environment,
            settings,
            config_path,
            exports_dir,
            desk,
            unfinished,
            authenticator,
            passwords: Passwords::default(),
            throttle,
            registry: Registry::default(),
            seen: Seen::of(&reconciled.marks),
            elsewhere: Elsewhere::of(reconciled.elsewhere.clone()),
            node,
            refusals,
            jobs,
            admission,
            watching,
            connections,
            versions: Versions::default(),
            summaries: Summaries::default(),
            packages,
            specs: Specs::default(),
            courier,
            token_keys: TokenKeys::default(),
            persisting: Arc::default(),
            reloading_config: tokio::sync::Mutex::default(),
            background_loads,
            stopping: AtomicBool::new(false),
            tasks: Mutex::default(),
            me: me.clone(),
        });
        service.load_configured(&reconciled)?;
        service.keep_tidy(left);
        service.background(write_refusals);
        service.background(write_uses);
        directory.refresh().await?;
        service.watch_policies(directory.policies_moved.clone());
        service.watch_viewpoints(directory.accounts_moved.clone());
        service.background(async move { directory.watch().await });
        service.reconcile_schedules(&service.settings.datasets, &reconciled, true).await?;
        service.go_on();
        Ok(service)
    }

    /// Drops what has had its time, and what uploads left.
    fn keep_tidy(self: &Arc<Self>, left: Vec<String>) {
        let (cleaner, unfinished) = (self.clone(), self.unfinished.all());
        self.background(async move {
            cleaner.drop_left(left).await;
            cleaner.finish(unfinished).await;
        });
        self.watch_expiry();
        self.watch_retention();
    }

    /// Begins what nobody asks for: the work of jobs, and what follows from it.
    fn go_on(self: &Arc<Self>) {
        self.watch_jobs();
        self.watch_schedules();
        self.watch_generations();
        self.watch_revisions();
        self.watch_deliveries();
    }

    /// The configuration it runs on.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Stops what goes on in the background; what runs for a request is not touched. Activities of jobs that run here are given back.
    pub async fn shutdown(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.stop_jobs().await;
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.shutdown().await;
    }

    /// Itself, for tasks that outlive the call.
    pub(crate) fn arc(&self) -> Arc<Self> {
        // A method runs, so somebody holds it.
        self.me.upgrade().unwrap_or_else(|| unreachable!("a service in use is held by somebody"))
    }

    /// Runs `task` until it ends or the service is shut down.
    pub(crate) fn background(&self, task: impl Future<Output = ()> + Send + 'static) {
        if self.stopping.load(Ordering::Relaxed) {
            return;
        }
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// An entry for a block of the file, and what its record says.
    pub(crate) fn configured_entry(&self, block: &DatasetBlock, reconciled: &Reconciled) -> Result<Entry> {
        let name = &block.name;
        if reconciled.clashes.contains(name) {
            return Err(Error::invalid(format!("the name is taken by a dataset that was made through an API: {name}")));
        }
        let entry = match block.is_query() {
            true => self.query_entry(block)?,
            false => Entry::of_block(block, self.configured_access(), true, &self.environment, &*self.random)?,
        };
        if let Some(kept) = reconciled.records.get(&name.to_lowercase()) {
            // A query is as private as what it reads, whatever its record says.
            let private = kept.stated.private || (block.is_query() && entry.is_private());
            entry.recorded(kept.id.clone(), Stated { private, ..kept.stated.clone() });
            entry.seen.store(kept.generation, Ordering::Release);
        }
        Ok(entry)
    }

    fn load_configured(self: &Arc<Self>, reconciled: &Reconciled) -> Result<()> {
        let (mut eager, mut queries) = (Vec::new(), Vec::new());
        for block in self.in_loading_order(&self.settings.datasets)? {
            if reconciled.clashes.contains(&block.name) {
                tracing::error!(dataset = block.name, "not served: the name is taken by a dataset that was made through an API");
                continue;
            }
            let entry =
                self.configured_entry(block, reconciled).map_err(|error| error.context(format!("dataset '{}'", block.name)))?;
            entry.is_as_seen();
            let entry = Arc::new(entry);
            self.registry.reserve(home::PROJECT, &block.name)?.fill(entry.clone());
            if entry.on_start() == Some(OnStart::Eager) {
                if block.is_query() { queries.push(entry) } else { eager.push(entry) }
            }
        }
        let at_once = self.settings.server.startup.max_concurrent.clamp(1, 1024);
        let service = self.clone();
        self.background(async move {
            let load = |entry: Arc<Entry>| {
                let service = service.clone();
                // A task each, so that one that panics takes no other with it; aborted together with this one.
                let mut task = JoinSet::new();
                task.spawn(async move { service.load_at_start(&entry).await });
                async move { while task.join_next().await.is_some() {} }
            };
            futures::stream::iter(eager).for_each_concurrent(at_once, &load).await;
            // They read what was loaded before them.
            for query in queries {
                load(query).await;
            }
        });
        Ok(())
    }

    async fn load_at_start(&self, entry: &Arc<Entry>) {
        if entry.current().is_none() {
            // Why it failed is in the entry and in the log.
            let _ = self.load(entry, AT_START).await;
        }
    }

    fn watch_expiry(self: &Arc<Self>) {
        let me = self.me.clone();
        self.background(async move {
            let mut tick = tokio::time::interval(TICK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                match me.upgrade() {
                    Some(service) => {
                        service.drop_expired();
                        service.versions.drop_idle(service.clock.monotonic());
                    }
                    None => return,
                }
            }
        });
    }

    /// A name that no other file has.
    pub(crate) fn unique_suffix(&self) -> String {
        random_hex(&*self.random, 8)
    }
}

/// What goes on in folders for what is passing.
struct Folders {
    exports_dir: PathBuf,
    desk: Desk,
    /// The tables of uploads that an earlier run did not finish.
    left: Vec<String>,
    unfinished: Unfinished,
}

impl Folders {
    fn below(folder: &Path) -> Result<Self> {
        let uploads = folder.join("uploads");
        let left = noted(&uploads);
        let desk = Desk::new(emptied(uploads)?);
        let unfinished = Unfinished::new(folder.join("queries"))?;
        Ok(Self { exports_dir: emptied(folder.join("exports"))?, desk, left, unfinished })
    }
}

/// That folder, without what an earlier run left there.
fn emptied(folder: PathBuf) -> Result<PathBuf> {
    let cleared = match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::create_dir_all(&folder),
    };
    cleared.map_err(|error| Error::internal(error).context(format!("{}: cannot be used", folder.display())))?;
    Ok(folder)
}
