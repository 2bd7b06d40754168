//! Columns of text, in a dictionary or not.

use super::frequent::Frequent;
use super::state::{Figures, State};
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowDictionaryKeyType, ArrowNativeType, DataType};
use std::sync::Arc;

/// What is known of such a column.
pub(super) struct Texts {
    rows: u64,
    nulls: u64,
    counts: Frequent,
    /// The dictionary that the last batches had, and how often each of its places came.
    codes: Option<(ArrayRef, Vec<u64>)>,
}

impl Texts {
    pub(super) fn new(seed: u64) -> Self {
        Self { rows: 0, nulls: 0, counts: Frequent::new(seed), codes: None }
    }

    fn add_each<'a>(&mut self, array: impl ArrayAccessor<Item = &'a str>) {
        self.nulls += array.null_count() as u64;
        each(array, |text| self.counts.add(text.as_bytes(), 1));
    }

    /// Counts places; what stands there is looked at once, when another dictionary comes or at the end.
    fn add_codes<K: ArrowDictionaryKeyType>(&mut self, array: &DictionaryArray<K>) {
        let same = |(values, _): &(ArrayRef, Vec<u64>)| {
            Arc::ptr_eq(values, array.values()) || values.to_data().ptr_eq(&array.values().to_data())
        };
        if !self.codes.as_ref().is_some_and(same) {
            self.look_up();
            self.codes = Some((array.values().clone(), vec![0; array.values().len()]));
        }
        let Some((_, counts)) = &mut self.codes else { return };
        let keys = array.keys();
        match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => keys.values().iter().for_each(|key| counts[key.as_usize()] += 1),
            Some(nulls) => {
                self.nulls += nulls.null_count() as u64;
                nulls.valid_indices().for_each(|row| counts[keys.value(row).as_usize()] += 1);
            }
        }
    }

    /// Takes in what was counted by places.
    fn look_up(&mut self) {
        let Some((values, counts)) = self.codes.take() else { return };
        let is_null = |at: usize, nulls: Option<&NullBuffer>| nulls.is_some_and(|nulls| nulls.is_null(at));
        let nulls = values.logical_nulls();
        let used = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
        for (at, count) in used() {
            if is_null(at, nulls.as_ref()) {
                self.nulls += count;
                continue;
            }
            let text = match values.data_type() {
                DataType::Utf8 => values.as_string::<i32>().value(at),
                DataType::LargeUtf8 => values.as_string::<i64>().value(at),
                DataType::Utf8View => values.as_string_view().value(at),
                _ => continue,
            };
            self.counts.add(text.as_bytes(), *count);
        }
    }
}

fn each<'a>(array: impl ArrayAccessor<Item = &'a str>, mut visit: impl FnMut(&'a str)) {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => (0..array.len()).for_each(|row| visit(array.value(row))),
        Some(nulls) => nulls.valid_indices().for_each(|row| visit(array.value(row))),
    }
}

impl State for Texts {
    fn add(&mut self, values: &dyn Array) {
        self.rows += values.len() as u64;
        downcast_dictionary_array!(
            values => self.add_codes(values),
            DataType::Utf8 => self.add_each(values.as_string::<i32>()),
            DataType::LargeUtf8 => self.add_each(values.as_string::<i64>()),
            DataType::Utf8View => self.add_each(values.as_string_view()),
            _ => self.rows -= values.len() as u64,
        )
    }

    fn memory(&self) -> usize {
        self.counts.memory() + self.codes.as_ref().map_or(0, |(_, counts)| counts.len() * size_of::<u64>())
    }

    fn sketch(&mut self) {
        self.counts.thin();
    }

    fn finish(&mut self) {
        self.look_up();
    }

    fn figures(&self) -> Figures {
        let (cardinality, approximate) = self.counts.len();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let array = |texts: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
        let top = self.counts.top();
        Figures {
            count: self.rows - self.nulls,
            nulls: self.nulls,
            cardinality: Some(cardinality),
            approximate,
            range: self.counts.range().map(|(least, most)| array(vec![text(least), text(most)])),
            top: Some(array(top.iter().map(|(bytes, _)| text(bytes)).collect())),
            top_counts: top.iter().map(|(_, count)| *count).collect(),
            ..Figures::default()
        }
    }
}
