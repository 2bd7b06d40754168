//! The types of Table Schema: how each reads a cell.

mod duration;
mod nested;
mod number;
mod place;
mod text;

pub(super) use number::Digits;
pub(super) use place::Point;
pub(super) use text::Form;

use super::calendar::{self, DAY};
use super::loose::Loose;
use super::pattern::Pattern;
use super::value::{Cell, Value};
use crate::json::Json;
use std::borrow::Cow;

/// What a field's values are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text(Form),
    Number(Digits),
    Integer(Digits),
    /// The texts that are true, and those that are false.
    Boolean(Vec<String>, Vec<String>),
    Object,
    Array,
    /// GeoJSON, or TopoJSON.
    Geojson {
        topology: bool,
    },
    Geopoint(Point),
    Date(When),
    Datetime(When),
    Time(When),
    Year,
    Yearmonth,
    Duration,
    List {
        delimiter: String,
        items: Box<Kind>,
    },
    Any,
}

/// How dates and times are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum When {
    Iso,
    Any,
    Pattern(Pattern),
}

impl Kind {
    /// The type's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Number(_) => "number",
            Self::Integer(_) => "integer",
            Self::Boolean(..) => "boolean",
            Self::Object => "object",
            Self::Array => "array",
            Self::Geojson { .. } => "geojson",
            Self::Geopoint(_) => "geopoint",
            Self::Date(_) => "date",
            Self::Datetime(_) => "datetime",
            Self::Time(_) => "time",
            Self::Year => "year",
            Self::Yearmonth => "yearmonth",
            Self::Duration => "duration",
            Self::List { .. } => "list",
            Self::Any => "any",
        }
    }

    /// The form its values are written in, as messages and schemas call it.
    pub(super) fn format(&self) -> &str {
        match self {
            Self::Text(form) => form.name(),
            Self::Geojson { topology: true } => "topojson",
            Self::Geopoint(Point::List) => "array",
            Self::Geopoint(Point::Object) => "object",
            Self::Date(when) | Self::Datetime(when) | Self::Time(when) => match when {
                When::Iso => "default",
                When::Any => "any",
                When::Pattern(pattern) => pattern.source(),
            },
            _ => "default",
        }
    }

    /// Whether empty text is one of its values.
    pub(super) fn takes_empty_text(&self) -> bool {
        match self {
            Self::Text(form) => matches!(form, Form::Any | Form::Binary),
            Self::List { items, .. } => items.takes_empty_text(),
            Self::Boolean(yes, no) => yes.iter().chain(no).any(String::is_empty),
            Self::Any => true,
            _ => false,
        }
    }

    /// The value that a cell holds; `lenient`: a sheet, whose cells have types that nobody chose.
    ///
    /// # Errors
    /// Why it is none, where there is more to say than that it isn't.
    #[inline]
    pub(super) fn read<'a>(&self, cell: Cell<'a>, lenient: bool) -> Result<Value<'a>, &'static str> {
        if matches!(cell, Cell::Null) {
            return Ok(Value::Null);
        }
        match self {
            Self::Text(form) => string(cell, *form, lenient),
            Self::Number(digits) => number::number(cell, digits),
            Self::Integer(digits) => number::integer(cell, digits),
            Self::Boolean(yes, no) => boolean(cell, yes, no).map(Value::Bool),
            Self::Object => nested::json(cell, |value| matches!(value, Json::Object(_))),
            Self::Array => nested::json(cell, |value| matches!(value, Json::List(_))),
            Self::Geojson { topology: false } => nested::json(cell, place::is_geojson),
            Self::Geojson { topology: true } => nested::json(cell, place::is_topojson),
            Self::Geopoint(form) => place::point(cell, *form),
            Self::Date(when) => date(cell, when, lenient).map(Value::Date).ok_or(""),
            Self::Datetime(when) => datetime(cell, when, lenient).ok_or("").map(|(micros, zoned)| Value::Moment(micros, zoned)),
            Self::Time(when) => time(cell, when, lenient),
            Self::Year => year(cell).map(Value::Int).ok_or(""),
            Self::Yearmonth => yearmonth(cell).ok_or(""),
            Self::Duration => match cell {
                Cell::Text(text) if duration::fits(text) => Ok(Value::Text(Cow::Borrowed(text))),
                _ => Err(""),
            },
            Self::List { delimiter, items } => nested::list(cell, delimiter, items),
            Self::Any => nested::anything(cell),
        }
    }
}

fn string<'a>(cell: Cell<'a>, form: Form, lenient: bool) -> Result<Value<'a>, &'static str> {
    match cell {
        Cell::Text(text) if form.fits(text) => Ok(Value::Text(Cow::Borrowed(text))),
        Cell::Text(_) | Cell::Nested(_) => Err(""),
        Cell::Bytes(bytes) if form == Form::Binary => Ok(Value::Text(Cow::Owned(text::as_base64(bytes)))),
        Cell::Bytes(_) => Err("is bytes that are no text"),
        other if lenient => {
            Some(other.shown()).filter(|text| form.fits(text)).map(|text| Value::Text(Cow::Owned(text))).ok_or("")
        }
        _ => Err(""),
    }
}

fn boolean(cell: Cell<'_>, yes: &[String], no: &[String]) -> Result<bool, &'static str> {
    match cell {
        Cell::Bool(value) => Ok(value),
        Cell::Text(text) => {
            let among = |texts: &[String], text: &str| texts.iter().any(|known| known == text);
            let trimmed = text.trim();
            if among(yes, text) || among(yes, trimmed) {
                Ok(true)
            } else if among(no, text) || among(no, trimmed) {
                Ok(false)
            } else {
                Err("")
            }
        }
        _ => Err(""),
    }
}

fn date(cell: Cell<'_>, when: &When, lenient: bool) -> Option<i32> {
    match (cell, when) {
        (Cell::Text(text), When::Iso) => calendar::date(text),
        (Cell::Text(text), When::Any) => Loose::read(text)?.date(),
        (Cell::Text(text), When::Pattern(pattern)) => {
            let found = pattern.read(text).and_then(|read| read.date());
            found.or_else(|| if lenient { calendar::date(text) } else { None })
        }
        (Cell::Date(days), _) => Some(days).filter(|days| calendar::is_day(*days)),
        (Cell::Moment(micros, _), _) if micros % DAY == 0 => {
            i32::try_from(micros / DAY).ok().filter(|days| calendar::is_day(*days))
        }
        _ => None,
    }
}

fn datetime(cell: Cell<'_>, when: &When, lenient: bool) -> Option<(i64, bool)> {
    match (cell, when) {
        (Cell::Text(text), When::Iso) => calendar::datetime(text),
        (Cell::Text(text), When::Any) => Loose::read(text)?.moment(),
        (Cell::Text(text), When::Pattern(pattern)) => {
            let found = pattern.read(text).and_then(|read| read.moment());
            found.or_else(|| if lenient { calendar::datetime(text) } else { None })
        }
        (Cell::Moment(micros, zoned), _) => Some((micros, zoned)).filter(|(micros, _)| calendar::in_range(*micros)),
        (Cell::Date(days), _) => Some((calendar::moment(days, 0)?, false)),
        _ => None,
    }
}

fn time(cell: Cell<'_>, when: &When, lenient: bool) -> Result<Value<'static>, &'static str> {
    let found = match (cell, when) {
        (Cell::Text(text), When::Iso) => calendar::time(text),
        (Cell::Text(text), When::Any) => Loose::read(text).filter(|found| found.date().is_none()).and_then(|found| found.time()),
        (Cell::Text(text), When::Pattern(pattern)) => match pattern.read(text) {
            Some(read) if read.is_elsewhere() => return Err("names a zone; a time of day has none but UTC"),
            Some(read) => read.time(),
            None if lenient => calendar::time(text),
            None => None,
        },
        (Cell::Time(micros), _) => Some(micros).filter(|micros| (0..DAY).contains(micros)),
        _ => None,
    };
    found.map(Value::Time).ok_or("")
}

fn year(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Text(text) => calendar::digits(text.as_bytes(), 4, 4).map(i64::from),
        Cell::Int(year) => Some(year).filter(|year| (0..=9999).contains(year)),
        Cell::Float(year) if year.fract() == 0.0 => Some(year as i64).filter(|year| (0..=9999).contains(year)),
        _ => None,
    }
}

fn yearmonth(cell: Cell<'_>) -> Option<Value<'static>> {
    let (year, month) = match cell {
        Cell::Text(text) => calendar::yearmonth(text)?,
        Cell::Nested(Json::List(parts)) => match parts.as_slice() {
            [Json::Int(year), Json::Int(month)] => {
                let (year, month) = (u32::try_from(*year).ok()?, u32::try_from(*month).ok()?);
                (year <= 9999 && (1..=12).contains(&month)).then_some((year, month))?
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Text(Cow::Owned(format!("{year:04}-{month:02}"))))
}

#[cfg(test)]
mod tests;
