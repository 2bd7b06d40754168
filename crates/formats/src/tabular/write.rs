//! Writing tables: rows as CSV and as JSON, in the forms that their normalised schema says.

mod csv;
mod json;

pub use csv::{CsvWriter, csv_dialect};
pub use json::JsonRowsWriter;

use super::kind::Kind;
use super::schema::{Field, TableSchema};

use crate::cell::{Column, Form};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use std::io::{self, Write};

/// Bytes collected before they are handed on.
const PIECE: usize = 256 << 10;

/// Gives the output what was collected.
fn hand_on(out: &mut impl Write, held: &mut Vec<u8>) -> io::Result<()> {
    out.write_all(held)?;
    held.clear();
    Ok(())
}

/// What a number that is not finite is called.
pub(super) fn word(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "INF"
    } else {
        "-INF"
    }
}

/// One column of one batch.
struct Cells {
    column: Column,
    /// The numbers, where some are not finite.
    odd: Option<arrow::array::Float64Array>,
    /// Whether the texts are JSON already.
    json: Option<arrow::array::StringArray>,
}

impl Cells {
    fn of(array: &dyn Array, field: &Field, form: Form) -> Self {
        let odd = match array.data_type() {
            DataType::Float64 => {
                let array = array.as_primitive::<Float64Type>();
                array.iter().flatten().any(|value| !value.is_finite()).then(|| array.clone())
            }
            _ => None,
        };
        let is_json = matches!(field.kind, Kind::Object | Kind::Array | Kind::Geojson { .. });
        let json = (is_json && form != Form::Text).then(|| array.as_string_opt::<i32>().cloned()).flatten();
        Self { column: Column::new(array, form), odd, json }
    }

    /// The word for a number that is not finite.
    fn word(&self, row: usize) -> Option<&'static str> {
        let odd = self.odd.as_ref()?;
        (odd.is_valid(row) && !odd.value(row).is_finite()).then(|| word(odd.value(row)))
    }
}

/// Each column of `batch` with its field.
fn cells(schema: &TableSchema, batch: &RecordBatch, form: Form) -> io::Result<Vec<Cells>> {
    if batch.num_columns() != schema.fields.len() {
        let words = format!("a batch of {} columns came to a writer of {}", batch.num_columns(), schema.fields.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    Ok(batch.columns().iter().zip(&schema.fields).map(|(array, field)| Cells::of(array, field, form)).collect())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
