//! The columns of a table or statement in MySQL, and how each is read.

use super::Mysql;
use crate::sources::connected::dialect::Dialect;
use crate::sources::connected::outside::{Compares, Described, OutsideColumn};
use crate::sources::connected::statement::one_select;
use arrow::datatypes::{DataType, Field, TimeUnit};
use datahall_core::{Error, Result};
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement, TypeInfo};

/// Decimal places of a decimal in what a statement gives, where they are not known.
const UNDECLARED_SCALE: i8 = 18;

const COLUMNS: &str = "SELECT CAST(column_name AS CHAR), LOWER(CAST(column_type AS CHAR)), is_nullable = 'YES' \
     FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";

pub(super) async fn table(database: &Mysql, schema: Option<&str>, name: &str) -> Result<Described> {
    let schema = schema.unwrap_or(&database.database);
    let found = sqlx::query_as(COLUMNS).bind(schema).bind(name).fetch_all(&mut *database.session().await?).await;
    let found: Vec<(String, String, bool)> = found.map_err(|error| database.explain(error))?;
    if found.is_empty() {
        return Err(Error::invalid(format!("no such table: {schema}.{name}")));
    }
    let columns = found.into_iter().map(|(name, kind, nullable)| {
        let (data_type, compares) = read_as(&kind);
        // Days and moments of nothing but zeros are read as none.
        let nullable = nullable || matches!(data_type, DataType::Date32 | DataType::Timestamp(..));
        OutsideColumn { field: Field::new(name, data_type, nullable), compares }
    });
    let from = Dialect::Mysql.table(Some(schema), name);
    Ok(Described { columns: columns.collect(), name: Some((Some(schema.to_owned()), name.to_owned())), from, notes: Vec::new() })
}

pub(super) async fn statement(database: &Mysql, sql: &str) -> Result<Described> {
    let sql = one_select(Dialect::Mysql, sql)?;
    let mut session = database.session().await?;
    let described = (&mut *session).prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
    let described = described.map_err(|error| database.explain(error))?;
    let columns = described.columns().iter().map(|found| {
        let kind = found.type_info().name().to_lowercase();
        let (data_type, compares) = read_as(&kind);
        OutsideColumn { field: Field::new(found.name(), data_type, true), compares }
    });
    let columns = columns.collect();
    Ok(Described { name: None, from: format!("({sql}\n) AS `q`"), columns, notes: Vec::new() })
}

/// What a type is read as; those that are not listed as text.
fn read_as(kind: &str) -> (DataType, Compares) {
    use Compares::{Alike, Loosely, Never};
    let unsigned = kind.contains("unsigned");
    let (base, arguments) = kind.split_once('(').unwrap_or((kind, ""));
    let base = base.split(' ').next().unwrap_or(base);
    let whole = |signed, without| if unsigned { without } else { signed };
    match base {
        "boolean" => (DataType::Boolean, Alike),
        "tinyint" => (whole(DataType::Int8, DataType::UInt8), Alike),
        "smallint" => (whole(DataType::Int16, DataType::UInt16), Alike),
        "mediumint" | "int" | "integer" => (whole(DataType::Int32, DataType::UInt32), Alike),
        "bigint" => (whole(DataType::Int64, DataType::UInt64), Alike),
        "year" => (DataType::Int32, Alike),
        // Written with six digits, compared with more.
        "float" => (DataType::Float32, Never),
        "double" | "real" => (DataType::Float64, Alike),
        "decimal" | "numeric" => decimal(arguments),
        "date" => (DataType::Date32, Alike),
        "datetime" => (DataType::Timestamp(TimeUnit::Microsecond, None), Alike),
        "timestamp" => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), Alike),
        "bit" | "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry" | "point" | "polygon"
        | "linestring" | "multipoint" | "multilinestring" | "multipolygon" | "geometrycollection" => (DataType::Binary, Never),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => (DataType::Utf8, Loosely),
        _ => (DataType::Utf8, Never),
    }
}

fn decimal(arguments: &str) -> (DataType, Compares) {
    let inner = arguments.split(')').next().unwrap_or_default();
    let mut numbers = inner.split(',').map(|number| number.trim().parse::<u8>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(precision @ 1..=38), scale) => (DataType::Decimal128(precision, scale.unwrap_or(0) as i8), Compares::Alike),
        (Some(precision @ 39..=76), scale) => (DataType::Decimal256(precision, scale.unwrap_or(0) as i8), Compares::Never),
        _ => (DataType::Decimal128(38, UNDECLARED_SCALE), Compares::Never),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_what_they_hold() {
        assert_eq!(read_as("bigint(20) unsigned").0, DataType::UInt64);
        assert_eq!(read_as("decimal(10,2)").0, DataType::Decimal128(10, 2));
        assert_eq!(read_as("decimal(65,30)").0, DataType::Decimal256(65, 30));
        assert_eq!(read_as("varchar(20)"), (DataType::Utf8, Compares::Loosely));
        assert_eq!(read_as("enum('a','b')"), (DataType::Utf8, Compares::Never));
        assert_eq!(read_as("datetime(6)").0, DataType::Timestamp(TimeUnit::Microsecond, None));
        assert_eq!(read_as("int").0, DataType::Int32);
    }
}
