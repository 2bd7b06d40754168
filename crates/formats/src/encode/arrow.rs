//! Arrow: an IPC stream whose dictionaries are no larger than the rows deserve.

use super::compact::Compactor;
use super::{Encode, unsuited};
use crate::Format;
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use datahall_core::{Error, Result};

/// The stream; the writer's own buffer is emptied after each batch.
pub(super) struct Arrow {
    schema: SchemaRef,
    writer: StreamWriter<Vec<u8>>,
    columns: Vec<Compactor>,
}

impl Arrow {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self> {
        let writer = StreamWriter::try_new(Vec::new(), schema).map_err(|error| unsuited(Format::Arrow, &error))?;
        let columns = schema.fields().iter().map(|_| Compactor::default()).collect();
        Ok(Self { schema: schema.clone(), writer, columns })
    }
}

impl Encode for Arrow {
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let compact = self.columns.iter_mut().zip(batch.columns()).map(|(compactor, column)| compactor.compact(column));
        let columns = compact.collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(Error::internal)?;
        self.writer.write(&batch).map_err(|error| unsuited(Format::Arrow, &error))?;
        out.append(self.writer.get_mut());
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.writer.finish().map_err(Error::internal)?;
        out.append(self.writer.get_mut());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Format;
    use crate::encode::encoded;
    use arrow::array::*;
    use arrow::compute::cast;
    use arrow::datatypes as arrow_schema;
    use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
    use arrow::ipc::reader::StreamReader;
    use std::sync::Arc;

    fn read(bytes: &[u8]) -> (SchemaRef, Vec<RecordBatch>) {
        let reader = StreamReader::try_new(bytes, None).unwrap();
        (reader.schema(), reader.map(Result::unwrap).collect())
    }

    /// A batch of one column, `count` distinct texts in a dictionary.
    fn large_dictionary(count: usize) -> RecordBatch {
        let values = StringArray::from_iter_values((0..count).map(|at| format!("value number {at}")));
        let array = DictionaryArray::<Int32Type>::new(Int32Array::from_iter(0..count as i32), Arc::new(values));
        let schema = Schema::new(vec![Field::new("d", array.data_type().clone(), true)]);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(array)]).unwrap()
    }

    #[test]
    fn batches_come_back_as_they_went() {
        let batch = record_batch!(
            ("i", Int64, [Some(i64::MIN), None, Some(3)]),
            ("f", Float64, [Some(f64::NAN), Some(-0.0), None]),
            ("s", Utf8, [Some("a"), None, Some("")])
        )
        .unwrap();
        let (schema, back) =
            read(&encoded(Format::Arrow, &batch.schema(), &[batch.clone(), batch.slice(1, 2), batch.slice(0, 0)]));
        assert_eq!(schema, batch.schema());
        assert_eq!(back[0].num_rows(), 3);
        assert_eq!(back[1], batch.slice(1, 2));
        assert_eq!(back.iter().map(RecordBatch::num_rows).sum::<usize>(), 5);
    }

    #[test]
    fn nothing_but_the_schema_is_a_stream_too() {
        let batch = large_dictionary(3);
        let (schema, back) = read(&encoded(Format::Arrow, &batch.schema(), &[]));
        assert_eq!(schema, batch.schema());
        assert!(back.is_empty());
    }

    #[test]
    fn a_short_page_does_not_carry_a_long_dictionary() {
        let all = large_dictionary(100_000);
        let page = all.slice(77_000, 10);
        let bytes = encoded(Format::Arrow, &all.schema(), std::slice::from_ref(&page));
        assert!(bytes.len() < 2_000, "{} bytes", bytes.len());
        let (schema, back) = read(&bytes);
        assert_eq!(schema, all.schema());
        let text = |batch: &RecordBatch| cast(batch.column(0), &DataType::Utf8).unwrap();
        assert_eq!(&text(&back[0]), &text(&page));
    }

    #[test]
    fn a_dictionary_that_many_batches_share_is_sent_whole_before_it_is_sent_twice() {
        let all = large_dictionary(20_000);
        let pages: Vec<_> = (0..200).map(|at| all.slice(at * 100, 100)).collect();
        let bytes = encoded(Format::Arrow, &all.schema(), &pages);
        let once = encoded(Format::Arrow, &all.schema(), std::slice::from_ref(&all)).len();
        assert!(bytes.len() < 3 * once, "{} bytes, the whole {once}", bytes.len());
        let (_, back) = read(&bytes);
        let text = |batch: &RecordBatch| cast(batch.column(0), &DataType::Utf8).unwrap();
        assert!(back.iter().zip(&pages).all(|(back, page)| text(back) == text(page)));
    }

    #[test]
    fn an_unchanged_dictionary_is_sent_once() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["a long enough value to be seen in the bytes", "b"]));
        let batch = |keys: Vec<i32>| {
            let array = DictionaryArray::<Int32Type>::new(Int32Array::from(keys), values.clone());
            let schema = Schema::new(vec![Field::new("d", array.data_type().clone(), true)]);
            RecordBatch::try_new(Arc::new(schema), vec![Arc::new(array)]).unwrap()
        };
        let first = batch(vec![0, 1, 0]);
        let bytes = encoded(Format::Arrow, &first.schema(), &[first.clone(), batch(vec![1, 1, 0])]);
        let needle = b"a long enough value to be seen in the bytes";
        assert_eq!(bytes.windows(needle.len()).filter(|window| window == needle).count(), 1);
    }
}
