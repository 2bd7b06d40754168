//! JSON files to batches: one array of objects, or objects one after the other.
//!
//! Types are inferred over the whole input: integers widen to floats, numbers to text when they share a column with text
//! or booleans; lists and objects keep their shape, and become their JSON text where they share a column with anything
//! else. Columns come in the order of their first appearance; a key that a row lacks is null; of a key given twice the
//! last counts. Columns without any value are text.

mod column;
mod events;
mod finish;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use column::Growing;
use datahall_core::{Code, Error, Result};
use serde::de::DeserializeSeed;
use serde_json::Deserializer;
use serde_json::de::IoRead;
use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;
use std::sync::Arc;

/// Rows of a batch at most.
const CHUNK_ROWS: usize = 65_536;
/// Bytes of input from which a batch is made at most, unless one row is longer.
const CHUNK_BYTES: u64 = 64 * 1024 * 1024;
/// Columns at most.
const MAX_COLUMNS: usize = 10_000;

/// Reads one array of objects.
///
/// # Errors
/// `Invalid` when it is not JSON, not an array of objects, or nested deeper than 127 levels; it says where.
/// `TooLarge` when it has more than 10 000 columns or almost only missing values.
pub fn read_array(reader: impl Read) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    Source::new(reader)?.array()
}

/// Reads objects one after the other, with or without line ends between them.
///
/// # Errors
/// As [`read_array`].
pub fn read_lines(reader: impl Read) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    Source::new(reader)?.lines()
}

/// Reads an array of objects when the first thing is a bracket, and objects one after the other when it is not.
///
/// # Errors
/// As [`read_array`].
pub fn read(reader: impl Read) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let mut source = Source::new(reader)?;
    if source.is_array()? { source.array() } else { source.lines() }
}

/// The text, and how much of it has been read.
struct Source<R> {
    reader: BufReader<Counted<R>>,
    count: Rc<Cell<u64>>,
}

struct Counted<R> {
    reader: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

impl<R: Read> Source<R> {
    fn new(reader: R) -> Result<Self> {
        let count = Rc::new(Cell::new(0));
        let mut reader = BufReader::with_capacity(256 * 1024, Counted { reader, count: count.clone() });
        if reader.fill_buf().map_err(unreadable)?.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        Ok(Self { reader, count })
    }

    fn is_array(&mut self) -> Result<bool> {
        loop {
            let buffer = self.reader.fill_buf().map_err(unreadable)?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if let Some(byte) = buffer.get(blank) {
                return Ok(*byte == b'[');
            }
            self.reader.consume(blank);
        }
    }

    fn array(self) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let mut chunks = Chunks::new(self.count);
        let mut text = Deserializer::from_reader(self.reader);
        events::Array(&mut chunks).deserialize(&mut text).map_err(refused)?;
        text.end().map_err(refused)?;
        chunks.finish()
    }

    fn lines(self) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let mut chunks = Chunks::new(self.count);
        let mut text: Deserializer<IoRead<_>> = Deserializer::from_reader(self.reader);
        while let Err(more) = text.end() {
            if more.is_io() {
                return Err(refused(more));
            }
            chunks.row().deserialize(&mut text).map_err(refused)?;
        }
        chunks.finish()
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::invalid("the JSON cannot be read").with_detail(error)
}

fn refused(error: serde_json::Error) -> Error {
    if error.is_io() {
        return unreadable(error.into());
    }
    let message = error.to_string();
    // The parser's own words for it do not say what to do.
    match message.strip_prefix("recursion limit exceeded") {
        Some(place) => Error::invalid(format!("the JSON is nested too deeply (more than 127 levels){place}")),
        None => Error::invalid(format!("not an array of JSON objects or objects one a line: {message}")),
    }
}

/// Rows cut into pieces, so that no array outgrows its offsets and little is held twice.
struct Chunks {
    full: Vec<Growing>,
    open: Growing,
    count: Rc<Cell<u64>>,
    /// What `count` was when `open` began.
    began: u64,
}

impl Chunks {
    fn new(count: Rc<Cell<u64>>) -> Self {
        Self { full: Vec::new(), open: Growing::object(), count, began: 0 }
    }

    /// Where the next row goes.
    fn row(&mut self) -> events::Row<'_> {
        if self.open.len() >= CHUNK_ROWS || (self.open.len() > 0 && self.count.get() - self.began > CHUNK_BYTES) {
            self.began = self.count.get();
            self.full.push(std::mem::replace(&mut self.open, Growing::object()));
        }
        events::Row(&mut self.open)
    }

    fn finish(mut self) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        if self.open.len() > 0 {
            self.full.push(self.open);
        }
        let merged = self.full.iter().map(Growing::data_type).fold(DataType::Null, finish::merge);
        let DataType::Struct(fields) = finish::settle(&merged) else {
            return Ok((Arc::new(Schema::empty()), Vec::new()));
        };
        check_size(&fields, &self.full)?;
        let schema = Arc::new(Schema::new(fields));
        let batches = self.full.into_iter().map(|chunk| {
            let options = RecordBatchOptions::new().with_row_count(Some(chunk.len()));
            let columns = chunk.into_members(schema.fields())?;
            RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(Error::internal)
        });
        let batches = batches.collect::<Result<Vec<_>>>()?;
        Ok((schema, batches))
    }
}

/// Refuses what takes far more memory as columns than as text: a few new keys in each of many rows.
fn check_size(fields: &arrow::datatypes::Fields, chunks: &[Growing]) -> Result<()> {
    let leaves = Schema::new(fields.clone()).flattened_fields().len();
    if leaves > MAX_COLUMNS {
        return Err(Error::new(Code::TooLarge, format!("the JSON has {leaves} different keys; {MAX_COLUMNS} are the most")));
    }
    let cells: u64 = chunks.iter().map(|chunk| chunk.len() as u64 * leaves as u64).sum();
    let present: u64 = chunks.iter().map(Growing::present).sum();
    if cells > 200_000_000 && cells / 50 > present {
        return Err(Error::new(Code::TooLarge, format!("the JSON is too sparse for a table: {present} values in {cells} cells")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
