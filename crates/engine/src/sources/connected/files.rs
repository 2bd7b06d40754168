//! Connections to folders of files: schemas are folders, tables are files, Delta tables and folders of Parquet files.

use super::ground::{Entries, Ground};
use crate::sources::hive;
use crate::sources::listing::belongs;
use datahall_core::connection::{Connection, OutsideTable, Part, Reach};
use datahall_core::dataset::{FileFormat, FileSource, Location, Partitioning};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use std::path::Path;

/// The schema of what lies directly in the root.
const DEFAULT: &str = "default";
const LOG: &str = "_delta_log";
/// The formats of which a file is a table.
const FORMATS: [FileFormat; 4] = [FileFormat::Parquet, FileFormat::Csv, FileFormat::Tsv, FileFormat::Ndjson];
/// Folders that are looked into at once.
const AT_ONCE: usize = 16;

/// What a part of a connection is, and what reading it may reach.
#[derive(Debug)]
pub(crate) enum Found {
    /// Files of one format.
    Files(FileSource, Access),
    /// A Delta table.
    Delta(Location, Access),
}

/// Whether connections of this kind are folders of files.
pub(crate) fn reaches(reach: &Reach) -> bool {
    matches!(reach, Reach::Filesystem { .. } | Reach::Lakehouse { .. } | Reach::S3 { .. })
}

/// Finds out whether the root is there.
///
/// # Errors
/// `Unavailable` when it is not; `Invalid` when `access` refuses it.
pub(crate) async fn probe(connection: &Connection, lakehouse: &Path, access: &Access) -> Result<()> {
    Browser::of(connection, lakehouse, access).await?.entries(&[]).await.map(drop)
}

/// The schemas, by name.
///
/// # Errors
/// As [`probe`].
pub(crate) async fn schemas(connection: &Connection, lakehouse: &Path, access: &Access) -> Result<Vec<String>> {
    Browser::of(connection, lakehouse, access).await?.schemas().await
}

/// The tables of a schema, by name; without one, of the only one there is.
///
/// # Errors
/// As [`probe`]; `NotFound` for an unknown schema; `Invalid` when there are several and none is named.
pub(crate) async fn tables(
    connection: &Connection,
    schema: Option<&str>,
    lakehouse: &Path,
    access: &Access,
) -> Result<Vec<OutsideTable>> {
    let browser = Browser::of(connection, lakehouse, access).await?;
    let schema = match schema {
        Some(schema) => schema.to_owned(),
        None => browser.only_schema().await?,
    };
    let found = browser.tables(&schema).await?;
    let table = |(name, table): (String, Table)| OutsideTable { schema: schema.clone(), name, kind: table.kind(), rows: None };
    Ok(found.into_iter().map(table).collect())
}

/// What `part` of the connection is.
///
/// # Errors
/// As [`probe`]; `Invalid` for a statement and for what is no table.
pub(crate) async fn find(connection: &Connection, part: &Part, lakehouse: &Path, access: &Access) -> Result<Found> {
    let Part::Table { schema, name } = part else {
        let kind = connection.reach.kind();
        return Err(Error::invalid(format!("a connection of type {kind} has tables and takes no statements")));
    };
    let browser = Browser::of(connection, lakehouse, access).await?;
    let schema = match schema {
        Some(schema) => schema.clone(),
        None => browser.schema_of(name).await?,
    };
    let none = || no_table(&schema, name);
    let found = browser.tables(&schema).await.map_err(|error| match error.code() {
        datahall_core::Code::NotFound => none(),
        _ => error,
    })?;
    let table = named(found, name)?.ok_or_else(none)?;
    let path: Vec<&str> = table.path().iter().map(String::as_str).collect();
    let (location, within) = browser.ground.location(&path, access)?;
    Ok(match table {
        Table::Delta(_) => Found::Delta(location, within),
        Table::File(_, format) => Found::Files(FileSource { format, location, partitioning: Partitioning::None }, within),
        Table::Parquet(_) => {
            let source = FileSource { format: FileFormat::Parquet, location, partitioning: Partitioning::Auto };
            Found::Files(source, within)
        }
    })
}

fn no_table(schema: &str, name: &str) -> Error {
    Error::invalid(format!("no such table: {}.{}", schema.escape_debug(), name.escape_debug()))
}

/// A table and its path below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Table {
    File(Vec<String>, FileFormat),
    Delta(Vec<String>),
    Parquet(Vec<String>),
}

impl Table {
    fn kind(&self) -> &'static str {
        match self {
            Self::File(_, format) => format.name(),
            Self::Delta(_) => "delta",
            Self::Parquet(_) => "parquet",
        }
    }

    fn path(&self) -> &[String] {
        match self {
            Self::File(path, _) | Self::Delta(path) | Self::Parquet(path) => path,
        }
    }
}

/// Looks through a connection's folders.
struct Browser<'a> {
    ground: Ground,
    name: &'a str,
    /// Tables are folders, and single files none.
    lakehouse: bool,
}

impl<'a> Browser<'a> {
    async fn of(connection: &'a Connection, lakehouse: &Path, access: &Access) -> Result<Self> {
        let ground = Ground::of(connection, lakehouse, access).await?;
        Ok(Self { ground, name: &connection.name, lakehouse: matches!(connection.reach, Reach::Lakehouse { .. }) })
    }

    async fn entries(&self, path: &[&str]) -> Result<Option<Entries>> {
        self.ground.entries(path, self.name).await
    }

    async fn schemas(&self) -> Result<Vec<String>> {
        let root = self.entries(&[]).await?.unwrap_or_default();
        let folders = self.looked_into(&[], root.folders).await?;
        let mut schemas: Vec<String> =
            folders.iter().filter(|(_, table)| table.is_none()).map(|(name, _)| name.clone()).collect();
        let direct = folders.iter().any(|(_, table)| table.is_some())
            || (!self.lakehouse && root.files.iter().any(|name| format_of(name).is_some()));
        if direct && !schemas.iter().any(|name| name == DEFAULT) {
            schemas.push(DEFAULT.to_owned());
        }
        schemas.sort();
        Ok(schemas)
    }

    async fn only_schema(&self) -> Result<String> {
        let schemas = self.schemas().await?;
        match schemas.as_slice() {
            [] => Ok(DEFAULT.to_owned()),
            [only] => Ok(only.clone()),
            several => Err(Error::invalid(format!("there are several schemas: name one of {}", several.join(", ")))),
        }
    }

    /// The schema of a table that was named alone: the one of what lies in the root, else the only one.
    async fn schema_of(&self, name: &str) -> Result<String> {
        if named(self.tables(DEFAULT).await.unwrap_or_default(), name)?.is_some() {
            return Ok(DEFAULT.to_owned());
        }
        self.only_schema().await
    }

    /// The tables of a schema by name.
    async fn tables(&self, schema: &str) -> Result<BTreeMap<String, Table>> {
        let unknown = || Error::not_found(format!("not found: schema: {}", schema.escape_debug()));
        if !plain(schema) {
            return Err(unknown());
        }
        let mut found = BTreeMap::new();
        let mut there = false;
        let places: &[&[&str]] = if schema == DEFAULT { &[&[DEFAULT], &[]] } else { &[&[schema]] };
        for path in places {
            let Some(entries) = self.entries(path).await? else { continue };
            // A folder that is a table is no schema.
            if !path.is_empty() && self.table_in(path, &entries).is_some() {
                continue;
            }
            there = true;
            self.collect(path, entries, &mut found).await?;
        }
        if there { Ok(found) } else { Err(unknown()) }
    }

    /// Puts what lies directly in `path` over what was found before.
    async fn collect(&self, path: &[&str], entries: Entries, found: &mut BTreeMap<String, Table>) -> Result<()> {
        let below = |name: &str| path.iter().map(|part| (*part).to_owned()).chain([name.to_owned()]).collect::<Vec<_>>();
        if !self.lakehouse {
            let mut stems: BTreeMap<String, Vec<(String, FileFormat)>> = BTreeMap::new();
            for name in entries.files {
                if let Some((stem, format)) = format_of(&name) {
                    stems.entry(stem).or_default().push((name, format));
                }
            }
            for (stem, files) in stems {
                let alone = files.len() == 1;
                for (name, format) in files {
                    // Several files of one stem are told apart by their endings.
                    found.insert(if alone { stem.clone() } else { name.clone() }, Table::File(below(&name), format));
                }
            }
        }
        for (name, table) in self.looked_into(path, entries.folders).await? {
            if let Some(table) = table {
                found.insert(name, table);
            }
        }
        Ok(())
    }

    /// The folders of `path` that are not hidden, each with the table it is, if it is one.
    async fn looked_into(&self, path: &[&str], folders: Vec<String>) -> Result<Vec<(String, Option<Table>)>> {
        let look = |name: String| async move {
            let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            let table = self.entries(&path).await?.and_then(|entries| self.table_in(&path, &entries));
            Ok::<_, Error>((name, table))
        };
        let open = folders.into_iter().filter(|name| plain(name));
        stream::iter(open).map(look).buffered(AT_ONCE).try_collect().await
    }

    /// The table that a folder is.
    fn table_in(&self, path: &[&str], entries: &Entries) -> Option<Table> {
        let path = || path.iter().map(|part| (*part).to_owned()).collect();
        if entries.folders.iter().any(|folder| folder == LOG) {
            return Some(Table::Delta(path()));
        }
        let parquet = entries.files.iter().any(|name| belongs(name, FileFormat::Parquet.endings()));
        let partitioned = entries.folders.iter().any(|folder| hive::parse(folder).is_some());
        (self.lakehouse && (parquet || partitioned)).then(|| Table::Parquet(path()))
    }
}

/// The table of that name; a file by its whole name, too.
///
/// # Errors
/// `Invalid` when several files are meant.
fn named(mut found: BTreeMap<String, Table>, name: &str) -> Result<Option<Table>> {
    if let Some(table) = found.remove(name) {
        return Ok(Some(table));
    }
    let file = |table: &&Table| matches!(table, Table::File(path, _) if path.last().is_some_and(|file| file == name));
    if let Some(table) = found.values().find(file) {
        return Ok(Some(table.clone()));
    }
    let same_stem: Vec<&str> =
        found.keys().filter(|file| format_of(file).is_some_and(|(stem, _)| stem == name)).map(String::as_str).collect();
    if same_stem.is_empty() {
        return Ok(None);
    }
    Err(Error::invalid(format!("{} may be several files: name one of {}", name.escape_debug(), same_stem.join(", "))))
}

/// The name of the table that a file is, and its format.
fn format_of(name: &str) -> Option<(String, FileFormat)> {
    let lower = name.to_lowercase();
    FORMATS.into_iter().filter(|format| belongs(name, format.endings())).find_map(|format| {
        let endings = format.endings().iter();
        let longest = endings.filter(|ending| lower.ends_with(&format!(".{ending}"))).max_by_key(|ending| ending.len())?;
        Some((name.get(..name.len() - longest.len() - 1)?.to_owned(), format))
    })
}

/// Whether `name` names something in a folder, and nothing hidden or elsewhere.
fn plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['.', '_']) && !name.contains(['/', '\\', '\0'])
}
