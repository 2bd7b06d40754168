//! Tables small enough to know by heart, written as the files that tests register.

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A folder of the test's own, gone when it ends.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// The folder, with no symbolic link in its path.
    pub(crate) fn root(&self) -> PathBuf {
        self.0.path().canonicalize().expect("the folder is there")
    }

    /// A path in it; folders on the way are made.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders are made");
        path
    }

    /// A path in it as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file is written");
        path
    }

    pub(crate) fn parquet(&self, name: &str, batch: &RecordBatch) -> PathBuf {
        self.write(name, parquet_bytes(batch))
    }
}

/// A Parquet file in memory.
pub(crate) fn parquet_bytes(batch: &RecordBatch) -> Vec<u8> {
    parquet_bytes_with(batch, WriterProperties::default())
}

/// A Parquet file of several row groups.
pub(crate) fn parquet_bytes_grouped(batch: &RecordBatch, rows: usize) -> Vec<u8> {
    parquet_bytes_with(batch, WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build())
}

fn parquet_bytes_with(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(batch).expect("rows are written");
    writer.close().expect("the file is closed");
    bytes
}

/// Puts `bytes` at `path` in one step, as publishers of data do.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let aside = path.with_extension("aside");
    fs::write(&aside, bytes).expect("a file beside it");
    fs::rename(&aside, path).expect("a rename");
}

/// A batch from named columns, all nullable.
pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).expect("equal lengths")
}

/// A batch with no row.
pub(crate) fn empty_like(of: &RecordBatch) -> RecordBatch {
    RecordBatch::new_empty(Arc::new(Schema::clone(&of.schema())))
}

pub(crate) fn int64(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// Ten people; every column but `id` has a null.
///
/// | id | name      | city   | age | score | active | joined     |
/// |----|-----------|--------|-----|-------|--------|------------|
/// | 1  | Ada       | London | 36  | 9.5   | true   | 2020-01-01 |
/// | 2  | Björn     | Oslo   | 41  | 7.25  | false  | 2020-06-15 |
/// | 3  | Chloé     | Paris  | 29  | null  | true   | 2021-03-01 |
/// | 4  | null      | Oslo   | 41  | -1.5  | null   | 2019-12-31 |
/// | 5  | Dan       | null   | null| 0.0   | true   | null       |
/// | 6  | Eve       | Paris  | 29  | 3.0   | false  | 2022-02-28 |
/// | 7  | 50%_off\  | London | 18  | 1e10  | false  | 2020-01-01 |
/// | 8  | ÅSA       | Oslo   | 65  | 7.25  | true   | 2023-11-05 |
/// | 9  | ""        | Paris  | 36  | 2.5   | true   | 2020-06-15 |
/// | 10 | Zoë       | London | 36  | 9.5   | false  | 2024-02-29 |
pub(crate) fn people() -> RecordBatch {
    // A dash is null.
    let text = |cells: &str| cells.split(' ').map(|cell| (cell != "-").then(|| cell.replace("''", ""))).collect::<StringArray>();
    let names = text("Ada Björn Chloé - Dan Eve 50%_off\\ ÅSA '' Zoë");
    let cities = text("London Oslo Paris Oslo - Paris London Oslo Paris London");
    let ages = [Some(36), Some(41), Some(29), Some(41), None, Some(29), Some(18), Some(65), Some(36), Some(36)];
    let scores = [Some(9.5), Some(7.25), None, Some(-1.5), Some(0.0), Some(3.0), Some(1e10), Some(7.25), Some(2.5), Some(9.5)];
    let active = "t f t - t f f t t f".split(' ').map(|flag| (flag != "-").then_some(flag == "t")).collect::<BooleanArray>();
    let days = "2020-01-01 2020-06-15 2021-03-01 2019-12-31 - 2022-02-28 2020-01-01 2023-11-05 2020-06-15 2024-02-29";
    let joined = days.split(' ').map(|date| (date != "-").then(|| day(date))).collect::<Date32Array>();
    batch(vec![
        ("id", int64(1..=10)),
        ("Name", Arc::new(names)),
        ("city", Arc::new(cities)),
        ("age", Arc::new(Int32Array::from(ages.to_vec()))),
        ("score", Arc::new(Float64Array::from(scores.to_vec()))),
        ("active", Arc::new(active)),
        ("joined", Arc::new(joined)),
    ])
}

/// Days since 1970 of an ISO date.
pub(crate) fn day(text: &str) -> i32 {
    let date: chrono::NaiveDate = text.parse().expect("a date");
    i32::try_from((date - chrono::NaiveDate::default()).num_days()).expect("a day within the calendar")
}

/// `rows` rows `{id, label, version}` with ids from `from`, labels `row-ID`, and the same version in each.
pub(crate) fn versioned(from: i64, rows: i64, version: i64) -> RecordBatch {
    let labels: StringArray = (from..from + rows).map(|id| Some(format!("row-{id}"))).collect();
    batch(vec![("id", int64(from..from + rows)), ("label", Arc::new(labels)), ("version", int64((0..rows).map(|_| version)))])
}
