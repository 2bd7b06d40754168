//! One schema for many files: types as they are presented, differences reconciled when nothing can get lost, else refused.

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit,
};
use datahall_core::query::find_column;
use datahall_core::{Error, Result};
use std::sync::Arc;

/// `field` with the types in which tables are presented: text as `Utf8` whatever its layout in the file, nothing as a view.
pub(crate) fn presented(field: &FieldRef) -> FieldRef {
    let data_type = presented_type(field.data_type());
    if data_type == *field.data_type() { field.clone() } else { Arc::new(field.as_ref().clone().with_data_type(data_type)) }
}

/// `schema` with each field [`presented`].
pub(crate) fn presented_schema(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(presented).collect::<Vec<_>>())
}

fn presented_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) | DataType::ListView(item) => DataType::List(presented(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => DataType::LargeList(presented(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(presented(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(presented).collect()),
        DataType::Map(entries, sorted) => DataType::Map(presented(entries), *sorted),
        DataType::Dictionary(key, value) => DataType::Dictionary(key.clone(), Box::new(presented_type(value))),
        other => other.clone(),
    }
}

/// The columns of all `files` (name and presented schema), in the order in which they are first met.
///
/// # Errors
/// `Invalid` naming column, files and types, when types differ so that something could get lost, when names differ only in
/// case, or when one file has a column twice.
pub(crate) fn merge(files: &[(&str, &Schema)]) -> Result<SchemaRef> {
    let mut merged: Vec<Column> = Vec::new();
    let mut same_as: Option<&Schema> = None;
    for (at, (name, schema)) in files.iter().enumerate() {
        if same_as.is_some_and(|last| last == *schema) {
            merged.iter_mut().for_each(|column| column.seen += 1);
            continue;
        }
        // Only a file that has all columns may stand for the ones like it.
        same_as = None;
        no_doubles(name, schema)?;
        for field in schema.fields() {
            match merged.iter_mut().find(|column| column.field.name() == field.name()) {
                Some(column) => column.add(name, field)?,
                None => merged.push(Column { file: name, field: field.clone(), seen: 1 }),
            }
        }
        differ_in_more_than_case(&merged, name, schema)?;
        if schema.fields().len() == merged.len() && merged.iter().all(|column| column.seen == at + 1) {
            same_as = Some(schema);
        }
    }
    let fields = merged.into_iter().map(|column| {
        let missing_somewhere = column.seen < files.len();
        if missing_somewhere { Arc::new(column.field.as_ref().clone().with_nullable(true)) } else { column.field }
    });
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

struct Column<'a> {
    file: &'a str,
    field: FieldRef,
    seen: usize,
}

impl Column<'_> {
    fn add(&mut self, file: &str, field: &FieldRef) -> Result<()> {
        self.seen += 1;
        if self.field == *field {
            return Ok(());
        }
        let (before, now) = (self.field.data_type(), field.data_type());
        let Some(common) = common_type(before, now) else {
            return Err(Error::invalid(format!("column {} is {before} in {} and {now} in {file}", field.name(), self.file)));
        };
        let nullable = self.field.is_nullable() || field.is_nullable();
        let metadata = if self.field.metadata() == field.metadata() { field.metadata().clone() } else { Default::default() };
        self.field = Arc::new(Field::new(field.name(), common, nullable).with_metadata(metadata));
        Ok(())
    }
}

fn no_doubles(file: &str, schema: &Schema) -> Result<()> {
    let mut names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::invalid(format!("{file} has more than one column called {}", pair[0]))),
        None => Ok(()),
    }
}

fn differ_in_more_than_case(merged: &[Column], file: &str, schema: &Schema) -> Result<()> {
    for column in merged {
        let name = column.field.name();
        if schema.field_with_name(name).is_ok() {
            continue;
        }
        // The file lacks it; what it has under almost that name is most likely meant to be it.
        let folded = name.to_lowercase();
        if let Some(other) = schema.fields().iter().find(|field| field.name().to_lowercase() == folded) {
            let (first, second) = (column.file, other.name());
            return Err(Error::invalid(format!("column {name} in {first} and {second} in {file} differ only in case")));
        }
    }
    Ok(())
}

/// The narrowest type that holds every value of both, exactly.
pub(crate) fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::*;
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        (Null, other) | (other, Null) => Some(other.clone()),
        (Dictionary(_, value), other) | (other, Dictionary(_, value)) => match other {
            Dictionary(_, value_too) => common_type(value, value_too),
            _ => common_type(value, other),
        },
        (Binary, LargeBinary) | (LargeBinary, Binary) => Some(LargeBinary),
        (FixedSizeBinary(_), Binary | FixedSizeBinary(_)) | (Binary, FixedSizeBinary(_)) => Some(Binary),
        (Date32, Timestamp(unit, None)) | (Timestamp(unit, None), Date32) if *unit != TimeUnit::Nanosecond => {
            Some(Timestamp(*unit, None))
        }
        (Timestamp(unit, zone), Timestamp(unit_too, zone_too)) if zone == zone_too => {
            Some(Timestamp(*unit.max(unit_too), zone.clone()))
        }
        (List(item), List(item_too)) => Some(List(common_field(item, item_too)?)),
        (LargeList(item), LargeList(item_too) | List(item_too)) | (List(item), LargeList(item_too)) => {
            Some(LargeList(common_field(item, item_too)?))
        }
        (Struct(fields), Struct(fields_too)) => common_struct(fields, fields_too).map(Struct),
        _ => common_number(a, b),
    }
}

fn common_field(a: &FieldRef, b: &FieldRef) -> Option<FieldRef> {
    let nested = |field: &FieldRef| matches!(field.data_type(), DataType::Struct(_) | DataType::Map(..));
    // Structs within lists are not taken apart and put together again when they are read.
    if (nested(a) || nested(b)) && a.data_type() != b.data_type() {
        return None;
    }
    let data_type = common_type(a.data_type(), b.data_type())?;
    Some(Arc::new(Field::new(a.name(), data_type, a.is_nullable() || b.is_nullable())))
}

fn common_struct(a: &Fields, b: &Fields) -> Option<Fields> {
    let find = |fields: &Fields, name: &str| fields.iter().find(|field| field.name() == name).cloned();
    let mut merged = Vec::new();
    for field in a {
        merged.push(match find(b, field.name()) {
            Some(other) => Arc::new(common_field_deep(field, &other)?),
            None => Arc::new(field.as_ref().clone().with_nullable(true)),
        });
    }
    let added = b.iter().filter(|field| find(a, field.name()).is_none());
    merged.extend(added.map(|field| Arc::new(field.as_ref().clone().with_nullable(true))));
    Some(merged.into())
}

fn common_field_deep(a: &FieldRef, b: &FieldRef) -> Option<Field> {
    Some(Field::new(a.name(), common_type(a.data_type(), b.data_type())?, a.is_nullable() || b.is_nullable()))
}

fn common_number(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::*;
    let ((signed, bits), (signed_too, bits_too)) = match (whole(a), whole(b)) {
        (Some(a), Some(b)) => (a, b),
        (Some((_, bits)), None) if b.is_floating() => return float_for(bits, b),
        (None, Some((_, bits))) if a.is_floating() => return float_for(bits, a),
        (None, None) if a.is_floating() && b.is_floating() => {
            return Some(if *a == Float64 || *b == Float64 { Float64 } else { Float32 });
        }
        _ => return common_decimal(a, b),
    };
    let needed = match (signed, signed_too) {
        (true, true) | (false, false) => bits.max(bits_too),
        (true, false) => bits.max(bits_too * 2),
        (false, true) => bits_too.max(bits * 2),
    };
    match (signed || signed_too, needed) {
        (true, 16) => Some(Int16),
        (true, 32) => Some(Int32),
        (true, 64) => Some(Int64),
        (false, 16) => Some(UInt16),
        (false, 32) => Some(UInt32),
        (false, 64) => Some(UInt64),
        // Signed and unsigned 64 bits together: a decimal of 20 digits holds both.
        (true, 128) => Some(Decimal128(20, 0)),
        _ => None,
    }
}

fn whole(data_type: &DataType) -> Option<(bool, u32)> {
    let bits = data_type.primitive_width()? as u32 * 8;
    data_type.is_integer().then(|| (data_type.is_signed_integer(), bits))
}

fn float_for(bits: u32, float: &DataType) -> Option<DataType> {
    match bits {
        8 | 16 if *float != DataType::Float16 => Some(float.clone()),
        8 | 16 => Some(DataType::Float32),
        32 => Some(DataType::Float64),
        // 64-bit whole numbers beyond 2^53 would lose digits.
        _ => None,
    }
}

fn common_decimal(a: &DataType, b: &DataType) -> Option<DataType> {
    let ((digits, scale), (digits_too, scale_too)) = (decimal(a)?, decimal(b)?);
    let scale = scale.max(scale_too);
    let precision = u8::try_from(digits.max(digits_too) + i16::from(scale)).ok()?;
    if precision <= DECIMAL128_MAX_PRECISION {
        Some(DataType::Decimal128(precision, scale))
    } else if precision <= DECIMAL256_MAX_PRECISION {
        Some(DataType::Decimal256(precision, scale))
    } else {
        None
    }
}

/// Digits before the point, and scale, of a decimal or a whole number.
fn decimal(data_type: &DataType) -> Option<(i16, i8)> {
    use DataType::*;
    match data_type {
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale) => Some((i16::from(*precision) - i16::from(*scale), *scale)),
        Int8 | UInt8 => Some((3, 0)),
        Int16 | UInt16 => Some((5, 0)),
        Int32 | UInt32 => Some((10, 0)),
        Int64 => Some((19, 0)),
        UInt64 => Some((20, 0)),
        _ => None,
    }
}

/// The positions in `schema` of `columns`, in their order; all of them when `columns` names none.
///
/// # Errors
/// `Invalid`: `unknown column: x`, or a column named twice.
pub(crate) fn positions(schema: &Schema, columns: &[String]) -> Result<Option<Vec<usize>>> {
    if columns.is_empty() {
        return Ok(None);
    }
    let mut positions: Vec<usize> = Vec::with_capacity(columns.len());
    for column in columns {
        let name = find_column(schema, column)?;
        let position = schema.index_of(name).map_err(Error::internal)?;
        if positions.contains(&position) {
            return Err(Error::invalid(format!("column named twice: {column}")));
        }
        positions.push(position);
    }
    Ok(Some(positions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use DataType::*;

    fn schema(columns: &[(&str, DataType)]) -> Schema {
        Schema::new(columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), false)).collect::<Vec<_>>())
    }

    fn merged(files: &[&Schema]) -> Result<SchemaRef> {
        let names = ["a.parquet", "b.parquet", "c.parquet"];
        merge(&names.into_iter().zip(files.iter().copied()).collect::<Vec<_>>())
    }

    #[test]
    fn missing_and_reordered_columns_are_reconciled() {
        let (a, b) = (schema(&[("x", Int64), ("y", Utf8)]), schema(&[("z", Boolean), ("x", Int64)]));
        let both = merged(&[&a, &a, &b]).unwrap();
        let found: Vec<_> = both.fields().iter().map(|field| (field.name().as_str(), field.is_nullable())).collect();
        assert_eq!(found, [("x", false), ("y", true), ("z", true)]);
        let narrow = schema(&[("x", Int64)]);
        let found = merged(&[&a, &narrow, &narrow]).unwrap();
        assert!(found.field(1).is_nullable() && !found.field(0).is_nullable());
    }

    #[test]
    fn types_widen_only_when_nothing_is_lost() {
        let micros = Timestamp(TimeUnit::Microsecond, None);
        for (a, b, common) in [
            (Int8, Int64, Int64),
            (UInt8, Int8, Int16),
            (UInt32, Int8, Int64),
            (UInt16, UInt64, UInt64),
            (Int32, Float64, Float64),
            (Int16, Float32, Float32),
            (Int32, Float32, Float64),
            (Float32, Float64, Float64),
            (UInt64, Int64, Decimal128(20, 0)),
            (Date32, micros.clone(), micros.clone()),
            (Timestamp(TimeUnit::Second, None), micros.clone(), micros.clone()),
            (Decimal128(5, 2), Decimal128(10, 4), Decimal128(10, 4)),
            (Int64, Decimal128(5, 2), Decimal128(21, 2)),
            (Null, Utf8, Utf8),
            (Dictionary(Box::new(Int32), Box::new(Utf8)), Utf8, Utf8),
            (Binary, LargeBinary, LargeBinary),
        ] {
            assert_eq!(common_type(&a, &b), Some(common.clone()), "{a} {b}");
            assert_eq!(common_type(&b, &a), Some(common), "{b} {a}");
        }
        for (a, b) in [
            (Int64, Float64),
            (UInt64, Float64),
            (Utf8, Int64),
            (Boolean, Int8),
            (Date32, Int32),
            (Utf8, Date32),
            (micros.clone(), Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            (Date32, Timestamp(TimeUnit::Nanosecond, None)),
            (Utf8, Binary),
            (Decimal256(76, 0), Decimal256(76, 70)),
        ] {
            assert_eq!(common_type(&a, &b), None, "{a} {b}");
        }
    }

    #[test]
    fn what_cannot_be_reconciled_is_refused_by_name() {
        let message = |files: &[&Schema]| merged(files).unwrap_err().message().to_owned();
        let (a, b) = (schema(&[("x", Int64)]), schema(&[("x", Utf8)]));
        assert_eq!(message(&[&a, &b]), "column x is Int64 in a.parquet and Utf8 in b.parquet");
        assert_eq!(message(&[&a, &a, &b]), "column x is Int64 in a.parquet and Utf8 in c.parquet");
        assert_eq!(message(&[&a, &schema(&[("X", Int64)])]), "column x in a.parquet and X in b.parquet differ only in case");
        assert_eq!(message(&[&schema(&[("x", Int64), ("x", Utf8)])]), "a.parquet has more than one column called x");
        assert!(merged(&[&schema(&[("x", Int64), ("X", Utf8)])]).is_ok());
    }

    #[test]
    fn text_is_presented_as_utf8_at_any_depth() {
        let item = |data_type| Arc::new(Field::new("item", data_type, true));
        let deep = schema(&[
            ("l", List(item(Utf8View))),
            ("s", Struct(vec![Field::new("t", LargeUtf8, true)].into())),
            ("b", LargeBinary),
        ]);
        let shown = presented_schema(&deep);
        let expected =
            schema(&[("l", List(item(Utf8))), ("s", Struct(vec![Field::new("t", Utf8, true)].into())), ("b", LargeBinary)]);
        assert_eq!(shown, expected);
    }

    #[test]
    fn columns_are_chosen_in_their_order_in_any_case() {
        let schema = schema(&[("Id", Int64), ("name", Utf8)]);
        let chosen = |names: &[&str]| positions(&schema, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(chosen(&[]).unwrap(), None);
        assert_eq!(chosen(&["NAME", "id"]).unwrap(), Some(vec![1, 0]));
        assert_eq!(chosen(&["nope"]).unwrap_err().message(), "unknown column: nope");
        assert_eq!(chosen(&["id", "ID"]).unwrap_err().message(), "column named twice: ID");
    }
}
