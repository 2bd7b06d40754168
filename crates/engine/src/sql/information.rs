//! The information schema and DESCRIBE: what the given tables look like, and nothing of any other.

use super::provider::Named;
use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{MemTable, TableProvider};
use std::sync::Arc;

const CATALOG: &str = "datahall";
const SCHEMA: &str = "public";

/// The table `name` of the information schema about `tables`; `None` when there is no such.
pub(super) fn table(name: &str, tables: &[Named]) -> Option<Arc<dyn TableProvider>> {
    let name = name.to_lowercase();
    let name = name.strip_prefix("datahall.").unwrap_or(&name);
    match name.strip_prefix("information_schema.")? {
        "tables" => rows(tables_columns(tables)),
        "columns" => rows(columns_columns(tables)),
        "views" => rows(views_columns()),
        "schemata" => rows(schemata_columns()),
        _ => None,
    }
}

/// The columns of a table as rows: name, type, and whether there may be nulls.
pub(super) fn describe(schema: &SchemaRef) -> Option<Arc<dyn TableProvider>> {
    let fields = schema.fields();
    rows(vec![
        ("column_name", texts(fields.iter().map(|field| Some(field.name().clone())))),
        ("data_type", texts(fields.iter().map(|field| Some(type_name(field.data_type()))))),
        ("is_nullable", texts(fields.iter().map(|field| Some(yes_no(field.is_nullable()))))),
    ])
}

/// A plan as a row, in the columns that EXPLAIN has elsewhere.
pub(super) fn explained(plan: &str) -> Option<Arc<dyn TableProvider>> {
    rows(vec![("plan_type", same("logical_plan", 1)), ("plan", same(plan, 1))])
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn rows(columns: Columns) -> Option<Arc<dyn TableProvider>> {
    let fields: Vec<_> = columns.iter().map(|(name, values)| Field::new(*name, values.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, values)| values).collect()).ok()?;
    Some(Arc::new(MemTable::try_new(schema, vec![vec![batch]]).ok()?))
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(StringArray::from_iter(values))
}

fn yes_no(yes: bool) -> String {
    if yes { "YES" } else { "NO" }.to_owned()
}

/// The type as users know it: how text is laid out in memory depends on how the table is served.
fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Dictionary(_, value) => type_name(value),
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8.to_string(),
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary.to_string(),
        _ => kind.to_string(),
    }
}

fn same(value: &str, count: usize) -> ArrayRef {
    texts(std::iter::repeat_n(Some(value.to_owned()), count))
}

fn tables_columns(tables: &[Named]) -> Columns {
    let count = tables.len();
    vec![
        ("table_catalog", same(CATALOG, count)),
        ("table_schema", same(SCHEMA, count)),
        ("table_name", texts(tables.iter().map(|table| Some(table.name.clone())))),
        ("table_type", same("BASE TABLE", count)),
    ]
}

fn columns_columns(tables: &[Named]) -> Columns {
    let all: Vec<(String, usize, Arc<Field>)> = tables
        .iter()
        .flat_map(|table| {
            let fields = table.provider.schema().fields().clone();
            (0..fields.len()).map(move |at| (table.name.clone(), at, fields[at].clone()))
        })
        .collect();
    let count = all.len();
    let precision = |kind: &DataType| match kind {
        DataType::Decimal32(precision, _)
        | DataType::Decimal64(precision, _)
        | DataType::Decimal128(precision, _)
        | DataType::Decimal256(precision, _) => Some(i32::from(*precision)),
        _ => None,
    };
    let scale = |kind: &DataType| match kind {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(i32::from(*scale)),
        _ => None,
    };
    let numbers = |value: &dyn Fn(&DataType) -> Option<i32>| -> ArrayRef {
        Arc::new(Int32Array::from_iter(all.iter().map(|(_, _, field)| value(field.data_type()))))
    };
    vec![
        ("table_catalog", same(CATALOG, count)),
        ("table_schema", same(SCHEMA, count)),
        ("table_name", texts(all.iter().map(|(table, _, _)| Some(table.clone())))),
        ("column_name", texts(all.iter().map(|(_, _, field)| Some(field.name().clone())))),
        ("ordinal_position", Arc::new(Int32Array::from_iter(all.iter().map(|(_, at, _)| i32::try_from(at + 1).ok())))),
        ("column_default", texts(std::iter::repeat_n(None, count))),
        ("is_nullable", texts(all.iter().map(|(_, _, field)| Some(yes_no(field.is_nullable()))))),
        ("data_type", texts(all.iter().map(|(_, _, field)| Some(type_name(field.data_type()))))),
        ("numeric_precision", numbers(&precision)),
        ("numeric_scale", numbers(&scale)),
    ]
}

fn views_columns() -> Columns {
    let none = || texts(std::iter::empty());
    vec![
        ("table_catalog", none()),
        ("table_schema", none()),
        ("table_name", none()),
        ("view_definition", none()),
        ("is_updatable", Arc::new(BooleanArray::from(Vec::<bool>::new()))),
    ]
}

fn schemata_columns() -> Columns {
    vec![
        ("catalog_name", same(CATALOG, 2)),
        ("schema_name", texts(["information_schema", SCHEMA].into_iter().map(|name| Some(name.to_owned())))),
        ("schema_owner", texts(std::iter::repeat_n(None, 2))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_their_values_are() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View));
        assert_eq!(type_name(&dictionary), "Utf8");
        assert_eq!(type_name(&DataType::Decimal128(12, 2)), "Decimal128(12, 2)");
    }

    #[test]
    fn only_the_standard_tables_are_there() {
        for name in ["tables", "columns", "views", "schemata"] {
            assert!(table(&format!("information_schema.{name}"), &[]).is_some(), "{name}");
        }
        for name in ["information_schema.routines", "information_schema.df_settings", "tables", "pg_catalog.tables"] {
            assert!(table(name, &[]).is_none(), "{name}");
        }
    }
}
