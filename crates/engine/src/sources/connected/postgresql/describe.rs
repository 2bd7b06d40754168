//! The columns of a table or statement in PostgreSQL, and how each is read.

use super::Postgresql;
use crate::sources::connected::dialect::Dialect;
use crate::sources::connected::outside::{Compares, Described, OutsideColumn};
use crate::sources::connected::statement::one_select;
use arrow::datatypes::{DataType, Field, TimeUnit};
use datahall_core::{Error, Result};
use sqlx::postgres::PgTypeKind;
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement, TypeInfo};
use std::sync::Arc;

/// Decimal places of a `numeric` that was declared without any.
const UNDECLARED_SCALE: i8 = 18;

const COLUMNS: &str = "SELECT a.attname::text, format_type(b.oid, NULL), \
     CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attnotnull, b.typtype = 'e' \
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END \
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
     ORDER BY a.attnum";

pub(super) async fn table(database: &Postgresql, schema: Option<&str>, name: &str) -> Result<Described> {
    let schema = schema.unwrap_or("public");
    let found = sqlx::query_as(COLUMNS).bind(schema).bind(name).fetch_all(&mut *database.session().await?).await;
    let found: Vec<(String, String, i32, bool, bool)> = found.map_err(|error| database.explain(error))?;
    if found.is_empty() {
        return Err(Error::invalid(format!("no such table: {schema}.{name}")));
    }
    let mut notes = Vec::new();
    let column = |(name, kind, typmod, required, is_enum): (String, String, i32, bool, bool)| {
        let column = column(name, (&kind, typmod), is_enum, &mut notes);
        OutsideColumn { field: column.field.clone().with_nullable(!required), ..column }
    };
    let columns = found.into_iter().map(column).collect();
    let from = Dialect::Postgresql.table(Some(schema), name);
    Ok(Described { name: Some((Some(schema.to_owned()), name.to_owned())), from, columns, notes })
}

pub(super) async fn statement(database: &Postgresql, sql: &str) -> Result<Described> {
    let sql = one_select(Dialect::Postgresql, sql)?;
    let mut session = database.session().await?;
    let described = (&mut *session).prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
    let described = described.map_err(|error| database.explain(error))?;
    let mut notes = Vec::new();
    let columns = described.columns().iter().map(|found| {
        let mut kind = found.type_info();
        while let PgTypeKind::Domain(base) = kind.kind() {
            kind = base;
        }
        let is_enum = matches!(kind.kind(), PgTypeKind::Enum(_));
        column(found.name().to_owned(), (&kind.name().to_lowercase(), -1), is_enum, &mut notes)
    });
    let columns: Vec<OutsideColumn> = columns.collect();
    let mut names: Vec<&String> = columns.iter().map(|column| column.field.name()).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid(format!("the query gives two columns '{}': name one of them otherwise by AS", twice[0])));
    }
    Ok(Described { name: None, from: format!("({sql}\n) AS \"q\""), columns, notes })
}

fn column(name: String, (kind, typmod): (&str, i32), is_enum: bool, notes: &mut Vec<String>) -> OutsideColumn {
    let (data_type, compares) = match kind.strip_suffix("[]") {
        Some(element) => (DataType::List(Arc::new(Field::new("item", scalar(element, typmod).0, true))), Compares::Never),
        None if is_enum => (DataType::Utf8, Compares::Never),
        None => scalar(kind, typmod),
    };
    if kind.trim_end_matches("[]") == "numeric" && typmod < 4 {
        notes.push(format!("column '{name}' is numeric without a scale: it is read with {UNDECLARED_SCALE} decimal places"));
    }
    OutsideColumn { field: Field::new(name, data_type, true), compares }
}

/// What a type is read as; those that are not listed as text, the way PostgreSQL writes them.
fn scalar(kind: &str, typmod: i32) -> (DataType, Compares) {
    use Compares::{Alike, Loosely, Never, Text};
    match kind {
        "boolean" | "bool" => (DataType::Boolean, Alike),
        "smallint" | "int2" => (DataType::Int16, Alike),
        "integer" | "int4" => (DataType::Int32, Alike),
        "bigint" | "int8" => (DataType::Int64, Alike),
        "oid" => (DataType::UInt32, Alike),
        "real" | "float4" => (DataType::Float32, Never),
        "double precision" | "float8" => (DataType::Float64, Alike),
        "numeric" => decimal(typmod),
        "date" => (DataType::Date32, Alike),
        "time without time zone" | "time" => (DataType::Time64(TimeUnit::Microsecond), Never),
        "timestamp without time zone" | "timestamp" => (DataType::Timestamp(TimeUnit::Microsecond, None), Alike),
        "timestamp with time zone" | "timestamptz" => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), Alike),
        "bytea" => (DataType::Binary, Never),
        "text" | "character varying" | "varchar" | "name" => (DataType::Utf8, Text),
        "character" | "bpchar" | "char" => (DataType::Utf8, Loosely),
        _ => (DataType::Utf8, Never),
    }
}

fn decimal(typmod: i32) -> (DataType, Compares) {
    if typmod < 4 {
        return (DataType::Decimal128(38, UNDECLARED_SCALE), Compares::Never);
    }
    // Precision above, scale in the lowest eleven bits, below zero too.
    let (precision, scale) = ((typmod - 4) >> 16 & 0xffff, ((typmod - 4 & 0x7ff) ^ 1024) - 1024);
    // Arrow has no digits to the left of a negative scale, and none beyond the precision to the right.
    let (precision, scale) = if scale < 0 { (precision - scale, 0) } else { (precision.max(scale), scale) };
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => (DataType::Decimal128(precision, scale), Compares::Alike),
        (Ok(precision @ 39..=76), Ok(scale)) => (DataType::Decimal256(precision, scale), Compares::Never),
        _ => (DataType::Utf8, Compares::Never),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_as_declared() {
        let typmod = |precision: i32, scale: i32| (precision << 16 | scale & 0x7ff) + 4;
        assert_eq!(decimal(typmod(10, 2)).0, DataType::Decimal128(10, 2));
        assert_eq!(decimal(typmod(50, 10)).0, DataType::Decimal256(50, 10));
        assert_eq!(decimal(typmod(5, -2)).0, DataType::Decimal128(7, 0));
        assert_eq!(decimal(typmod(3, 5)).0, DataType::Decimal128(5, 5));
        assert_eq!(decimal(typmod(1000, 0)).0, DataType::Utf8);
        assert_eq!(decimal(-1).0, DataType::Decimal128(38, 18));
    }
}
