//! Dictionary and run-end encoded columns: as their values.

use super::{Cell, Column, Form, nothing};
use arrow::array::{Array, AsArray, RunArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::*;

pub(super) fn dictionaries(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let DataType::Dictionary(key, _) = array.data_type() else { return nothing() };
    match key.as_ref() {
        DataType::Int8 => keyed::<Int8Type>(array, form),
        DataType::Int16 => keyed::<Int16Type>(array, form),
        DataType::Int32 => keyed::<Int32Type>(array, form),
        DataType::Int64 => keyed::<Int64Type>(array, form),
        DataType::UInt8 => keyed::<UInt8Type>(array, form),
        DataType::UInt16 => keyed::<UInt16Type>(array, form),
        DataType::UInt32 => keyed::<UInt32Type>(array, form),
        DataType::UInt64 => keyed::<UInt64Type>(array, form),
        _ => nothing(),
    }
}

fn keyed<K: ArrowDictionaryKeyType>(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let array = array.as_dictionary::<K>();
    let (keys, values) = (array.keys().values().clone(), array.values());
    // Rendering a value costs about as much as writing it, so it must pay within this batch.
    if values.len() <= array.len() {
        Box::new(Rendered::<K> { keys, values: Table::new(values, form) })
    } else {
        Box::new(Looked::<K> { keys, values: Column::new(values, form) })
    }
}

/// Short values are copied as so many bytes, since copying a number of bytes known beforehand takes no call.
const SHORT: usize = 16;

/// Every value, written once.
struct Table {
    /// The values one after the other, and `SHORT` bytes more.
    bytes: Vec<u8>,
    /// Where each value starts, and where the last one ends.
    offsets: Vec<usize>,
    /// Whether each value has text; for JSON all do, as null is written too.
    present: Vec<bool>,
    plain: bool,
}

impl Table {
    fn new(values: &dyn Array, form: Form) -> Self {
        let column = Column::new(values, form);
        let mut bytes = Vec::new();
        let mut offsets = vec![0];
        let mut present = Vec::with_capacity(values.len());
        for row in 0..values.len() {
            present.push(match form {
                Form::Json | Form::JsonUtc => {
                    column.json(row, &mut bytes);
                    true
                }
                Form::Text => column.text(row, &mut bytes),
            });
            offsets.push(bytes.len());
        }
        bytes.resize(bytes.len() + SHORT, 0);
        Self { bytes, offsets, present, plain: column.plain() }
    }

    #[inline]
    fn write(&self, at: usize, out: &mut Vec<u8>) {
        let (start, end) = (self.offsets[at], self.offsets[at + 1]);
        match self.bytes[start..].first_chunk::<SHORT>() {
            Some(bytes) if end - start <= SHORT => {
                let length = out.len() + end - start;
                out.extend_from_slice(bytes);
                out.truncate(length);
            }
            _ => out.extend_from_slice(&self.bytes[start..end]),
        }
    }
}

struct Rendered<K: ArrowDictionaryKeyType> {
    keys: ScalarBuffer<K::Native>,
    values: Table,
}

impl<K: ArrowDictionaryKeyType> Cell for Rendered<K> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        self.text(row, out);
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let at = self.keys[row].as_usize();
        self.values.write(at, out);
        self.values.present[at]
    }

    fn plain(&self) -> bool {
        self.values.plain
    }
}

struct Looked<K: ArrowDictionaryKeyType> {
    keys: ScalarBuffer<K::Native>,
    values: Column,
}

impl<K: ArrowDictionaryKeyType> Cell for Looked<K> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        self.values.json(self.keys[row].as_usize(), out);
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.values.text(self.keys[row].as_usize(), out)
    }

    fn plain(&self) -> bool {
        self.values.plain()
    }
}

pub(super) fn runs(array: &dyn Array, ends: &DataType, form: Form) -> Box<dyn Cell> {
    match ends {
        DataType::Int16 => run::<Int16Type>(array, form),
        DataType::Int32 => run::<Int32Type>(array, form),
        DataType::Int64 => run::<Int64Type>(array, form),
        _ => nothing(),
    }
}

fn run<R: RunEndIndexType>(array: &dyn Array, form: Form) -> Box<dyn Cell> {
    let Some(array) = array.as_any().downcast_ref::<RunArray<R>>() else { return nothing() };
    let array = array.clone();
    let values = Column::new(array.values(), form);
    Box::new(Runs { array, values })
}

struct Runs<R: RunEndIndexType> {
    array: RunArray<R>,
    values: Column,
}

impl<R: RunEndIndexType> Cell for Runs<R> {
    fn json(&self, row: usize, out: &mut Vec<u8>) {
        self.values.json(self.array.get_physical_index(row), out);
    }

    fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.values.text(self.array.get_physical_index(row), out)
    }

    fn plain(&self) -> bool {
        self.values.plain()
    }
}

#[cfg(test)]
mod tests {
    use crate::cell::{json, written};
    use arrow::array::*;
    use arrow::datatypes::*;
    use std::sync::Arc;

    fn dictionary(keys: Vec<Option<i8>>) -> DictionaryArray<Int8Type> {
        let values = StringArray::from(vec![Some("a\"b"), None, Some("c")]);
        DictionaryArray::new(Int8Array::from(keys), Arc::new(values))
    }

    #[test]
    fn null_keys_and_null_values_are_both_null_rendered_or_looked_up() {
        let rendered = dictionary(vec![Some(0), None, Some(1), Some(2), Some(0)]);
        assert_eq!(json(&rendered), [r#""a\"b""#, "null", "null", "\"c\"", r#""a\"b""#]);
        assert_eq!(written(&rendered).1[..4], [Some("a\"b".to_owned()), None, None, Some("c".to_owned())]);
        let looked = dictionary(vec![Some(1), Some(2)]);
        assert_eq!(json(&looked), ["null", "\"c\""]);
        assert_eq!(written(&looked).1, [None, Some("c".to_owned())]);
        assert_eq!(json(&rendered.slice(3, 2)), ["\"c\"", r#""a\"b""#]);
    }

    #[test]
    fn values_without_text_are_null() {
        let values = BinaryArray::from(vec![b"ok".as_slice(), b"\xff"]);
        let array = DictionaryArray::<UInt16Type>::new(UInt16Array::from(vec![1, 0, 1]), Arc::new(values));
        assert_eq!(json(&array), ["null", "\"ok\"", "null"]);
        assert_eq!(written(&array).1, [None, Some("ok".to_owned()), None]);
    }

    #[test]
    fn every_key_type() {
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["x", "y", "x"]));
        let keys = [
            DataType::Int8,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::UInt8,
            DataType::UInt16,
            DataType::UInt32,
            DataType::UInt64,
        ];
        for key in keys {
            let kind = DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
            assert_eq!(json(&arrow::compute::cast(&plain, &kind).unwrap()), ["\"x\"", "\"y\"", "\"x\""]);
        }
    }

    #[test]
    fn runs_and_their_slices() {
        let values = StringArray::from(vec![Some("a"), None, Some("b")]);
        let array = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3, 5]), &values).unwrap();
        let expected = ["\"a\"", "\"a\"", "null", "\"b\"", "\"b\""];
        assert_eq!(json(&array), expected);
        assert_eq!(json(&array.slice(1, 3)), expected[1..4]);
        assert_eq!(written(&array.slice(2, 2)).1, [None, Some("b".to_owned())]);
    }
}
