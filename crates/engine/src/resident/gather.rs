//! Rows of many chunks put together.

use super::Resident;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

impl Resident {
    /// The columns `select` of the rows `(chunk, row)`, in that order, as one batch of `schema`.
    pub(super) fn gather(
        &self,
        rows: &[(usize, usize)],
        select: &[usize],
        schema: &SchemaRef,
    ) -> Result<RecordBatch, ArrowError> {
        if rows.is_empty() {
            return Ok(RecordBatch::new_empty(schema.clone()));
        }
        let one_chunk = rows.first().filter(|first| rows.iter().all(|row| row.0 == first.0)).map(|first| first.0);
        let columns = if let Some(chunk) = one_chunk {
            let positions = UInt32Array::from_iter_values(rows.iter().map(|row| row.1 as u32));
            select.iter().map(|column| take(self.chunks[chunk].column(*column), &positions, None)).collect::<Result<_, _>>()?
        } else {
            let (used, rows) = self.renumber(rows);
            select.iter().map(|column| self.gather_column(&used, *column, &rows)).collect::<Result<_, _>>()?
        };
        RecordBatch::try_new_with_options(schema.clone(), columns, &RecordBatchOptions::new().with_row_count(Some(rows.len())))
    }

    /// The chunks that `rows` touch, and the rows by position among those.
    fn renumber(&self, rows: &[(usize, usize)]) -> (Vec<usize>, Vec<(usize, usize)>) {
        let mut place = vec![usize::MAX; self.chunks.len()];
        let mut used = Vec::new();
        let renumbered = rows.iter().map(|(chunk, row)| {
            if place[*chunk] == usize::MAX {
                place[*chunk] = used.len();
                used.push(*chunk);
            }
            (place[*chunk], *row)
        });
        let renumbered = renumbered.collect();
        (used, renumbered)
    }

    fn gather_column(&self, used: &[usize], column: usize, rows: &[(usize, usize)]) -> Result<ArrayRef, ArrowError> {
        let arrays: Vec<&dyn Array> = used.iter().map(|chunk| self.chunks[*chunk].column(column).as_ref()).collect();
        match (&self.columns[column].dictionary, arrays.first().map(|array| array.data_type())) {
            (Some(_), Some(DataType::Dictionary(..))) => {
                // All chunks share one dictionary, so only the codes move.
                let codes: Vec<&dyn Array> =
                    arrays.iter().map(|array| array.as_dictionary::<Int32Type>().keys() as &dyn Array).collect();
                let codes = interleave(&codes, rows)?;
                let values = arrays[0].as_dictionary::<Int32Type>().values().clone();
                Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(codes.as_primitive::<Int32Type>().clone(), values)?))
            }
            _ => interleave(&arrays, rows),
        }
    }

    /// The columns `select` of a run of rows of one chunk, without copying.
    pub(super) fn slice(
        &self,
        chunk: usize,
        from: usize,
        rows: usize,
        select: &[usize],
        schema: &SchemaRef,
    ) -> Result<RecordBatch, ArrowError> {
        let columns = select.iter().map(|column| self.chunks[chunk].column(*column).slice(from, rows)).collect();
        RecordBatch::try_new_with_options(schema.clone(), columns, &RecordBatchOptions::new().with_row_count(Some(rows)))
    }
}
