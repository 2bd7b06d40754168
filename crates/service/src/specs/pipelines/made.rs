//! What a pipeline made, as the result of its activity keeps it.

use super::super::place::Whole;
use crate::Object;
use datahall_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What a pipeline made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::specs) struct Made {
    /// In figures, as the status of the pipeline shows it.
    pub(in crate::specs) stats: Stats,
    /// Files within the package.
    pub(in crate::specs) files: Vec<MadeFile>,
    /// The table that the rows were written to.
    pub(in crate::specs) table: Option<MadeTable>,
    /// The Table Schema that is true of the rows in the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::specs) schema: Option<Json>,
}

/// What was made, in figures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::specs) struct Stats {
    /// Of all files.
    pub(in crate::specs) bytes: u64,
    /// Rows of a table; of the package: of all its tables, each counted once.
    pub(in crate::specs) count_of_rows: Option<u64>,
    /// What the package is called.
    pub(in crate::specs) dataset_name: String,
    /// The MD5 of the file; of the package: of its descriptor.
    pub(in crate::specs) hash: Option<String>,
}

/// A file within the package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::specs) struct MadeFile {
    /// Where, as `data/x_csv.csv`.
    pub(in crate::specs) path: String,
    /// Its bytes.
    pub(in crate::specs) bytes: u64,
    /// Its MD5, in hexadecimal.
    pub(in crate::specs) hash: String,
    /// Rows in it, if it holds any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::specs) rows: Option<u64>,
}

/// The managed table of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::specs) struct MadeTable {
    /// Its name in the lake.
    pub(in crate::specs) name: String,
    /// The version that was written.
    pub(in crate::specs) version: u64,
    /// Its rows.
    pub(in crate::specs) rows: u64,
}

impl Made {
    /// One file.
    pub(super) fn file(dataset: &str, path: String, whole: Whole, rows: Option<u64>) -> Self {
        let stats =
            Stats { bytes: whole.bytes, count_of_rows: rows, dataset_name: dataset.to_owned(), hash: Some(whole.hash.clone()) };
        let file = MadeFile { path, bytes: whole.bytes, hash: whole.hash, rows };
        Self { stats, files: vec![file], ..Self::default() }
    }

    /// Nothing, for there was nothing to make.
    pub(super) fn nothing(dataset: &str) -> Self {
        Self { stats: Stats { dataset_name: dataset.to_owned(), ..Stats::default() }, ..Self::default() }
    }

    /// As an activity keeps it.
    ///
    /// # Errors
    /// Never but for a fault of ours.
    pub(in crate::specs) fn to_object(&self) -> Result<Object> {
        match serde_json::to_value(self) {
            Ok(Json::Object(object)) => Ok(object),
            other => Err(Error::internal(format!("what was made is an object: {other:?}"))),
        }
    }

    /// What the result of an activity says of it; nothing where it was done elsewhere.
    pub(in crate::specs) fn of_result(result: &Object) -> Self {
        serde_json::from_value(Json::Object(result.clone())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_and_what_others_say_is_nothing() {
        let whole = Whole { bytes: 7, hash: "aa".into() };
        let mut made = Made::file("d", "data/a_csv.csv".into(), whole, Some(2));
        made.table = Some(MadeTable { name: "default/t".into(), version: 0, rows: 2 });
        made.schema = Some(serde_json::json!({"fields": []}));
        let object = made.to_object().unwrap();
        assert_eq!(object["stats"], serde_json::json!({"bytes": 7, "count_of_rows": 2, "dataset_name": "d", "hash": "aa"}));
        assert_eq!(Made::of_result(&object), made);
        let elsewhere = serde_json::json!({"stats": {"bytes": 3}, "files": "x"});
        assert_eq!(Made::of_result(elsewhere.as_object().unwrap()), Made::default());
        assert_eq!(Made::of_result(&Object::new()), Made::default());
    }
}
