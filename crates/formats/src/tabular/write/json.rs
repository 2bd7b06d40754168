//! JSON: a list of row objects, one a line.

use super::super::schema::TableSchema;
use super::{PIECE, cells, hand_on};
use crate::cell::{Form, key};
use arrow::array::RecordBatch;
use std::io::{self, Write};

/// Writes rows as a list of JSON objects, their keys in the order of the fields. Lists and objects are what they are; points and lists with delimiters
/// are text as Table Schema has them, and so are numbers that JSON does not know: `"NaN"`, `"INF"` and `"-INF"`.
#[derive(Debug)]
pub struct JsonRowsWriter<'s, W> {
    schema: &'s TableSchema,
    keys: Vec<Vec<u8>>,
    out: W,
    held: Vec<u8>,
    first: bool,
}

impl<'s, W: Write> JsonRowsWriter<'s, W> {
    /// Writes rows of `schema`.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn new(schema: &'s TableSchema, out: W) -> io::Result<Self> {
        let keys = schema.names().enumerate().map(|(at, name)| {
            let mut bytes = vec![if at == 0 { b'{' } else { b',' }];
            bytes.extend(key(name));
            bytes
        });
        Ok(Self { schema, keys: keys.collect(), out, held: b"[".to_vec(), first: true })
    }

    /// Writes the rows of `batch`, which has a column for each field, in order.
    ///
    /// # Errors
    /// What the output fails with; `InvalidInput` where the batch has another number of columns.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = cells(self.schema, batch, Form::Json)?;
        for row in 0..batch.num_rows() {
            self.held.extend_from_slice(if self.first { b"\n" } else { b",\n" });
            self.first = false;
            for (key, cells) in self.keys.iter().zip(&columns) {
                self.held.extend_from_slice(key);
                let json =
                    cells.json.as_ref().filter(|json| arrow::array::Array::is_valid(*json, row)).map(|json| json.value(row));
                match (cells.word(row), json) {
                    (Some(word), _) => self.held.extend_from_slice(format!("\"{word}\"").as_bytes()),
                    // What is no JSON after all is text.
                    (_, Some(json)) if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() => {
                        self.held.extend_from_slice(json.as_bytes());
                    }
                    _ => cells.column.json(row, &mut self.held),
                }
            }
            self.held.push(b'}');
            if self.held.len() >= PIECE {
                hand_on(&mut self.out, &mut self.held)?;
            }
        }
        Ok(())
    }

    /// Ends the list, and gives the output back.
    ///
    /// # Errors
    /// What the output fails with.
    pub fn finish(mut self) -> io::Result<W> {
        self.held.extend_from_slice(if self.first { b"]\n" } else { b"\n]\n" });
        hand_on(&mut self.out, &mut self.held)?;
        self.out.flush()?;
        Ok(self.out)
    }
}
