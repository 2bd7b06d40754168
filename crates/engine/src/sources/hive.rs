//! Columns that are not in the files but in the names of their folders: `year=2024/month=01/part-0.parquet`.

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::scalar::ScalarValue;
use datahall_core::{Error, Result};
use std::sync::Arc;

const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Key and value of a folder `key=value`.
pub(crate) fn parse(folder: &str) -> Option<(String, String)> {
    let (key, value) = folder.split_once('=')?;
    (!key.is_empty()).then(|| (decode(key), decode(value)))
}

/// The `key=value` folders right before the file at the end of `parts`.
pub(crate) fn trailing(parts: &[&str]) -> Vec<(String, String)> {
    let folders = parts.split_last().map_or(&[][..], |(_, folders)| folders);
    let mut found: Vec<_> = folders.iter().rev().map_while(|folder| parse(folder)).collect();
    found.reverse();
    found
}

/// `text` with every `%2F` and the like put back.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// The partition columns of some files: fields, and for each file the values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partitions {
    /// One per key, in the order of the folders.
    pub(crate) fields: Vec<FieldRef>,
    /// For each file one value per field.
    pub(crate) values: Vec<Vec<ScalarValue>>,
}

/// Works out types for the partitions of `files` (name and folders of each).
///
/// # Errors
/// `Invalid` when files lie in folders of different keys.
pub(crate) fn infer<'a>(files: impl IntoIterator<Item = (&'a str, &'a [(String, String)])>) -> Result<Partitions> {
    let files: Vec<_> = files.into_iter().collect();
    let Some((first, folders)) = files.first() else {
        return Ok(Partitions::default());
    };
    let keys: Vec<&str> = folders.iter().map(|(key, _)| key.as_str()).collect();
    if let Some(twice) = keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key)) {
        return Err(Error::invalid(format!("partition named twice: {} in {first}", twice.1)));
    }
    for (name, folders) in &files {
        if !folders.iter().map(|(key, _)| key.as_str()).eq(keys.iter().copied()) {
            return Err(Error::invalid(format!("files lie in folders of different keys: {first} and {name}")));
        }
    }
    let column = |at: usize| files.iter().map(move |(_, folders)| folders[at].1.as_str()).filter(|value| *value != NULL);
    let types: Vec<DataType> = (0..keys.len()).map(|at| common_type(column(at))).collect();
    let fields = keys.iter().zip(&types).map(|(key, data_type)| Arc::new(Field::new(*key, data_type.clone(), true))).collect();
    let values =
        files.iter().map(|(_, folders)| folders.iter().zip(&types).map(|((_, value), kind)| scalar(value, kind)).collect());
    Ok(Partitions { fields, values: values.collect::<Result<_>>()? })
}

/// Whole numbers and dates are recognised when every value is one and none would lose its spelling (`01` keeps its zero).
fn common_type<'a>(values: impl Iterator<Item = &'a str> + Clone) -> DataType {
    let is_whole = |value: &str| value.parse::<i64>().is_ok_and(|number| number.to_string() == value);
    let is_month = |value: &str| value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = |value: &str| value.len() == 10 && chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d").is_ok();
    if values.clone().next().is_none() {
        DataType::Utf8
    } else if values.clone().all(is_whole) || values.clone().all(is_month) {
        DataType::Int64
    } else if values.clone().all(is_date) {
        DataType::Date32
    } else {
        DataType::Utf8
    }
}

fn scalar(value: &str, data_type: &DataType) -> Result<ScalarValue> {
    if value == NULL {
        return ScalarValue::try_from(data_type).map_err(Error::internal);
    }
    ScalarValue::try_from_string(value.to_owned(), data_type).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(paths: &[&str]) -> Result<Partitions> {
        let files: Vec<_> = paths.iter().map(|path| (*path, trailing(&path.split('/').collect::<Vec<_>>()))).collect();
        infer(files.iter().map(|(name, folders)| (*name, folders.as_slice())))
    }

    fn types(paths: &[&str]) -> Vec<(String, DataType)> {
        let fields = partitions(paths).unwrap().fields;
        fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
    }

    #[test]
    fn types_are_found_over_all_folders() {
        assert_eq!(types(&["y=2020/f", "y=2021/f"]), [("y".into(), DataType::Int64)]);
        assert_eq!(types(&["m=01/f", "m=12/f"]), [("m".into(), DataType::Int64)]);
        assert_eq!(types(&["zip=01234/f", "zip=98765/f"]), [("zip".into(), DataType::Utf8)]);
        assert_eq!(types(&["y=2020/f", "y=x/f"]), [("y".into(), DataType::Utf8)]);
        assert_eq!(types(&["y=2020/f", &format!("y={NULL}/f")]), [("y".into(), DataType::Int64)]);
        assert_eq!(types(&["d=2020-01-02/f"]), [("d".into(), DataType::Date32)]);
        assert_eq!(types(&["x/a=1/b=q/f"]), [("a".into(), DataType::Int64), ("b".into(), DataType::Utf8)]);
        assert_eq!(types(&["a=1/x/f"]), []);
    }

    #[test]
    fn values_are_decoded_and_the_default_folder_is_null() {
        let found = partitions(&["c=a%2Fb%20c/f", &format!("c={NULL}/f")]).unwrap();
        assert_eq!(found.values, [[ScalarValue::Utf8(Some("a/b c".into()))], [ScalarValue::Utf8(None)]]);
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%41%ff"), "%zz%41%ff");
    }

    #[test]
    fn folders_of_different_keys_are_refused() {
        for paths in [&["a=1/f", "b=1/f"][..], &["a=1/f", "f"], &["a=1/f", "a=1/b=2/f"], &["a=1/a=2/f"]] {
            assert!(partitions(paths).is_err(), "{paths:?}");
        }
    }
}
