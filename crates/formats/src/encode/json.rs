//! JSON: row objects separated by commas. Values go straight from Arrow's buffers to the bytes of the answer.

use super::Encode;
use crate::cell::{Column, Form, key};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datahall_core::Result;

/// Row objects with commas between them and no brackets round them.
pub(super) struct Json {
    rows: Rows,
    first: bool,
}

impl Json {
    pub(super) fn new(schema: &Schema, form: Form) -> Self {
        Self { rows: Rows::new(schema, form), first: true }
    }
}

impl Encode for Json {
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if !self.first {
            out.push(b',');
        }
        self.first = false;
        self.rows.write(batch, b',', out);
        out.pop();
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

/// Bytes copied at once, whatever a key needs of them: copying a number of bytes known beforehand takes no call.
const PADDED: usize = 32;

/// A key, escaped, with the punctuation that comes before it.
struct Key {
    /// Its first bytes, and blanks up to the length.
    padded: [u8; PADDED],
    text: Box<[u8]>,
}

impl Key {
    fn new(text: Vec<u8>) -> Self {
        let mut padded = [b' '; PADDED];
        padded.iter_mut().zip(&text).for_each(|(to, from)| *to = *from);
        Self { padded, text: text.into() }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        if self.text.len() <= PADDED {
            let end = out.len() + self.text.len();
            out.extend_from_slice(&self.padded);
            out.truncate(end);
        } else {
            out.extend_from_slice(&self.text);
        }
    }
}

/// Writes rows as objects.
pub(super) struct Rows {
    keys: Vec<Key>,
    form: Form,
    /// Bytes that a row took on average so far, to reserve memory before writing.
    row_bytes: usize,
}

impl Rows {
    pub(super) fn new(schema: &Schema, form: Form) -> Self {
        let keys = schema.fields().iter().enumerate().map(|(at, field)| {
            let mut bytes = vec![if at == 0 { b'{' } else { b',' }];
            bytes.extend(key(field.name()));
            Key::new(bytes)
        });
        Self { keys: keys.collect(), form, row_bytes: 0 }
    }

    /// Appends every row, each followed by `end`.
    pub(super) fn write(&mut self, batch: &RecordBatch, end: u8, out: &mut Vec<u8>) {
        let columns: Vec<_> = batch.columns().iter().map(|column| Column::new(column, self.form)).collect();
        let start = out.len();
        out.reserve(batch.num_rows() * self.row_bytes);
        for row in 0..batch.num_rows() {
            for (key, column) in self.keys.iter().zip(&columns) {
                key.write(out);
                column.json(row, out);
            }
            if columns.is_empty() {
                out.push(b'{');
            }
            out.extend_from_slice(&[b'}', end]);
        }
        self.row_bytes = (out.len() - start).div_ceil(batch.num_rows().max(1));
    }
}

#[cfg(test)]
mod tests {
    use crate::Format;
    use crate::encode::encoded;
    use arrow::array::*;
    use arrow::datatypes as arrow_schema;
    use arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;

    fn text(batches: &[RecordBatch]) -> String {
        String::from_utf8(encoded(Format::Json, &batches[0].schema(), batches)).unwrap()
    }

    #[test]
    fn rows_are_objects_with_commas_between_them_across_batches() {
        let batch = record_batch!(("id", Int32, [Some(1), None]), ("name", Utf8, [Some("a"), Some("b\"")])).unwrap();
        let rows = r#"{"id":1,"name":"a"},{"id":null,"name":"b\""}"#;
        assert_eq!(text(std::slice::from_ref(&batch)), rows);
        let empty = batch.slice(0, 0);
        assert_eq!(text(&[empty.clone(), batch.clone(), empty.clone(), batch.clone()]), format!("{rows},{rows}"));
        assert_eq!(text(&[empty]), "");
        assert_eq!(text(&[batch.slice(1, 1)]), r#"{"id":null,"name":"b\""}"#);
    }

    #[test]
    fn column_names_are_escaped() {
        let schema = Arc::new(Schema::new(vec![Field::new("a\"b\n", DataType::Int8, false)]));
        let batch = RecordBatch::try_new(schema, vec![Arc::new(Int8Array::from(vec![1]))]).unwrap();
        assert_eq!(text(&[batch]), r#"{"a\"b\n":1}"#);
    }

    #[test]
    fn rows_without_columns_are_empty_objects() {
        let options = RecordBatchOptions::new().with_row_count(Some(2));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
        assert_eq!(text(&[batch]), "{},{}");
    }
}
