//! The second reading: the rows that are right, as batches.

use super::super::values::{Column, Span};
use super::super::workers::{Worker, in_order};
use super::super::{Fault, Result};
use super::cut::{Chunk, Cutter};
use super::records::{Fields, Records};
use super::survey::{Csv, open};
use arrow::array::{RecordBatch, RecordBatchOptions};
use std::ops::ControlFlow;

impl Csv {
    /// Gives the rows that are right to `each`, in order, until it breaks.
    pub(crate) fn read(&self, each: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>) -> Result<()> {
        let file = open(&self.path, self.mark)?;
        let cutter = Cutter::new(file, &self.layout.dialect, self.chunk, self.longest);
        let mut failed = None;
        in_order(
            cutter,
            || Decoder(self),
            |done: Result<RecordBatch>| match done {
                Ok(batch) if batch.num_rows() == 0 => ControlFlow::Continue(()),
                Ok(batch) => each(batch),
                Err(fault) => {
                    failed = Some(fault);
                    ControlFlow::Break(())
                }
            },
        );
        failed.map_or(Ok(()), Err)
    }
}

struct Decoder<'a>(&'a Csv);

impl Decoder<'_> {
    fn decode(&self, chunk: &Chunk) -> Result<RecordBatch> {
        let Csv { layout, schema, .. } = self.0;
        let valid = std::str::from_utf8(&chunk.bytes).ok();
        let width = layout.names.len();
        let room = (chunk.bytes.len() / width.max(1) / 4).min(4096);
        let mut columns: Vec<Column> = schema.fields().iter().map(|field| Column::new(field.data_type(), room)).collect();
        let (mut records, mut fields) = (Records::new(&chunk.bytes, &layout.dialect), Fields::default());
        if chunk.first && layout.dialect.header {
            records.next(&mut fields);
        }
        let (mut rows, mut spans) = (0, vec![Span::default(); width]);
        while let Some(record) = records.next(&mut fields) {
            if layout.wrong(record, &fields, valid, &mut spans).is_some() {
                continue;
            }
            rows += 1;
            for (at, column) in columns.iter_mut().enumerate() {
                let text = fields.text(at, valid).unwrap_or_default();
                if !column.push((!layout.is_null(text)).then_some(text)) {
                    let (name, kind) = (&layout.names[at], schema.field(at).data_type());
                    return Err(Fault::internal(format!("column {name} was found to be {kind} and is not")));
                }
            }
        }
        let arrays = columns.into_iter().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(Fault::internal)
    }
}

impl Worker for Decoder<'_> {
    type Piece = Result<Chunk>;
    type Done = Result<RecordBatch>;

    fn work(&mut self, piece: Self::Piece) -> Self::Done {
        piece.and_then(|chunk| self.decode(&chunk))
    }
}
