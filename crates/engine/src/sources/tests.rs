//! Whole sources: written to a folder, opened, queried, changed under our hands.

mod changes;
mod delta;
mod files;
mod parquet;
mod text;

use super::{Opened, open};
use crate::lake::Lake;
use crate::sources::Hub;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use datahall_core::dataset::{DatasetSpec, FileFormat, FileSource, Location, Partitioning, ReadOptions, S3Options, Source};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of files, and a context to open and query them.
struct Lab {
    folder: tempfile::TempDir,
    context: SessionContext,
}

/// A lake that is not used.
fn lake() -> Lake {
    let nowhere = Location { url: "nowhere".into(), s3: datahall_core::dataset::S3Options::default() };
    Lake::new(nowhere, "nowhere".into(), SessionContext::new())
}

impl Lab {
    fn new() -> Self {
        let mut config = SessionConfig::new().with_target_partitions(3);
        config.options_mut().execution.parquet.pushdown_filters = true;
        Self { folder: tempfile::tempdir().unwrap(), context: SessionContext::new_with_config(config) }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn parquet(&self, name: &str, columns: &[(&str, ArrayRef)]) {
        write_parquet(&self.path(name), &batch(columns));
    }

    fn spec(&self, format: FileFormat, location: &str) -> DatasetSpec {
        let url =
            if location.contains("://") { location.to_owned() } else { format!("{}/{location}", self.folder.path().display()) };
        let location = Location { url, s3: S3Options::default() };
        let source = Source::Files(FileSource { format, location, partitioning: Partitioning::Auto });
        DatasetSpec { name: "t".into(), description: None, source, options: ReadOptions::default() }
    }

    async fn open(&self, format: FileFormat, location: &str) -> Result<Opened> {
        open(&self.context, &self.spec(format, location), (&lake(), &Hub::default()), &Access::default()).await
    }

    /// The message of the refusal, with the folder's own path taken out.
    async fn refusal(&self, format: FileFormat, location: &str) -> String {
        let error = self.open(format, location).await.err().unwrap_or_else(|| panic!("{location} was opened"));
        self.plain(&error)
    }

    fn plain(&self, error: &Error) -> String {
        assert_eq!(error.code(), datahall_core::Code::Invalid, "{error:?}");
        error.message().replace(&format!("{}/", self.folder.path().display()), "")
    }

    async fn rows(&self, opened: &Opened, sql: &str) -> std::result::Result<String, Error> {
        let _ = self.context.deregister_table("t");
        self.context.register_table("t", opened.provider.clone()).unwrap();
        let explain =
            |error: &datafusion::error::DataFusionError| super::explain(error).unwrap_or_else(|| Error::internal(error));
        let frame = self.context.sql(sql).await.map_err(|error| explain(&error))?;
        let batches = frame.collect().await.map_err(|error| explain(&error))?;
        Ok(bare(&batches))
    }

    /// All rows, as `a b|c d`, in alphabetical order.
    async fn all(&self, opened: &Opened) -> String {
        sorted(&self.rows(opened, "SELECT * FROM t").await.unwrap())
    }
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    RecordBatch::try_from_iter(columns.iter().map(|(name, array)| (*name, array.clone()))).unwrap()
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn bare(batches: &[RecordBatch]) -> String {
    let text = pretty_format_batches(batches).unwrap().to_string();
    let lines = text.lines().filter(|line| line.starts_with('|')).skip(1);
    let row = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(" ");
    lines.map(row).collect::<Vec<_>>().join("|")
}

fn sorted(rows: &str) -> String {
    let mut rows: Vec<_> = rows.split('|').collect();
    rows.sort_unstable();
    rows.join("|")
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(arrow::array::Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(arrow::array::StringArray::from(values.to_vec()))
}

fn types(opened: &Opened) -> Vec<String> {
    opened.provider.schema().fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}
