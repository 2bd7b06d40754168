//! CSV and TSV: a header line, then one line a row, quoted as in RFC 4180 with `\n` line ends.

use super::Encode;
use crate::cell::{Column, Form};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datahall_core::Result;

/// Rows with `delimiter` between their fields.
pub(super) struct Delimited {
    delimiter: u8,
    /// Written once, before the first row.
    header: Option<SchemaRef>,
}

impl Delimited {
    pub(super) fn new(schema: &SchemaRef, delimiter: u8) -> Self {
        Self { delimiter, header: Some(schema.clone()) }
    }

    fn header(&mut self, out: &mut Vec<u8>) {
        if let Some(schema) = self.header.take() {
            self.names(&schema, out);
        }
    }

    fn names(&self, schema: &Schema, out: &mut Vec<u8>) {
        for (at, field) in schema.fields().iter().enumerate() {
            if at > 0 {
                out.push(self.delimiter);
            }
            let start = out.len();
            out.extend_from_slice(field.name().as_bytes());
            self.quote(out, start);
        }
        out.push(b'\n');
    }

    /// Puts quotes round what follows `start` when it would not be read back as it is.
    fn quote(&self, out: &mut Vec<u8>, start: usize) {
        let field = &out[start..];
        let special = |byte: &u8| *byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if !field.is_empty() && !field.iter().any(special) {
            return;
        }
        in_quotes(out, start);
    }
}

impl Encode for Delimited {
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        self.header(out);
        let columns: Vec<_> = batch.columns().iter().map(|column| Column::new(column, Form::Text)).collect();
        for row in 0..batch.num_rows() {
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    out.push(self.delimiter);
                }
                let start = out.len();
                if !column.text(row, out) {
                    out.truncate(start);
                    // Readers skip empty lines.
                    if columns.len() == 1 {
                        out.extend_from_slice(b"\"\"");
                    }
                } else if !column.plain() {
                    self.quote(out, start);
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.header(out);
        Ok(())
    }
}

/// Puts what follows `start` in quotes, and those within it twice.
pub(crate) fn in_quotes(out: &mut Vec<u8>, start: usize) {
    let field = out.split_off(start);
    out.push(b'"');
    for byte in field {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use crate::Format;
    use crate::encode::encoded;
    use arrow::array::*;
    use arrow::datatypes as arrow_schema;
    use arrow::datatypes::{DataType, Field, Int32Type, Schema};
    use std::sync::Arc;

    fn csv(batches: &[RecordBatch]) -> String {
        String::from_utf8(encoded(Format::Csv, &batches[0].schema(), batches)).unwrap()
    }

    #[test]
    fn null_and_empty_text_differ_and_what_is_special_is_quoted() {
        let batch = record_batch!(
            ("id", Int32, [Some(1), None, Some(3), Some(4)]),
            ("a,b", Utf8, [Some("x"), None, Some(""), Some("say \"hi\", you\n")])
        )
        .unwrap();
        let expected = "id,\"a,b\"\n1,x\n,\n3,\"\"\n4,\"say \"\"hi\"\", you\n\"\n";
        assert_eq!(csv(std::slice::from_ref(&batch)), expected);
        assert_eq!(csv(&[batch.slice(0, 1), batch.slice(1, 3)]), expected);
        assert_eq!(csv(&[batch.slice(0, 0)]), "id,\"a,b\"\n");
        assert_eq!(encoded(Format::Csv, &batch.schema(), &[]), b"id,\"a,b\"\n");
    }

    #[test]
    fn tabs_are_special_in_tsv_and_commas_are_not() {
        let batch = record_batch!(("a", Utf8, [Some("x\ty"), Some("x,y")]), ("b", Float64, [Some(1.0), Some(f64::NAN)])).unwrap();
        let out = encoded(Format::Tsv, &batch.schema(), &[batch]);
        assert_eq!(String::from_utf8(out).unwrap(), "a\tb\n\"x\ty\"\t1.0\nx,y\t\n");
    }

    #[test]
    fn a_lone_null_still_makes_a_line_that_is_not_empty() {
        let batch = record_batch!(("n", Int32, [Some(1), None, Some(2)])).unwrap();
        assert_eq!(csv(&[batch]), "n\n1\n\"\"\n2\n");
    }

    #[test]
    fn nested_values_are_quoted_json_and_scalars_are_bare() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
        let schema = Schema::new(vec![
            Field::new("l", lists.data_type().clone(), true),
            Field::new("t", DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into())), true),
            Field::new("d", DataType::Decimal128(10, 2), true),
            Field::new("b", DataType::Binary, true),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(lists),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(0), None, Some(1)]).with_timezone("UTC")),
            Arc::new(Decimal128Array::from(vec![Some(-150), None, Some(0)]).with_precision_and_scale(10, 2).unwrap()),
            Arc::new(BinaryArray::from(vec![b"\xff".as_slice(), b"", b"x,"])),
        ];
        let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
        let expected = "l,t,d,b\n\"[1,null]\",1970-01-01T00:00:00Z,-1.50,\n,,,\"\"\n[],1970-01-01T00:00:00.000001Z,0.00,\"x,\"\n";
        assert_eq!(csv(&[batch]), expected);
    }

    #[test]
    fn dictionary_values_are_quoted_as_text_is() {
        let values = StringArray::from(vec![Some("a,b"), None, Some("")]);
        let array = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![Some(0), Some(1), Some(2), None]), Arc::new(values));
        let schema = Schema::new(vec![Field::new("k", array.data_type().clone(), true), Field::new("i", DataType::Int32, true)]);
        let batch =
            RecordBatch::try_new(Arc::new(schema), vec![Arc::new(array), Arc::new(Int32Array::from(vec![1, 2, 3, 4]))]).unwrap();
        assert_eq!(csv(&[batch]), "k,i\n\"a,b\",1\n,2\n\"\",3\n,4\n");
    }
}
