//! Arrays without what no row of theirs refers to: dictionaries and text buffers that a short page would drag along.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, DictionaryArray, GenericByteViewArray, PrimitiveArray, StringViewArray,
    UInt64Array,
};
use arrow::compute::take;
use arrow::datatypes::*;
use arrow::error::ArrowError;
use std::collections::HashMap;
use std::sync::Arc;

/// Compacts the batches of one column, remembering which dictionary they share.
#[derive(Default)]
pub(super) struct Compactor {
    shared: Option<ArrayRef>,
    /// Values of `shared` already sent in excerpts.
    sent: usize,
}

impl Compactor {
    /// `array`, or one equal to it that holds less.
    pub(super) fn compact(&mut self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        match array.data_type() {
            DataType::Dictionary(key, _) => match key.as_ref() {
                DataType::Int8 => self.dictionary::<Int8Type>(array),
                DataType::Int16 => self.dictionary::<Int16Type>(array),
                DataType::Int32 => self.dictionary::<Int32Type>(array),
                DataType::Int64 => self.dictionary::<Int64Type>(array),
                DataType::UInt8 => self.dictionary::<UInt8Type>(array),
                DataType::UInt16 => self.dictionary::<UInt16Type>(array),
                DataType::UInt32 => self.dictionary::<UInt32Type>(array),
                DataType::UInt64 => self.dictionary::<UInt64Type>(array),
                _ => Ok(array.clone()),
            },
            DataType::Utf8View => Ok(views::<StringViewType>(array, StringViewArray::gc)),
            DataType::BinaryView => Ok(views::<BinaryViewType>(array, BinaryViewArray::gc)),
            _ => Ok(array.clone()),
        }
    }

    fn dictionary<K: ArrowDictionaryKeyType>(&mut self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let dictionary = array.as_dictionary::<K>();
        let values = dictionary.values();
        if !self.shared.as_ref().is_some_and(|shared| Arc::ptr_eq(shared, values)) {
            self.shared = Some(values.clone());
            self.sent = 0;
        }
        // Batch after batch may share one dictionary: once excerpts have cost as much as the whole, the whole is sent,
        // and the batches after it need no more of it.
        let much_larger = values.len() > 2 * array.len().max(32);
        if !much_larger || self.sent >= values.len() {
            self.sent = values.len();
            return Ok(array.clone());
        }
        let compact = excerpt(dictionary)?;
        self.sent += compact.values().len();
        Ok(Arc::new(compact))
    }
}

/// `dictionary` with only the values its keys refer to. Its cost depends on the rows, not on the values.
fn excerpt<K: ArrowDictionaryKeyType>(dictionary: &DictionaryArray<K>) -> Result<DictionaryArray<K>, ArrowError> {
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut chosen: Vec<u64> = Vec::new();
    let mut place = |key: K::Native| {
        let place = *places.entry(key.as_usize()).or_insert_with(|| {
            chosen.push(key.as_usize() as u64);
            chosen.len() - 1
        });
        K::Native::usize_as(place)
    };
    let keys: PrimitiveArray<K> = dictionary.keys().iter().map(|key| key.map(&mut place)).collect();
    let values = take(dictionary.values(), &UInt64Array::from(chosen), None)?;
    DictionaryArray::try_new(keys, values)
}

fn views<T: ByteViewType>(array: &ArrayRef, gc: impl Fn(&GenericByteViewArray<T>) -> GenericByteViewArray<T>) -> ArrayRef {
    let views = array.as_byte_view::<T>();
    let held: usize = views.data_buffers().iter().map(|buffer| buffer.len()).sum();
    if held > 2 * views.total_buffer_bytes_used().max(2048) { Arc::new(gc(views)) } else { array.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int8Array, StringArray};

    #[test]
    fn nulls_stay_null_in_keys_and_in_values() {
        let values: ArrayRef = Arc::new(StringArray::from_iter((0..100).map(|at| (at != 7).then(|| at.to_string()))));
        let keys = Int8Array::from(vec![Some(99), None, Some(7), Some(99), Some(0)]);
        let array: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, values));
        let compact = Compactor::default().compact(&array).unwrap();
        assert_eq!(compact.as_any_dictionary().values().len(), 3);
        let text = |array: &ArrayRef| arrow::compute::cast(array, &DataType::Utf8).unwrap();
        assert_eq!(&text(&compact), &text(&array));
    }

    #[test]
    fn views_give_up_what_they_do_not_show() {
        let long = |at: usize| format!("a text of more than twelve bytes, number {at}");
        let all: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..10_000).map(long)));
        let page = all.slice(9_000, 3);
        let compact = Compactor::default().compact(&page).unwrap();
        assert_eq!(&compact, &page);
        let held: usize = compact.as_string_view().data_buffers().iter().map(|buffer| buffer.len()).sum();
        assert!(held < 1_000, "{held}");
    }
}
