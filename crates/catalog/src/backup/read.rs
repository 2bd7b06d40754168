//! Reading a backup: checked whole before anything is believed, then row by row.

use super::file::{hex, of_io};
use super::{BackupReport, FORMAT, Footer, Header, VERSION, tables};
use crate::migrate;
use crate::record::{Layout, Value};
use datahall_core::{Error, Result};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// A backup that was found to be whole.
#[derive(Debug)]
pub(super) struct Backup {
    pub(super) report: BackupReport,
    lines: BufReader<File>,
    /// The columns of each table in the order in which the file has them. Their names are the program's own: a column that
    /// only the file knows is refused.
    layouts: BTreeMap<String, Layout>,
}

impl Backup {
    /// Checks the whole file and opens it to be read from its first row on.
    ///
    /// # Errors
    /// `Invalid` when it is no backup, not whole, or newer than this program.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let invalid = |what: String| Error::invalid(format!("the backup {}: {what}", path.display()));
        let (header, rows) = verify(path).await.map_err(|told| told.into_error(invalid))?;
        let known: BTreeMap<_, _> = tables().into_iter().map(|(layout, _)| (layout.table, layout)).collect();
        let mut layouts = BTreeMap::new();
        for (table, columns) in header.tables {
            let layout = known.get(table.as_str()).ok_or_else(|| invalid(format!("it has an unknown table {table}")))?;
            let column = |name: &String| layout.columns.iter().find(|(known, _)| known == name).cloned();
            let columns: Option<_> = columns.iter().map(column).collect();
            let columns = columns.ok_or_else(|| invalid(format!("it has an unknown column of {table}")))?;
            layouts.insert(table, Layout { table: layout.table, columns });
        }
        let file = File::open(path).await.map_err(|error| of_io(path, &error))?;
        let mut lines = BufReader::new(file);
        let mut first = Vec::new();
        lines.read_until(b'\n', &mut first).await.map_err(|error| of_io(path, &error))?;
        Ok(Self { report: BackupReport { schema: header.schema, rows }, lines, layouts })
    }

    /// The next row, with the columns of its table; `None` after the last.
    ///
    /// # Errors
    /// `Invalid` for a row that does not fit its table.
    pub(super) async fn next(&mut self) -> Result<Option<(&Layout, Vec<Value>)>> {
        let mut line = Vec::new();
        self.lines.read_until(b'\n', &mut line).await.map_err(|error| of_io(Path::new(""), &error))?;
        let invalid = || Error::invalid("the backup has a row that does not fit its table");
        let Ok(Json::Array(row)) = serde_json::from_slice(&line) else { return Ok(None) };
        let mut row = row.into_iter();
        let layout = row.next().and_then(|table| self.layouts.get(table.as_str()?)).ok_or_else(invalid)?;
        let mut values = Vec::with_capacity(layout.columns.len());
        for ((_, is_text), json) in layout.columns.iter().zip(row.by_ref()) {
            values.push(match (json, is_text) {
                (Json::Null, true) => Value::Text(None),
                (Json::Null, false) => Value::Int(None),
                (Json::String(text), true) => text.into(),
                (Json::Number(number), false) => Value::Int(number.as_i64()),
                _ => return Err(invalid()),
            });
        }
        if values.len() == layout.columns.len() && row.next().is_none() { Ok(Some((layout, values))) } else { Err(invalid()) }
    }
}

/// Reads the whole file once; gives its header and the number of its rows.
async fn verify(path: &Path) -> Result<(Header, u64), Told> {
    let io = |error: std::io::Error| Told::Whole(of_io(path, &error));
    let mut lines = BufReader::new(File::open(path).await.map_err(io)?);
    let (mut digest, mut line, mut number) = (Sha256::new(), Vec::new(), 0u64);
    let mut header: Option<Header> = None;
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await.map_err(io)? == 0 {
            return Err(Told::What("it is not whole, its last line is missing".to_owned()));
        }
        match &header {
            None => header = Some(parse_header(&line)?),
            Some(_) if line.first() == Some(&b'[') => number += 1,
            Some(_) => break,
        }
        digest.update(&line);
    }
    let not_whole = || Told::What("it is not whole, or was altered".to_owned());
    let footer: Footer = serde_json::from_slice(&line).map_err(|_| not_whole())?;
    line.clear();
    let after = lines.read_until(b'\n', &mut line).await.map_err(io)?;
    if after > 0 || footer.rows != number || footer.sha256 != hex(digest) {
        return Err(not_whole());
    }
    header.map(|header| (header, number)).ok_or_else(not_whole)
}

/// What is wrong with a file: words that still need its name, or a whole error.
enum Told {
    What(String),
    Whole(Error),
}

impl Told {
    fn into_error(self, invalid: impl Fn(String) -> Error) -> Error {
        match self {
            Self::What(what) => invalid(what),
            Self::Whole(error) => error,
        }
    }
}

fn parse_header(line: &[u8]) -> Result<Header, Told> {
    let header: Header = serde_json::from_slice(line).map_err(|_| Told::What("it is no backup of a catalog".to_owned()))?;
    if header.format != FORMAT {
        return Err(Told::What("it is no backup of a catalog".to_owned()));
    }
    let newest = migrate::LATEST;
    if header.version > VERSION || header.schema > newest {
        let what = format!("its schema has version {} and this program knows versions up to {newest}", header.schema);
        return Err(Told::What(what));
    }
    Ok(header)
}
