//! The names that this dialect has for types.

use arrow::datatypes::DataType;

/// One of `string, int64, float64, decimal, boolean, date, timestamp, time, binary, list, struct`: what the values are written as.
pub(in super::super) fn type_name(kind: &DataType) -> &'static str {
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
        DataType::Dictionary(_, values) => type_name(values),
        DataType::RunEndEncoded(_, values) => type_name(values.data_type()),
        // Durations, intervals and unions are written as text; a column without values has no type of its own.
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Field, TimeUnit};
    use std::sync::Arc;

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
            assert_eq!(type_name(&kind), name, "{kind}");
        }
    }
}
