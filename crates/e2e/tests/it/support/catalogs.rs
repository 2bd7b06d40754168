//! Where a server keeps its records: a SQLite file in its data folder, or a PostgreSQL database made for one test.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place for a catalog. Dropped, it is gone.
pub(crate) struct Place {
    /// The value of `DATABASE_URL`; `None`: it is not set.
    pub(crate) url: Option<String>,
    database: Option<(String, String)>,
}

impl Place {
    /// In the data folder.
    pub(crate) fn sqlite() -> Self {
        Self { url: None, database: None }
    }

    /// A database of its own on the server that the tests were given.
    pub(crate) fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("DATAHALL_TEST_POSTGRES").expect("run `cargo xtask test`, which starts a PostgreSQL");
        let name = format!("e2e_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // One of that name can only be what an earlier process of this number left.
        psql(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        psql(&server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
        let base = server.rsplit_once('/').expect("a URL that ends in a database").0;
        Self { url: Some(format!("{base}/{name}")), database: Some((server.clone(), name)) }
    }

    /// One of each.
    pub(crate) fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres()]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((server, name)) = self.database.take() {
            psql(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn psql(server: &str, statement: &str) {
    let run = Command::new("psql").args([server, "-qXc", statement]).output().expect("psql runs");
    assert!(run.status.success(), "{statement}: {}", String::from_utf8_lossy(&run.stderr));
}
