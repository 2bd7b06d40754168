//! JSON: a list of objects, objects one after the other, or one a line; types over all of them, a row in memory at a time.

pub(crate) mod cut;
pub(crate) mod lines;

use super::report::{Problem, Report};
use super::whole::{Each, Piece, Source};
use super::{Fault, Limits, Result, csv};
use crate::json::{Json, Row, Shape};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use arrow::json::reader::Decoder;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a batch, and bytes of text that they are made of, at most.
const ROWS: usize = 4096;
const BYTES: usize = 4 << 20;

/// A file that was read once.
#[derive(Debug)]
pub(super) struct JsonFile {
    path: PathBuf,
    /// Bytes of the mark at its start.
    mark: u64,
    lines: bool,
    limits: Limits,
    schema: SchemaRef,
    rows: u64,
    report: Report,
}

/// Reads the file through; `lines`: each line is a row, else it is one list or any number of objects.
pub(super) fn open((path, mark): (&Path, u64), lines: bool, limits: &Limits) -> Result<JsonFile> {
    let schema = Arc::new(Schema::empty());
    let limits = limits.clone();
    let mut file = JsonFile { path: path.to_owned(), mark, lines, limits, schema, rows: 0, report: Report::default() };
    let (mut found, mut report, mut rows) = (Found::default(), Report::default(), 0);
    let mut failed = None;
    file.each(&mut |row| {
        match row {
            Ok((row, ..)) => {
                found.row(&row);
                rows += 1;
            }
            Err(problem) => report.add(problem),
        }
        if found.columns.len() > file.limits.columns {
            failed = file.limits.check_columns(found.columns.len()).err();
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if let Some(fault) = failed {
        return Err(fault);
    }
    if rows == 0 && report.total > 0 {
        let first = report.first.first().map(|problem| format!("line {}: {}", problem.line, problem.message)).unwrap_or_default();
        return Err(Fault::Broken(format!("nothing in the file is a JSON object: {first}")));
    }
    let field = |(name, shape): &(String, Shape)| Field::new(name, shape.data_type(), true);
    let schema = Arc::new(Schema::new(found.columns.iter().map(field).collect::<Vec<_>>()));
    (file.schema, file.rows, file.report) = (schema, rows, report);
    Ok(file)
}

/// A row, the bytes it was made of, and the line it begins on.
type Placed = (Row, usize, u64);

impl JsonFile {
    /// Gives every row, or what is wrong with it, to `each`, until it breaks.
    fn each(&self, each: &mut dyn FnMut(Result<Placed, Problem>) -> ControlFlow<()>) -> Result<()> {
        let input = csv::open(&self.path, self.mark)?;
        let depth = self.limits.depth;
        let mut one = |bytes: &[u8], line: u64| each(row(bytes, line, depth).map(|row| (row, bytes.len(), line)));
        if self.lines {
            lines::each(input, self.limits.row_bytes, &mut one)
        } else {
            cut::each(input, self.limits.row_bytes, &mut one)
        }
    }

    fn decoder(&self) -> Result<Decoder> {
        ReaderBuilder::new(self.schema.clone()).with_batch_size(ROWS).build_decoder().map_err(Fault::internal)
    }
}

/// The row that `bytes` are, which begin on `line`.
fn row(bytes: &[u8], line: u64, deepest: usize) -> Result<Row, Problem> {
    let problem = |line: u64, message: String| Problem { line, column: None, field: None, message };
    if std::str::from_utf8(bytes).is_err() {
        return Err(problem(line, "not readable in the file's encoding".to_owned()));
    }
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(problem(line, "not a JSON object".to_owned()));
    }
    let parsed: Result<Row, serde_json::Error> = serde_json::from_slice(bytes);
    let row = parsed.map_err(|error| {
        let (text, place) = (error.to_string(), error.column());
        let what = text.split(" at line ").next().unwrap_or_default();
        problem(line + (error.line() as u64).saturating_sub(1), format!("not a JSON object: {what} (character {place})"))
    })?;
    let depth = 1 + row.0.iter().map(|(_, value)| depth(value)).max().unwrap_or(0);
    if depth > deepest {
        return Err(problem(line, format!("nested {depth} levels deep; {deepest} are the most")));
    }
    Ok(row)
}

fn depth(value: &Json) -> usize {
    match value {
        Json::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(values) => 1 + values.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// The columns, in the order in which they were met first.
#[derive(Default)]
struct Found {
    columns: Vec<(String, Shape)>,
    places: HashMap<String, usize>,
}

impl Found {
    fn row(&mut self, row: &Row) {
        for (name, value) in &row.0 {
            let at = match self.places.get(name) {
                Some(at) => *at,
                None => {
                    self.columns.push((name.clone(), Shape::default()));
                    self.places.insert(name.clone(), self.columns.len() - 1);
                    self.columns.len() - 1
                }
            };
            self.columns[at].1.see(value);
        }
    }
}

impl Source for JsonFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn report(&self) -> Report {
        self.report.clone()
    }

    fn read(&self, each: Each<'_>) -> Result<()> {
        let mut decoder = self.decoder()?;
        let (mut rows, mut lines, mut bytes) = (Vec::new(), Vec::new(), 0);
        let (mut failed, mut broke) = (None, false);
        let mut hand_on = |rows: &mut Vec<Row>, lines: &mut Vec<u64>| -> Result<ControlFlow<()>> {
            decoder.serialize(rows).map_err(Fault::internal)?;
            rows.clear();
            let lines = std::mem::take(lines);
            match decoder.flush().map_err(Fault::internal)? {
                Some(batch) => Ok(each(Piece { batch, lines })),
                None => Ok(ControlFlow::Continue(())),
            }
        };
        self.each(&mut |found| {
            // What is wrong was told before.
            let Ok((mut row, length, line)) = found else { return ControlFlow::Continue(()) };
            row.fit(&self.schema);
            rows.push(row);
            lines.push(line);
            bytes += length;
            if rows.len() < ROWS && bytes < BYTES {
                return ControlFlow::Continue(());
            }
            bytes = 0;
            let flow = hand_on(&mut rows, &mut lines).unwrap_or_else(|fault| {
                failed = Some(fault);
                ControlFlow::Break(())
            });
            broke |= flow.is_break();
            flow
        })?;
        if let Some(fault) = failed {
            return Err(fault);
        }
        if !broke && !rows.is_empty() {
            let _ = hand_on(&mut rows, &mut lines)?;
        }
        Ok(())
    }
}
