//! Databases of a test's own, for connectors to read; and a wire between a server and one that can be cut.

use reqwest::Url;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

fn own_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("e2e_out_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn server(variable: &str) -> Url {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable}: run `cargo xtask test`, which starts one"));
    Url::parse(&url).expect("a URL")
}

fn fed(mut command: Command, script: &str) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the client runs");
    child.stdin.take().expect("its input").write_all(script.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Which server a database is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    MariaDb,
}

/// A database. Dropped, it is gone.
pub(crate) struct Outside {
    kind: Kind,
    server: Url,
    name: String,
}

impl Outside {
    /// On PostgreSQL, with what `script` makes in it.
    pub(crate) fn postgres(script: &str) -> Self {
        Self::with(Kind::Postgres, "DATAHALL_TEST_POSTGRES", script)
    }

    /// On MariaDB, with what `script` makes in it.
    pub(crate) fn mariadb(script: &str) -> Self {
        Self::with(Kind::MariaDb, "DATAHALL_TEST_MARIADB", script)
    }

    fn with(kind: Kind, variable: &str, script: &str) -> Self {
        let outside = Self { kind, server: server(variable), name: own_name() };
        outside.at_server(&outside.drop_statement());
        outside.at_server(&format!("CREATE DATABASE {}", outside.name));
        outside.run(script);
        outside
    }

    fn drop_statement(&self) -> String {
        let force = if self.kind == Kind::Postgres { " WITH (FORCE)" } else { "" };
        format!("DROP DATABASE IF EXISTS {}{force}", self.name)
    }

    fn at_server(&self, statement: &str) {
        let own = self.server.path().trim_start_matches('/').to_owned();
        fed(self.client(&own), &format!("{statement};\n"));
    }

    /// Runs statements in it.
    pub(crate) fn run(&self, script: &str) {
        fed(self.client(&self.name), script);
    }

    fn client(&self, database: &str) -> Command {
        let url = &self.server;
        if self.kind == Kind::Postgres {
            let mut url = url.clone();
            url.set_path(database);
            let mut command = Command::new("psql");
            command.args([url.as_str(), "-qX", "-v", "ON_ERROR_STOP=1"]);
            return command;
        }
        let mut command = Command::new("mariadb");
        let port = url.port().unwrap_or(3306).to_string();
        command.args(["--no-defaults", "--protocol=tcp", "--default-character-set=utf8mb4"]);
        command.args(["-h", url.host_str().expect("a host"), "-P", &port, "-u", url.username()]);
        command.env("MYSQL_PWD", url.password().unwrap_or_default());
        if !database.is_empty() {
            command.arg(database);
        }
        command
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.server.host_str().expect("a host"), self.server.port().expect("a port"))
    }

    /// What a connector is told.
    pub(crate) fn config(&self) -> Value {
        let url = &self.server;
        let mut config = json!({"host": url.host_str(), "port": url.port(), "database": self.name, "user": url.username(), "sslmode": "disable"});
        if let Some(password) = url.password() {
            config["password"] = password.into();
        }
        config
    }

    /// The same through a wire.
    pub(crate) fn config_through(&self, wire: &Wire) -> Value {
        let mut config = self.config();
        config["host"] = "127.0.0.1".into();
        config["port"] = wire.port.into();
        config
    }

    /// The schema that tables are in, unless said.
    pub(crate) fn schema(&self) -> &str {
        if self.kind == Kind::Postgres { "public" } else { &self.name }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.at_server(&self.drop_statement());
        }
    }
}

/// Runs statements in a SQLite file, which is made if need be.
pub(crate) fn sqlite(path: &Path, script: &str) {
    let python = std::env::var_os("DATAHALL_PYTHON").expect("DATAHALL_PYTHON: run `cargo xtask test`");
    let mut command = Command::new(python);
    let code = "import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); base.executescript(sys.stdin.read()); base.commit(); base.close()";
    command.args(["-c", code]).arg(path);
    fed(command, script);
}

/// Holds a SQLite file for itself, until it is dropped.
pub(crate) struct Lock(std::process::Child);

/// Takes a SQLite file for oneself.
pub(crate) fn lock_sqlite(path: &Path) -> Lock {
    let python = std::env::var_os("DATAHALL_PYTHON").expect("DATAHALL_PYTHON: run `cargo xtask test`");
    let code = "import sqlite3, sys; base = sqlite3.connect(sys.argv[1], isolation_level=None); \
                base.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()";
    let mut command = Command::new(python);
    command.args(["-c", code]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut said = String::new();
    let output = child.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut said).expect("it says so");
    assert_eq!(said.trim(), "held");
    Lock(child)
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a wire does with what comes over it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// Nothing comes through, and nobody is told.
    Held,
    /// Whoever is connected is cut off, and nobody gets in.
    Cut,
}

/// A port of this machine behind which a server is, as long as the wire holds.
pub(crate) struct Wire {
    /// The port.
    pub(crate) port: u16,
    flow: watch::Sender<Flow>,
    task: tokio::task::JoinHandle<()>,
}

impl Wire {
    /// To the server at `address`.
    pub(crate) async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (flow, seen) = watch::channel(Flow::Open);
        let address = Arc::new(address);
        let task = tokio::spawn(async move {
            let mut wires = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (address, mut seen) = (address.clone(), seen.clone());
                wires.spawn(async move {
                    if *seen.borrow_and_update() == Flow::Cut {
                        return;
                    }
                    let Ok(far) = TcpStream::connect(address.as_str()).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::select! {
                        () = carry(near_in, far_out, seen.clone()) => {}
                        () = carry(far_in, near_out, seen.clone()) => {}
                        _ = seen.wait_for(|flow| *flow == Flow::Cut) => {}
                    }
                });
            }
        });
        Self { port, flow, task }
    }

    /// From now on nobody is behind it.
    pub(crate) fn cut(&self) {
        self.flow.send_replace(Flow::Cut);
    }

    /// From now on nothing comes through.
    pub(crate) fn hold(&self) {
        self.flow.send_replace(Flow::Held);
    }

    /// Everything comes through again.
    pub(crate) fn mend(&self) {
        self.flow.send_replace(Flow::Open);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut flow: watch::Receiver<Flow>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut bytes = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if flow.wait_for(|flow| *flow != Flow::Held).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
