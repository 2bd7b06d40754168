//! Rows held against their schema: cells become values, values columns, and what does not fit is told.

use super::ErrorCode;
use super::column::Column;
use super::error::Found;
use super::prints::{Print, prints};
use super::schema::TableSchema;
use super::value::{Cell, Value};
use crate::ingest::hints::short;
use arrow::array::ArrayRef;

/// Errors told of one piece; of more only the number is known.
pub(super) const TOLD: usize = 1000;
/// Cells too many that are told of one row.
const EXTRA: usize = 20;

/// What is looked at, and where.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) schema: TableSchema,
    /// Where each field's cells are in a row; `None`: the file has no such column.
    pub(super) places: Vec<Option<usize>>,
    /// How many cells a row has; `None`: as many as it likes, because they have names.
    pub(super) width: Option<usize>,
    /// What the columns of the file are called; empty where they are not.
    pub(super) names: Vec<String>,
    /// Of each field whether its moments name a zone.
    pub(super) zoned: Vec<bool>,
    /// Of each field whether it is looked at.
    pub(super) seen: Vec<bool>,
    /// Whether cells have types that nobody chose.
    pub(super) lenient: bool,
    /// Whether rows without any value are passed over.
    pub(super) skip_blank: bool,
    /// A text that stands for nothing, beside those of the schema.
    pub(super) null: Option<String>,
}

impl Plan {
    /// The same, where only some fields are looked at and nothing else matters.
    pub(super) fn only(&self, seen: impl Fn(usize) -> bool) -> Self {
        Self { seen: (0..self.seen.len()).map(seen).collect(), ..self.clone() }
    }

    fn column(&self, place: usize) -> (u64, String) {
        (place as u64 + 1, self.names.get(place).cloned().unwrap_or_default())
    }
}

/// Some rows that were looked at.
#[derive(Debug)]
pub(super) struct Part {
    /// A column for each field.
    pub(super) columns: Vec<ArrayRef>,
    /// Of each row: which row of the piece it is, from 1.
    pub(super) numbers: Vec<u32>,
    /// Of each row: whether it fits.
    pub(super) fits: Vec<bool>,
    /// What is wrong with the others, as far as it is told.
    pub(super) wrong: Vec<Found>,
    /// How many errors there are.
    pub(super) errors: u64,
    /// Rows that were blank and passed over; they are among those that do not fit.
    pub(super) skipped: u64,
    /// Rows of the piece, those that are no data among them.
    pub(super) length: u64,
    /// Of each field: whether one of its moments names a zone.
    pub(super) zones: Vec<bool>,
    /// Of each key of the schema: the prints of its values.
    pub(super) prints: Vec<Vec<Option<Print>>>,
}

/// A cell, or why there is none.
pub(super) type Given<'a> = Result<Cell<'a>, ErrorCode>;

/// Takes in rows.
pub(super) struct Checker<'p> {
    plan: &'p Plan,
    columns: Vec<Column>,
    required: Vec<bool>,
    numbers: Vec<u32>,
    fits: Vec<bool>,
    wrong: Vec<Found>,
    errors: u64,
    skipped: u64,
    zones: Vec<bool>,
}

impl<'p> Checker<'p> {
    /// With room for so many rows.
    pub(super) fn new(plan: &'p Plan, rows: usize) -> Self {
        let fields = plan.schema.fields.iter().enumerate();
        let columns = fields.map(|(at, field)| match plan.seen[at] && plan.places[at].is_some() {
            true => Column::new(field, plan.zoned[at], rows),
            false => Column::unseen(field, plan.zoned[at]),
        });
        let required = (0..plan.places.len()).map(|at| plan.schema.primary.contains(&at)).collect();
        let zones = vec![false; plan.places.len()];
        Self {
            plan,
            columns: columns.collect(),
            required,
            numbers: Vec::with_capacity(rows),
            fits: Vec::with_capacity(rows),
            wrong: Vec::new(),
            errors: 0,
            skipped: 0,
            zones,
        }
    }

    /// Rows taken in so far.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Takes in row `number` of the piece, which has so many cells.
    pub(super) fn row<'a>(&mut self, number: u32, cells: usize, get: impl Fn(usize) -> Given<'a>) {
        let (told, counted) = (self.wrong.len(), self.errors);
        let (mut blank, mut any) = (true, false);
        for at in 0..self.columns.len() {
            let place = match self.plan.places[at] {
                Some(place) if self.plan.seen[at] => place,
                _ => {
                    self.columns[at].push_null();
                    continue;
                }
            };
            any = true;
            if self.plan.width.is_some() && place >= cells {
                self.columns[at].push_null();
                self.tell(ErrorCode::MissingValue, number, Some(place), &|| "the row has no cell here".to_owned());
                continue;
            }
            blank &= self.cell(number, at, place, get(place));
        }
        if let Some(width) = self.plan.width.filter(|width| cells > *width) {
            for place in width..cells.min(width + EXTRA) {
                let clause = || format!("the row has {cells} cells; {width} are wanted");
                self.tell(ErrorCode::ExtraValue, number, Some(place), &clause);
            }
            self.errors += (cells - width).saturating_sub(EXTRA) as u64;
        }
        self.numbers.push(number);
        if blank && any {
            self.wrong.truncate(told);
            self.errors = counted;
            if self.plan.skip_blank {
                self.skipped += 1;
            } else {
                self.tell(ErrorCode::BlankRow, number, None, &|| "the row is blank".to_owned());
            }
            self.fits.push(false);
            return;
        }
        self.fits.push(self.errors == counted);
    }

    /// Takes in a row that cannot be read at all.
    pub(super) fn broken(&mut self, number: u32, code: ErrorCode, clause: &str) {
        self.columns.iter_mut().for_each(Column::push_null);
        self.tell(code, number, None, &|| clause.to_owned());
        self.numbers.push(number);
        self.fits.push(false);
    }

    /// Takes in one cell; whether it holds nothing.
    #[inline]
    fn cell(&mut self, number: u32, at: usize, place: usize, given: Given<'_>) -> bool {
        let plan = self.plan;
        let field = &plan.schema.fields[at];
        let mut cell = match given {
            Ok(cell) => cell,
            Err(code) => {
                self.columns[at].push_null();
                self.tell(code, number, Some(place), &|| "the cell is not readable in the file's encoding".to_owned());
                return false;
            }
        };
        let missing = match &cell {
            Cell::Null => true,
            Cell::Text(text) => field.missing.has(text) || plan.null.as_deref() == Some(*text),
            Cell::Nested(_) | Cell::Bytes(_) => false,
            other => !field.missing.others.is_empty() && field.missing.has(&other.shown()),
        };
        if missing {
            cell = Cell::Null;
        }
        let value = match field.kind.read(cell, plan.lenient) {
            Ok(value) => value,
            Err(why) => {
                self.columns[at].push_null();
                self.tell(ErrorCode::TypeOrFormatError, number, Some(place), &|| {
                    let shown = short(&cell.shown());
                    match why {
                        "" => format!("{shown} is not of type {} and format {}", field.kind.name(), field.kind.format()),
                        why => format!("{shown} {why}"),
                    }
                });
                return false;
            }
        };
        let null = value == Value::Null;
        if null && self.required[at] && !field.rules.required {
            self.tell(ErrorCode::RequiredConstraint, number, Some(place), &|| {
                "is of the primary key and has no value".to_owned()
            });
        }
        if !field.rules.is_none() {
            field.rules.check(&value, &mut |code, words| {
                let shown = if null { String::new() } else { format!("{} ", short(&cell.shown())) };
                self.tell(code, number, Some(place), &|| format!("{shown}{}", words()));
            });
        }
        if let Value::Moment(_, true) = value {
            self.zones[at] = true;
        }
        self.columns[at].push(&value);
        null
    }

    fn tell(&mut self, code: ErrorCode, row: u32, place: Option<usize>, clause: &dyn Fn() -> String) {
        self.errors += 1;
        if self.wrong.len() < TOLD {
            let column = place.map(|place| self.plan.column(place));
            self.wrong.push(Found { code, clause: clause(), row, column });
        }
    }

    /// What was taken in, of a piece of so many rows.
    pub(super) fn finish(self, length: u64) -> Part {
        let columns: Vec<ArrayRef> = self.columns.into_iter().map(Column::finish).collect();
        let keys = &self.plan.schema.unique;
        let prints = keys.iter().map(|key| prints(key, &columns)).collect();
        let (numbers, fits, wrong) = (self.numbers, self.fits, self.wrong);
        Part { columns, numbers, fits, wrong, errors: self.errors, skipped: self.skipped, length, zones: self.zones, prints }
    }
}
