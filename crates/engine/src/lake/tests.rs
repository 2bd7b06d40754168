//! Managed tables: what writers do to each other and readers see of it, on the local disk and on S3.

mod readers;
pub(crate) mod s3;
mod upkeep;

use crate::{DataFusionEngine, Options};
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use datahall_core::dataset::{DatasetSpec, Location, ReadOptions, S3Options, Source};
use datahall_core::engine::{Access, Engine, Handle, Rows, Table};
use datahall_core::lake::{Compaction, Provenance, Write, WriteMode, Written};
use datahall_core::query::Query;
use datahall_core::{Code, Error, Result};
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;

struct Lab {
    engine: Arc<DataFusionEngine>,
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("lake").display().to_string();
        Self::at(folder, Location { url, s3: S3Options::default() })
    }

    /// On S3; its log can be looked at in the folder behind the bucket.
    fn on(server: &s3::S3Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(server.root.path().join(s3::BUCKET), folder.path().join("lake")).unwrap();
        Self::at(folder, Location { url: format!("s3://{}", s3::BUCKET), s3: server.options() })
    }

    fn at(folder: tempfile::TempDir, lake: Location) -> Self {
        let spill_dir = folder.path().join("spill");
        let options = Options {
            memory_budget_bytes: 1 << 28,
            query_memory_bytes: 1 << 28,
            spill_bytes: 1 << 30,
            spill_dir,
            lake,
            lakehouse: folder.path().join("lakehouse"),
            threads: 2,
        };
        Self { engine: DataFusionEngine::new(options).unwrap(), folder }
    }

    async fn write(&self, rows: Rows, mode: WriteMode, once: Option<&str>) -> Result<Written> {
        let provenance = Provenance {
            user: "user:ann".into(),
            job: Some("j1".into()),
            recipe_run: Some("r1".into()),
            made_of: Some("m1".into()),
            once: once.map(Into::into),
        };
        self.engine.write("default/t", rows, &Write { mode, provenance }).await
    }

    async fn open(&self, version: Option<u64>) -> Result<Arc<dyn Table>> {
        let source = Source::Managed { table: "default/t".into(), version };
        let options = ReadOptions { lazy: true, ..ReadOptions::default() };
        self.engine.open(&DatasetSpec { name: "t".into(), description: None, source, options }, &Access::default()).await
    }

    /// The ids and names of the table, ordered.
    async fn rows(&self, table: Arc<dyn Table>) -> Vec<(i64, Option<String>)> {
        let handle = Handle { table, policy: Arc::default() };
        let query = Query::default().resolve(&handle.schema(), &handle.policy).unwrap();
        let batches: Vec<RecordBatch> = self.engine.read(&handle, &query).await.unwrap().batches.try_collect().await.unwrap();
        let mut rows: Vec<_> = batches
            .iter()
            .flat_map(|batch| {
                let ids = batch.column_by_name("id").unwrap().as_primitive::<Int64Type>().values().to_vec();
                let names = batch.column_by_name("name").unwrap();
                let names = arrow::compute::cast(names, &arrow::datatypes::DataType::Utf8).unwrap();
                let names: Vec<_> = names.as_string::<i32>().iter().map(|name| name.map(str::to_owned)).collect();
                ids.into_iter().zip(names)
            })
            .collect();
        rows.sort();
        rows
    }

    async fn now(&self) -> Vec<(i64, Option<String>)> {
        self.rows(self.open(None).await.unwrap()).await
    }

    fn log(&self) -> Vec<String> {
        let folder = self.folder.path().join("lake/default/t/_delta_log");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".json"))
            .collect();
        names.sort();
        names
    }
}

fn managed() -> Source {
    Source::Managed { table: "default/t".into(), version: None }
}

fn batch(ids: &[i64], name: &str) -> RecordBatch {
    let names = StringArray::from(vec![name; ids.len()]);
    RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(ids.to_vec())) as _), ("name", Arc::new(names) as _)]).unwrap()
}

fn of(batch: RecordBatch) -> Rows {
    Rows { schema: batch.schema(), batches: futures::stream::iter([Ok(batch)]).boxed() }
}

fn named(ids: &[i64], name: &str) -> Vec<(i64, Option<String>)> {
    ids.iter().map(|id| (*id, Some(name.to_owned()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_is_one_version_and_readers_keep_theirs() {
    let lab = Lab::new();
    let first = lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, None).await.unwrap();
    assert_eq!((first.version, first.rows), (0, 2));
    let reader = lab.open(None).await.unwrap();
    assert_eq!(lab.write(of(batch(&[3], "b")), WriteMode::Append, None).await.unwrap().version, 1);
    assert_eq!(lab.now().await, [named(&[1, 2], "a"), named(&[3], "b")].concat());
    assert_eq!(lab.write(of(batch(&[9], "c")), WriteMode::Overwrite, None).await.unwrap().version, 2);
    assert_eq!(lab.now().await, named(&[9], "c"));
    assert_eq!(lab.rows(reader).await, named(&[1, 2], "a"));
    assert_eq!(lab.rows(lab.open(Some(1)).await.unwrap()).await, [named(&[1, 2], "a"), named(&[3], "b")].concat());
    assert!(lab.open(Some(7)).await.is_err());
    assert_eq!(lab.log().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overwrite_may_change_the_columns_and_an_append_may_not() {
    let lab = Lab::new();
    lab.write(of(batch(&[1], "a")), WriteMode::Append, None).await.unwrap();
    let moments = TimestampMicrosecondArray::from(vec![0]);
    let other =
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(vec![1])) as _), ("at", Arc::new(moments) as _)]).unwrap();
    let refused = lab.write(of(other.clone()), WriteMode::Append, None).await.unwrap_err();
    assert_eq!((refused.code(), refused.message().contains("at")), (Code::Invalid, true));
    assert_eq!(lab.write(of(other), WriteMode::Overwrite, None).await.unwrap().version, 1);
    let names: Vec<_> = lab.open(None).await.unwrap().info().schema.fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "at"]);
    assert_eq!(lab.rows(lab.open(Some(0)).await.unwrap()).await, named(&[1], "a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_replaces_what_has_the_same_key() {
    let lab = Lab::new();
    let merge = || WriteMode::Merge { keys: vec!["ID".into()] };
    lab.write(of(batch(&[1, 2, 3], "old")), merge(), None).await.unwrap();
    assert_eq!(lab.write(of(batch(&[2, 4], "new")), merge(), None).await.unwrap().version, 1);
    let expected = vec![(1, Some("old".into())), (2, Some("new".into())), (3, Some("old".into())), (4, Some("new".into()))];
    assert_eq!(lab.now().await, expected);
    let twice = lab.write(of(batch(&[7, 7], "x")), merge(), None).await.unwrap_err();
    assert!(twice.message().contains("same ID"), "{twice:?}");
    let unknown = lab.write(of(batch(&[7], "x")), WriteMode::Merge { keys: vec!["key".into()] }, None).await.unwrap_err();
    assert_eq!(unknown.message(), "unknown column: key");
    assert_eq!(lab.now().await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_or_is_done_again_leaves_nothing() {
    let lab = Lab::new();
    lab.write(of(batch(&[1], "a")), WriteMode::Append, Some("activity-1")).await.unwrap();
    let again = lab.write(of(batch(&[1], "a")), WriteMode::Append, Some("activity-1")).await.unwrap();
    assert_eq!((again.version, lab.log().len()), (0, 1));
    let broken = batch(&[2], "b");
    let rows = futures::stream::iter([Ok(broken.clone()), Err(Error::invalid("row 7 is broken"))]).boxed();
    let error = lab.write(Rows { schema: broken.schema(), batches: rows }, WriteMode::Overwrite, None).await.unwrap_err();
    assert_eq!((error.message(), lab.log().len()), ("row 7 is broken", 1));
    assert_eq!(lab.now().await, named(&[1], "a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_made_a_version_stands_in_its_log() {
    let lab = Lab::new();
    lab.write(of(batch(&[1], "a")), WriteMode::Append, None).await.unwrap();
    let first = lab.folder.path().join("lake/default/t/_delta_log").join(&lab.log()[0]);
    let info = std::fs::read_to_string(first).unwrap();
    let info = info.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap().get("commitInfo").cloned());
    let info = info.unwrap();
    assert_eq!((&info["userName"], &info["jobId"], &info["recipe_run_id"]), (&"user:ann".into(), &"j1".into(), &"r1".into()));
    assert_eq!((&info["operation"], &info["datahallMadeOf"]), (&"WRITE".into(), &"m1".into()));
}

/// How many appends each of eight writers makes.
#[allow(clippy::disallowed_methods, reason = "the long run of the tests asks for all of them")]
fn appends() -> i64 {
    if std::env::var("DATAHALL_LONG").is_ok() { 100 } else { 8 }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_append_beside_a_compaction_and_nothing_is_lost() {
    eight_writers(Lab::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_append_beside_a_compaction_on_s3() {
    let server = s3::S3Server::start().await;
    eight_writers(Lab::on(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_on_s3_are_written_merged_and_read_as_of_a_version() {
    let server = s3::S3Server::start().await;
    let lab = Lab::on(&server);
    lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, Some("x")).await.unwrap();
    assert_eq!(lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, Some("x")).await.unwrap().version, 0);
    lab.write(of(batch(&[2, 3], "b")), WriteMode::Merge { keys: vec!["id".into()] }, None).await.unwrap();
    assert_eq!(lab.now().await, [named(&[1], "a"), named(&[2, 3], "b")].concat());
    assert_eq!(lab.rows(lab.open(Some(0)).await.unwrap()).await, named(&[1, 2], "a"));
    lab.write(of(batch(&[9], "c")), WriteMode::Overwrite, None).await.unwrap();
    assert_eq!((lab.now().await, lab.log().len()), (named(&[9], "c"), 3));
}

async fn eight_writers(lab: Lab) {
    let (lab, appends) = (Arc::new(lab), appends());
    lab.write(of(batch(&[-1], "first")), WriteMode::Append, None).await.unwrap();
    let compact = async || {
        let how = Compaction { target_bytes: 1 << 20, z_order: Vec::new(), provenance: Provenance::default() };
        lab.engine.compact(&managed(), &how, &Access::default()).await.unwrap()
    };
    let writers = (0..8).map(|writer| {
        let lab = lab.clone();
        tokio::spawn(async move {
            for at in 0..appends {
                lab.write(of(batch(&[writer * appends + at], "w")), WriteMode::Append, None).await.unwrap();
            }
        })
    });
    let writers = futures::future::join_all(writers);
    tokio::pin!(writers);
    let mut compactions = 0;
    loop {
        tokio::select! {
            done = &mut writers => {
                done.into_iter().for_each(|one| one.unwrap());
                break;
            }
            made = compact() => compactions += u64::from(made.files_added > 0),
        }
    }
    let expected: Vec<_> = [named(&[-1], "first"), named(&(0..8 * appends).collect::<Vec<_>>(), "w")].concat();
    assert_eq!(lab.now().await, expected);
    let versions: Vec<u64> = lab.log().iter().map(|name| name[..20].parse().unwrap()).collect();
    assert_eq!(versions, (0..versions.len() as u64).collect::<Vec<_>>());
    assert!(versions.len() as i64 > 8 * appends && compactions > 0, "{} versions, {compactions} compactions", versions.len());
    let before = compact().await;
    let sorted = Compaction { target_bytes: 1 << 20, z_order: vec!["ID".into()], provenance: Provenance::default() };
    assert!(lab.engine.compact(&managed(), &sorted, &Access::default()).await.unwrap().version > before.version);
    assert_eq!(lab.now().await, expected);
}
