//! The statements on records: their text comes from the constants of the record's table, everything else is bound.

use super::table::Kind;
use super::{Find, Layout, List, Page, Query, Record, Value, from_row, of_layout, select_columns, to_values};
use crate::store::{Backend, errors};
use datahall_core::{Code, Error, Result};
use futures::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

/// A statement with its values bound.
pub(crate) fn bound(text: String, values: impl IntoIterator<Item = Value>) -> Result<Query> {
    values.into_iter().try_fold(sqlx::query(AssertSqlSafe(text)), |query, value| value.bind(query))
}

/// Every row of a statement.
pub(crate) async fn rows(connection: &mut AnyConnection, text: String, values: Vec<Value>) -> Result<Vec<AnyRow>> {
    bound(text, values)?.fetch_all(connection).await.map_err(errors::general)
}

/// Reading: one record, a list, how a list would be read.
pub(crate) mod get {
    use super::*;

    /// The record whose key has these values. With `lock` nobody else changes it until the transaction ends.
    pub(crate) async fn one<R: Record>(
        connection: &mut AnyConnection,
        backend: Backend,
        find: Find<R>,
        lock: bool,
    ) -> Result<Option<R>> {
        let mut text = select_columns(R::TABLE);
        let mut values = Vec::with_capacity(find.values.len());
        for (number, (name, value)) in (1..).zip(find.columns.iter().zip(find.values)) {
            let column = R::TABLE.column(name);
            let compared = column.map_or_else(|| (*name).to_owned(), |column| column.compared());
            text.push_str(if number == 1 { " WHERE " } else { " AND " });
            text.push_str(&format!("\"{compared}\" = ${number}"));
            values.push(match value {
                Value::Text(Some(text)) if column.is_some_and(|column| column.kind == Kind::Name) => text.to_lowercase().into(),
                value => value,
            });
        }
        if lock && backend == Backend::Postgres {
            // Children may still be inserted, which the stronger FOR UPDATE would hold up.
            text.push_str(" FOR NO KEY UPDATE");
        }
        // No name has a NUL in it, so what is asked for does not exist.
        if values.iter().any(|value| value.shown().contains('\0')) {
            return Ok(None);
        }
        rows(connection, text, values).await?.first().map(from_row).transpose()
    }

    /// The record of that id.
    pub(crate) fn by_id<R: Record>(id: &str) -> Find<R> {
        Find::new(&["id"], [id.into()])
    }

    /// The records that the list asks for. A total that is known is not counted again.
    pub(crate) async fn list<R: Record>(connection: &mut AnyConnection, list: &List<R>, known: Option<u64>) -> Result<Page<R>> {
        let (condition, mut values) = list.condition()?;
        let (order, more) = list.order_and_page(values.len() + 1)?;
        let total = if list.total && known.is_none() {
            let text = format!("SELECT count(*) FROM \"{}\"{condition}", R::TABLE.name);
            let counted = rows(connection, text, values.clone()).await?;
            let number: i64 = counted.first().map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)?;
            Some(u64::try_from(number).unwrap_or_default())
        } else {
            known.filter(|_| list.total)
        };
        values.extend(more);
        let query = bound(format!("{}{condition}{order}", select_columns(R::TABLE)), values)?;
        // One by one: rows take several times what the records do that are made of them.
        let (layout, mut found, mut items) = (Layout::of(R::TABLE), query.fetch(connection), Vec::new());
        while let Some(row) = found.try_next().await.map_err(errors::general)? {
            items.push(of_layout(&layout, &row)?);
        }
        drop(found);
        Ok(Page { items, total })
    }

    /// The ids of what the list asks for.
    pub(crate) async fn ids<R: Record>(connection: &mut AnyConnection, list: &List<R>) -> Result<Vec<String>> {
        let (condition, mut values) = list.condition()?;
        let (order, more) = list.order_and_page(values.len() + 1)?;
        values.extend(more);
        let found = rows(connection, format!("SELECT \"id\" FROM \"{}\"{condition}{order}", R::TABLE.name), values).await?;
        found.iter().map(|row| row.try_get(0).map_err(errors::general)).collect()
    }
}

/// How the database would read a list, a line a step.
pub(crate) async fn explain<R: Record>(connection: &mut AnyConnection, backend: Backend, list: &List<R>) -> Result<Vec<String>> {
    let (condition, mut values) = list.condition()?;
    let (order, more) = list.order_and_page(values.len() + 1)?;
    values.extend(more);
    let (how, column) = match backend {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", 3),
        Backend::Postgres => ("EXPLAIN", 0),
    };
    let found = rows(connection, format!("{how} {}{condition}{order}", select_columns(R::TABLE)), values).await?;
    found.iter().map(|row| row.try_get(column).map_err(errors::general)).collect()
}

/// Inserts the record as it is, its meta filled in.
pub(crate) async fn insert<R: Record>(connection: &mut AnyConnection, backend: Backend, record: &R) -> Result<()> {
    match bound(Layout::of(R::TABLE).insert(1), to_values(record)?)?.execute(&mut *connection).await {
        Ok(_) => Ok(()),
        Err(error) => Err(errors::of_write(error, connection, backend, record).await),
    }
}

/// Inserts the records as they are, their meta filled in, several by one statement.
///
/// # Errors
/// `Conflict` when something unique about one of them is taken.
pub(crate) async fn insert_all<R: Record>(connection: &mut AnyConnection, records: &[R]) -> Result<()> {
    let layout = Layout::of(R::TABLE);
    for some in records.chunks(layout.at_once()) {
        let values = some.iter().map(to_values).collect::<Result<Vec<_>>>()?;
        let inserted = bound(layout.insert(some.len()), values.into_iter().flatten())?.execute(&mut *connection).await;
        inserted.map_err(|error| errors::of_write_of_many(error, R::TABLE.noun))?;
    }
    Ok(())
}

/// Writes the record, its meta already the new one, over version `from`.
///
/// # Errors
/// `Conflict` when another version is there.
pub(crate) async fn update<R: Record>(connection: &mut AnyConnection, backend: Backend, record: &R, from: i64) -> Result<()> {
    let layout = Layout::of(R::TABLE);
    let assignments: Vec<_> = (1..).zip(&layout.columns).map(|(number, (name, _))| format!("\"{name}\" = ${number}")).collect();
    let (count, table) = (assignments.len(), layout.table);
    // The id is set to itself, so that the values are those of an insert.
    let text = format!("UPDATE \"{table}\" SET {} WHERE \"id\" = $1 AND \"version\" = ${}", assignments.join(", "), count + 1);
    let values = to_values(record)?.into_iter().chain([from.into()]);
    match bound(text, values)?.execute(&mut *connection).await {
        Ok(done) if done.rows_affected() == 1 => Ok(()),
        Ok(_) => Err(moved(record)),
        Err(error) => Err(errors::of_write(error, connection, backend, record).await),
    }
}

/// Deletes the record in the version it has.
///
/// # Errors
/// `Conflict` when another version is there, or nothing, or when something refers to it.
pub(crate) async fn delete<R: Record>(connection: &mut AnyConnection, backend: Backend, record: &R) -> Result<()> {
    let text = format!("DELETE FROM \"{}\" WHERE \"id\" = $1 AND \"version\" = $2", R::TABLE.name);
    let meta = record.meta();
    match bound(text, [(&meta.id).into(), meta.version.into()])?.execute(&mut *connection).await {
        Ok(done) if done.rows_affected() == 1 => Ok(()),
        Ok(_) => Err(moved(record)),
        Err(error) => Err(errors::of_delete(error, connection, backend, record).await),
    }
}

/// Sets bookkeeping columns of the record of that id where `when` holds; gives whether it did.
pub(crate) async fn touch<R: Record>(
    connection: &mut AnyConnection,
    id: &str,
    when: Vec<(&'static str, Value)>,
    set: Vec<(&'static str, Value)>,
) -> Result<bool> {
    if let Some((name, _)) = set.iter().find(|(name, _)| !R::TABLE.bookkeeping.contains(name)) {
        return Err(Error::internal(format!("{}.{name} is not bookkeeping", R::TABLE.name)));
    }
    let mut text = format!("UPDATE \"{}\" SET ", R::TABLE.name);
    let mut values = Vec::new();
    for (name, value) in set {
        values.push(value);
        let comma = if values.len() > 1 { ", " } else { "" };
        text.push_str(&format!("{comma}\"{name}\" = ${}", values.len()));
    }
    values.push(id.into());
    text.push_str(&format!(" WHERE \"id\" = ${}", values.len()));
    for (name, value) in when {
        let column = R::TABLE.column(name).ok_or_else(|| Error::internal(format!("{} has no {name}", R::TABLE.name)))?;
        values.push(value);
        text.push_str(&format!(" AND \"{}\" = ${}", column.name, values.len()));
    }
    let done = bound(text, values)?.execute(connection).await.map_err(errors::general)?;
    Ok(done.rows_affected() == 1)
}

/// The error of a change to a version that is not there any more.
pub(crate) fn moved<R: Record>(record: &R) -> Error {
    let (noun, id) = (R::TABLE.noun, &record.meta().id);
    Error::new(Code::Conflict, format!("the {noun} {id} was changed by somebody else"))
}
