//! Workbooks: one sheet, its header where the dialect says it is.

use super::super::dialect::{Dialect, Heading};
use super::super::file::Opened;
use super::super::{Fault, Result};
use super::Columns;
use super::typed::Typed;
use crate::xlsx::{Header, Workbook};

/// Opens the sheet that `dialect` names, else the first that is not empty.
pub(super) fn open(opened: &Opened, dialect: &Dialect) -> Result<Typed> {
    let header = match (dialect.heading_rows(), &dialect.heading) {
        (Some(rows), _) => at(&rows)?,
        (None, Heading::First) if dialect.skipped_first > 0 => at(&[dialect.skipped_first + 1])?,
        (None, Heading::First) => first(dialect),
        _ => Header::At(dialect.skipped_first.try_into().unwrap_or(u32::MAX), 0),
    };
    let mut book = Workbook::open(&opened.path)?;
    let sheet = book.read(dialect.sheet.as_deref(), header).map_err(|error| match Fault::from(error) {
        Fault::Broken(words) if dialect.sheet.is_some() && words.starts_with("no sheet") => Fault::Hints(words),
        other => other,
    })?;
    let names = sheet.schema.fields().iter().map(|field| field.name().clone()).collect();
    let columns = match &dialect.heading {
        Heading::Nothing => Columns::Unnamed,
        Heading::Given(names) => Columns::Header(names.clone()),
        _ => Columns::Header(names),
    };
    Ok(Typed { source: Box::new(sheet), dialect: dialect.clone(), columns, lenient: true, before: 0 })
}

/// The first row that is not passed over by its number.
fn first(dialect: &Dialect) -> Header {
    if dialect.skipped.is_empty() {
        return Header::First;
    }
    let row = (1..).find(|row| !dialect.skips(*row)).unwrap_or(1);
    Header::At(u32::try_from(row - 1).unwrap_or(u32::MAX), 1)
}

/// The rows, from 1, which follow one another.
fn at(rows: &[u64]) -> Result<Header> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Header::First) };
    if last - first + 1 != rows.len() as u64 {
        return Err(Fault::Hints("in a workbook the rows that name the columns follow one another".to_owned()));
    }
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Header::At(narrow(first - 1), narrow(rows.len() as u64)))
}
