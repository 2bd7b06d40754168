//! Prints of keys: 128 bits that are the same for values that are the same, and for no others that anybody could find.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// 128 bits.
pub(super) type Print = [u64; 2];

/// Two keys of SipHash. They are chance, as those of every hash map are; what is told does not depend on them, since nobody can make two
/// values of one print without knowing them.
static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);

/// The prints of the values that the columns of a key hold together; `None` where one of them is null or not equal to itself.
pub(super) fn prints(key: &[usize], columns: &[ArrayRef]) -> Vec<Option<Print>> {
    let columns: Vec<&ArrayRef> = key.iter().filter_map(|at| columns.get(*at)).collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let mut bytes = Vec::new();
    let of_row = |row: usize| {
        bytes.clear();
        for column in &columns {
            if !append(column, row, &mut bytes) {
                return None;
            }
        }
        Some([0, 1].map(|at| {
            let mut hasher = KEYS[at].build_hasher();
            hasher.write(&bytes);
            hasher.finish()
        }))
    };
    (0..rows).map(of_row).collect()
}

/// Appends a value so that no two rows of different values come to the same bytes.
fn append(column: &ArrayRef, row: usize, bytes: &mut Vec<u8>) -> bool {
    if column.is_null(row) {
        return false;
    }
    match column.data_type() {
        DataType::Int64 => bytes.extend(column.as_primitive::<Int64Type>().value(row).to_le_bytes()),
        DataType::Float64 => {
            let value = column.as_primitive::<Float64Type>().value(row);
            // Both zeros are the same number.
            bytes.extend((value + 0.0).to_bits().to_le_bytes());
            return !value.is_nan();
        }
        DataType::Boolean => bytes.push(u8::from(column.as_boolean().value(row))),
        DataType::Date32 => bytes.extend(column.as_primitive::<Date32Type>().value(row).to_le_bytes()),
        DataType::Timestamp(..) => bytes.extend(column.as_primitive::<TimestampMicrosecondType>().value(row).to_le_bytes()),
        DataType::Time64(_) => bytes.extend(column.as_primitive::<Time64MicrosecondType>().value(row).to_le_bytes()),
        _ => {
            let text = column.as_string::<i32>().value(row);
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn equal_values_have_one_print_and_nulls_none() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("ab"), Some("a"), None, Some("")]));
        let more: ArrayRef = Arc::new(StringArray::from(vec!["bc", "c", "bc", "x", "abc"]));
        let columns = [texts, more];
        let both = prints(&[0, 1], &columns);
        assert_eq!(both[0], both[2]);
        assert!(both[0] != both[1] && both[1] != both[4] && both[3].is_none());
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, 1.0]));
        let of = prints(&[0], &[numbers]);
        assert!(of[0] == of[1] && of[2].is_none() && of[0] != of[3]);
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 1]));
        let of = prints(&[0], &[whole]);
        assert!(of[0] == of[2] && of[0] != of[1]);
    }
}
