//! A schema for a table that has none: the narrowest types that all values fit, over the whole of it.

use super::calendar;
use super::file::TableFile;
use super::source::{self, Columns, Source};
use super::{Fault, Reading, Result, TableSchema};
use crate::Guess;
use arrow::array::AsArray;
use arrow::datatypes::DataType;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// What the values of one column may be.
#[derive(Default)]
struct Seen {
    guess: Guess,
    /// A value that is no moment as fields of type `datetime` have them, and one that is neither `true` nor `false` in one of their usual cases.
    not_moments: bool,
    odd_words: bool,
}

impl Seen {
    fn see(&mut self, text: &str) {
        if text.is_empty() || self.guess.is_text() {
            return;
        }
        self.guess.see(text);
        self.not_moments |= calendar::datetime(text).is_none();
        self.odd_words |= !["true", "True", "TRUE", "false", "False", "FALSE"].contains(&text);
    }

    fn kind(&self) -> &'static str {
        match self.guess.data_type() {
            DataType::Timestamp(..) if self.not_moments => "string",
            DataType::Boolean if self.odd_words => "string",
            // Beyond 64 bits integers are told as wrong.
            DataType::UInt64 => "string",
            other => kind(&other),
        }
    }
}

/// The type that holds what an Arrow type holds.
pub(super) fn kind(data_type: &DataType) -> &'static str {
    use DataType as D;
    match data_type {
        D::Boolean => "boolean",
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => "integer",
        D::Float16 | D::Float32 | D::Float64 => "number",
        D::Decimal32(_, scale) | D::Decimal64(_, scale) | D::Decimal128(_, scale) | D::Decimal256(_, scale) => {
            if *scale == 0 {
                "integer"
            } else {
                "number"
            }
        }
        D::Date32 | D::Date64 => "date",
        D::Timestamp(..) => "datetime",
        D::Time32(_) | D::Time64(_) => "time",
        D::Duration(_) | D::Interval(_) => "duration",
        D::List(_) | D::LargeList(_) | D::ListView(_) | D::LargeListView(_) | D::FixedSizeList(..) => "array",
        D::Struct(_) | D::Map(..) => "object",
        D::Dictionary(_, values) => kind(values),
        D::RunEndEncoded(_, values) => kind(values.data_type()),
        _ => "string",
    }
}

/// The schema of `file`, whose types are those that all its values fit: integers, numbers, booleans, dates and moments as ISO 8601 writes them, else text; columns of
/// files that have types keep them. Names that are blank or come twice become `column_N` and `name_2`, and are told when it is read.
///
/// # Errors
/// [`Fault`]: a file that cannot be read, or has no columns.
pub fn infer(file: &TableFile, reading: &Reading) -> Result<TableSchema> {
    let opened = file.open(&reading.scratch, &reading.limits)?;
    let source = source::open(&opened, &file.dialect, None, &reading.limits)?;
    let (names, mut kinds) = match source.found()? {
        Some(found) => found.into_iter().map(|(name, kind)| (name, Some(kind))).unzip(),
        None => {
            let names = match source.columns() {
                Columns::Header(names) | Columns::Named(names) => names,
                Columns::Keyed | Columns::Unnamed => vec![String::new(); source.width()],
            };
            let kinds = vec![None; names.len()];
            (names, kinds)
        }
    };
    if names.is_empty() {
        return Err(Fault::Broken("the file has no columns".to_owned()));
    }
    let names = cleaned(names);
    look(source.as_ref(), file, &names, &mut kinds)?;
    let field = |(name, kind): (&String, &Option<&str>)| json!({ "name": name, "type": kind.unwrap_or("string") });
    TableSchema::parse(&json!({ "fields": names.iter().zip(&kinds).map(field).collect::<Vec<_>>() }))
}

/// Names that are all there, and each once.
fn cleaned(names: Vec<String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let name = |(at, name): (usize, String)| {
        let name = name.trim();
        let name = if name.is_empty() { format!("column_{}", at + 1) } else { name.to_owned() };
        let more = (2..).map(|number: u64| format!("{name}_{number}"));
        let free = std::iter::once(name.clone()).chain(more).find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(free.clone());
        free
    };
    names.into_iter().enumerate().map(name).collect()
}

/// Looks through the columns whose type is not known, or is text, which may be dates.
fn look(source: &dyn Source, file: &TableFile, names: &[String], kinds: &mut [Option<&'static str>]) -> Result<()> {
    let is_open: Vec<bool> = kinds.iter().map(|kind| matches!(kind, None | Some("string"))).collect();
    if source.is_lenient() || !is_open.contains(&true) {
        return Ok(());
    }
    let fields: Vec<Value> = names.iter().map(|name| json!({ "name": name, "type": "any" })).collect();
    let schema = TableSchema::parse(&json!({ "fields": fields }))?;
    let (plan, _) = source::plan(source, &schema, &file.dialect);
    let plan = plan.only(|at| is_open[at]);
    let mut seen: Vec<Seen> = names.iter().map(|_| Seen::default()).collect();
    source.read(&plan, &mut |part| {
        for (seen, column) in seen.iter_mut().zip(&part.columns) {
            column.as_string::<i32>().iter().flatten().for_each(|text| seen.see(text));
        }
        ControlFlow::Continue(())
    })?;
    for ((kind, seen), is_open) in kinds.iter_mut().zip(&seen).zip(is_open) {
        let guessed = seen.kind();
        // Text of a file that has types is no number, whatever it looks like.
        if is_open && (kind.is_none() || matches!(guessed, "date" | "datetime")) {
            *kind = Some(guessed);
        }
    }
    Ok(())
}
