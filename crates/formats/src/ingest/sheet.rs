//! Workbooks: one sheet, read as a whole within the bounds of `xlsx`.

use super::hints::Hints;
use super::whole::{Each, Piece, Source};
use super::{Fault, Result};
use crate::xlsx::{Header, Sheet, Workbook};
use arrow::datatypes::SchemaRef;
use std::path::Path;

/// Whether a zip file is a workbook.
pub(crate) fn is_packed_sheet(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let Ok(archive) = zip::ZipArchive::new(std::io::BufReader::new(file)) else { return false };
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.to_lowercase().replace('\\', "/")).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    has("xl/workbook.xml") || has("xl/workbook.bin") || (has("content.xml") && has("mimetype"))
}

/// The sheet that `hints` name, else the first with anything in it; and the names of all.
pub(crate) fn open(path: &Path, hints: &Hints) -> Result<(Sheet, Vec<String>)> {
    let header = match (hints.header, hints.header_rows) {
        (None, _) => Header::Found,
        (Some(false), _) => Header::Rows(0),
        (Some(true), rows) => Header::Rows(rows.unwrap_or(1)),
    };
    let mut book = Workbook::open(path)?;
    let sheets = book.sheets();
    let sheet = book.read(hints.sheet.as_deref(), header).map_err(|error| match Fault::from(error) {
        Fault::Broken(words) if hints.sheet.is_some() && words.starts_with("no sheet") => Fault::Hints(words),
        other => other,
    })?;
    Ok((sheet, sheets))
}

impl Source for Sheet {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> Option<u64> {
        Some(self.batches.iter().map(|batch| batch.num_rows() as u64).sum())
    }

    fn read(&self, each: Each<'_>) -> Result<()> {
        let mut places = self.places.iter();
        for batch in &self.batches {
            // As the program numbers them that shows the sheet.
            let lines = places.by_ref().take(batch.num_rows()).map(|row| u64::from(*row) + 1).collect();
            if each(Piece { batch: batch.clone(), lines }).is_break() {
                break;
            }
        }
        Ok(())
    }
}
