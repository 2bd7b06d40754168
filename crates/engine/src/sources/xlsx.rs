//! Spreadsheets, read into memory when they are opened.

use super::hive;
use super::listing::Listing;
use super::rows::{Held, Member, RowFile, RowsTable};
use super::schema::{merge, presented_schema};
use super::text;
use arrow::datatypes::Schema;
use datahall_core::{Error, Result};
use datahall_formats::xlsx::read_bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A spreadsheet file larger than this is not read.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Opens one sheet of each file of `listing`: the one that the option `sheet` names, else the first that is not empty.
/// With the table come its rows and what an operator should know.
///
/// # Errors
/// `Invalid` naming what is wrong: no spreadsheet, no such sheet, nothing in it.
pub(crate) async fn open(
    location: &str,
    listing: Listing,
    options: &BTreeMap<String, String>,
) -> Result<(RowsTable, u64, Vec<String>)> {
    if let Some(unknown) = options.keys().find(|key| *key != "sheet") {
        return Err(Error::invalid(format!("unknown option: {unknown} (known here: sheet)")));
    }
    let (mut members, mut rows, mut notes) =
        (Vec::new(), 0, vec!["spreadsheets are read as a whole and held in memory".to_owned()]);
    for file in listing.files {
        let pinned = Arc::new(file);
        if pinned.size() == 0 {
            return Err(text::wrong(location, &pinned.name, "the file is empty"));
        }
        let bytes = text::whole(location, pinned.clone(), LARGEST).await?;
        let sheet = options.get("sheet").cloned();
        let read = tokio::task::spawn_blocking(move || read_bytes(bytes, sheet.as_deref())).await.map_err(Error::internal)?;
        let read = read.map_err(|error| {
            text::wrong(location, &pinned.name, error.message()).with_detail(error.detail().unwrap_or_default())
        })?;
        rows += read.batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
        notes.push(format!("{}: sheet {}", pinned.name, read.name));
        members.push(Member { pinned, rows: Arc::new(Held { schema: read.schema, batches: read.batches }) as Arc<dyn RowFile> });
    }
    let partitions = hive::infer(members.iter().map(|member| (member.pinned.name.as_str(), member.pinned.partitions.as_slice())))
        .map_err(|error| error.context(location))?;
    let shown: Vec<Schema> = members.iter().map(|member| presented_schema(member.rows.schema())).collect();
    let named: Vec<(&str, &Schema)> =
        members.iter().zip(&shown).map(|(member, schema)| (member.pinned.name.as_str(), schema)).collect();
    let merged = merge(&named).map_err(|error| error.context(location))?;
    Ok((RowsTable::new(&merged, partitions, members), rows, notes))
}
