//! Reading a table by its schema: rows that fit as batches, and what is wrong with the others.

use super::check::{Part, Plan};
use super::error::{ErrorCode, Found};
use super::file::{Opened, TableFile};
use super::kind::{Kind, When};
use super::schema::TableSchema;
use super::source::{self, Source};
use super::unique::{self, Judged, Once};
use super::{CellError, Fault, Result};
use crate::ingest::Limits;
use crate::ingest::hints::short;
use crate::texts;
use arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use serde_json::Value as Json;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// With what a table is read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// A folder of its own, for what is unpacked of the file and text that is not UTF-8; nothing is left there.
    pub scratch: PathBuf,
    /// How much of anything there may be.
    pub limits: Limits,
    /// Bytes for values that may come only once (`unique`, primary keys), all of them together. Beyond it the file is read several more times,
    /// each time for some of the values.
    pub unique_bytes: usize,
}

impl Reading {
    /// With the usual limits, and 64 MiB for values that may come only once.
    pub fn new(scratch: PathBuf) -> Self {
        Self { scratch, limits: Limits::default(), unique_bytes: 64 << 20 }
    }
}

/// Some rows that were held against the schema.
#[derive(Debug)]
pub struct Checked {
    /// Those that fit, in their order, of the reader's columns; perhaps none.
    pub batch: RecordBatch,
    /// What is wrong with the others, by rows; at most a thousand errors of one piece.
    pub wrong: Vec<CellError>,
    /// How many errors there are, those that are not told among them.
    pub errors: u64,
}

/// What a reading came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows that fit.
    pub rows: u64,
    /// Rows that do not.
    pub wrong_rows: u64,
    /// Errors, those of the header among them.
    pub errors: u64,
    /// Whether it was ended before the end of the file.
    pub stopped: bool,
}

/// A table that can be read any number of times.
#[derive(Debug)]
pub struct Reader {
    source: Box<dyn Source>,
    plan: Plan,
    arrow: SchemaRef,
    header: Vec<CellError>,
    unique_bytes: usize,
    // What was unpacked goes with this.
    _opened: Opened,
}

impl Reader {
    /// Opens `file`, to be read by `schema`. Fields of moments whose format leaves it open are looked through, to know whether they name a zone: where
    /// one does they are moments in UTC, and those without a zone are taken as such.
    ///
    /// # Errors
    /// [`Fault`]: a file that is of no type that tables are read from, or broken, or has its rows nowhere. What is wrong with its header or its rows is told by
    /// [`Reader::read`].
    pub fn open(file: &TableFile, schema: &TableSchema, reading: &Reading) -> Result<Self> {
        let opened = file.open(&reading.scratch, &reading.limits)?;
        let source = source::open(&opened, &file.dialect, Some(schema), &reading.limits)?;
        let (mut plan, header) = source::plan(source.as_ref(), schema, &file.dialect);
        plan.zoned = zones(source.as_ref(), &plan)?;
        let arrow = schema.arrow_zoned(&plan.zoned);
        Ok(Self { source, plan, arrow, header, unique_bytes: reading.unique_bytes, _opened: opened })
    }

    /// The columns of its batches: those of [`TableSchema::arrow`], with moments in UTC where their values name a zone.
    pub fn arrow(&self) -> SchemaRef {
        self.arrow.clone()
    }

    /// What [`TableSchema::normalised`] gives, where it is known which moments name a zone.
    pub fn normalised(&self) -> Json {
        self.plan.schema.normalised_zoned(Some(&self.plan.zoned))
    }

    /// Reads it all, giving what it finds to `each`, in the order of the file, until that breaks. What is wrong with the header comes first, without rows.
    ///
    /// # Errors
    /// [`Fault`]: a file that is broken further down, a row that is too long, a disk that fails.
    pub fn read(&self, each: &mut dyn FnMut(Checked) -> ControlFlow<()>) -> Result<Totals> {
        let mut run = Run::new(self);
        if !self.header.is_empty() {
            let (wrong, errors) = (self.header.clone(), self.header.len() as u64);
            run.totals.errors = errors;
            let batch = RecordBatch::new_empty(self.arrow.clone());
            if each(Checked { batch, wrong, errors }).is_break() {
                run.totals.stopped = true;
                return Ok(run.totals);
            }
        }
        let mut failed = None;
        self.source.read(&self.plan, &mut |part| match run.take(part) {
            Ok(checked) if checked.batch.num_rows() == 0 && checked.errors == 0 => ControlFlow::Continue(()),
            Ok(checked) => {
                let flow = each(checked);
                run.totals.stopped = flow.is_break();
                flow
            }
            Err(fault) => {
                failed = Some(fault);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(run.totals), Err)
    }

    /// Which rows repeat a value of a key, looked up by reading the whole file as often as need be.
    fn look_up(&self, key: usize, room: usize) -> Result<unique::Repeated> {
        let fields = &self.plan.schema.unique[key];
        let mut looking = self.plan.only(|at| fields.contains(&at));
        looking.schema.unique = vec![fields.clone()];
        unique::look_up(room, &mut |each| {
            let mut before = 0;
            self.source.read(&looking, &mut |part| {
                for (print, number) in part.prints[0].iter().zip(&part.numbers) {
                    if let Some(print) = print
                        && each(*print, before + u64::from(*number)).is_break()
                    {
                        return ControlFlow::Break(());
                    }
                }
                before += part.length;
                ControlFlow::Continue(())
            })
        })
    }
}

/// Of each field whether its moments name a zone: of those that a pattern or the file's own types leave open by looking at all of them.
fn zones(source: &dyn Source, plan: &Plan) -> Result<Vec<bool>> {
    let fields = plan.schema.fields.iter().zip(&plan.places);
    let known = fields.map(|(field, place)| match (&field.kind, place) {
        (Kind::Datetime(When::Iso | When::Any), Some(place)) => source.zoned(*place),
        _ => Some(false),
    });
    let known: Vec<Option<bool>> = known.collect();
    let mut zoned: Vec<bool> = known.iter().map(|known| known.unwrap_or(false)).collect();
    let open = |at: usize| known[at].is_none();
    if !known.contains(&None) {
        return Ok(zoned);
    }
    let mut looking = plan.only(open);
    looking.schema.unique.clear();
    source.read(&looking, &mut |part| {
        zoned.iter_mut().zip(&part.zones).for_each(|(zoned, found)| *zoned |= found);
        let all = (0..zoned.len()).all(|at| zoned[at] || !open(at));
        if all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(zoned)
}

/// One reading under way.
struct Run<'r> {
    reader: &'r Reader,
    keys: Vec<Once>,
    room: usize,
    /// Rows before the next piece.
    before: u64,
    totals: Totals,
}

impl<'r> Run<'r> {
    fn new(reader: &'r Reader) -> Self {
        let count = reader.plan.schema.unique.len();
        let room = unique::room(reader.unique_bytes / count.max(1));
        let keys = (0..count).map(|_| Once::new(room)).collect();
        Self { reader, keys, room, before: 0, totals: Totals::default() }
    }

    /// What a piece comes to.
    fn take(&mut self, mut part: Part) -> Result<Checked> {
        for key in 0..self.keys.len() {
            self.judge(key, &mut part)?;
        }
        let rows = part.fits.len() as u64;
        let fitting = part.fits.iter().filter(|fits| **fits).count() as u64;
        self.totals.rows += fitting;
        self.totals.wrong_rows += rows - fitting - part.skipped;
        self.totals.errors += part.errors;
        let options = RecordBatchOptions::new().with_row_count(Some(part.fits.len()));
        let batch = RecordBatch::try_new_with_options(self.reader.arrow.clone(), part.columns, &options);
        let mut batch = batch.map_err(Fault::internal)?;
        if fitting < rows {
            batch = filter_record_batch(&batch, &BooleanArray::from(part.fits)).map_err(Fault::internal)?;
        }
        part.wrong.sort_by_key(|found| (found.row, found.column.as_ref().map(|(number, _)| *number)));
        let before = self.before;
        let wrong = part.wrong.into_iter().map(|found| found.placed(before)).collect();
        self.before += part.length;
        Ok(Checked { batch, wrong, errors: part.errors })
    }

    /// Tells of the rows of a piece that repeat a value of a key.
    fn judge(&mut self, key: usize, part: &mut Part) -> Result<()> {
        let prints = std::mem::take(&mut part.prints[key]);
        for (at, print) in prints.iter().enumerate() {
            let Some(print) = print else { continue };
            let row = self.before + u64::from(part.numbers[at]);
            let mut judged = self.keys[key].take(*print, row);
            if judged == Judged::Full {
                // What was seen so far is not needed any more: the room is needed twice otherwise.
                self.keys[key] = Once::new(0);
                self.keys[key] = Once::Looked(self.reader.look_up(key, self.room)?);
                judged = self.keys[key].take(*print, row);
            }
            if let Judged::Again(first) = judged {
                self.tell(key, at, first, part);
            }
        }
        Ok(())
    }

    fn tell(&self, key: usize, at: usize, first: Option<u64>, part: &mut Part) {
        part.fits[at] = false;
        part.errors += 1;
        if part.wrong.len() >= super::check::TOLD {
            return;
        }
        let plan = &self.reader.plan;
        let fields = &plan.schema.unique[key];
        let shown = fields.iter().map(|field| {
            let text = texts(&part.columns[*field].slice(at, 1));
            short(text.iter().flatten().next().unwrap_or_default())
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let which = if *fields == plan.schema.primary { "of the primary key " } else { "" };
        let clause = match first {
            Some(first) => format!("the value {which}{shown} stands in row {first} already"),
            None => format!("the value {which}{shown} stands in an earlier row already"),
        };
        let place = fields.first().and_then(|field| plan.places[*field]);
        let column = place.map(|place| (place as u64 + 1, plan.names.get(place).cloned().unwrap_or_default()));
        part.wrong.push(Found { code: ErrorCode::UniqueConstraint, clause, row: part.numbers[at], column });
    }
}
