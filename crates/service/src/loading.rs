//! Loading rows: once at the start, again at a reload, and finding the loaded ones for a caller.

use crate::admission::{Caller, Permit};
use crate::config::OnStart;
use crate::registry::{Build, Counters, Current, Entry, Generation, Made, Origin};
use crate::{Ctx, Service, State};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::dataset::{DatasetSpec, Source};
use datahall_core::engine::{Access, Handle, Table};
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Why what this server has not loaded yet is loaded, as statuses say it.
pub(crate) const AT_START: &str = "startup";

/// A dataset's rows as one caller may read them.
pub(crate) struct Opened {
    pub(crate) entry: Arc<Entry>,
    pub(crate) generation: Arc<Generation>,
    pub(crate) handle: Handle,
}

impl Opened {
    /// Names what `question` answers over these rows as the caller sees them; nothing does where rows are live.
    pub(crate) fn etag(&self, question: &dyn std::fmt::Debug) -> Option<String> {
        let live = self.handle.table.info().live;
        (!live).then(|| self.generation.etag(&self.handle.policy, question))
    }
}

/// What the caller reads when there is no such dataset, or none that he may know of.
pub(crate) fn not_found(name: &str) -> Error {
    Error::not_found(format!("not found: dataset: {name}"))
}

impl Service {
    pub(crate) fn verdict(&self, ctx: &Ctx, entry: &Entry, privilege: Privilege) -> Verdict {
        if entry.expired(self.clock.now()) || !self.may_share_view(ctx, entry) {
            return Verdict::Hidden;
        }
        let public = ctx.principal.reads_public && !self.is_private(entry);
        let scope = Scope { dataset: entry.record.get().map(String::as_str), ..entry.home.scope() };
        decide(&ctx.principal.grants, privilege, &scope, public)
    }

    /// Whether only those see it who were granted to: also when what it reads became private since.
    pub(crate) fn is_private(&self, entry: &Entry) -> bool {
        let reads_private = |name: &String| self.registry.known(&entry.home, name).is_none_or(|source| self.is_private(&source));
        entry.is_private() || entry.depends_on().iter().any(reads_private)
    }

    /// The one place where a handle is made: a table as this caller may read it.
    pub(crate) fn handle(&self, ctx: &Ctx, current: &Current) -> Handle {
        Handle { table: current.generation.table.clone(), policy: current.policy.for_ctx(ctx) }
    }

    /// Whether the caller may know that the dataset is there.
    pub(crate) fn sees(&self, ctx: &Ctx, entry: &Entry) -> bool {
        self.verdict(ctx, entry, Privilege::ReadConf) != Verdict::Hidden
    }

    /// Whether the caller may read the dataset's rows.
    pub(crate) fn may_read(&self, ctx: &Ctx, entry: &Entry) -> bool {
        self.verdict(ctx, entry, Privilege::ReadData) == Verdict::Allowed
    }

    /// A dataset whose rows the caller may read.
    pub(crate) async fn readable(&self, ctx: &Ctx, name: &str) -> Result<Arc<Entry>> {
        let entry = self.find(ctx, name).await?;
        if self.may_read(ctx, &entry) {
            return Ok(entry);
        }
        Err(Error::forbidden(format!("forbidden: reading dataset '{}' needs READ_DATA", entry.name)))
    }

    /// The rows of a dataset, loaded.
    pub(crate) async fn opened(&self, ctx: &Ctx, name: &str) -> Result<Opened> {
        self.rows_of(ctx, self.readable(ctx, name).await?).await
    }

    pub(crate) async fn rows_of(&self, ctx: &Ctx, entry: Arc<Entry>) -> Result<Opened> {
        if entry.on_start() == Some(OnStart::Lazy) && matches!(entry.state(), State::Pending | State::Building) {
            self.load_first(&entry).await;
        }
        if entry.of_record().is_some() && entry.current().is_none() {
            self.open_record(&entry).await;
        }
        let snapshot = entry.snapshot();
        let Some(current) = snapshot.current else {
            let name = &entry.name;
            let why = match (snapshot.state, entry.on_start()) {
                (State::Failed, _) => {
                    let why = self.why_failed(ctx, &entry, &snapshot.stated, snapshot.last_error).unwrap_or_default();
                    format!("dataset '{name}' could not be loaded: {why}")
                }
                (State::Pending, Some(OnStart::Skip)) => format!("dataset '{name}' is not loaded: it waits for a reload"),
                (state, _) => format!("dataset '{name}' is not ready (state: {})", state.name()),
            };
            return Err(Error::unavailable(why).retry_after(2));
        };
        if !self.is_still_seen_so(ctx, &entry, &current.generation).await {
            let why = format!("dataset '{}' is not ready: what its maker may see has changed", entry.name);
            return Err(Error::unavailable(why).retry_after(2));
        }
        if current.generation.table.info().live {
            self.require_source(&entry).await?;
        }
        let handle = self.handle(ctx, &current);
        Ok(Opened { entry, generation: current.generation, handle })
    }

    // In a task of its own: the load goes on for the others when the first who asked goes away. Boxed, for loading a
    // saved query may in turn load what it reads.
    fn load_first(&self, entry: &Arc<Entry>) -> BoxFuture<'static, ()> {
        let (service, entry) = (self.arc(), entry.clone());
        Box::pin(async move {
            let load = tokio::spawn(async move {
                let permit = service.permit_for(&entry).await;
                let _one = entry.loading.lock().await;
                if entry.current().is_none() && entry.state() == State::Pending {
                    let _ = service.load_locked(&entry, AT_START, permit).await;
                }
            });
            let _ = load.await;
        })
    }

    /// Loads an entry's rows anew, one load at a time; readers keep the old ones until the new are there. A saved query's
    /// statement waits until there is room for it.
    pub(crate) async fn load(&self, entry: &Arc<Entry>, source: &'static str) -> Result<(Current, u64)> {
        let permit = self.permit_for(entry).await;
        self.load_admitted(entry, source, permit).await
    }

    /// What the statement of a saved query needs to run, on its maker's account. It is waited for before the lock on the
    /// entry: whoever holds that has his permit, and so ends. None for whoever has no rights any more: running it will say so.
    async fn permit_for(&self, entry: &Entry) -> Option<Permit> {
        let maker = self.authenticator.anew(&entry.statement()?.maker).await.ok()?;
        Some(self.admission.wait(&Caller::principal(&maker)).await)
    }

    /// As [`Service::load`], for an entry whose statement was let in already, if it has one.
    pub(crate) async fn load_admitted(
        &self,
        entry: &Arc<Entry>,
        source: &'static str,
        permit: Option<Permit>,
    ) -> Result<(Current, u64)> {
        let _one = entry.loading.lock().await;
        self.load_locked(entry, source, permit).await
    }

    pub(crate) async fn load_locked(
        &self,
        entry: &Arc<Entry>,
        source: &'static str,
        permit: Option<Permit>,
    ) -> Result<(Current, u64)> {
        let counters = &self.registry.counters;
        let mut build = entry.begin(source, &*self.clock);
        let running = Running::new(counters);
        let outcome = self.fetch_rows(entry, source, permit, &mut build).await;
        drop(running);
        match outcome {
            Ok((current, elapsed_ms)) => {
                Counters::bump(&counters.loads);
                let info = current.generation.table.info();
                tracing::info!(dataset = entry.name, rows = info.rows, resident = info.resident, elapsed_ms, "dataset loaded");
                self.cascade(entry);
                self.tidy_rows(entry);
                for note in &info.notes {
                    tracing::info!(dataset = entry.name, "{note}");
                }
                Ok((current, elapsed_ms))
            }
            Err(error) => {
                build.fail(&error);
                Counters::bump(&counters.failures);
                tracing::warn!(dataset = entry.name, ?error, "dataset could not be loaded");
                Err(error)
            }
        }
    }

    /// Loads the rows and puts them in the place of the old ones, under the policy as it is stated then.
    async fn fetch_rows(
        &self,
        entry: &Arc<Entry>,
        source: &'static str,
        permit: Option<Permit>,
        build: &mut Build,
    ) -> Result<(Current, u64)> {
        let (table, made) = match &entry.origin {
            Origin::Source { spec, access, .. } => (self.open_within_limit(spec, access).await?, Made::default()),
            Origin::Record(of) => {
                let (spec, access) = self.spec_of(entry, of).await?;
                (self.open_within_limit(&spec, &access).await?, Made::default())
            }
            Origin::Statement(statement) => self.run_statement(entry, statement, permit, source == AT_START).await?,
        };
        loop {
            let stated = entry.stated();
            let policy = self.in_force(entry, &stated, &table.info().schema).await?;
            let rows = (table.clone(), made.clone());
            if let Some((current, elapsed_ms)) = build.succeed(rows, (&stated, policy), &*self.clock) {
                if current.generation.is_current() {
                    return Ok((current, elapsed_ms));
                }
                return Err(Error::unavailable("the policy of what it reads was changed meanwhile").retry_after(1));
            }
        }
    }

    /// Opens a source; one longer than `force_lazy_above_mb` lazily, whatever it says itself.
    async fn open_within_limit(&self, spec: &DatasetSpec, access: &Access) -> Result<Arc<dyn Table>> {
        let limit = self.settings.server.force_lazy_above_mb;
        let outside = matches!(spec.source, Source::Connected { .. });
        if limit > 0 && !spec.options.lazy && !outside {
            let mut lazy = spec.clone();
            lazy.options.lazy = true;
            let table = self.engine.open(&lazy, access).await?;
            if table.info().storage_bytes.is_some_and(|bytes| bytes > limit.saturating_mul(1 << 20)) {
                tracing::warn!(dataset = spec.name, limit_mb = limit, "longer than force_lazy_above_mb, served lazily");
                return Ok(table);
            }
        }
        self.engine.open(spec, access).await
    }

    /// What a source named in the configuration file may reach.
    pub(crate) fn configured_access(&self) -> Access {
        Access { roots: self.settings.security.allowed_roots.clone(), private_networks: true }
    }

    /// What a source named by an administrator's request may reach.
    pub(crate) fn requested_access(&self) -> Access {
        let security = &self.settings.security;
        Access { roots: security.allowed_roots.clone(), private_networks: security.allow_private_networks }
    }
}

/// Counts a load as running, however it ends.
struct Running<'a>(&'a Counters);

impl<'a> Running<'a> {
    fn new(counters: &'a Counters) -> Self {
        Counters::bump(&counters.running);
        Self(counters)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};
    use crate::{Readiness, State};
    use datahall_core::Code;
    use datahall_core::query::Expr;

    fn dataset(name: &str, rest: &str) -> String {
        format!("[[dataset]]\nname = '{name}'\n{rest}\n")
    }

    const OK: &str = "source = {kind='csv',location='ok'}";

    #[tokio::test]
    async fn what_is_configured_loads_at_the_start_and_what_fails_says_so() {
        let text = [dataset("a", OK), dataset("b", "source = {kind='csv',location='missing'}")].concat();
        let fixture = Fixture::with(&text).await;
        assert_eq!(fixture.service.readiness(), Readiness::Ready { datasets: 1, failed: vec!["b".into()] });
        let status = fixture.service.status(&reader(), "b").await.unwrap();
        assert_eq!((status.state, status.consecutive_failures), (State::Failed, 1));
        assert!(status.last_error.unwrap().contains("no such file"));
        let error = fixture.service.count(&reader(), "b", Expr::default()).await.unwrap_err();
        assert_eq!((error.code(), error.retry_after_secs()), (Code::Unavailable, Some(2)));
        let stats = fixture.service.stats();
        assert_eq!((stats.published, stats.failed, stats.loads, stats.load_failures), (1, 1, 1, 1));
    }

    #[tokio::test]
    async fn while_it_loads_for_the_first_time_it_is_not_ready() {
        let mut settings = crate::Settings::default();
        let body = r#"{"name":"s","source":{"kind":"csv","location":"slow"}}"#;
        settings.datasets = vec![crate::testing::block(body)];
        let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), None).await;
        assert_eq!(fixture.service.readiness(), Readiness::NotReady { reason: "pending datasets: [\"s\"]".into() });
        let error = fixture.service.count(&reader(), "s", Expr::default()).await.unwrap_err();
        assert_eq!((error.code(), error.retry_after_secs()), (Code::Unavailable, Some(2)));
        fixture.until(async |service| matches!(service.readiness(), Readiness::Ready { datasets: 1, .. })).await;
        fixture.service.shutdown().await;
        assert!(matches!(fixture.service.readiness(), Readiness::NotReady { .. }));
    }

    #[tokio::test]
    async fn on_start_lazy_loads_when_first_read_and_skip_when_told() {
        let text =
            [dataset("l", &format!("on_start = 'lazy'\n{OK}")), dataset("s", &format!("on_start = 'skip'\n{OK}"))].concat();
        let fixture = Fixture::with(&text).await;
        assert_eq!(fixture.service.status(&reader(), "l").await.unwrap().state, State::Pending);
        let reader = reader();
        let counts = tokio::join!(
            fixture.service.count(&reader, "l", Expr::default()),
            fixture.service.count(&reader, "l", Expr::default()),
        );
        assert_eq!((counts.0.unwrap(), counts.1.unwrap(), fixture.service.stats().loads), (3, 3, 1));
        assert!(fixture.service.count(&reader, "s", Expr::default()).await.unwrap_err().message().contains("waits for a reload"));
        fixture.service.reload(&admin(), "s").await.unwrap();
        assert_eq!(fixture.service.count(&reader, "s", Expr::default()).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_private_name_is_not_told_by_the_probe() {
        let fixture = Fixture::with(&dataset("p", "visibility = 'private'\nsource = {kind='csv',location='missing'}")).await;
        assert_eq!(fixture.service.readiness(), Readiness::Ready { datasets: 0, failed: vec![] });
    }
}
