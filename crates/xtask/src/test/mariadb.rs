//! A MariaDB server for the tests: made in a scratch folder, stopped and removed afterwards.

use super::postgres::free_port;
use crate::run::{Outcome, must};
use crate::setup;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropped, it is stopped and its folder removed.
pub(super) struct MariaDb {
    server: Child,
    folder: PathBuf,
    /// How to reach it, as a user who may do everything: `mysql://root:datahall@…/mysql`.
    pub(super) url: String,
    /// The statements it was given.
    pub(super) log: PathBuf,
}

impl MariaDb {
    /// Starts one, installed first where it is missing.
    pub(super) fn start() -> Outcome<Self> {
        if !setup::is_there("/usr/sbin/mariadbd", "mariadbd") {
            setup::install("mariadb-server")?;
        }
        let folder = std::env::temp_dir().join(format!("datahall-mariadb-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let user = if setup::is_root() { "mysql".to_owned() } else { std::env::var("USER").unwrap_or_default() };
        if setup::is_root() {
            must(Command::new("chown").arg(&user).arg(&folder), "giving MariaDB its folder")?;
        }
        let data = format!("--datadir={}", folder.join("data").display());
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]).arg(&data);
        must(install.arg(format!("--user={user}")).stdout(Stdio::null()).stderr(Stdio::null()), "mariadb-install-db")?;
        let (port, socket) = (free_port()?, folder.join("socket"));
        let mut server = Command::new(if setup::is_root() { "/usr/sbin/mariadbd" } else { "mariadbd" });
        server.args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--general-log=1",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        server.arg(&data).args([format!("--user={user}"), format!("--port={port}"), format!("--socket={}", socket.display())]);
        server.arg(format!("--general-log-file={}", folder.join("statements").display()));
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| format!("mariadbd: {error}"))?;
        let started =
            Self { server, log: folder.join("statements"), folder, url: format!("mysql://root:datahall@127.0.0.1:{port}/mysql") };
        let sql = "CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY 'datahall'; GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION";
        let until = Instant::now() + PATIENCE;
        loop {
            let mut client = Command::new("mariadb");
            client.args(["--no-defaults", "-uroot", "-e", sql]).arg(format!("--socket={}", socket.display()));
            if client.output().is_ok_and(|output| output.status.success()) {
                return Ok(started);
            }
            if Instant::now() > until {
                return Err("MariaDB does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
