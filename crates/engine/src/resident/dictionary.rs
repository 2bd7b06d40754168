//! Turns a text column, chunk by chunk, into positions in one sorted dictionary; gives up when values hardly repeat.

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, StringArray};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;
use hashbrown::HashMap;
use std::sync::Arc;

/// More distinct values than this are kept as plain text.
const MAX_VALUES: usize = 1 << 20;
/// From here on, a column of which every second value is new is kept as plain text.
const DECIDE_AFTER_ROWS: usize = 65_536;

/// Collects one text column.
pub(super) enum TextColumn {
    /// Dictionary so far: codes in order of first appearance.
    Coded { codes: HashMap<Box<str>, i32>, chunks: Vec<Int32Array>, rows: usize },
    /// Plain text.
    Plain(Vec<ArrayRef>),
}

impl TextColumn {
    pub(super) fn new(encode: bool) -> Self {
        if encode { Self::Coded { codes: HashMap::new(), chunks: Vec::new(), rows: 0 } } else { Self::Plain(Vec::new()) }
    }

    /// Adds a chunk; gives the bytes it took, roughly.
    pub(super) fn push(&mut self, array: &ArrayRef) -> Result<u64, ArrowError> {
        let array = cast(array, &DataType::Utf8)?;
        match self {
            Self::Plain(chunks) => {
                let bytes = array.get_array_memory_size() as u64;
                chunks.push(array);
                Ok(bytes)
            }
            Self::Coded { codes, chunks, rows } => {
                let before = codes.len();
                let text = array.as_string::<i32>();
                let mut code_of = |value: &str| match codes.get(value) {
                    Some(code) => *code,
                    None => {
                        let code = codes.len() as i32;
                        codes.insert(value.into(), code);
                        code
                    }
                };
                let keys: Int32Array = text.iter().map(|value| value.map(&mut code_of)).collect();
                let bytes = keys.get_array_memory_size() as u64 + 64 * (codes.len() - before) as u64;
                chunks.push(keys);
                *rows += array.len();
                if codes.len() > MAX_VALUES || (*rows >= DECIDE_AFTER_ROWS && codes.len() * 2 > *rows) {
                    return self.give_up();
                }
                Ok(bytes)
            }
        }
    }

    /// Goes back to plain text.
    fn give_up(&mut self) -> Result<u64, ArrowError> {
        let Self::Coded { codes, chunks, .. } = std::mem::replace(self, Self::Plain(Vec::new())) else { return Ok(0) };
        let mut values = vec![""; codes.len()];
        for (value, code) in &codes {
            values[*code as usize] = value;
        }
        let values = StringArray::from(values);
        let plain = chunks.iter().map(|keys| take(&values, keys, None)).collect::<Result<Vec<_>, _>>()?;
        let bytes = plain.iter().map(|array| array.get_array_memory_size() as u64).sum();
        *self = Self::Plain(plain);
        Ok(bytes)
    }

    /// The chunks, and the sorted dictionary if there is one.
    pub(super) fn finish(self) -> Result<(Vec<ArrayRef>, Option<StringArray>), ArrowError> {
        let (codes, chunks) = match self {
            Self::Plain(chunks) => return Ok((chunks, None)),
            Self::Coded { codes, chunks, .. } => (codes, chunks),
        };
        let mut sorted: Vec<(&str, i32)> = codes.iter().map(|(value, code)| (value.as_ref(), *code)).collect();
        sorted.sort_unstable();
        let mut rank = vec![0i32; sorted.len()];
        for (position, (_, code)) in sorted.iter().enumerate() {
            rank[*code as usize] = position as i32;
        }
        let values = StringArray::from_iter_values(sorted.iter().map(|(value, _)| *value));
        let shared: ArrayRef = Arc::new(values.clone());
        let recode = |keys: Int32Array| -> Result<ArrayRef, ArrowError> {
            // A column of nothing but nulls has an empty dictionary.
            let keys: Int32Array = if rank.is_empty() { keys } else { keys.unary(|code| rank[code as usize]) };
            Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, shared.clone())?))
        };
        let chunks = chunks.into_iter().map(recode).collect::<Result<Vec<_>, _>>()?;
        Ok((chunks, Some(values)))
    }
}

/// The position of `value` in a sorted dictionary, or where it would stand.
pub(super) fn locate(dictionary: &StringArray, value: &str) -> Result<usize, usize> {
    let (mut low, mut high) = (0, dictionary.len());
    while low < high {
        let middle = low.midpoint(high);
        match dictionary.value(middle).cmp(value) {
            std::cmp::Ordering::Equal => return Ok(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(low)
}
