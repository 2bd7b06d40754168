//! A table written to a file of the package: as CSV, JSON or Parquet, whatever is done with its rows besides.

use super::super::place::{DATA, Part, failed};
use super::super::plan::Table;
use super::rows::{Opened, Unread, Wrong, read};
use super::stop::Watch;
use super::{Made, Making};
use arrow::array::RecordBatch;
use datahall_core::{Error, Result};
use datahall_formats::tabular::{CsvWriter, JsonRowsWriter};
use datahall_formats::{Encoder, Format};
use std::io::Write;
use std::ops::ControlFlow;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    Csv,
    Json,
    Parquet,
}

/// What takes rows beside the file.
pub(super) trait Beside: Send + 'static {
    /// Some that fit, in order.
    ///
    /// # Errors
    /// What ends it all.
    fn rows(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Not all fit: no more come.
    fn wrong(&mut self);

    /// All came, and the file is whole. What is dropped without it broke off.
    fn whole(&mut self);
}

impl Beside for () {
    fn rows(&mut self, _: &RecordBatch) -> Result<()> {
        Ok(())
    }

    fn wrong(&mut self) {}

    fn whole(&mut self) {}
}

/// One of the writers.
enum Writer<'s> {
    Csv(CsvWriter<'s, Part>),
    Json(JsonRowsWriter<'s, Part>),
    Parquet(Box<(Encoder, Vec<u8>, Part)>),
}

impl<'s> Writer<'s> {
    fn begin(kind: As, opened: &'s Opened, part: Part) -> Result<Self> {
        Ok(match kind {
            As::Csv => Self::Csv(CsvWriter::new(&opened.schema, part).map_err(failed)?),
            As::Json => Self::Json(JsonRowsWriter::new(&opened.schema, part).map_err(failed)?),
            As::Parquet => Self::Parquet(Box::new((Encoder::new(Format::Parquet, &opened.reader.arrow())?, Vec::new(), part))),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Csv(writer) => writer.write(batch).map_err(failed),
            Self::Json(writer) => writer.write(batch).map_err(failed),
            Self::Parquet(writer) => {
                let (encoder, held, part) = &mut **writer;
                encoder.encode(batch, held)?;
                part.write_all(held).map_err(failed)?;
                held.clear();
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Part> {
        match self {
            Self::Csv(writer) => writer.finish().map_err(failed),
            Self::Json(writer) => writer.finish().map_err(failed),
            Self::Parquet(writer) => {
                let (mut encoder, mut held, mut part) = *writer;
                encoder.finish(&mut held)?;
                part.write_all(&held).map_err(failed)?;
                Ok(part)
            }
        }
    }
}

impl As {
    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
}

impl Making<'_> {
    /// Writes all rows of a table to its file, and gives them to `beside`, too.
    ///
    /// # Errors
    /// `Invalid` when the table cannot be read, or rows do not fit its schema, naming the first; `StorageFull`.
    pub(super) async fn written(
        &self,
        table: &Table,
        opened: Opened,
        kind: As,
        watch: Watch,
        mut beside: impl Beside,
    ) -> Result<Made> {
        let path = format!("{DATA}/{}_{}.{}", table.name, kind.ending(), kind.ending());
        let (place, unique, name) = (self.place()?, self.unique(), table.name.clone());
        let (work, of_file, total) = (watch.clone(), path.clone(), opened.source.whole.bytes);
        let written = self.on_thread(None, watch, move || -> Result<_, Unread> {
            let mut writer = Some(Writer::begin(kind, &opened, place.begin(&of_file, &unique)?)?);
            let mut wrong = Wrong::default();
            let totals = read(&opened, &work, &mut |checked| {
                if checked.errors > 0 {
                    // From here on rows are only judged: nothing comes of the file.
                    wrong.extend(&checked.wrong, checked.errors);
                    writer = None;
                    beside.wrong();
                }
                if let Some(writer) = &mut writer {
                    writer.write(&checked.batch)?;
                    beside.rows(&checked.batch)?;
                }
                Ok(ControlFlow::Continue(()))
            })?;
            if let Some(error) = wrong.error(&name) {
                return Err(error.into());
            }
            let part = writer.ok_or_else(|| Error::internal("a file was given up"))?.finish()?;
            let whole = part.finish()?;
            beside.whole();
            Ok((whole, totals.rows, opened.reader.normalised()))
        });
        let (whole, rows, schema) = written.await.map_err(|unread| unread.of(&table.name))?;
        self.job.info(format!("{path}: {rows} rows, {} bytes, of {total} bytes", whole.bytes));
        let mut made = Made::file(&self.name(), path, whole, Some(rows));
        made.schema = Some(schema);
        Ok(made)
    }

    /// The same, from opening the table on.
    ///
    /// # Errors
    /// The same.
    pub(super) async fn written_alone(&self, at: usize, kind: As) -> Result<Made> {
        let table = self.table(at)?;
        let opened = self.open(table).await.map_err(|unread| unread.of(&table.name))?;
        self.written(table, opened, kind, Watch::default(), ()).await
    }
}
