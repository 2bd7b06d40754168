//! Files whose columns have types of their own: Parquet and Arrow.

use super::super::check::{Checker, Plan};
use super::super::dialect::Dialect;
use super::super::file::Opened;
use super::super::infer::kind;
use super::super::value::Cell;
use super::super::{Fault, Result};
use super::{Columns, Each, Source};
use crate::ingest::arrow::ArrowFile;
use crate::ingest::whole::{self, Piece};
use crate::ingest::{Limits, parquet};
use crate::json::Json;
use crate::texts;
use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::*;
use datahall_core::dataset::FileFormat;
use std::ops::ControlFlow;

/// Rows of a piece at most.
const ROWS: usize = 16_384;

/// A file with types, or a sheet.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) source: Box<dyn whole::Source>,
    pub(super) dialect: Dialect,
    pub(super) columns: Columns,
    pub(super) lenient: bool,
    /// Rows up to this are no data.
    pub(super) before: u64,
}

impl Typed {
    /// Opens it.
    pub(super) fn open(opened: &Opened, dialect: &Dialect, limits: &Limits) -> Result<Self> {
        let source: Box<dyn whole::Source> = match opened.format {
            FileFormat::Parquet => Box::new(parquet::open(&opened.path, limits)?),
            _ => Box::new(ArrowFile::open(&opened.path, limits)?),
        };
        limits.check_schema(&source.schema())?;
        let names = source.schema().fields().iter().map(|field| field.name().clone()).collect();
        Ok(Self { source, dialect: dialect.clone(), columns: Columns::Named(names), lenient: false, before: 0 })
    }

    /// Rows of one batch, of which `before` came before.
    fn piece(&self, piece: &Piece, before: u64, plan: &Plan, each: Each<'_>) -> Result<ControlFlow<()>> {
        for start in (0..piece.batch.num_rows()).step_by(ROWS) {
            let batch = piece.batch.slice(start, ROWS.min(piece.batch.num_rows() - start));
            let columns = batch.columns().iter().map(Reading::of).collect::<Result<Vec<_>>>()?;
            let mut checker = Checker::new(plan, batch.num_rows());
            for row in 0..batch.num_rows() {
                let (number, absolute) = match piece.lines.get(start + row) {
                    Some(line) => (*line, *line),
                    None => (row as u64 + 1, before + (start + row) as u64 + 1),
                };
                if absolute <= self.before || self.dialect.skips(absolute) || self.is_comment(&columns, row) {
                    continue;
                }
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                checker.row(number, columns.len(), |place| Ok(columns.get(place).map_or(Cell::Null, |column| column.cell(row))));
            }
            // Rows that have numbers of their own are not counted on.
            let length = if piece.lines.is_empty() { batch.num_rows() as u64 } else { 0 };
            if each(checker.finish(length)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn is_comment(&self, columns: &[Reading], row: usize) -> bool {
        if self.dialect.comments.is_empty() {
            return false;
        }
        let text = |column: &Reading| match column.cell(row) {
            Cell::Text(text) => text.to_owned(),
            other => other.shown(),
        };
        let shown: Vec<String> = columns.iter().map(text).collect();
        let first = shown.first().map(String::as_str).unwrap_or_default();
        self.dialect.is_comment(first, shown.iter().map(String::as_str))
    }
}

impl Source for Typed {
    fn columns(&self) -> Columns {
        self.columns.clone()
    }

    fn is_lenient(&self) -> bool {
        self.lenient
    }

    fn zoned(&self, place: usize) -> Option<bool> {
        match self.source.schema().fields().get(place)?.data_type() {
            DataType::Timestamp(_, zone) => Some(zone.is_some()),
            DataType::Date32 | DataType::Date64 => Some(false),
            _ => None,
        }
    }

    fn found(&self) -> Result<Option<Vec<(String, &'static str)>>> {
        let schema = self.source.schema();
        let kinds = schema.fields().iter().map(|field| kind(field.data_type()));
        let names: Vec<String> = match &self.columns {
            Columns::Header(names) | Columns::Named(names) => names.clone(),
            _ => schema.fields().iter().map(|field| field.name().clone()).collect(),
        };
        Ok(Some(names.into_iter().zip(kinds).collect()))
    }

    fn read(&self, plan: &Plan, each: Each<'_>) -> Result<()> {
        let (mut before, mut failed) = (0, None);
        self.source.read(&mut |piece| {
            let rows = piece.batch.num_rows() as u64;
            let flow = self.piece(&piece, before, plan, each).unwrap_or_else(|fault| {
                failed = Some(fault);
                ControlFlow::Break(())
            });
            before += rows;
            flow
        })?;
        failed.map_or(Ok(()), Err)
    }
}

/// A column of one batch, ready to give cells.
enum Reading {
    Text(StringArray),
    /// Texts of what has digits that nothing else holds.
    Number(StringArray),
    Bool(BooleanArray),
    Int(Int64Array),
    Float(Float64Array),
    Date(Date32Array),
    Moment(TimestampMicrosecondArray, bool),
    Time(Time64MicrosecondArray),
    Bytes(BinaryArray),
    Nested(Vec<Json>),
}

impl Reading {
    fn of(array: &ArrayRef) -> Result<Self> {
        use DataType as D;
        let to =
            |data_type: D| cast(array, &data_type).map_err(|error| Fault::Broken(format!("a column cannot be read: {error}")));
        Ok(match array.data_type() {
            D::Null => Self::Text(StringArray::new_null(array.len())),
            D::Boolean => Self::Bool(array.as_boolean().clone()),
            D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => {
                Self::Int(to(D::Int64)?.as_primitive::<Int64Type>().clone())
            }
            D::Float16 | D::Float32 | D::Float64 => Self::Float(to(D::Float64)?.as_primitive::<Float64Type>().clone()),
            D::UInt64 | D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => Self::Number(texts(array)),
            D::Date32 | D::Date64 => Self::Date(to(D::Date32)?.as_primitive::<Date32Type>().clone()),
            D::Timestamp(_, zone) => {
                let plain = D::Timestamp(TimeUnit::Microsecond, zone.clone());
                Self::Moment(to(plain)?.as_primitive::<TimestampMicrosecondType>().clone(), zone.is_some())
            }
            D::Time32(_) | D::Time64(_) => {
                Self::Time(to(D::Time64(TimeUnit::Microsecond))?.as_primitive::<Time64MicrosecondType>().clone())
            }
            D::Utf8 => Self::Text(array.as_string().clone()),
            D::LargeUtf8 | D::Utf8View => Self::Text(to(D::Utf8)?.as_string().clone()),
            D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => Self::Bytes(to(D::Binary)?.as_binary().clone()),
            D::Dictionary(_, values) => Self::of(&to(values.as_ref().clone())?)?,
            D::RunEndEncoded(_, values) => Self::of(&to(values.data_type().clone())?)?,
            D::Duration(_) | D::Interval(_) => Self::Text(texts(array)),
            _ => Self::Nested(texts(array).iter().map(json).collect()),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Text(array) | Self::Number(array) => array.is_null(row),
            Self::Bool(array) => array.is_null(row),
            Self::Int(array) => array.is_null(row),
            Self::Float(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Moment(array, _) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Bytes(array) => array.is_null(row),
            Self::Nested(_) => false,
        }
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        if self.is_null(row) {
            return Cell::Null;
        }
        match self {
            Self::Text(array) => Cell::Text(array.value(row)),
            Self::Number(array) => Cell::Number(array.value(row)),
            Self::Bool(array) => Cell::Bool(array.value(row)),
            Self::Int(array) => Cell::Int(array.value(row)),
            Self::Float(array) => Cell::Float(array.value(row)),
            Self::Date(array) => Cell::Date(array.value(row)),
            Self::Moment(array, zoned) => Cell::Moment(array.value(row), *zoned),
            Self::Time(array) => Cell::Time(array.value(row)),
            Self::Bytes(array) => match std::str::from_utf8(array.value(row)) {
                Ok(text) => Cell::Text(text),
                Err(_) => Cell::Bytes(array.value(row)),
            },
            Self::Nested(values) => Cell::of(&values[row]),
        }
    }
}

fn json(text: Option<&str>) -> Json {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Json::Null)
}
