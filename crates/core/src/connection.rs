//! How an outside system is reached, and what is found there.

use crate::dataset::S3Options;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// An outside system. Whoever may use a connection reads with its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The id of its record.
    pub id: String,
    /// The version of its record: what was kept open for an older one is not used for a newer one. 0: it has no record, for it
    /// is only tried out; nothing is kept open for it.
    pub version: i64,
    /// Its name, for messages.
    pub name: String,
    /// What it is, and what it takes to get in.
    pub reach: Reach,
}

/// What an outside system is, and what it takes to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the system of that name")]
pub enum Reach {
    Postgresql(Database),
    Mysql(Database),
    /// One database file; its schema is `main`.
    Sqlite {
        /// The file, which must be there.
        path: PathBuf,
    },
    /// A folder of files: sub-folders are schemas, files directly in it are in the schema `default`.
    Filesystem {
        /// The folder.
        root: PathBuf,
    },
    /// A folder of Delta tables and folders of Parquet files.
    Lakehouse {
        /// The folder; unset: `DATA_DIR/lakehouse`.
        root: Option<PathBuf>,
    },
    /// A bucket, read as a file system is.
    S3 {
        /// `s3://bucket/prefix`.
        root: String,
        /// Region, endpoint, credentials.
        options: S3Options,
    },
    /// Files behind one address; a table is a path below it.
    Http {
        /// `http(s)://host/path/`.
        root: String,
    },
    /// Whatever an ADBC driver reaches.
    Adbc(Driver),
}

impl Reach {
    /// The type's name in configuration and in answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Postgresql(_) => "postgresql",
            Self::Mysql(_) => "mysql",
            Self::Sqlite { .. } => "sqlite",
            Self::Filesystem { .. } => "filesystem",
            Self::Lakehouse { .. } => "lakehouse",
            Self::S3 { .. } => "s3",
            Self::Http { .. } => "http",
            Self::Adbc(_) => "adbc",
        }
    }
}

/// A database server.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database on it.
    pub database: String,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub password: Option<String>,
    /// `disable`, `prefer`, `require`, `verify-ca`, `verify-full`.
    pub sslmode: Option<String>,
    /// Connections kept open at most.
    pub pool: usize,
}

impl fmt::Debug for Database {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("database", &self.database)
            .field("user", &self.user)
            .field("sslmode", &self.sslmode)
            .finish_non_exhaustive()
    }
}

/// An ADBC driver.
#[derive(Clone, PartialEq, Eq)]
pub struct Driver {
    /// The shared library.
    pub path: PathBuf,
    /// The function it is entered by; unset: the one ADBC derives from the library's name.
    pub entrypoint: Option<String>,
    /// Database options as the driver names them; values may be secrets.
    pub options: BTreeMap<String, String>,
}

impl fmt::Debug for Driver {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<&String> = self.options.keys().collect();
        f.debug_struct("Driver").field("path", &self.path).field("options", &options).finish_non_exhaustive()
    }
}

/// What is read of an outside system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// One table.
    Table {
        /// Its schema; unset: the only one, or the one the system takes by default.
        schema: Option<String>,
        /// Its name.
        name: String,
    },
    /// What one read-only SELECT gives, in the system's own SQL; it judges what is allowed.
    Query {
        /// The statement.
        sql: String,
    },
}

/// A table that was found in an outside system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideTable {
    /// Its schema.
    pub schema: String,
    /// Its name in the schema.
    pub name: String,
    /// `table`, `view`, or the format of a file: `csv`, `parquet`, `delta`.
    pub kind: &'static str,
    /// About how many rows, when the system knows without counting.
    pub rows: Option<u64>,
}
