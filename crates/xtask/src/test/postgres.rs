//! A PostgreSQL server for the tests: made in a scratch folder, stopped and removed afterwards.

use crate::run::{Outcome, must};
use crate::setup;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian puts the server's programs, a folder a version, for they are not on the path.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Another program may take the port between our looking and the server's start.
const TRIES: u32 = 3;

/// A running server. Dropped, it is stopped and its folder removed.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    /// Whom it runs as; root it refuses.
    user: Option<String>,
    /// How to reach it, as a user who may do everything: `postgres://…/postgres`.
    pub(crate) url: String,
    /// What it logs.
    pub(super) log: PathBuf,
}

impl Postgres {
    /// Starts one, installed first where it is missing.
    pub(crate) fn start() -> Outcome<Self> {
        let programs = programs().map_or_else(
            || {
                setup::install("postgresql")?;
                programs().ok_or_else(|| "postgresql is installed, but there is no pg_ctl".to_owned())
            },
            Ok,
        )?;
        let user = setup::is_root().then(unprivileged);
        let folder = std::env::temp_dir().join(format!("datahall-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let log = folder.join("log");
        let mut server = Self { programs, folder, user, url: String::new(), log };
        if let Some(user) = &server.user {
            must(Command::new("chown").arg(user).arg(&server.folder), "giving PostgreSQL its folder")?;
        }
        let mut init = server.program("initdb");
        init.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
        must(init.arg(server.data()).stdout(Stdio::null()), "initdb")?;
        server.listen()?;
        Ok(server)
    }

    fn listen(&mut self) -> Outcome<()> {
        let mut why = String::new();
        for _ in 0..TRIES {
            let port = free_port()?;
            let mut start = self.program("pg_ctl");
            // What the tests write need not outlive the machine, but many of them connect at once.
            let sockets = format!("-c unix_socket_directories='{}'", self.folder.display());
            let options = format!("-p {port} -c listen_addresses=127.0.0.1 {sockets} -c fsync=off -c max_connections=500");
            start.args(["start", "--wait", "--silent", "--options", &options, "--pgdata"]).arg(self.data());
            start.arg("--log").arg(&self.log).stdout(Stdio::null());
            match must(&mut start, "starting PostgreSQL") {
                Ok(()) => {
                    self.url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
                    return Ok(());
                }
                Err(error) => why = error,
            }
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        Err(format!("{why}\n{log}"))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = match &self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        // The checkout may lie where that user may not go.
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(self.data());
        let quiet = stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if quiet.is_err() {
            eprintln!("xtask: PostgreSQL in {} could not be stopped", self.folder.display());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The folder of `pg_ctl`: from the path, else Debian's newest version.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|folder| folder.join("pg_ctl").is_file() && folder.join("initdb").is_file());
    on_path.or_else(|| newest(Path::new(DEBIAN)))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(versions).ok()?.filter_map(Result::ok);
    let numbered =
        folders.filter_map(|folder| Some((folder.file_name().to_str()?.parse::<u32>().ok()?, folder.path().join("bin"))));
    numbered.filter(|(_, bin)| bin.join("pg_ctl").is_file()).max().map(|(_, bin)| bin)
}

fn unprivileged() -> String {
    let exists = |user: &&str| Command::new("id").args(["-u", user]).output().is_ok_and(|output| output.status.success());
    ["postgres"].into_iter().find(exists).unwrap_or("nobody").to_owned()
}

pub(super) fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| format!("no free port: {error}"))?;
    Ok(listener.local_addr().map_err(|error| format!("no free port: {error}"))?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_a_number_not_a_word() {
        let root = std::env::temp_dir().join(format!("datahall-xtask-versions-{}", std::process::id()));
        for version in ["9", "15", "x"] {
            std::fs::create_dir_all(root.join(version).join("bin")).unwrap();
            std::fs::write(root.join(version).join("bin/pg_ctl"), "").unwrap();
        }
        std::fs::create_dir_all(root.join("16")).unwrap();
        assert_eq!(newest(&root), Some(root.join("15/bin")));
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(newest(&root), None);
    }
}
