//! The rows of a table, read from its source and held against its schema.

use super::super::descriptor::Resource;
use super::super::place::Scratch;
use super::super::plan::Table;
use super::super::steps::Steps;
use super::Making;
use super::source::{Source, blocking};
use super::stepped::Stepped;
use super::stop::Watch;
use arrow::array::RecordBatch;
use datahall_core::{Code, Error, Result};
use datahall_formats::ingest::Limits;
use datahall_formats::tabular::{CellError, Checked, Dialect, Fault, Reader, Reading, TableFile, TableSchema, Totals, infer};
use serde_json::Value as Json;
use std::ops::ControlFlow;
use tokio::sync::OwnedSemaphorePermit;

/// Errors that a message tells.
const TOLD: usize = 5;

/// A table that is ready to be read.
pub(super) struct Opened {
    // In the order in which they go: what reads, what is read, the turn.
    pub(super) reader: Reader,
    scratch: Scratch,
    _turn: OwnedSemaphorePermit,
    pub(super) schema: TableSchema,
    pub(super) source: Source,
    steps: Steps,
}

/// Why a table cannot be read.
pub(super) enum Unread {
    /// The file is not what it is said to be, or the schema makes no sense; in words.
    File(String),
    /// Something else.
    Other(Error),
}

/// What was wrong in rows.
#[derive(Default)]
pub(super) struct Wrong {
    told: Vec<String>,
    count: u64,
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Failed(error) => Self::Other(error),
            fault => Self::File(fault.to_string()),
        }
    }
}

impl Unread {
    /// As the error of the pipeline that makes something of the table.
    pub(super) fn of(self, table: &str) -> Error {
        match self {
            Self::File(words) => Error::invalid(format!("resource '{table}': {words}")),
            Self::Other(error) => error,
        }
    }
}

impl Making<'_> {
    /// Opens a table; waits until its source is there, and for its turn.
    ///
    /// # Errors
    /// [`Unread`].
    pub(super) async fn open(&self, table: &Table) -> Result<Opened, Unread> {
        let source = self.source(table.resource).await?;
        let packages = &self.service().packages;
        let turn = packages.readings.clone().acquire_owned().await.map_err(Error::internal)?;
        let resource = &self.plan.resources[table.resource];
        let file = file(&source, resource, table)?;
        let scratch = packages.scratch(&self.unique())?;
        let most = self.service().settings.specs.max_source_mb.saturating_mul(1 << 20);
        // What is unpacked, or is no UTF-8, may be as long as what is not.
        let limits = Limits { unpacked_bytes: most, ..Limits::default() };
        let reading = Reading { limits, ..Reading::new(scratch.path().to_owned()) };
        let schema = match &table.schema {
            Some(schema) => TableSchema::parse(schema)?,
            None => self.inferred(table, &source, &file, &reading).await?,
        };
        let steps = table.steps.clone();
        blocking(move || {
            let reader = Reader::open(&file, &schema, &reading)?;
            Ok(Opened { reader, scratch, _turn: turn, schema, source, steps })
        })
        .await
    }

    /// The schema of a table that has none, found out once.
    async fn inferred(&self, table: &Table, source: &Source, file: &TableFile, reading: &Reading) -> Result<TableSchema, Unread> {
        let key = format!("{} {}", source.file.display(), table.name);
        let (file, reading) = (file.clone(), reading.clone());
        let find = blocking(move || {
            infer(&file, &reading).map_err(|fault| match fault {
                Fault::Failed(error) => error,
                fault => Error::invalid(fault.to_string()),
            })
        });
        let found = self.service().packages.kept.schemas.get(key, find).await;
        found.map_err(|error| match error.code() {
            Code::Invalid => Unread::File(error.message().to_owned()),
            _ => Unread::Other(error),
        })
    }
}

/// The source as a table is read from it.
fn file(source: &Source, resource: &Resource, table: &Table) -> Result<TableFile, Fault> {
    let text = |name: &str| resource.descriptor.get(name).and_then(Json::as_str).map(str::to_owned);
    Ok(TableFile {
        path: source.file.clone(),
        name: resource.file_name(),
        format: text("format"),
        mediatype: text("mediatype"),
        dialect: dialect(resource, table)?,
        encoding: text("encoding"),
    })
}

/// How a table lies in its source: as its resource says, and as the spec's `processing` does.
pub(in crate::specs) fn dialect(resource: &Resource, table: &Table) -> Result<Dialect, Fault> {
    let dialect = Dialect::parse(resource.descriptor.get("dialect").unwrap_or(&Json::Null))?;
    match &table.tabulator {
        Some(tabulator) => dialect.with_tabulator(&Json::Object(tabulator.clone())),
        None => Ok(dialect),
    }
}

/// Gives all rows of a table as the spec wants them: those of [`read_source`], with its steps done. The totals are of what is given.
pub(super) fn read(
    opened: &Opened,
    watch: &Watch,
    each: &mut dyn FnMut(Checked) -> Result<ControlFlow<()>>,
) -> Result<Totals, Unread> {
    if opened.steps.is_empty() {
        return read_source(opened, watch, each);
    }
    let mut stepped = Stepped::new(&opened.steps, &opened.reader.arrow(), opened.scratch.path()).map_err(Unread::File)?;
    let mut rows = 0;
    let mut totals = read_source(opened, watch, &mut |checked| {
        let Checked { batch, wrong, errors } = checked;
        let batch = stepped.push(batch)?.unwrap_or_else(|| RecordBatch::new_empty(opened.reader.arrow()));
        if batch.num_rows() == 0 && errors == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        rows += batch.num_rows() as u64;
        each(Checked { batch, wrong, errors })
    })?;
    if let (Some(sorter), false, 0) = (stepped.into_sorter(), totals.stopped, totals.errors) {
        sorter.finish(&mut |batch| {
            watch.go_on()?;
            rows += batch.num_rows() as u64;
            each(Checked { batch, wrong: Vec::new(), errors: 0 })
        })?;
    }
    totals.rows = rows;
    Ok(totals)
}

/// Reads all rows that fit, as long as somebody waits for them, and gathers what is wrong with the others.
pub(super) fn read_source(
    opened: &Opened,
    watch: &Watch,
    each: &mut dyn FnMut(Checked) -> Result<ControlFlow<()>>,
) -> Result<Totals, Unread> {
    let mut failed = None;
    let totals = opened.reader.read(&mut |checked| {
        watch.rows(checked.batch.num_rows());
        match watch.go_on().and_then(|()| each(checked)) {
            Ok(flow) => flow,
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(totals), |error| Err(error.into()))
}

impl Wrong {
    /// Takes in more of it.
    pub(super) fn extend(&mut self, errors: &[CellError], count: u64) {
        let room = TOLD.saturating_sub(self.told.len());
        self.told.extend(errors.iter().take(room).map(|error| error.message.clone()));
        self.count += count;
    }

    /// As the error of a pipeline; nothing when all was right.
    pub(super) fn error(&self, table: &str) -> Option<Error> {
        if self.count == 0 {
            return None;
        }
        let more = self.count.saturating_sub(self.told.len() as u64);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let told = self.told.join("; ");
        let errors = if self.count == 1 { "1 error".to_owned() } else { format!("{} errors", self.count) };
        Some(Error::invalid(format!("resource '{table}': rows do not fit its schema, {errors}: {told}{more}")))
    }
}
