//! The real `datahall` binary on a free port with a fresh data folder, ended when the test ends.

use super::client::Client;
use super::modes::{self, Caller};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The administrator's secret of every test server.
pub(crate) const ADMIN_TOKEN: &str = "test-admin-token-0123456789";

const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("DATAHALL_BIN") {
        return path.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/datahall/target");
    let path = target.unwrap_or_else(home).join("debug/datahall");
    assert!(path.exists(), "no server binary at {}: build it, or run `cargo xtask test`", path.display());
    path
}

/// A command that runs the binary with nothing of this machine's environment that could change what it does.
pub(crate) fn command(cwd: &Path) -> Command {
    bare(Command::new(binary()), cwd)
}

fn bare(mut command: Command, cwd: &Path) -> Command {
    command.env_clear().current_dir(cwd).stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR", "LANG"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("RUST_BACKTRACE", "1");
    command
}

/// How to start a server.
pub(crate) struct Builder {
    config: Option<String>,
    datasets: String,
    config_path: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    cwd: Option<PathBuf>,
    prefix: String,
    env: Vec<(String, String)>,
    hosts: Option<PathBuf>,
    admin: bool,
}

impl Builder {
    /// TOML put before the `[[dataset]]` blocks in place of the default (which allows loopback URLs).
    pub(crate) fn config(mut self, text: impl Into<String>) -> Self {
        self.config = Some(text.into());
        self
    }

    /// One `[[dataset]]` block.
    pub(crate) fn dataset(self, name: &str, kind: &str, location: impl AsRef<Path>) -> Self {
        self.dataset_with(name, kind, location, "")
    }

    /// One `[[dataset]]` block with more lines in it; lines with a table of their own come last.
    pub(crate) fn dataset_with(mut self, name: &str, kind: &str, location: impl AsRef<Path>, extra: &str) -> Self {
        self.datasets.push_str(&block(name, kind, &location.as_ref().display().to_string(), extra));
        self
    }

    /// The file to start from, as it is; `config` and `dataset` are then not used.
    pub(crate) fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_path = Some(path.into());
        self
    }

    /// Start without any configuration file.
    pub(crate) fn no_config(mut self) -> Self {
        self.config = None;
        self.config_path = Some(PathBuf::new());
        self
    }

    /// The folder it keeps its state in, to start again on it.
    pub(crate) fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// The folder it runs in.
    pub(crate) fn cwd(mut self, path: impl Into<PathBuf>) -> Self {
        self.cwd = Some(path.into());
        self
    }

    /// An environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// A file that the server, and nobody else, has for `/etc/hosts`. Only where [`may_choose_hosts`] says so.
    pub(crate) fn hosts(mut self, path: impl Into<PathBuf>) -> Self {
        self.hosts = Some(path.into());
        self
    }

    /// Without `ADMIN_TOKEN` in the environment.
    pub(crate) fn without_admin_token(mut self) -> Self {
        self.admin = false;
        self
    }

    /// Where probes are when `[server].prefix` is set.
    pub(crate) fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(self) -> Server {
        let server = self.start_alive().await;
        server.wait_ready().await;
        server
    }

    /// Starts it and waits only until it answers.
    pub(crate) async fn start_alive(self) -> Server {
        let home = TempDir::new().expect("a temporary folder");
        let caller = self.caller();
        let config_path = self.write_config(home.path(), caller);
        for attempt in 0.. {
            let mut server = self.spawn(&home, config_path.clone());
            modes::remember(server.port, None);
            match server.wait_alive().await {
                Ok(()) => {
                    modes::remember(server.port, caller.credentials(&server.url("")).await);
                    server.added = caller.sections();
                    server.home = Some(home);
                    return server;
                }
                Err(_) if attempt < 4 && server.log().to_lowercase().contains("in use") => {}
                Err(why) => panic!("the server did not start: {why}\n{}", server.log()),
            }
        }
        unreachable!("the loop returns or panics")
    }

    /// As whom the test calls; as it says itself where it says so, or where nothing can be added.
    fn caller(&self) -> Caller {
        let says = self.config.as_ref().is_some_and(|text| text.contains("[auth"));
        let nowhere = self.config_path.as_ref().is_some_and(|path| path.as_os_str().is_empty());
        if says || nowhere { Caller::Open } else { Caller::of_this_test() }
    }

    fn write_config(&self, home: &Path, caller: Caller) -> Option<PathBuf> {
        match &self.config_path {
            Some(path) if path.as_os_str().is_empty() => None,
            Some(path) => {
                let text = fs::read_to_string(path).expect("the configuration is there");
                if caller != Caller::Open && !text.contains("[auth") {
                    fs::write(path, text + &caller.sections()).expect("the configuration is written");
                }
                Some(path.clone())
            }
            None => {
                let path = home.join("datasets.toml");
                let head = self.config.clone().unwrap_or_else(|| "[security]\nallow_private_networks = true\n".into());
                fs::write(&path, format!("{head}{}\n{}", caller.sections(), self.datasets))
                    .expect("the configuration is written");
                Some(path)
            }
        }
    }

    fn spawn(&self, home: &TempDir, config_path: Option<PathBuf>) -> Server {
        let port = free_port();
        let data_dir = self.data_dir.clone().unwrap_or_else(|| home.path().join("data"));
        let log_path = home.path().join("server.log");
        let log = File::create(&log_path).expect("a log file");
        let cwd = self.cwd.as_deref().unwrap_or(home.path());
        let mut command = match &self.hosts {
            None => command(cwd),
            Some(hosts) => bare(with_hosts(hosts), cwd),
        };
        command.arg("serve").arg("--data-dir").arg(&data_dir).arg("--listen").arg(format!("127.0.0.1:{port}"));
        if let Some(path) = &config_path {
            command.arg("--config").arg(path);
        }
        if self.admin {
            command.env("ADMIN_TOKEN", ADMIN_TOKEN);
        }
        if let Some(url) = modes::database(&data_dir) {
            command.env("DATABASE_URL", url);
        }
        command.env(modes::SECRET_VARIABLE, modes::SECRET);
        if self.caller() == Caller::Oidc {
            // Tests whose proxy answers for every host do not mean the provider's.
            command.env("NO_PROXY", "127.0.0.1");
        }
        command.envs(self.env.iter().cloned()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{} does not run: {error}", binary().display()));
        let base = format!("http://127.0.0.1:{port}");
        let client = Client::new(format!("{base}{}", self.prefix));
        Server { client, port, config_path, added: String::new(), log_path, child, home: None }
    }
}

/// A `[[dataset]]` block as text.
pub(crate) fn block(name: &str, kind: &str, location: &str, extra: &str) -> String {
    let (scalars, tables) = match extra.find("[dataset.") {
        Some(at) => extra.split_at(at),
        None => (extra, ""),
    };
    format!(
        "[[dataset]]\nname = {name:?}\n{scalars}\n[dataset.source]\nkind = {kind:?}\nlocation = {}\n{tables}\n",
        toml::Value::String(location.into())
    )
}

/// The binary with that file in place of `/etc/hosts`: its process is the one that is started.
fn with_hosts(hosts: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(hosts).arg(binary());
    command
}

/// Whether a server may be given a file of hosts of its own here.
pub(crate) fn may_choose_hosts() -> bool {
    let tried = Command::new("unshare").args(["--mount", "sh", "-c", "mount --bind /etc/hosts /etc/hosts"]).status();
    tried.is_ok_and(|status| status.success())
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A running server. Requests go through [`Client`], to which it derefs.
pub(crate) struct Server {
    client: Client,
    /// Where it listens.
    pub(crate) port: u16,

    /// The file it was started from.
    pub(crate) config_path: Option<PathBuf>,
    /// What the mode of this run put into it.
    added: String,
    log_path: PathBuf,
    child: Child,
    home: Option<TempDir>,
}

impl std::ops::Deref for Server {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// How to start one.
    pub(crate) fn builder() -> Builder {
        Builder {
            config: None,
            datasets: String::new(),
            config_path: None,
            data_dir: None,
            cwd: None,
            prefix: String::new(),
            env: Vec::new(),
            hosts: None,
            admin: true,
        }
    }

    /// What it wrote so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log_path).unwrap_or_default()).into_owned()
    }

    /// The configuration file as it is now, without what the mode of this run put into it.
    pub(crate) fn config_text(&self) -> String {
        let path = self.config_path.as_ref().expect("started from a file");
        let text = fs::read_to_string(path).expect("the configuration is readable");
        match text.split_once(&self.added) {
            Some((before, after)) if !self.added.is_empty() => {
                // It began on a line of its own, as what was appended to the file would have without it.
                let missing = !before.is_empty() && !before.ends_with('\n') && !after.is_empty();
                format!("{before}{}{after}", if missing { "\n" } else { "" })
            }
            _ => text,
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn wait_alive(&mut self) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return Err(format!("it ended with {status}"));
            }
            if let Ok(reply) = self.client.try_get("/healthz").await
                && reply.status == 200
            {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("no answer on /healthz within {PATIENCE:?}"));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until `/readyz` says 200.
    pub(crate) async fn wait_ready(&self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let last = match self.client.try_get("/readyz").await {
                Ok(reply) if reply.status == 200 => return,
                Ok(reply) => reply.text(),
                Err(error) => error.to_string(),
            };
            assert!(Instant::now() < until, "not ready within {PATIENCE:?}: {last}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the child can be killed");
        self.child.wait().expect("the child can be waited for");
    }

    /// Asks it to stop as an operator would, without waiting.
    pub(crate) fn terminate(&self) {
        let done = Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status().expect("kill runs");
        assert!(done.success());
    }

    /// Waits until it has ended.
    pub(crate) async fn wait_exit(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return status;
            }
            assert!(Instant::now() < until, "it did not end within {PATIENCE:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The most memory it has held so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process is alive");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says the peak");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kB") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(home) = &self.home {
            modes::forget_database(&home.path().join("data"));
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("---- the server's log, its last {} lines ----", tail.len());
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
