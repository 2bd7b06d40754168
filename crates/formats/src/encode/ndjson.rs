//! NDJSON: one row object a line.

use super::Encode;
use super::json::Rows;
use crate::cell::Form;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datahall_core::Result;

/// Row objects, each on its line.
pub(super) struct Ndjson(Rows);

impl Ndjson {
    pub(super) fn new(schema: &Schema) -> Self {
        Self(Rows::new(schema, Form::Json))
    }
}

impl Encode for Ndjson {
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        self.0.write(batch, b'\n', out);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Format;
    use crate::encode::encoded;
    use arrow::array::record_batch;
    use arrow::datatypes as arrow_schema;

    #[test]
    fn every_row_ends_its_line() {
        let batch = record_batch!(("t", Utf8, [Some("a\nb"), None])).unwrap();
        let out = encoded(Format::Ndjson, &batch.schema(), &[batch.clone(), batch.slice(1, 1)]);
        assert_eq!(String::from_utf8(out).unwrap(), "{\"t\":\"a\\nb\"}\n{\"t\":null}\n{\"t\":null}\n");
        assert_eq!(encoded(Format::Ndjson, &batch.schema(), &[]), b"");
    }
}
