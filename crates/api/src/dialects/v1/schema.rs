//! `GET /api/v1/datasets/{name}/schema`: the columns of a dataset, and its first row.

use super::reply;
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::openapi::Operation;
use arrow::datatypes::{DataType, TimeUnit};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Error, Result};
use datahall_formats::{Encoder, Format};
use datahall_service::TableSchema;
use serde::Serialize;

#[derive(Serialize)]
struct Schema<'a> {
    name: &'a str,
    rows: Option<u64>,
    columns: Vec<Column<'a>>,
    indexed: &'a [String],
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    logical: &'static str,
    sql_type: String,
    nullable: bool,
}

pub(super) fn describe() -> Operation {
    Operation::new("datasets", "dataset_schema", "The columns of a dataset, and its first row").answers(
        200,
        "DatasetSchema",
        "Name, logical type, SQL type and nullability of each column; `indexed` are the columns with an equality index, in lower case",
    )
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let schema = call.service().schema(&call.ctx, &name).await?;
    let etag = schema.etag.as_ref().map(|etag| format!("W/\"{etag}.schema\""));
    let mut response = if etag.as_ref().is_some_and(|etag| conditional::none_match(&call.parts.headers, etag)) {
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        reply::bytes(StatusCode::OK, render(&schema)?)
    };
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&etag).map_err(Error::internal)?);
    }
    Ok(response)
}

fn render(schema: &TableSchema) -> Result<Vec<u8>> {
    let columns = schema.fields.fields().iter().map(|field| Column {
        name: field.name(),
        logical: logical(field.data_type()),
        sql_type: sql_type(field.data_type()),
        nullable: field.is_nullable(),
    });
    let head = Schema { name: &schema.name, rows: schema.rows, columns: columns.collect(), indexed: &schema.indexed };
    let mut out = serde_json::to_vec(&head).map_err(Error::internal)?;
    out.pop();
    out.extend_from_slice(b",\"sample\":");
    sample(schema, &mut out)?;
    out.push(b'}');
    Ok(out)
}

/// The first row as an object, each value as in any other answer.
fn sample(schema: &TableSchema, out: &mut Vec<u8>) -> Result<()> {
    match schema.sample.iter().find(|batch| batch.num_rows() > 0) {
        Some(batch) => Encoder::new(Format::Json, &schema.fields)?.encode(&batch.slice(0, 1), out),
        None => {
            out.extend_from_slice(b"{}");
            Ok(())
        }
    }
}

/// The family a type belongs to.
fn logical(kind: &DataType) -> &'static str {
    match kind {
        kind if kind.is_integer() => "int",
        kind if kind.is_floating() => "float",
        kind if kind.is_decimal() => "decimal",
        DataType::Boolean => "bool",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "utf8",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "binary",
        DataType::Interval(_) | DataType::Duration(_) => "temporal",
        kind if kind.is_temporal() => "temporal",
        DataType::Dictionary(_, value) => logical(value),
        DataType::RunEndEncoded(_, value) => logical(value.data_type()),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => "list",
        DataType::Struct(_) => "struct",
        DataType::Map(..) => "map",
        DataType::Null => "null",
        _ => "other",
    }
}

/// The type as SQL names it.
fn sql_type(kind: &DataType) -> String {
    let name = match kind {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "TINYINT UNSIGNED",
        DataType::UInt16 => "SMALLINT UNSIGNED",
        DataType::UInt32 => "INTEGER UNSIGNED",
        DataType::UInt64 => "BIGINT UNSIGNED",
        DataType::Float16 | DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "VARBINARY",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL",
        DataType::Timestamp(unit, zone) => return timestamp(*unit, zone.is_some()),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("DECIMAL({precision}, {scale})"),
        DataType::Dictionary(_, value) => return sql_type(value),
        DataType::RunEndEncoded(_, value) => return sql_type(value.data_type()),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            return format!("{}[]", sql_type(item.data_type()));
        }
        DataType::FixedSizeList(item, length) => return format!("{}[{length}]", sql_type(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| format!("{} {}", field.name(), sql_type(field.data_type()))).collect();
            return format!("STRUCT({})", fields.join(", "));
        }
        DataType::Map(entries, _) => return map(entries.data_type()),
        DataType::Null => "NULL",
        other => return other.to_string(),
    };
    name.to_owned()
}

fn timestamp(unit: TimeUnit, zoned: bool) -> String {
    let digits = match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    };
    format!("TIMESTAMP({digits}){}", if zoned { " WITH TIME ZONE" } else { "" })
}

fn map(entries: &DataType) -> String {
    match entries {
        DataType::Struct(fields) if fields.len() == 2 => {
            format!("MAP({}, {})", sql_type(fields[0].data_type()), sql_type(fields[1].data_type()))
        }
        other => format!("MAP({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;
    use std::sync::Arc;

    #[test]
    fn types_have_a_family_and_a_name() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int64, true)));
        let structure = DataType::Struct(vec![Field::new("a", list.clone(), true)].into());
        let entries =
            DataType::Struct(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Float64, true)].into());
        for (kind, family, name) in [
            (DataType::Int16, "int", "SMALLINT"),
            (DataType::UInt64, "int", "BIGINT UNSIGNED"),
            (DataType::Float32, "float", "REAL"),
            (DataType::Boolean, "bool", "BOOLEAN"),
            (dictionary, "utf8", "VARCHAR"),
            (DataType::Date32, "temporal", "DATE"),
            (DataType::Timestamp(TimeUnit::Microsecond, None), "temporal", "TIMESTAMP(6)"),
            (DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), "temporal", "TIMESTAMP(3) WITH TIME ZONE"),
            (DataType::Decimal128(12, 2), "decimal", "DECIMAL(12, 2)"),
            (DataType::Binary, "binary", "VARBINARY"),
            (list, "list", "BIGINT[]"),
            (structure, "struct", "STRUCT(a BIGINT[])"),
            (DataType::Map(Arc::new(Field::new("entries", entries, false)), false), "map", "MAP(VARCHAR, DOUBLE)"),
        ] {
            assert_eq!((logical(&kind), sql_type(&kind).as_str()), (family, name));
        }
    }
}
