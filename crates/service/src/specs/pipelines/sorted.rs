//! Rows in another order, however many: as many as memory takes are sorted at a time and put on disk, and then all are merged.

use super::super::place::failed;
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{SortColumn, SortOptions, concat_batches, interleave, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datahall_core::{Error, Result};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Bytes of rows that are sorted at a time.
const RUN: usize = if cfg!(test) { 4 << 10 } else { 32 << 20 };
/// Rows of a batch on disk, and of one that is given.
const ROWS: usize = if cfg!(test) { 16 } else { 4_096 };

/// Sorts what it is given. Nulls come first, downwards last; equal rows stay in their order.
pub(super) struct Sorter {
    schema: SchemaRef,
    /// Columns, and whether downwards.
    by: Vec<(usize, bool)>,
    folder: PathBuf,
    held: Vec<RecordBatch>,
    bytes: usize,
    runs: Vec<PathBuf>,
}

/// A sorted run that is being read.
struct Run {
    batches: FileReader<BufReader<File>>,
    keys: Vec<OwnedRow>,
    /// Which of the batches that are held is read, and the next row of it.
    batch: usize,
    row: usize,
}

impl Sorter {
    /// Sorts by these columns, each downwards or not; `folder` is its own.
    pub(super) fn new(schema: SchemaRef, by: Vec<(usize, bool)>, folder: PathBuf) -> Self {
        Self { schema, by, folder, held: Vec::new(), bytes: 0, runs: Vec::new() }
    }

    /// Takes more rows.
    ///
    /// # Errors
    /// `StorageFull`.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.bytes += batch.get_array_memory_size();
        self.held.push(batch);
        if self.bytes >= RUN { self.put_run() } else { Ok(()) }
    }

    /// Gives all of them in order, until `each` breaks.
    ///
    /// # Errors
    /// What `each` says; `StorageFull`.
    pub(super) fn finish(mut self, each: &mut dyn FnMut(RecordBatch) -> Result<ControlFlow<()>>) -> Result<()> {
        if self.runs.is_empty() {
            let sorted = self.sorted()?;
            for from in (0..sorted.num_rows()).step_by(ROWS) {
                if each(sorted.slice(from, ROWS.min(sorted.num_rows() - from)))?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        self.put_run()?;
        self.merge(each)
    }

    fn sorted(&mut self) -> Result<RecordBatch> {
        let all = concat_batches(&self.schema, &std::mem::take(&mut self.held)).map_err(Error::internal)?;
        self.bytes = 0;
        // The place in the order breaks ties, so that equal rows stay as they are.
        let places = arrow::array::UInt64Array::from_iter_values(0..all.num_rows() as u64);
        let options = |descending: bool| Some(SortOptions { descending, nulls_first: !descending });
        let by = self.by.iter().map(|(at, down)| SortColumn { values: all.column(*at).clone(), options: options(*down) });
        let by: Vec<SortColumn> =
            by.chain([SortColumn { values: std::sync::Arc::new(places), options: options(false) }]).collect();
        let order = lexsort_to_indices(&by, None).map_err(Error::internal)?;
        take_record_batch(&all, &order).map_err(Error::internal)
    }

    fn put_run(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let sorted = self.sorted()?;
        let path = self.folder.join(format!("run-{}", self.runs.len()));
        let file = BufWriter::new(File::create(&path).map_err(failed)?);
        let mut writer = FileWriter::try_new(file, &self.schema).map_err(broken)?;
        for from in (0..sorted.num_rows()).step_by(ROWS) {
            writer.write(&sorted.slice(from, ROWS.min(sorted.num_rows() - from))).map_err(broken)?;
        }
        writer.finish().map_err(broken)?;
        self.runs.push(path);
        Ok(())
    }

    fn merge(self, each: &mut dyn FnMut(RecordBatch) -> Result<ControlFlow<()>>) -> Result<()> {
        let fields = self.by.iter().map(|(at, down)| {
            let options = SortOptions { descending: *down, nulls_first: !down };
            SortField::new_with_options(self.schema.field(*at).data_type().clone(), options)
        });
        let converter = RowConverter::new(fields.collect()).map_err(Error::internal)?;
        let (mut held, mut runs, mut heap) = (Vec::new(), Vec::new(), BinaryHeap::new());
        for path in &self.runs {
            let file = BufReader::new(File::open(path).map_err(failed)?);
            let batches = FileReader::try_new(file, None).map_err(broken)?;
            let mut run = Run { batches, keys: Vec::new(), batch: 0, row: 0 };
            if self.advance(&mut run, &converter, &mut held)? {
                heap.push(Reverse((run.keys[0].clone(), runs.len())));
            }
            runs.push(run);
        }
        let mut chosen: Vec<(usize, usize)> = Vec::with_capacity(ROWS);
        while let Some(Reverse((_, at))) = heap.pop() {
            let run: &mut Run = &mut runs[at];
            chosen.push((run.batch, run.row));
            run.row += 1;
            if run.row < run.keys.len() || self.advance(run, &converter, &mut held)? {
                heap.push(Reverse((run.keys[run.row].clone(), at)));
            }
            if chosen.len() == ROWS {
                if each(self.gathered(&held, &chosen)?)?.is_break() {
                    return Ok(());
                }
                chosen.clear();
                // Only the batches that are still read are needed any more.
                let needed = runs.iter_mut().filter(|run| run.row < run.keys.len());
                held = needed.enumerate().map(|(to, run)| held[std::mem::replace(&mut run.batch, to)].clone()).collect();
            }
        }
        if !chosen.is_empty() {
            let _ = each(self.gathered(&held, &chosen)?)?;
        }
        Ok(())
    }

    /// Goes on to the next batch of a run; whether there is one.
    fn advance(&self, run: &mut Run, converter: &RowConverter, held: &mut Vec<RecordBatch>) -> Result<bool> {
        run.keys.clear();
        run.row = 0;
        let Some(batch) = run.batches.next() else { return Ok(false) };
        let batch = batch.map_err(broken)?;
        let columns: Vec<ArrayRef> = self.by.iter().map(|(at, _)| batch.column(*at).clone()).collect();
        let rows = converter.convert_columns(&columns).map_err(Error::internal)?;
        run.keys = rows.iter().map(|row| row.owned()).collect();
        run.batch = held.len();
        held.push(batch);
        Ok(true)
    }

    fn gathered(&self, held: &[RecordBatch], chosen: &[(usize, usize)]) -> Result<RecordBatch> {
        let columns = (0..self.schema.fields().len()).map(|at| {
            let arrays: Vec<&dyn Array> = held.iter().map(|batch| batch.column(at).as_ref()).collect();
            interleave(&arrays, chosen)
        });
        let columns = columns.collect::<Result<Vec<_>, ArrowError>>().map_err(Error::internal)?;
        let options = RecordBatchOptions::new().with_row_count(Some(chosen.len()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map_err(Error::internal)
    }
}

fn broken(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => failed(error),
        error => Error::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use std::sync::Arc;

    /// What comes of rows `(key, place)`, in batches of seven.
    fn sorted(rows: &[Option<i64>], down: bool, most: usize) -> (Vec<(Option<i64>, i64)>, usize) {
        let schema: SchemaRef = Arc::new(Schema::new(vec![
            Field::new("key", DataType::Int64, true),
            Field::new("place", DataType::Int64, true),
            Field::new("text", DataType::Utf8, true),
        ]));
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(schema.clone(), vec![(0, down)], folder.path().to_owned());
        for (at, some) in rows.chunks(7).enumerate() {
            let places = (0..some.len()).map(|place| (at * 7 + place) as i64);
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(some.to_vec())),
                Arc::new(Int64Array::from_iter_values(places)),
                Arc::new(StringArray::from_iter_values(some.iter().map(|key| format!("{key:?}")))),
            ];
            sorter.push(RecordBatch::try_new(schema.clone(), columns).unwrap()).unwrap();
        }
        let runs = sorter.runs.len();
        let mut found = Vec::new();
        let mut each = |batch: RecordBatch| {
            let (keys, places) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int64Type>());
            let texts = batch.column(2).as_string::<i32>();
            for (at, (key, place)) in keys.iter().zip(places).enumerate() {
                assert_eq!(texts.value(at), format!("{key:?}"), "rows stay whole");
                found.push((key, place.unwrap()));
            }
            Ok(if found.len() >= most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        sorter.finish(&mut each).unwrap();
        (found, runs)
    }

    #[test]
    fn however_many_there_are_they_are_in_order_and_equal_ones_as_they_were() {
        for (count, many) in [(0, false), (5, false), (1_000, true)] {
            let rows: Vec<Option<i64>> = (0..count).map(|at: i64| (at % 11 != 3).then_some(at * 7919 % 53 - 20)).collect();
            for down in [false, true] {
                let mut expected: Vec<_> = rows.iter().copied().zip(0..).collect();
                // A missing key is less than any.
                expected.sort_by(|(a, _), (b, _)| if down { b.cmp(a) } else { a.cmp(b) });
                let (found, runs) = sorted(&rows, down, usize::MAX);
                assert_eq!(found, expected, "{count} {down}");
                assert_eq!(runs > 1, many);
                let (first, _) = sorted(&rows, down, 20);
                assert!(first.len() <= 32.min(rows.len()) && expected.starts_with(&first));
            }
        }
    }
}
