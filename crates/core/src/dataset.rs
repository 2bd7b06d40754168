//! What a dataset is before it is opened: its name, where its rows come from, and how they are to be read.

use crate::connection::{Connection, Part, Reach};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One table that can be read: name, source, read options.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetSpec {
    /// Unique in its project, ignoring case.
    pub name: String,
    /// Free text for people.
    pub description: Option<String>,
    /// Where the rows come from.
    pub source: Source,
    /// How they are read.
    pub options: ReadOptions,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Files of one format.
    Files(FileSource),
    /// An existing Delta table.
    Delta {
        /// Where it is.
        location: Location,
        /// As it was at this version; unset: as it is when it is opened.
        version: Option<u64>,
    },
    /// A Delta table of Datahall's own.
    Managed {
        /// Its name in the lake.
        table: String,
        /// As it was at this version; unset: as it is.
        version: Option<u64>,
    },
    /// What is read through a connection.
    Connected {
        /// How to get there.
        connection: Arc<Connection>,
        /// What is read there.
        part: Part,
        /// For Delta tables: as it was at this version; unset: as it is.
        version: Option<u64>,
    },
}

impl Source {
    /// The same as of a version, or with `None` as it is; nothing for what cannot have versions. Whether what lies behind a
    /// connection has any is only known there.
    pub fn at(&self, version: Option<u64>) -> Option<Self> {
        match self {
            Self::Files(_) | Self::Connected { part: Part::Query { .. }, .. } => None,
            Self::Delta { location, .. } => Some(Self::Delta { location: location.clone(), version }),
            Self::Managed { table, .. } => Some(Self::Managed { table: table.clone(), version }),
            Self::Connected { connection, part, .. } => {
                let has_files = matches!(connection.reach, Reach::Filesystem { .. } | Reach::Lakehouse { .. } | Reach::S3 { .. });
                has_files.then(|| Self::Connected { connection: connection.clone(), part: part.clone(), version })
            }
        }
    }

    /// Where it is, when it is neither Datahall's own nor behind a connection.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Files(files) => Some(&files.location),
            Self::Delta { location, .. } => Some(location),
            Self::Managed { .. } | Self::Connected { .. } => None,
        }
    }

    /// What messages call it: its URL or its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Files(files) => &files.location.url,
            Self::Delta { location, .. } => &location.url,
            Self::Managed { table, .. } | Self::Connected { part: Part::Table { name: table, .. }, .. } => table,
            Self::Connected { connection, part: Part::Query { .. }, .. } => &connection.name,
        }
    }
}

/// Files of one format at one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSource {
    /// The format of every file.
    pub format: FileFormat,
    /// A file, a folder, a glob or a URL.
    pub location: Location,
    /// Whether `key=value` folders become columns.
    pub partitioning: Partitioning,
}

/// A place, and what it takes to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// A path (relative to the working folder or absolute), `file://`, `s3://`, `http://` or `https://`.
    pub url: String,
    /// For `s3://`: region, endpoint, credentials.
    pub s3: S3Options,
}

/// The formats files are read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the format of that name")]
pub enum FileFormat {
    Parquet,
    Csv,
    Tsv,
    Json,
    Ndjson,
    Arrow,
    Xlsx,
}

impl FileFormat {
    /// The name used in configuration and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Arrow => "arrow",
            Self::Xlsx => "xlsx",
        }
    }

    /// The endings (lower case, no dot) that files of this format have in a folder.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Parquet => &["parquet", "pq"],
            Self::Csv => &["csv", "csv.gz"],
            Self::Tsv => &["tsv", "tab", "tsv.gz"],
            Self::Json => &["json", "json.gz"],
            Self::Ndjson => &["ndjson", "jsonl", "ndjson.gz", "jsonl.gz"],
            Self::Arrow => &["arrow", "arrows", "feather", "ipc"],
            Self::Xlsx => &["xlsx", "xlsm", "xlsb", "xls", "ods"],
        }
    }
}

/// Whether `key=value` folders become columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitioning {
    /// When such folders are there.
    #[default]
    Auto,
    /// They must be there.
    Hive,
    /// Never.
    None,
}

/// How to reach an S3 bucket. Whatever is unset comes from the environment.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct S3Options {
    /// As in `eu-west-1`.
    pub region: Option<String>,
    /// Another server than AWS.
    pub endpoint: Option<String>,
    /// Bucket in the path rather than in the host name.
    pub path_style: bool,
    /// The bucket is already in the endpoint's host name; unset: found out from it.
    pub endpoint_bucket_in_host: Option<bool>,
    /// Whether an `http://` endpoint may be used.
    pub allow_http: bool,
    /// Whether the endpoint, and wherever it redirects to, must be public addresses at the moment of each connection; what the
    /// environment says of keys and endpoints is then left alone.
    pub public_only: bool,
    /// Key id.
    pub access_key_id: Option<String>,
    /// Secret.
    pub secret_access_key: Option<String>,
    /// Session token.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for S3Options {
    // Written by hand so that no log can print a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Options")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("path_style", &self.path_style)
            .field("endpoint_bucket_in_host", &self.endpoint_bucket_in_host)
            .field("allow_http", &self.allow_http)
            .field("public_only", &self.public_only)
            .finish_non_exhaustive()
    }
}

/// How rows are read and kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Other names for columns, old and new; what else is said of columns says it of the new names.
    pub rename: Vec<(String, String)>,
    /// Only these columns, in this order; empty: all, in the order of the file.
    pub columns: Vec<String>,
    /// Keep text columns dictionary-encoded when they are in memory.
    pub dict_encode: bool,
    /// Read from the source at each query instead of loading into memory.
    pub lazy: bool,
    /// Which columns get an equality index when they are in memory.
    pub index: IndexOptions,
    /// Options of one format only, as `delimiter`, `header`, `sheet`.
    pub format: BTreeMap<String, String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            rename: Vec::new(),
            columns: Vec::new(),
            dict_encode: true,
            lazy: false,
            index: IndexOptions::default(),
            format: BTreeMap::new(),
        }
    }
}

/// Which columns get an equality index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexOptions {
    /// All that qualify, none, or the listed.
    pub mode: IndexMode,
    /// The listed columns.
    pub columns: Vec<String>,
    /// A column with more distinct values than this gets none.
    pub max_cardinality: usize,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self { mode: IndexMode::Auto, columns: Vec::new(), max_cardinality: 100_000 }
    }
}

/// How index columns are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// Text, boolean and signed integer columns within the cardinality.
    #[default]
    Auto,
    /// No column.
    None,
    /// The listed columns.
    List,
}
