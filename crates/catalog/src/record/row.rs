//! Between a record and the row that keeps it.

use super::table::Kind;
use super::{Meta, Record, Table, Value};
use crate::{Millis, store};
use datahall_core::{Error, Result};
use serde_json::{Map, Value as Json};
use sqlx::any::AnyRow;

/// The columns of [`Meta`], in the order of every row, and whether each is text.
const META: [(&str, bool); 6] =
    [("id", true), ("version", false), ("created_at", false), ("created_by", true), ("updated_at", false), ("updated_by", true)];

/// Parameters of a statement that inserts many rows.
const PARAMETERS: usize = 256;

/// A table's columns in the order of every row, and whether each is text.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) table: &'static str,
    pub(crate) columns: Vec<(String, bool)>,
}

impl Layout {
    /// Of a table of records.
    pub(crate) fn of(table: &Table) -> Self {
        let mut columns: Vec<_> = META.iter().map(|(name, text)| ((*name).to_owned(), *text)).collect();
        for column in table.columns {
            columns.push((column.name.to_owned(), matches!(column.kind, Kind::Text | Kind::Name)));
            if column.kind == Kind::Name {
                columns.push((column.compared(), true));
            }
        }
        columns.push(("body".to_owned(), true));
        Self { table: table.name, columns }
    }

    /// `"a", "b"`.
    pub(crate) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// `INSERT INTO … VALUES ($1, $2), ($3, $4)` of that many rows.
    pub(crate) fn insert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |at: usize| (1..=width).map(|number| format!("${}", at * width + number)).collect::<Vec<_>>().join(", ");
        let rows = (0..rows).map(|at| format!("({})", row(at))).collect::<Vec<_>>().join(", ");
        format!("INSERT INTO \"{}\" ({}) VALUES {rows}", self.table, self.names())
    }

    /// How many rows are worth inserting at once. SQLite looks each parameter up among all, so that more are not faster.
    pub(crate) fn at_once(&self) -> usize {
        (PARAMETERS / self.columns.len().max(1)).max(1)
    }
}

/// `SELECT … FROM …` of all columns.
pub(crate) fn select_columns(table: &Table) -> String {
    format!("SELECT {} FROM \"{}\"", Layout::of(table).names(), table.name)
}

/// The values of a row, in the order of [`Layout`].
///
/// # Errors
/// `Internal` when a field that is a column does not hold what the column does.
pub(crate) fn to_values<R: Record>(record: &R) -> Result<Vec<Value>> {
    let mut fields = fields(record)?;
    let meta = record.meta();
    let mut values: Vec<Value> = vec![
        (&meta.id).into(),
        meta.version.into(),
        meta.created_at.into(),
        (&meta.created_by).into(),
        meta.updated_at.into(),
        (&meta.updated_by).into(),
    ];
    for column in R::TABLE.columns {
        let field = fields.remove(column.name).unwrap_or(Json::Null);
        match (column.kind, field) {
            (Kind::Text, Json::Null) => values.push(Value::Text(None)),
            (Kind::Text, Json::String(text)) => values.push(text.into()),
            (Kind::Name, Json::String(text)) => {
                let key = text.to_lowercase();
                values.extend([Value::from(text), Value::from(key)]);
            }
            (Kind::Int | Kind::Flag, Json::Null) => values.push(Value::Int(None)),
            (Kind::Int, Json::Number(number)) => values.push(Value::Int(number.as_i64())),
            (Kind::Flag, Json::Bool(flag)) => values.push(flag.into()),
            // Not what it holds: it may be a secret.
            _ => return Err(Error::internal(format!("{}.{} is not what its column holds", R::TABLE.name, column.name))),
        }
    }
    values.push(Json::Object(fields).to_string().into());
    Ok(values)
}

/// A record's fields as JSON, without its meta.
pub(crate) fn fields<R: Record>(record: &R) -> Result<Map<String, Json>> {
    match serde_json::to_value(record) {
        Ok(Json::Object(fields)) => Ok(fields),
        Ok(_) => Err(Error::internal(format!("a {} is not an object", R::TABLE.noun))),
        Err(error) => Err(Error::internal(format!("a {} cannot be written: {error}", R::TABLE.noun))),
    }
}

/// The record that a row of [`select_columns`] keeps.
///
/// # Errors
/// `Internal` when the row does not hold what the record needs.
pub(crate) fn from_row<R: Record>(row: &AnyRow) -> Result<R> {
    of_layout(&Layout::of(R::TABLE), row)
}

/// The same of many rows.
///
/// # Errors
/// As [`from_row`].
pub(crate) fn from_rows<R: Record>(rows: &[AnyRow]) -> Result<Vec<R>> {
    let layout = Layout::of(R::TABLE);
    rows.iter().map(|row| of_layout(&layout, row)).collect()
}

/// The record that a row of this layout keeps.
///
/// # Errors
/// As [`from_row`].
pub(crate) fn of_layout<R: Record>(layout: &Layout, row: &AnyRow) -> Result<R> {
    let mut values = Vec::with_capacity(layout.columns.len());
    for (index, (_, is_text)) in layout.columns.iter().enumerate() {
        values.push(Value::read(row, index, *is_text).map_err(store::errors::general)?);
    }
    from_values(layout, values)
}

fn from_values<R: Record>(layout: &Layout, mut values: Vec<Value>) -> Result<R> {
    let body = values.pop().map(|body| body.shown()).unwrap_or_default();
    let broken = |what: &dyn std::fmt::Display| Error::internal(format!("a row of {}: {what}", layout.table));
    let mut fields: Map<String, Json> = serde_json::from_str(&body).map_err(|error| broken(&error))?;
    let mut rest = values.split_off(META.len()).into_iter();
    let meta = meta(&values);
    for column in R::TABLE.columns {
        let value = rest.next().ok_or_else(|| broken(&"too short"))?;
        let json = match (column.kind, value) {
            (Kind::Flag, Value::Int(flag)) => flag.map(|flag| flag != 0).into(),
            (_, value) => value.into_json(),
        };
        fields.insert(column.name.to_owned(), json);
        if column.kind == Kind::Name {
            rest.next();
        }
    }
    let record: Result<R, _> = serde_json::from_value(Json::Object(fields));
    let mut record = record.map_err(|error| broken(&format_args!("{} {}: {error}", R::TABLE.noun, meta.id)))?;
    *record.meta_mut() = meta;
    Ok(record)
}

fn meta(values: &[Value]) -> Meta {
    let text = |at: usize| values.get(at).map(Value::shown).unwrap_or_default();
    let number = |at: usize| if let Some(Value::Int(Some(number))) = values.get(at) { *number } else { 0 };
    Meta {
        id: text(0),
        version: number(1),
        created_at: Millis(number(2)),
        created_by: text(3),
        updated_at: Millis(number(4)),
        updated_by: text(5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, Mask};

    #[test]
    fn values_and_back_is_the_same_record() {
        let mut dataset = Dataset { project: "p".into(), name: "Été".into(), owner: Some("me".into()), ..Dataset::default() };
        dataset.source.insert("kind".into(), "csv".into());
        dataset.meta = Meta { id: "1".into(), version: 3, created_at: Millis(5), ..Meta::default() };
        let values = to_values(&dataset).unwrap();
        let layout = Layout::of(Dataset::TABLE);
        assert_eq!(values.len(), layout.columns.len());
        let key = layout.columns.iter().position(|(name, _)| name == "name_key").unwrap();
        assert_eq!(values[key], Value::from("été"));
        assert_eq!(from_values::<Dataset>(&layout, values).unwrap(), dataset);
    }

    #[test]
    fn fields_that_an_older_body_lacks_have_their_defaults() {
        let mask = Mask { dataset: "d".into(), column: "c".into(), ..Mask::default() };
        let layout = Layout::of(Mask::TABLE);
        let mut values = to_values(&mask).unwrap();
        *values.last_mut().unwrap() = "{}".into();
        assert_eq!(from_values::<Mask>(&layout, values.clone()).unwrap(), mask);
        *values.last_mut().unwrap() = "{".into();
        assert!(from_values::<Mask>(&layout, values).unwrap_err().detail().unwrap().contains("masks"));
    }
}
