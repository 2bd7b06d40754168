//! The first reading: types over all rows, how many there are, and which of them are wrong.

use super::super::hints::Hints;
use super::super::report::Report;
use super::super::types::Declared;
use super::super::values::{Span, with_seconds};
use super::super::workers::{Worker, in_order};
use super::super::{Fault, Limits, Result, names};
use super::Dialect;
use super::cut::{CHUNK, Chunk, Cutter};
use super::records::{Fields, Records};
use super::seen::Layout;
use crate::Guess;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that was read once.
#[derive(Debug)]
pub(crate) struct Csv {
    pub(super) path: PathBuf,
    /// Bytes of the mark at its start.
    pub(super) mark: u64,
    pub(super) layout: Layout,
    pub(super) longest: usize,
    pub(super) chunk: usize,
    /// The columns.
    pub(crate) schema: SchemaRef,
    /// Rows that are right.
    pub(crate) rows: u64,
    /// Rows that are not.
    pub(crate) report: Report,
}

/// Reads the UTF-8 text at `path`, after `mark` bytes, through.
pub(crate) fn survey(
    (path, mark): (&Path, u64),
    dialect: Dialect,
    hints: &Hints,
    limits: &Limits,
    warnings: &mut Vec<String>,
) -> Result<Csv> {
    survey_in((path, mark), dialect, hints, limits, (CHUNK, warnings))
}

/// As [`survey`], in chunks of about so many bytes.
pub(super) fn survey_in(
    (path, mark): (&Path, u64),
    dialect: Dialect,
    hints: &Hints,
    limits: &Limits,
    (chunk, warnings): (usize, &mut Vec<String>),
) -> Result<Csv> {
    let layout = layout(open(path, mark)?, dialect, hints, limits, (chunk, warnings))?;
    let cutter = Cutter::new(open(path, mark)?, &layout.dialect, chunk, limits.row_bytes);
    let (mut rows, mut lines, mut report, mut failed) = (0, 0, Report::default(), None);
    let workers = in_order(
        cutter,
        || Surveyor::new(&layout),
        |done: Result<Found>| match done {
            Ok(found) => {
                rows += found.rows;
                report.append(found.report, lines);
                lines += found.lines;
                ControlFlow::Continue(())
            }
            Err(fault) => {
                failed = Some(fault);
                ControlFlow::Break(())
            }
        },
    );
    if let Some(fault) = failed {
        return Err(fault);
    }
    let width = layout.names.len();
    let (mut guesses, mut spans) = (vec![Guess::default(); width], vec![Span::default(); width]);
    for worker in workers {
        guesses.iter_mut().zip(&worker.guesses).for_each(|(guess, other)| guess.merge(other));
        spans.iter_mut().zip(&worker.spans).for_each(|(span, other)| span.merge(other));
    }
    let schema = schema(&layout, &guesses, &spans, warnings)?;
    Ok(Csv { path: path.to_owned(), mark, layout, longest: limits.row_bytes, chunk, schema, rows, report })
}

pub(crate) fn open(path: &Path, mark: u64) -> Result<File> {
    let mut file = File::open(path).map_err(Fault::io)?;
    file.seek(SeekFrom::Start(mark)).map_err(Fault::io)?;
    Ok(file)
}

/// The columns, by the first row.
fn layout(
    file: File,
    dialect: Dialect,
    hints: &Hints,
    limits: &Limits,
    (chunk, warnings): (usize, &mut Vec<String>),
) -> Result<Layout> {
    let empty = || Fault::Broken("the file is empty".to_owned());
    let mut cutter = Cutter::new(file, &dialect, chunk, limits.row_bytes);
    // A chunk may be all blank lines.
    let (first, given) = loop {
        let first = cutter.next().ok_or_else(empty)??;
        let mut records = Records::new(&first.bytes, &dialect);
        let mut fields = Fields::default();
        if let Some(record) = records.next(&mut fields) {
            limits.check_columns(fields.len())?;
            let text = |at: usize| if dialect.header { fields.text(at, None).map(str::to_owned) } else { Some(String::new()) };
            let given: Option<Vec<String>> = (0..fields.len()).map(text).collect();
            break (record, given);
        }
    };
    let line = first.line + 1;
    if !first.closed && dialect.header {
        return Err(Fault::Broken(format!("line {line}: a quote in the first row is never closed")));
    }
    let unreadable = || Fault::Broken(format!("line {line}: the names of the columns are not readable in the file's encoding"));
    let given = given.ok_or_else(unreadable)?;
    let names = names::cleaned(given, warnings)?;
    let mut declared: Vec<Option<Declared>> = vec![None; names.len()];
    for (column, kind) in &hints.types {
        declared[find(&names, column)?] = Some(*kind);
    }
    Ok(Layout { dialect, names, declared, nulls: hints.null_values.clone() })
}

/// The place of the column that is called `wanted`, in any case.
pub(crate) fn find(names: &[String], wanted: &str) -> Result<usize> {
    let exact = names.iter().position(|name| name == wanted);
    let found = exact.or_else(|| names.iter().position(|name| name.to_lowercase() == wanted.to_lowercase()));
    let shown = super::super::hints::short(wanted);
    found.ok_or_else(|| Fault::Hints(format!("types names a column that the file does not have: {shown}")))
}

struct Surveyor<'a> {
    layout: &'a Layout,
    guesses: Vec<Guess>,
    spans: Vec<Span>,
}

struct Found {
    rows: u64,
    lines: u64,
    report: Report,
}

impl<'a> Surveyor<'a> {
    fn new(layout: &'a Layout) -> Self {
        let width = layout.names.len();
        Self { layout, guesses: vec![Guess::default(); width], spans: vec![Span::default(); width] }
    }

    fn see(&mut self, chunk: &Chunk) -> Found {
        let valid = std::str::from_utf8(&chunk.bytes).ok();
        let (mut records, mut fields) = (Records::new(&chunk.bytes, &self.layout.dialect), Fields::default());
        if chunk.first && self.layout.dialect.header {
            records.next(&mut fields);
        }
        let (mut found, mut room) = (Found { rows: 0, lines: 0, report: Report::default() }, [0; 48]);
        while let Some(record) = records.next(&mut fields) {
            if let Some(problem) = self.layout.wrong(record, &fields, valid, &mut self.spans) {
                found.report.add(problem);
                continue;
            }
            found.rows += 1;
            for (at, guess) in self.guesses.iter_mut().enumerate() {
                if guess.is_text() || self.layout.declared[at].is_some() {
                    continue;
                }
                let text = fields.text(at, valid).unwrap_or_default();
                if !self.layout.is_null(text) {
                    let text = text.trim_matches([' ', '\t']);
                    guess.see(with_seconds(text, &mut room).unwrap_or(text));
                }
            }
        }
        found.lines = records.lines();
        found
    }
}

impl Worker for Surveyor<'_> {
    type Piece = Result<Chunk>;
    type Done = Result<Found>;

    fn work(&mut self, piece: Self::Piece) -> Self::Done {
        piece.map(|chunk| self.see(&chunk))
    }
}

fn schema(layout: &Layout, guesses: &[Guess], spans: &[Span], warnings: &mut Vec<String>) -> Result<SchemaRef> {
    let mut fields = Vec::with_capacity(guesses.len());
    let mut kept_as_text = Vec::new();
    for (at, name) in layout.names.iter().enumerate() {
        let data_type = match layout.declared[at] {
            Some(declared) => {
                if spans[at].is_mixed() {
                    warnings.push(format!("column {name}: some moments name a zone, those that do not are taken as UTC"));
                }
                let too_many = || {
                    Fault::Broken(format!("column {name}: its values need more than 38 digits together; declare decimal(p,s)"))
                };
                spans[at].data_type(declared).ok_or_else(too_many)?
            }
            None => match guesses[at].data_type() {
                // No type that is found out holds them all exactly.
                DataType::UInt64 | DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                    kept_as_text.push(name.as_str());
                    DataType::Utf8
                }
                found => found,
            },
        };
        fields.push(Field::new(name, data_type, true));
    }
    if !kept_as_text.is_empty() {
        let columns = kept_as_text.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        warnings.push(format!("kept as text, for int64 and microseconds would lose digits: {columns}"));
    }
    Ok(Arc::new(Schema::new(fields)))
}
