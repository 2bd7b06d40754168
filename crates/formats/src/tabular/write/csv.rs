//! CSV as RFC 4180 has it: UTF-8, a header, CRLF at each end of a line, quotes where they are needed.

use super::super::schema::TableSchema;
use super::{PIECE, cells, hand_on};
use crate::cell::Form;
use crate::encode::in_quotes;
use arrow::array::RecordBatch;
use serde_json::{Value as Json, json};
use std::io::{self, Write};

/// The dialect that describes what [`CsvWriter`] writes. A descriptor does well to have it: where nothing is said, some readers guess, and take
/// what they find in texts for delimiters.
pub fn csv_dialect() -> Json {
    json!({
        "delimiter": ",",
        "quoteChar": "\"",
        "doubleQuote": true,
        "lineTerminator": "\r\n",
        "skipInitialSpace": false,
        "header": true,
    })
}

/// Writes rows as CSV.
///
/// Values are as in JSON without quotes: `2024-02-29`, `2024-02-29T13:05:00Z`, `true`, the shortest number that reads back the same; NaN and infinities
/// are `NaN`, `INF` and `-INF`. Null is an empty field, but for fields of which empty text is a value: there it is what the normalised schema says. (A lone field that is
/// empty is written `""`, as empty lines get lost.)
#[derive(Debug)]
pub struct CsvWriter<'s, W> {
    schema: &'s TableSchema,
    out: W,
    held: Vec<u8>,
}

impl<'s, W: Write> CsvWriter<'s, W> {
    /// Writes rows of `schema`, and its header at once.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn new(schema: &'s TableSchema, out: W) -> io::Result<Self> {
        let mut writer = Self { schema, out, held: Vec::with_capacity(PIECE + (PIECE >> 2)) };
        for (at, name) in schema.names().enumerate() {
            writer.delimit(at);
            let start = writer.held.len();
            writer.held.extend_from_slice(name.as_bytes());
            quote(&mut writer.held, start);
        }
        if writer.held.is_empty() {
            writer.held.extend_from_slice(b"\"\"");
        }
        writer.held.extend_from_slice(b"\r\n");
        Ok(writer)
    }

    fn delimit(&mut self, at: usize) {
        if at > 0 {
            self.held.push(b',');
        }
    }

    /// Writes the rows of `batch`, which has a column for each field, in order.
    ///
    /// # Errors
    /// What the output fails with; `InvalidInput` where the batch has another number of columns.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = cells(self.schema, batch, Form::Text)?;
        for row in 0..batch.num_rows() {
            let line = self.held.len();
            for (at, (cells, field)) in columns.iter().zip(&self.schema.fields).enumerate() {
                self.delimit(at);
                let start = self.held.len();
                if let Some(word) = cells.word(row) {
                    self.held.extend_from_slice(word.as_bytes());
                } else if !cells.column.text(row, &mut self.held) {
                    self.held.truncate(start);
                    self.held.extend_from_slice(field.null.as_bytes());
                    quote(&mut self.held, start);
                } else if !cells.column.plain() {
                    quote(&mut self.held, start);
                }
            }
            if self.held.len() == line {
                self.held.extend_from_slice(b"\"\"");
            }
            self.held.extend_from_slice(b"\r\n");
            if self.held.len() >= PIECE {
                hand_on(&mut self.out, &mut self.held)?;
            }
        }
        Ok(())
    }

    /// Writes what is held, and gives the output back.
    ///
    /// # Errors
    /// What the output fails with.
    pub fn finish(mut self) -> io::Result<W> {
        hand_on(&mut self.out, &mut self.held)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Puts quotes round what follows `start` where it would not be read back as it is.
#[inline]
fn quote(out: &mut Vec<u8>, start: usize) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !out[start..].iter().any(special) {
        return;
    }
    in_quotes(out, start);
}
