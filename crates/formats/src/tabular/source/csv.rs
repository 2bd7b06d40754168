//! Delimited text, cut into chunks of whole rows that several threads look at.

mod skip;

use super::super::check::{Checker, Part, Plan};
use super::super::dialect::{Dialect, Heading};
use super::super::file::Opened;
use super::super::schema::TableSchema;
use super::super::value::Cell;
use super::super::{ErrorCode, Fault, Result};
use super::{Columns, Each, Source};
use crate::ingest::Limits;
use crate::ingest::csv::cut::{CHUNK, Cutter};
use crate::ingest::csv::records::{Fields, Record, Records};
use crate::ingest::csv::{Dialect as Layout, More, open};
use crate::ingest::workers::{Worker, in_order};
use crate::sniff;
use datahall_core::dataset::FileFormat;
use skip::{Skipper, Skips};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// A file of delimited text.
#[derive(Debug)]
pub(super) struct Csv {
    path: PathBuf,
    mark: u64,
    layout: Layout,
    dialect: Dialect,
    longest: usize,
    chunk: usize,
    columns: Columns,
    /// How many fields the first row has that is no comment.
    width: usize,
    skips: Skips,
}

impl Csv {
    /// Opens it, and reads its header.
    pub(super) fn open(opened: &Opened, dialect: &Dialect, schema: Option<&TableSchema>, limits: &Limits) -> Result<Self> {
        Self::open_in(opened, dialect, schema, limits, CHUNK)
    }

    fn open_in(opened: &Opened, dialect: &Dialect, schema: Option<&TableSchema>, limits: &Limits, chunk: usize) -> Result<Self> {
        let quote = dialect.quote.unwrap_or(Some(b'"'));
        let more =
            More { unquoted: quote.is_none(), escape: dialect.escape, single: dialect.single, trim: dialect.trim, blanks: true };
        let mut layout = Layout { delimiter: b',', quote: quote.unwrap_or(b'"'), header: true, more };
        layout.delimiter = match dialect.delimiter {
            Some(delimiter) => delimiter,
            None if opened.format == FileFormat::Tsv => b'\t',
            None => delimiter(&opened.head, &layout, dialect, schema),
        };
        let mut csv = Self {
            path: opened.path.clone(),
            mark: opened.mark,
            dialect: dialect.clone(),
            longest: limits.row_bytes,
            chunk,
            columns: Columns::Unnamed,
            width: width(&opened.head, &layout, dialect),
            layout,
            skips: Skips::of(dialect),
        };
        csv.read_header()?;
        if let Columns::Header(names) = &csv.columns {
            limits.check_columns(names.len())?;
        }
        Ok(csv)
    }

    fn cutter(&self) -> Result<Cutter<File>> {
        Ok(Cutter::new(open(&self.path, self.mark)?, &self.layout, self.chunk, self.longest))
    }

    /// Finds the rows that name the columns, and takes the names out of them.
    fn read_header(&mut self) -> Result<()> {
        let wanted = match &self.dialect.heading {
            Heading::Nothing => return Ok(()),
            Heading::Given(names) => {
                self.columns = Columns::Header(names.clone());
                return Ok(());
            }
            _ => self.dialect.heading_rows(),
        };
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut number = 0;
        'chunks: for chunk in self.cutter()? {
            let chunk = chunk?;
            let mut records = Records::new(&chunk.bytes, &self.layout);
            let mut own = Fields::default();
            while let Some(record) = records.next(&mut own) {
                number += 1;
                let ends = match &wanted {
                    None => !self.dialect.skips(number) && own.len() > 0 && !is_comment(&self.dialect, &own),
                    Some(wanted) => wanted.last().is_none_or(|last| *last == number),
                };
                if ends || wanted.as_ref().is_some_and(|wanted| wanted.contains(&number)) {
                    rows.push(texts(&own, record, number)?);
                }
                if ends {
                    break 'chunks;
                }
            }
        }
        if rows.is_empty() {
            let what = if number == 0 { "the file is empty" } else { "the file ends before the row that names its columns" };
            return Err(Fault::Broken(what.to_owned()));
        }
        self.columns = Columns::Header(joined(&rows, self.dialect.join.as_deref().unwrap_or(" ")));
        self.skips.first = self.skips.first.max(number);
        Ok(())
    }
}

/// How many fields the first row of a text has that is neither blank nor passed over.
fn width(head: &[u8], layout: &Layout, dialect: &Dialect) -> usize {
    let (mut records, mut fields, mut number) = (Records::new(head, layout), Fields::default(), 0);
    while records.next(&mut fields).is_some() {
        number += 1;
        if !dialect.skips(number) && fields.len() > 0 && !is_comment(dialect, &fields) {
            return fields.len();
        }
    }
    0
}

/// Names that come from several rows: their parts from top to bottom, a part that comes again below itself once.
fn joined(rows: &[Vec<String>], between: &str) -> Vec<String> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let name = |at: usize| {
        let mut parts: Vec<&str> = rows.iter().filter_map(|row| row.get(at)).map(|part| part.trim()).collect();
        parts.dedup();
        if parts.len() > 1 {
            parts.retain(|part| !part.is_empty());
        }
        parts.join(between)
    };
    (0..width).map(name).collect()
}

fn texts(fields: &Fields<'_>, record: Record, number: u64) -> Result<Vec<String>> {
    if !record.closed {
        return Err(Fault::Broken(format!("row {number}: a quote in the header is never closed")));
    }
    let text = |at: usize| fields.text(at, None).map(str::to_owned);
    let texts: Option<Vec<String>> = (0..fields.len()).map(text).collect();
    texts.ok_or_else(|| Fault::Broken(format!("row {number}: the header is not readable in the file's encoding")))
}

fn is_comment(dialect: &Dialect, fields: &Fields<'_>) -> bool {
    if dialect.comments.is_empty() {
        return false;
    }
    let text = |at: usize| fields.text(at, None).unwrap_or("\u{fffd}");
    dialect.is_comment(text(0), (0..fields.len()).map(text))
}

/// What stands between the fields of a text that nobody describes: what makes the names of the schema out of its header, else what the most
/// of its rows agree on.
fn delimiter(head: &[u8], layout: &Layout, dialect: &Dialect, schema: Option<&TableSchema>) -> u8 {
    let guessed = sniff::dialect_quoted(head, layout.quote).delimiter;
    let Some(schema) = schema else { return guessed };
    let fits = |delimiter: u8| {
        let layout = Layout { delimiter, ..layout.clone() };
        let (mut records, mut fields) = (Records::new(head, &layout), Fields::default());
        let mut best = 0;
        for _ in 0..20 {
            if records.next(&mut fields).is_none() {
                break;
            }
            if is_comment(dialect, &fields) {
                continue;
            }
            let names = schema.names().enumerate().filter(|(at, name)| fields.get(*at).trim_ascii() == name.as_bytes()).count();
            best = best.max(names * 2 + usize::from(fields.len() == schema.fields.len()));
        }
        best
    };
    let candidates = [b',', guessed, b';', b'\t', b'|'];
    // The first of the best.
    let best = candidates.iter().rev().max_by_key(|delimiter| fits(**delimiter));
    best.copied().unwrap_or(b',')
}

impl Source for Csv {
    fn columns(&self) -> Columns {
        self.columns.clone()
    }

    fn width(&self) -> usize {
        self.width
    }

    fn read(&self, plan: &Plan, each: Each<'_>) -> Result<()> {
        let pieces = Skipper::new(self.cutter()?, &self.layout, self.skips.clone());
        let mut failed = None;
        in_order(
            pieces,
            || Looker { csv: self, plan },
            |done: Result<Part>| match done {
                Ok(part) => each(part),
                Err(fault) => {
                    failed = Some(fault);
                    ControlFlow::Break(())
                }
            },
        );
        failed.map_or(Ok(()), Err)
    }
}

struct Looker<'a> {
    csv: &'a Csv,
    plan: &'a Plan,
}

impl Worker for Looker<'_> {
    type Piece = Result<skip::Piece>;
    type Done = Result<Part>;

    fn work(&mut self, piece: Self::Piece) -> Self::Done {
        piece.map(|piece| self.look(&piece))
    }
}

impl Looker<'_> {
    fn look(&self, piece: &skip::Piece) -> Part {
        let bytes = &piece.chunk.bytes;
        let valid = std::str::from_utf8(bytes).ok();
        let room = (bytes.len() / self.plan.places.len().max(1) / 4).min(4096);
        let mut checker = Checker::new(self.plan, room);
        let (mut records, mut fields) = (Records::new(bytes, &self.csv.layout), Fields::default());
        let mut number = 0u32;
        while let Some(record) = records.next(&mut fields) {
            number += 1;
            if piece.skips(number) || is_comment(&self.csv.dialect, &fields) {
                continue;
            }
            if !record.closed {
                checker.broken(number, ErrorCode::SourceError, "a quote is opened in the row and never closed");
                continue;
            }
            checker.row(number, fields.len(), |place| match fields.text(place, valid) {
                Some(text) => Ok(Cell::Text(text)),
                None => Err(ErrorCode::EncodingError),
            });
        }
        checker.finish(u64::from(number))
    }
}

#[cfg(test)]
mod tests;
