//! The first rows of a long table.

use super::super::place::{DATA, failed};
use super::rows::{Unread, read};
use super::stop::Watch;
use super::{Made, Making};
use datahall_core::Result;
use datahall_formats::tabular::JsonRowsWriter;
use std::ops::ControlFlow;

/// Rows of a preview; a table that has no more than these needs none.
const ROWS: usize = 2_000;

/// Writes it, as JSON; nothing of a short table.
///
/// # Errors
/// `Invalid` when the table cannot be read; `StorageFull`.
pub(super) async fn make(making: &Making<'_>, at: usize) -> Result<Made> {
    let table = making.table(at)?;
    let opened = making.open(table).await.map_err(|unread| unread.of(&table.name))?;
    let path = format!("{DATA}/{}_csv_preview.json", table.name);
    let (place, unique, watch) = (making.place()?, making.unique(), Watch::default());
    let (work, of_file) = (watch.clone(), path.clone());
    let written = making.on_thread(None, watch, move || -> Result<_, Unread> {
        let mut writer = JsonRowsWriter::new(&opened.schema, place.begin(&of_file, &unique)?).map_err(failed)?;
        let mut seen = 0;
        read(&opened, &work, &mut |checked| {
            let wanted = checked.batch.num_rows().min(ROWS.saturating_sub(seen));
            writer.write(&checked.batch.slice(0, wanted)).map_err(failed)?;
            seen += checked.batch.num_rows();
            Ok(if seen > ROWS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        let part = writer.finish().map_err(failed)?;
        Ok(if seen > ROWS { Some((part.finish()?, opened.reader.normalised())) } else { None })
    });
    let Some((whole, schema)) = written.await.map_err(|unread| unread.of(&table.name))? else {
        making.job.info(format!("resource '{}' has at most {ROWS} rows: there is nothing to preview", table.name));
        return Ok(Made::nothing(&making.name()));
    };
    let mut made = Made::file(&making.name(), path, whole, Some(ROWS as u64));
    made.schema = Some(schema);
    Ok(made)
}
