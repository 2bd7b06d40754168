//! What every test needs: a fresh place for a catalog, a catalog in it, and records to begin with.

use datahall_catalog::{Actor, AuditEntry, Catalog, Change, Organisation, Project, Record};
use datahall_core::clock::{SystemClock, SystemRandom, random_hex};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use std::path::PathBuf;
use std::sync::Arc;

/// Makes of each named `async fn(Site)` a test on SQLite and one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::support::Site::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::support::Site::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// A place for one catalog. Dropped, it is gone.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) dir: tempfile::TempDir,
    database: Option<(String, String)>,
}

impl Site {
    /// A file that is not there yet.
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", dir.path().join("catalog.db").display()), dir, database: None }
    }

    /// An empty database.
    pub(crate) async fn postgres() -> Self {
        let server = server();
        let name = format!("catalog_{}", random_hex(&SystemRandom, 8));
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let (base, options) = server.split_once('?').map_or((server.as_str(), ""), |(base, options)| (base, options));
        let base = base.rsplit_once('/').expect("DATAHALL_TEST_POSTGRES must end in a database").0;
        let options = if options.is_empty() { String::new() } else { format!("?{options}") };
        let url = format!("{base}/{name}{options}");
        Self { url, dir: tempfile::tempdir().unwrap(), database: Some((server, name)) }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.database.is_none()
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("catalog.db")
    }

    /// The catalog here.
    pub(crate) async fn open(&self) -> Catalog {
        open(&self.url).await.unwrap()
    }

    /// Runs a statement past the catalog.
    pub(crate) async fn execute(&self, text: &str) {
        execute(&self.url, text).await;
    }

    /// Tries a statement past the catalog.
    pub(crate) async fn try_execute(&self, text: &str) -> Result<(), sqlx::Error> {
        let mut connection = connect(&self.url).await;
        sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut connection).await.map(drop)
    }

    /// Asks past the catalog.
    pub(crate) async fn query(&self, text: &str) -> Vec<AnyRow> {
        let mut connection = connect(&self.url).await;
        sqlx::raw_sql(AssertSqlSafe(text.to_owned())).fetch_all(&mut connection).await.unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let Some((server, name)) = self.database.take() else { return };
        let drop = async move { execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await };
        // On a thread of its own, for the test's runtime may not wait here.
        let dropped = std::thread::spawn(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(drop);
        });
        let _ = dropped.join();
    }
}

fn server() -> String {
    std::env::var("DATAHALL_TEST_POSTGRES")
        .expect("DATAHALL_TEST_POSTGRES names no PostgreSQL: run `cargo xtask test`, which starts one")
}

pub(crate) async fn open(url: &str) -> datahall_core::Result<Catalog> {
    Catalog::open(url, Arc::new(SystemClock::new()), Arc::new(SystemRandom)).await
}

async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url).await.unwrap()
}

async fn execute(url: &str, text: &str) {
    let mut connection = connect(url).await;
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Who makes the changes of tests.
pub(crate) fn actor() -> Actor {
    Actor { principal: "ada".into(), address: Some("192.0.2.1".into()), request_id: "r1".into() }
}

pub(crate) async fn change(catalog: &Catalog) -> Change {
    catalog.change(&actor()).await.unwrap()
}

/// Inserts the record by a change of its own.
pub(crate) async fn insert<R: Record>(catalog: &Catalog, record: &mut R) {
    let mut change = change(catalog).await;
    change.insert(record).await.unwrap();
    let entry = AuditEntry::created(format!("{}.create", R::TABLE.noun), record).unwrap();
    change.commit(entry).await.unwrap();
}

/// Any entry.
pub(crate) fn entry() -> AuditEntry {
    AuditEntry::new("test")
}

pub(crate) async fn organisation(catalog: &Catalog, key: &str) -> Organisation {
    let mut organisation = Organisation { key: key.into(), title: key.to_uppercase(), ..Organisation::default() };
    insert(catalog, &mut organisation).await;
    organisation
}

/// A project in an organisation of its own.
pub(crate) async fn project(catalog: &Catalog) -> Project {
    let organisation = organisation(catalog, "acme").await;
    let mut project = Project { organisation: organisation.meta.id, key: "MAIN".into(), ..Project::default() };
    insert(catalog, &mut project).await;
    project
}

/// A JSON object.
pub(crate) fn object(json: serde_json::Value) -> datahall_catalog::Object {
    json.as_object().unwrap().clone()
}
