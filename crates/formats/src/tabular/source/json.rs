//! JSON: a list of objects or of lists, somewhere in a document, or one object a line.

use super::super::check::{Checker, Plan};
use super::super::dialect::{Dialect, Heading};
use super::super::file::Opened;
use super::super::value::Cell;
use super::super::{ErrorCode, Fault, Result};
use super::property::Below;
use super::{Columns, Each, Source};
use crate::ingest::Limits;
use crate::ingest::csv::open;
use crate::ingest::json::{cut, lines};
use crate::json::{Json, Shape};
use datahall_core::dataset::FileFormat;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Rows of a piece, and bytes of text that they are made of, at most.
const ROWS: usize = 8192;
const BYTES: usize = 4 << 20;

/// A file of JSON.
#[derive(Debug)]
pub(super) struct JsonRows {
    path: PathBuf,
    mark: u64,
    lines: bool,
    dialect: Dialect,
    limits: Limits,
    columns: Columns,
    /// How many cells the first row has, where it is a list.
    width: usize,
    /// Rows before the first that is data.
    before: u64,
}

impl JsonRows {
    /// Opens it, and looks at its first row.
    pub(super) fn open(opened: &Opened, dialect: &Dialect, limits: &Limits) -> Result<Self> {
        let lines = opened.format == FileFormat::Ndjson;
        if !lines && dialect.property.is_empty() && opened.head.trim_ascii_start().first() == Some(&b'{') {
            let words =
                "the file is one JSON object and no list of rows; where the rows are in it, `property` of the dialect says";
            return Err(Fault::Broken(words.to_owned()));
        }
        let mut file = Self {
            path: opened.path.clone(),
            mark: opened.mark,
            lines,
            dialect: dialect.clone(),
            limits: limits.clone(),
            columns: Columns::Keyed,
            width: 0,
            before: dialect.skipped_first,
        };
        file.read_header()?;
        if let Columns::Header(names) = &file.columns {
            limits.check_columns(names.len())?;
        }
        Ok(file)
    }

    /// Gives every value to `each`, with its number from 1.
    fn values(&self, each: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>) -> Result<()> {
        let (mut number, mut any) = (0, false);
        let mut one = |bytes: &[u8], _line: u64| {
            number += 1;
            any = true;
            each(number, bytes)
        };
        let input = open(&self.path, self.mark)?;
        let read = if self.lines {
            lines::each(input, self.limits.row_bytes, &mut one)
        } else if self.dialect.property.is_empty() {
            cut::each(input, self.limits.row_bytes, &mut one)
        } else {
            cut::each(Below::new(input, &self.dialect.property), self.limits.row_bytes, &mut one)
        };
        match read {
            Err(Fault::Broken(_)) if !any && !self.dialect.property.is_empty() => {
                let keys = self.dialect.property.join(".");
                Err(Fault::Broken(format!("the file has no list of rows below '{keys}'")))
            }
            other => other,
        }
    }

    /// Whether rows are lists, of which one may be a header.
    fn read_header(&mut self) -> Result<()> {
        let wanted = self.dialect.heading_rows().and_then(|rows| rows.last().copied());
        let mut first = None;
        self.values(&mut |number, bytes| {
            let is_list = bytes.trim_ascii_start().starts_with(b"[");
            let last = !is_list || number >= wanted.unwrap_or(self.dialect.skipped_first + 1);
            if last {
                first = Some((is_list, number, serde_json::from_slice::<Json>(bytes)));
            }
            if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some((_, _, Ok(Json::List(cells)))) = &first {
            self.width = cells.len();
        }
        match (first, &self.dialect.heading) {
            (Some((true, ..)), Heading::Nothing) => self.columns = Columns::Unnamed,
            (Some((true, ..)), Heading::Given(names)) => self.columns = Columns::Header(names.clone()),
            (Some((true, number, Ok(Json::List(names)))), _) => {
                self.columns = Columns::Header(names.iter().map(|name| Cell::of(name).shown()).collect());
                self.before = number;
            }
            (Some((true, ..)), _) => return Err(Fault::Broken("the first row of the file is no JSON list".to_owned())),
            _ => {}
        }
        Ok(())
    }
}

impl Source for JsonRows {
    fn columns(&self) -> Columns {
        self.columns.clone()
    }

    fn found(&self) -> Result<Option<Vec<(String, &'static str)>>> {
        if self.columns != Columns::Keyed {
            return Ok(None);
        }
        let (mut columns, mut places): (Vec<(String, Shape)>, HashMap<String, usize>) = (Vec::new(), HashMap::new());
        let mut failed = None;
        self.values(&mut |number, bytes| {
            if number <= self.before || self.dialect.skipped.contains(&number) {
                return ControlFlow::Continue(());
            }
            let Ok(Json::Object(values)) = serde_json::from_slice::<Json>(bytes) else { return ControlFlow::Continue(()) };
            for (name, value) in &values {
                let at = *places.entry(name.clone()).or_insert_with(|| {
                    columns.push((name.clone(), Shape::default()));
                    columns.len() - 1
                });
                columns[at].1.see(value);
            }
            failed = self.limits.check_columns(columns.len()).err();
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let found = columns.into_iter().map(|(name, shape)| (name, kind(&shape))).collect();
        failed.map_or(Ok(Some(found)), Err)
    }

    fn width(&self) -> usize {
        self.width
    }

    fn read(&self, plan: &Plan, each: Each<'_>) -> Result<()> {
        let (mut checker, mut start, mut last, mut bytes_held) = (Checker::new(plan, ROWS), 0, 0, 0);
        let (mut slots, mut broke) = (Vec::new(), false);
        self.values(&mut |number, bytes| {
            last = number;
            if number > self.before && !self.dialect.skipped.contains(&number) {
                // Pieces end long before there are so many.
                let local = u32::try_from(number - start).unwrap_or(u32::MAX);
                self.row(&mut checker, (local, bytes), plan, &mut slots);
                bytes_held += bytes.len();
            }
            if checker.len() < ROWS && bytes_held < BYTES && number - start < u64::from(u32::MAX) {
                return ControlFlow::Continue(());
            }
            bytes_held = 0;
            let full = std::mem::replace(&mut checker, Checker::new(plan, ROWS));
            let flow = each(full.finish(number - start));
            start = number;
            broke = flow.is_break();
            flow
        })?;
        if !broke && last > start {
            let _ = each(checker.finish(last - start));
        }
        Ok(())
    }
}

impl JsonRows {
    fn row(&self, checker: &mut Checker<'_>, (number, bytes): (u32, &[u8]), plan: &Plan, slots: &mut Vec<Option<usize>>) {
        if std::str::from_utf8(bytes).is_err() {
            return checker.broken(number, ErrorCode::EncodingError, "the row is not readable in the file's encoding");
        }
        let row = match serde_json::from_slice::<Json>(bytes) {
            Ok(row) => row,
            Err(error) => {
                let text = error.to_string();
                let what = text.split(" at line ").next().unwrap_or_default();
                return checker.broken(number, ErrorCode::SourceError, &format!("no JSON: {what}"));
            }
        };
        if depth(&row) > self.limits.depth {
            let words = format!("nested more than {} levels deep", self.limits.depth);
            return checker.broken(number, ErrorCode::SourceError, &words);
        }
        match (&row, &self.columns) {
            (Json::Object(values), Columns::Keyed) => {
                place(values, &plan.names, slots);
                let value =
                    |at: usize| slots[at].and_then(|slot| values.get(slot)).map_or(Cell::Null, |(_, value)| Cell::of(value));
                checker.row(number, slots.len(), |at| Ok(value(at)));
            }
            (Json::List(values), Columns::Header(_) | Columns::Unnamed) => {
                checker.row(number, values.len(), |at| Ok(values.get(at).map_or(Cell::Null, Cell::of)));
            }
            (_, Columns::Keyed) => checker.broken(number, ErrorCode::SourceError, "the row is no JSON object"),
            _ => checker.broken(number, ErrorCode::SourceError, "the row is no JSON list, as the first is"),
        }
    }
}

/// The type of Table Schema that holds what was seen.
fn kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::Nothing | Shape::Text => "string",
        Shape::Bool => "boolean",
        // Some are beyond 64 bits with a sign, where integers are told as wrong.
        Shape::Whole { large: true, .. } | Shape::Float => "number",
        Shape::Whole { .. } => "integer",
        Shape::List(_) => "array",
        Shape::Object(_) => "object",
        Shape::Mixed => "any",
    }
}

/// Where each of `names` is among `values`.
fn place(values: &[(String, Json)], names: &[String], slots: &mut Vec<Option<usize>>) {
    slots.clear();
    // Keys mostly come in the order of the fields, so the search goes on where it last found one.
    let mut next = 0;
    for name in names {
        let found = (next..values.len()).chain(0..next).find(|at| values[*at].0 == *name);
        next = found.map_or(next, |at| at + 1);
        slots.push(found);
    }
}

fn depth(value: &Json) -> usize {
    match value {
        Json::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(values) => 1 + values.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}
