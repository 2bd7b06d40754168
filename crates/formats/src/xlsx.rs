//! Spreadsheets (xlsx, xlsm, xlsb, xls, ods) to batches, with types inferred over the whole sheet.
//!
//! The first row that is not blank names the columns, or as many as [`Header`] says: blank names become `column_N` (N the position in the sheet's used
//! range), repeated ones get `_2`, `_3`, …. Blank rows are left out, as are columns with neither name nor value. A column
//! is boolean, int64 (all numbers whole and at most 2^53), float64, date (no time of day anywhere) or timestamp in
//! microseconds when all its values are of that kind, and text otherwise. Error values and empty text are null.

mod bounds;
mod heading;
mod infer;
mod table;
mod workbook;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datahall_core::Result;
use std::io::{Read, Seek};
use std::path::Path;

pub use workbook::Workbook;

/// A sheet as a table.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The sheet's name.
    pub name: String,
    /// The columns.
    pub schema: SchemaRef,
    /// The rows; none when the sheet has only a header.
    pub batches: Vec<RecordBatch>,
    /// For each row, which of the sheet's it was, from 0.
    pub places: Vec<u32>,
    /// What the sheet's owner should know.
    pub warnings: Vec<String>,
}

/// Which rows name the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// The first that is not blank.
    #[default]
    First,
    /// The first that is not blank and as many below it; none: the columns have no names.
    Rows(u32),
    /// As many as the second number says, from the row on that the first one says, counted from 0; what is above them is left out.
    At(u32, u32),
    /// Those that merged cells make a header: titles above it are left out, names over several columns are those of each.
    Found,
}

/// Something a workbook can be read from.
pub trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// Reads one sheet of the file at `path`: the one called `sheet`, else the first that is not empty.
///
/// # Errors
/// `Invalid` when it is no spreadsheet, is damaged or encrypted, has no such sheet, or nothing in it;
/// `TooLarge` when it holds more than 20 million cells, used or between used ones.
pub fn read_path(path: &Path, sheet: Option<&str>) -> Result<Sheet> {
    Workbook::open(path)?.read(sheet, Header::First)
}

/// Reads one sheet of a file in memory, as [`read_path`] does.
///
/// # Errors
/// As [`read_path`].
pub fn read_bytes(bytes: bytes::Bytes, sheet: Option<&str>) -> Result<Sheet> {
    Workbook::from_bytes(bytes)?.read(sheet, Header::First)
}

#[cfg(test)]
pub(crate) mod tests;
