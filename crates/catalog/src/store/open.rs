//! Opening: the file made with narrow permissions, connections prepared, the schema brought up to date.

use super::place::sqlite_url;
use super::{Backend, Place, Store, errors, run};
use crate::migrate;
use datahall_core::clock::Clock;
use datahall_core::{Code, Error, Result};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _};
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

/// Connections that read a SQLite file; it has one more that writes.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;
/// How long a writer waits for its turn.
const SQLITE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a request waits for the database to be there.
const POSTGRES_PATIENCE: Duration = Duration::from_secs(10);
/// How long a start waits for the database to answer at all.
const CONNECT_PATIENCE: Duration = Duration::from_secs(20);
/// How long an opening waits for another one that is at it, beside what each statement waits.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// What the one writer needs; the readers get the same and cannot write. WAL, so that readers never wait; FULL, so that a
/// commit is on the disk when it is acknowledged.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
const SQLITE_READER: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;";
// A lock or a transaction held for ever would stop every other node.
const POSTGRES: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET client_encoding = 'UTF8';";

/// The options of a URL that name files of certificates.
const CERTIFICATE_FILES: &[&str] = &["sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert"];

impl Store {
    /// Opens the place, made if it is not there, and brings its schema up to version `to`.
    ///
    /// # Errors
    /// `Invalid` when the URL or the schema does not fit; `Unavailable` or `StorageFull` when the file or the server does not serve.
    /// Each message names the place.
    pub(crate) async fn open(place: &Place, clock: &dyn Clock, to: i64) -> Result<Self> {
        let shown = place.shown();
        let context = |error: Error| error.context(format!("the catalog {shown}"));
        sqlx::any::install_default_drivers();
        let (backend, url) = match place {
            Place::Sqlite(path) => (Backend::Sqlite, make_file(path).map_err(context)?),
            Place::Postgres(url) => {
                check_certificate_file(url).map_err(context)?;
                (Backend::Postgres, url.clone())
            }
        };
        let options = AnyConnectOptions::from_str(&url).map_err(|_| context(Error::invalid("this is not a URL")))?;
        // By a connection of its own: a pool tries again and again, and then no longer knows what was wrong.
        let mut first = first(backend, &options, clock).await.map_err(context)?;
        let migrated = migrate::run_all(&mut first, backend, clock, to).await.map_err(context);
        let closed = first.close().await;
        migrated?;
        closed.map_err(|error| context(errors::at_open(error)))?;
        Ok(match backend {
            Backend::Sqlite => {
                let reading = pool(SQLITE_READERS, SQLITE_PATIENCE, SQLITE_READER).connect_lazy_with(options.clone());
                let writing = pool(1, SQLITE_PATIENCE, SQLITE_WRITER).connect_lazy_with(options);
                Self { backend, shown, reading, writing }
            }
            Backend::Postgres => {
                let pool = pool(POSTGRES_CONNECTIONS, POSTGRES_PATIENCE, POSTGRES).test_before_acquire(true);
                let pool = pool.connect_lazy_with(options);
                Self { backend, shown, reading: pool.clone(), writing: pool }
            }
        })
    }
}

fn pool(connections: u32, patience: Duration, prepare: &'static str) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(patience).test_before_acquire(false);
    let options = options.idle_timeout(None).max_lifetime(None);
    options.after_connect(move |connection, _| Box::pin(run(connection, prepare)))
}

async fn first(backend: Backend, options: &AnyConnectOptions, clock: &dyn Clock) -> Result<AnyConnection> {
    let prepare = match backend {
        Backend::Sqlite => SQLITE_WRITER,
        Backend::Postgres => POSTGRES,
    };
    let started = clock.monotonic();
    loop {
        let connected = async {
            let mut connection = options.connect().await?;
            run(&mut connection, prepare).await?;
            Ok(connection)
        };
        let connected = tokio::time::timeout(CONNECT_PATIENCE, connected).await;
        let connected = connected.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        match connected.map_err(errors::at_open) {
            // Going over to WAL does not wait for its turn as statements do.
            Err(error)
                if backend == Backend::Sqlite
                    && error.retry_after_secs().is_some()
                    && clock.monotonic().saturating_sub(started) < LOCK_PATIENCE =>
            {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            connected => return connected,
        }
    }
}

/// Makes the file if it is not there, readable by nobody else, and gives the URL to open it by. SQLite gives the files
/// beside it the same permissions.
fn make_file(path: &Path) -> Result<String> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(_) => {
            // SQLite makes what is in the file durable, not that there is a file.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| of_io(&error))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let metadata = std::fs::metadata(path).map_err(|error| of_io(&error))?;
            if !metadata.is_file() {
                return Err(Error::invalid("this is not a file"));
            }
            if metadata.permissions().mode() & 0o077 != 0 {
                // Somebody else's file, or a file system without permissions: it is no reason not to start.
                let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
            }
        }
        Err(error) => return Err(of_io(&error)),
    }
    sqlite_url(path).map_err(|error| of_io(&error))
}

/// What the URL names as the certificates to trust must be there: the library says that a file is missing, but not which.
fn check_certificate_file(url: &str) -> Result<()> {
    let options = url.split_once('?').map_or("", |(_, options)| options);
    let named = options.split('&').filter_map(|option| option.split_once('=')).filter(|(key, _)| CERTIFICATE_FILES.contains(key));
    for (key, file) in named.filter(|(_, file)| !file.contains('%')) {
        std::fs::File::open(file).map_err(|error| Error::invalid(format!("{key}={file}: {error}")))?;
    }
    Ok(())
}

fn of_io(error: &std::io::Error) -> Error {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::StorageFull,
        _ => Code::Unavailable,
    };
    Error::new(code, error.to_string())
}
