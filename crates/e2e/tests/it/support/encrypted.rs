//! A PostgreSQL of a test's own that lets nobody in who does not encrypt, and the certificates by which it is known.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian puts the server's programs, a folder a version, for they are not on the path.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Another program may take the port between our looking and the server's start.
const TRIES: u32 = 5;

/// A running server whose certificate names `localhost` and nothing else. Dropped, it is stopped and its folder removed.
pub(crate) struct Encrypted {
    folder: PathBuf,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
}

impl Encrypted {
    /// Starts one.
    pub(crate) fn start() -> Self {
        // Not a private folder: the server does not run as root.
        let name = format!("datahall-e2e-tls-{}-{}", std::process::id(), super::server::free_port());
        let mut server = Self { folder: std::env::temp_dir().join(name), port: 0 };
        std::fs::create_dir_all(&server.folder).expect("a folder");
        server.make_certificates();
        if user().is_some() {
            must(Command::new("chown").arg("-R").arg(user().expect("a user")).arg(&server.folder));
        }
        let mut init = server.program("initdb");
        must(init.args(["--auth=trust", "--username=postgres", "--no-locale", "--no-sync", "--pgdata"]).arg(server.path("data")));
        let who = "hostssl all all 127.0.0.1/32 trust\n";
        std::fs::write(server.path("data/pg_hba.conf"), who).expect("who may come in");
        server.listen();
        server
    }

    /// The certificate of the authority that signed the server's.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path("right.pem")
    }

    /// That of another one.
    pub(crate) fn other_authority(&self) -> PathBuf {
        self.path("wrong.pem")
    }

    /// Its database as that host, with these options.
    pub(crate) fn url(&self, host: &str, options: &str) -> String {
        format!("postgres://postgres@{host}:{}/postgres?{options}", self.port)
    }

    /// Runs a statement; gives what it said.
    pub(crate) fn run(&self, statement: &str) -> String {
        let url = self.url("127.0.0.1", "sslmode=require");
        let output = Command::new("psql").args([&url, "-qXAtc", statement]).output().expect("psql runs");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn make_certificates(&self) {
        let openssl = |arguments: &str| must(Command::new("openssl").args(arguments.split(' ')).current_dir(&self.folder));
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout";
        for name in ["right", "wrong"] {
            let is_authority = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign";
            openssl(&format!("req -x509 {key} {name}.key -out {name}.pem -days 2 -subj /CN={name} {is_authority}"));
        }
        openssl(&format!("req {key} server.key -out server.csr -subj /CN=localhost"));
        std::fs::write(self.path("names"), "subjectAltName=DNS:localhost\n").expect("the names");
        let sign =
            "x509 -req -in server.csr -CA right.pem -CAkey right.key -CAcreateserial -out server.crt -days 2 -extfile names";
        openssl(sign);
    }

    fn listen(&mut self) {
        for attempt in 1..=TRIES {
            let (port, files) = (super::server::free_port(), self.folder.display());
            let tls = format!("-c ssl=on -c ssl_cert_file='{files}/server.crt' -c ssl_key_file='{files}/server.key'");
            let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off {tls}");
            let mut start = self.program("pg_ctl");
            start.args(["start", "--wait", "--silent", "--options", &options, "--pgdata"]).arg(self.path("data"));
            start.arg("--log").arg(self.path("log")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if start.status().expect("pg_ctl runs").success() {
                self.port = port;
                return;
            }
            let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(attempt < TRIES, "PostgreSQL does not start: {log}");
        }
    }

    fn program(&self, name: &str) -> Command {
        let path = programs().join(name);
        let mut command = match user() {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(self.path("data"));
        let _ = stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whom the server runs as; root it refuses.
fn user() -> Option<&'static str> {
    let id = |arguments: &[&str]| Command::new("id").args(arguments).output().ok().filter(|output| output.status.success());
    let is_root = id(&["-u"]).is_some_and(|output| output.stdout.trim_ascii() == b"0");
    is_root.then(|| if id(&["-u", "postgres"]).is_some() { "postgres" } else { "nobody" })
}

fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).find(|folder| folder.join("pg_ctl").is_file()) {
        return found;
    }
    let versions = std::fs::read_dir(Path::new(DEBIAN)).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    versions.filter(|bin| bin.join("pg_ctl").is_file()).max().expect("PostgreSQL's programs: run `cargo xtask test`")
}

fn must(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
