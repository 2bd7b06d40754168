//! The columns of a dataset as records keep them and as they are shown: names and simple types, without the rows.

use arrow::datatypes::{DataType, SchemaRef};
use datahall_core::policy::{ReadPolicy, Strategy};
use serde_json::{Value as Json, json};

/// A column, as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// `string`, `int64`, `float64`, `decimal`, `boolean`, `date`, `timestamp`, `time`, `binary`, `list` or `struct`.
    pub kind: String,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// Whether the caller sees something else than its values.
    pub masked: bool,
}

impl ColumnInfo {
    /// The columns of rows, as somebody sees them from whom nothing is kept.
    pub(crate) fn of_schema(schema: &SchemaRef) -> Vec<Self> {
        let column = |field: &std::sync::Arc<arrow::datatypes::Field>| Self {
            name: field.name().clone(),
            kind: column_type(field.data_type()).to_owned(),
            nullable: field.is_nullable(),
            masked: false,
        };
        schema.fields().iter().map(column).collect()
    }

    /// What a record says; nothing where it says nothing of columns.
    pub(crate) fn of_record(schema: Option<&Json>) -> Vec<Self> {
        let column = |value: &Json| {
            Some(Self {
                name: value.get("name")?.as_str()?.to_owned(),
                kind: value.get("type").and_then(Json::as_str).unwrap_or("string").to_owned(),
                nullable: value.get("nullable").and_then(Json::as_bool).unwrap_or(true),
                masked: false,
            })
        };
        schema.and_then(Json::as_array).into_iter().flatten().filter_map(column).collect()
    }

    /// It as `policy` lets it be seen, if it does.
    pub(crate) fn seen(mut self, policy: &ReadPolicy) -> Option<Self> {
        if !policy.visible.allows(&self.name) {
            return None;
        }
        if let Some(mask) = policy.mask(&self.name) {
            self.masked = true;
            if mask.strategy != Strategy::Redact {
                self.kind = "string".to_owned();
            }
            self.nullable |= mask.strategy == Strategy::Redact;
        }
        Some(self)
    }
}

/// As records keep columns.
pub(crate) fn to_json(schema: &SchemaRef) -> Json {
    let column = |column: ColumnInfo| json!({"name": column.name, "type": column.kind, "nullable": column.nullable});
    ColumnInfo::of_schema(schema).into_iter().map(column).collect()
}

/// The simple type that values of an Arrow type have, by the names of [`ColumnInfo::kind`]: one of `string, int64, float64, decimal,
/// boolean, date, timestamp, time, binary, list, struct`.
pub fn column_type(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "boolean",
        kind if kind.is_integer() => "int64",
        kind if kind.is_floating() => "float64",
        kind if kind.is_decimal() => "decimal",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(..) => "timestamp",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "binary",
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => "list",
        DataType::Struct(_) | DataType::Map(..) => "struct",
        DataType::Dictionary(_, value) => column_type(value),
        DataType::RunEndEncoded(_, value) => column_type(value.data_type()),
        // Durations and intervals are written as text; unions have no one type, and a column without values none of its own.
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Field, Schema, TimeUnit};
    use datahall_core::policy::{ColumnChoice, Masking};
    use std::sync::Arc;

    #[test]
    fn columns_come_back_from_a_record_as_they_are_seen() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::UInt16, false),
            Field::new("at", DataType::Timestamp(TimeUnit::Second, None), true),
            Field::new("d", DataType::Decimal128(5, 2), true),
            Field::new("t", DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), true),
        ]));
        let columns = ColumnInfo::of_record(Some(&to_json(&schema)));
        assert_eq!(columns, ColumnInfo::of_schema(&schema));
        let kinds: Vec<&str> = columns.iter().map(|column| column.kind.as_str()).collect();
        assert_eq!(kinds, ["int64", "timestamp", "decimal", "string"]);
        let mask = |strategy| Masking { strategy, key: [0; 32] };
        let policy = ReadPolicy {
            visible: ColumnChoice::Exclude(vec!["d".into()]),
            masks: [("id".to_owned(), mask(Strategy::Redact)), ("at".to_owned(), mask(Strategy::Full))].into(),
            ..ReadPolicy::default()
        };
        let seen: Vec<_> = columns.into_iter().filter_map(|column| column.seen(&policy)).collect();
        let shown: Vec<_> = seen.iter().map(|column| (&*column.name, &*column.kind, column.nullable, column.masked)).collect();
        assert_eq!(shown, [("id", "int64", true, true), ("at", "string", true, true), ("t", "string", true, false)]);
    }

    #[test]
    fn each_kind_of_type_has_its_name() {
        let item = || Arc::new(Field::new("item", DataType::Int8, true));
        for (kind, name) in [
            (DataType::Utf8View, "string"),
            (DataType::Null, "string"),
            (DataType::Duration(TimeUnit::Second), "string"),
            (DataType::UInt64, "int64"),
            (DataType::Int8, "int64"),
            (DataType::Float16, "float64"),
            (DataType::Decimal256(40, 2), "decimal"),
            (DataType::Boolean, "boolean"),
            (DataType::Date64, "date"),
            (DataType::Timestamp(TimeUnit::Second, Some("UTC".into())), "timestamp"),
            (DataType::Time64(TimeUnit::Nanosecond), "time"),
            (DataType::FixedSizeBinary(3), "binary"),
            (DataType::LargeList(item()), "list"),
            (DataType::Struct(vec![item()].into()), "struct"),
            (DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Date32)), "date"),
        ] {
            assert_eq!(column_type(&kind), name, "{kind}");
        }
    }
}
