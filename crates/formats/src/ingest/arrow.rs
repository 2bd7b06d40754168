//! Arrow: files with a footer, and streams.

use super::whole::{Each, Piece, Source};
use super::{Fault, Limits, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// An Arrow file.
#[derive(Debug)]
pub(crate) struct ArrowFile {
    path: PathBuf,
    /// With a footer, or a stream.
    has_footer: bool,
    schema: SchemaRef,
    cells: u64,
}

impl ArrowFile {
    /// Opens it; what is in it is read later.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let mut magic = Vec::new();
        File::open(path).and_then(|file| file.take(6).read_to_end(&mut magic)).map_err(Fault::io)?;
        let has_footer = magic == b"ARROW1";
        let path = path.to_owned();
        let schema = guarded(|| batches(&path, has_footer).map(|(schema, _)| schema))?;
        Ok(Self { path, has_footer, schema, cells: limits.cells })
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

fn batches(path: &Path, has_footer: bool) -> Result<(SchemaRef, Batches)> {
    let file = BufReader::new(File::open(path).map_err(Fault::io)?);
    if has_footer {
        let reader = FileReader::try_new(file, None).map_err(|error| broken(&error))?;
        Ok((reader.schema(), Box::new(reader)))
    } else {
        let reader = StreamReader::try_new(file, None).map_err(|error| broken(&error))?;
        Ok((reader.schema(), Box::new(reader)))
    }
}

impl Source for ArrowFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> Option<u64> {
        None
    }

    fn read(&self, each: Each<'_>) -> Result<()> {
        let (_, mut batches) = guarded(|| batches(&self.path, self.has_footer))?;
        let mut cells = 0u64;
        while let Some(batch) = guarded(|| batches.next().transpose().map_err(|error| broken(&error)))? {
            cells = cells.saturating_add(batch.num_rows() as u64 * batch.num_columns().max(1) as u64);
            if cells > self.cells {
                return Err(Fault::TooLarge(format!("the file has more than {} cells", self.cells)));
            }
            if each(Piece { batch, lines: Vec::new() }).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Runs what reads foreign bytes: damage that the library does not expect ends it with a panic.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Fault::Broken("the Arrow file is damaged".to_owned())))
}

fn broken(error: &ArrowError) -> Fault {
    Fault::Broken(format!("not a readable Arrow file: {error}"))
}
