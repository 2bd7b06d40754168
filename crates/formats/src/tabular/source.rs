//! Where rows come from: the kinds of files, each read piece by piece and held against a plan.

mod csv;
mod json;
mod property;
mod sheet;
mod typed;

use super::check::{Part, Plan};
use super::dialect::Dialect;
use super::file::Opened;
use super::header::matched;
use super::schema::TableSchema;
use super::{CellError, Result};
use crate::ingest::Limits;
use datahall_core::dataset::FileFormat;
use std::ops::ControlFlow;

/// What takes pieces.
pub(super) type Each<'a> = &'a mut dyn FnMut(Part) -> ControlFlow<()>;

/// What the columns of a file are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Columns {
    /// A header says so, and their order counts.
    Header(Vec<String>),
    /// The file has them by their names.
    Named(Vec<String>),
    /// Each row names its own cells.
    Keyed,
    /// Nothing says so: they are the fields, in order.
    Unnamed,
}

/// A file that can be read any number of times.
pub(super) trait Source: std::fmt::Debug + Send + Sync {
    /// What the columns are called.
    fn columns(&self) -> Columns;

    /// Whether cells have types that nobody chose.
    fn is_lenient(&self) -> bool {
        false
    }

    /// Its columns with the types of Table Schema that hold their values, where the file knows them.
    fn found(&self) -> Result<Option<Vec<(String, &'static str)>>> {
        Ok(None)
    }

    /// How many columns its first row has, where nothing names them.
    fn width(&self) -> usize {
        0
    }

    /// Whether the moments of a column name a zone, where its type says so.
    fn zoned(&self, _place: usize) -> Option<bool> {
        None
    }

    /// Reads it all, giving what it finds to `each`, in order, until that breaks.
    fn read(&self, plan: &Plan, each: Each<'_>) -> Result<()>;
}

/// Opens what is in a file; `schema`, where there is one, helps to tell how text is delimited.
pub(super) fn open(opened: &Opened, dialect: &Dialect, schema: Option<&TableSchema>, limits: &Limits) -> Result<Box<dyn Source>> {
    Ok(match opened.format {
        FileFormat::Csv | FileFormat::Tsv => Box::new(csv::Csv::open(opened, dialect, schema, limits)?),
        FileFormat::Json | FileFormat::Ndjson => Box::new(json::JsonRows::open(opened, dialect, limits)?),
        FileFormat::Parquet | FileFormat::Arrow => Box::new(typed::Typed::open(opened, dialect, limits)?),
        FileFormat::Xlsx => Box::new(sheet::open(opened, dialect)?),
    })
}

/// How `schema` is read from a source, and what is wrong with the source's columns.
pub(super) fn plan(source: &dyn Source, schema: &TableSchema, dialect: &Dialect) -> (Plan, Vec<CellError>) {
    let fields = schema.fields.len();
    let own: Vec<String> = schema.names().map(str::to_owned).collect();
    let in_place = || (0..fields).map(Some).collect::<Vec<_>>();
    let (places, names, width, wrong) = match source.columns() {
        Columns::Header(names) => {
            let found = matched(&names, schema, dialect.ignore_case, true);
            let width = names.len();
            (found.places, names, Some(width), found.wrong)
        }
        Columns::Named(names) => {
            let found = matched(&names, schema, dialect.ignore_case, false);
            (found.places, names, None, found.wrong)
        }
        Columns::Keyed => (in_place(), own, None, Vec::new()),
        Columns::Unnamed => (in_place(), own, Some(fields), Vec::new()),
    };
    let plan = Plan {
        schema: schema.clone(),
        places,
        width,
        names,
        zoned: vec![false; fields],
        seen: vec![true; fields],
        lenient: source.is_lenient(),
        skip_blank: dialect.skip_blank,
        null: dialect.null.clone(),
    };
    (plan, wrong)
}
