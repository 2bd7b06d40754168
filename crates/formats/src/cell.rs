//! How a value is written: each column of a batch is resolved once to a typed [`Cell`], which then writes row by row.
//!
//! One form per type, everywhere:
//!
//! | type | JSON |
//! |---|---|
//! | null | `null` |
//! | boolean | `true`, `false` |
//! | integers | the exact number |
//! | floats | the shortest number that reads back the same, `3.0` with its point, `-0.0` with its sign; NaN and infinities `null` |
//! | decimals | text with as many fractional digits as the scale: `"12.50"` |
//! | text | text |
//! | binary, any kind | text when it is UTF-8, else `null` |
//! | date | `"2024-02-29"`; years outside 0 to 9999 with a sign and at least four digits: `"+12024-02-29"` |
//! | timestamp | `"2024-02-29T13:05:00"`, then `.` and 6 digits when it has microseconds, 9 when it has nanoseconds; with a zone the UTC instant and `Z` |
//! | time | `"13:05:00"`, fraction as in timestamps |
//! | duration | `"PT26H3M4.5S"`, negative `"-PT1S"` |
//! | interval | `"P1Y2M3DT4H5M6.5S"`, each part with its own sign, nothing at all `"PT0S"` |
//! | list, any kind | array |
//! | struct | object |
//! | map | object, keys as their text |
//! | dictionary, run-end, union | what the value is |
//!
//! As text (CSV, TSV) a scalar is the same without quotes, a nested value is its JSON, and what is `null` in JSON is missing.

mod decimal;
mod dictionary;
mod interval;
mod nested;
mod number;
mod temporal;
pub(crate) mod text;

pub(crate) use nested::key;

use arrow::array::Array;
use arrow::buffer::NullBuffer;
use arrow::datatypes::*;

/// Writes the values of one column of one batch.
pub(crate) trait Cell {
    /// Appends row `row`, which is not null, as JSON.
    fn json(&self, row: usize, out: &mut Vec<u8>);

    /// Appends row `row`, which is not null, as text; `false`: it has none.
    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool;

    /// Whether no text it writes can be mistaken for anything else in CSV or TSV.
    fn plain(&self) -> bool {
        true
    }
}

/// What a column is resolved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Only [`Column::json`] will be called.
    Json,
    /// As `Json`; timestamps without a zone are written as in UTC, with `Z`.
    JsonUtc,
    /// Only [`Column::text`] will be called.
    Text,
}

impl Form {
    /// What the parts of a nested value are resolved for: they are JSON in text, too.
    fn of_parts(self) -> Self {
        if self == Self::Text { Self::Json } else { self }
    }
}

/// One column of one batch, ready to be written.
pub(crate) struct Column {
    nulls: Option<NullBuffer>,
    cell: Box<dyn Cell>,
}

impl Column {
    /// Resolves `array` once, so that no cell has to.
    pub(crate) fn new(array: &dyn Array, form: Form) -> Self {
        Self { nulls: array.logical_nulls().filter(|nulls| nulls.null_count() > 0), cell: resolve(array, form) }
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends row `row` as JSON.
    #[inline]
    pub(crate) fn json(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) { out.extend_from_slice(b"null") } else { self.cell.json(row, out) }
    }

    /// Appends row `row` as text; `false`: it is null or has none.
    #[inline]
    pub(crate) fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        !self.is_null(row) && self.cell.text(row, out)
    }

    /// Whether its text never needs quotes in CSV or TSV.
    pub(crate) fn plain(&self) -> bool {
        self.cell.plain()
    }
}

fn resolve(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    use DataType as D;
    match array.data_type() {
        D::Null => Box::new(Nothing),
        D::Boolean => number::booleans(array),
        D::Int8 => number::integers::<Int8Type>(array),
        D::Int16 => number::integers::<Int16Type>(array),
        D::Int32 => number::integers::<Int32Type>(array),
        D::Int64 => number::integers::<Int64Type>(array),
        D::UInt8 => number::integers::<UInt8Type>(array),
        D::UInt16 => number::integers::<UInt16Type>(array),
        D::UInt32 => number::integers::<UInt32Type>(array),
        D::UInt64 => number::integers::<UInt64Type>(array),
        D::Float16 => number::floats::<Float16Type>(array),
        D::Float32 => number::floats::<Float32Type>(array),
        D::Float64 => number::floats::<Float64Type>(array),
        D::Decimal32(_, scale) => decimal::small::<Decimal32Type>(array, *scale),
        D::Decimal64(_, scale) => decimal::small::<Decimal64Type>(array, *scale),
        D::Decimal128(_, scale) => decimal::small::<Decimal128Type>(array, *scale),
        D::Decimal256(_, scale) => decimal::large(array, *scale),
        D::Utf8 => text::strings::<i32>(array),
        D::LargeUtf8 => text::strings::<i64>(array),
        D::Utf8View => text::string_views(array),
        D::Binary => text::binaries::<i32>(array),
        D::LargeBinary => text::binaries::<i64>(array),
        D::BinaryView => text::binary_views(array),
        D::FixedSizeBinary(_) => text::fixed_binaries(array),
        D::Date32 | D::Date64 | D::Time32(_) | D::Time64(_) | D::Timestamp(..) => temporal::resolve(array, form),
        D::Duration(unit) => interval::durations(array, *unit),
        D::Interval(unit) => interval::intervals(array, *unit),
        D::List(_) => nested::lists::<i32>(array, form.of_parts()),
        D::LargeList(_) => nested::lists::<i64>(array, form.of_parts()),
        D::ListView(_) => nested::list_views::<i32>(array, form.of_parts()),
        D::LargeListView(_) => nested::list_views::<i64>(array, form.of_parts()),
        D::FixedSizeList(..) => nested::fixed_lists(array, form.of_parts()),
        D::Struct(_) => nested::structs(array, form.of_parts()),
        D::Map(..) => nested::maps(array, form.of_parts()),
        D::Union(..) => nested::unions(array, form),
        D::Dictionary(..) => dictionary::dictionaries(array, form),
        D::RunEndEncoded(ends, _) => dictionary::runs(array, ends.data_type(), form),
    }
}

/// A column without values.
struct Nothing;

impl Cell for Nothing {
    fn json(&self, _row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    fn text(&self, _row: usize, _out: &mut Vec<u8>) -> bool {
        false
    }
}

/// A cell for arrays of a type that no rule of Arrow allows where they were found.
fn nothing() -> Box<dyn Cell> {
    Box::new(Nothing)
}

/// `array` row by row as JSON and as text, for tests.
#[cfg(test)]
pub(crate) fn written(array: &dyn Array) -> (Vec<String>, Vec<Option<String>>) {
    let (json, text) = (Column::new(array, Form::Json), Column::new(array, Form::Text));
    let render = |row| {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        json.json(row, &mut a);
        let has_text = text.text(row, &mut b);
        (String::from_utf8(a).unwrap(), has_text.then(|| String::from_utf8(b).unwrap()))
    };
    (0..array.len()).map(render).unzip()
}

/// `array` row by row as JSON, for tests.
#[cfg(test)]
pub(crate) fn json(array: &dyn Array) -> Vec<String> {
    written(array).0
}
