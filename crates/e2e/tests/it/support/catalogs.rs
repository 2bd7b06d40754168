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

    /// As if the one dataset that is there had been made as often as that altogether, each with a name and a number of its own.
    pub(crate) fn multiply(&self, data: &std::path::Path, count: usize) {
        const COLUMNS: &str = "version, created_at, created_by, updated_at, updated_by, project, origin, visibility, connection, owner, generation, body";
        match &self.url {
            Some(url) => psql(
                url,
                &format!(
                    "INSERT INTO datasets (id, name, name_key, page_id, {COLUMNS}) SELECT substr(md5(n::text), 1, 16), \
                     'dataset_' || lpad(n::text, 6, '0'), 'dataset_' || lpad(n::text, 6, '0'), lpad(n::text, 5, '0'), {COLUMNS} \
                     FROM datasets, generate_series(1, {count} - 1) AS n"
                ),
            ),
            None => {
                let script = format!(
                    "import hashlib, sqlite3, sys\n\
                     there = sqlite3.connect(sys.argv[1])\n\
                     [row] = there.execute('SELECT {COLUMNS} FROM datasets')\n\
                     copies = ((hashlib.md5(str(n).encode()).hexdigest()[:16], f'dataset_{{n:06}}', f'dataset_{{n:06}}', f'{{n:05}}', *row) \
                     for n in range(1, {count}))\n\
                     there.executemany('INSERT INTO datasets (id, name, name_key, page_id, {COLUMNS}) VALUES (' + ', '.join('?' * 16) + ')', copies)\n\
                     there.commit()\n"
                );
                let python = std::env::var("DATAHALL_PYTHON").expect("run `cargo xtask test`, which makes a Python environment");
                let run = Command::new(python).arg("-c").arg(script).arg(data.join("catalog.db")).output().expect("Python runs");
                assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            }
        }
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
