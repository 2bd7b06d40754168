//! The upkeep of tables, ours and those that PyPI `deltalake` wrote: what each side makes of the other's, and of readers meanwhile.

use super::readers::python;
use super::*;
use datahall_core::lake::{NO_SUCH_VERSION, Vacuum, Vacuumed};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_secs(3600);

impl Lab {
    fn table(&self) -> PathBuf {
        self.folder.path().join("lake/default/t")
    }

    /// Runs `script` over the folder `theirs`, which it calls `place`; gives what it puts into `out`.
    fn python(&self, script: &str) -> Value {
        let script = format!(
            "import json, os, sys\nimport pyarrow as pa\nimport deltalake\nplace, ours = sys.argv[1:]\nout = None\n{script}\n\
             print(json.dumps(out), flush=True)\n\
             # Its threads have been seen to abort the interpreter when it ends by itself.\nos._exit(0)"
        );
        let (theirs, ours) = (self.folder.path().join("theirs"), self.table());
        let output = Command::new(python()).args(["-c", &script]).arg(theirs).arg(ours).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn theirs(&self) -> Source {
        let url = self.folder.path().join("theirs").display().to_string();
        Source::Delta { location: Location { url, s3: S3Options::default() }, version: None }
    }

    async fn opened(&self, source: Source) -> Result<Arc<dyn Table>> {
        let options = ReadOptions { lazy: true, ..ReadOptions::default() };
        self.engine.open(&DatasetSpec { name: "t".into(), description: None, source, options }, &Access::default()).await
    }

    async fn vacuum_of(&self, source: &Source, retention: Duration, dry_run: bool) -> Result<Vacuumed> {
        let how = Vacuum { retention, dry_run, provenance: Provenance { user: "user:bob".into(), ..Provenance::default() } };
        self.engine.vacuum(source, &how, &Access::default()).await
    }

    async fn vacuum(&self, retention: Duration) -> Vacuumed {
        self.vacuum_of(&managed(), retention, false).await.unwrap()
    }

    async fn restore(&self, source: &Source, version: u64) -> Result<Written> {
        let provenance = Provenance { user: "user:bob".into(), ..Provenance::default() };
        self.engine.restore(source, version, &provenance, &Access::default()).await
    }

    /// Version, operation and rows of each version, the newest first.
    async fn story(&self, source: &Source) -> Vec<(u64, String, Option<u64>)> {
        let (commits, total) = self.engine.history(source, (1000, 0), &Access::default()).await.unwrap();
        assert_eq!(commits.len() as u64, total);
        commits.into_iter().map(|commit| (commit.version, commit.operation, commit.rows)).collect()
    }

    fn data_files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.table())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".parquet"))
            .collect();
        names.sort();
        names
    }
}

fn told(version: u64, operation: &str, rows: u64) -> (u64, String, Option<u64>) {
    (version, operation.to_owned(), Some(rows))
}

fn compaction(z_order: &[&str]) -> Compaction {
    let z_order = z_order.iter().map(|name| (*name).to_owned()).collect();
    Compaction { target_bytes: 1 << 20, z_order, provenance: Provenance::default() }
}

async fn every_version_is_told(lab: &Lab) {
    assert_eq!(lab.engine.history(&managed(), (10, 0), &Access::default()).await.unwrap_err().code(), Code::NotFound);
    lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, None).await.unwrap();
    lab.write(of(batch(&[3], "b")), WriteMode::Append, None).await.unwrap();
    lab.engine.compact(&managed(), &compaction(&[]), &Access::default()).await.unwrap();
    lab.write(of(batch(&[2, 7], "c")), WriteMode::Merge { keys: vec!["id".into()] }, None).await.unwrap();
    lab.write(of(batch(&[9], "d")), WriteMode::Overwrite, None).await.unwrap();
    let expected = [told(4, "WRITE", 1), told(3, "MERGE", 4), told(2, "OPTIMIZE", 3), told(1, "WRITE", 3), told(0, "WRITE", 2)];
    assert_eq!(lab.story(&managed()).await, expected);
    let (page, total) = lab.engine.history(&managed(), (2, 1), &Access::default()).await.unwrap();
    assert_eq!((page.iter().map(|commit| commit.version).collect::<Vec<_>>(), total), (vec![3, 2], 5));
    let first = &lab.engine.history(&managed(), (1, 4), &Access::default()).await.unwrap().0[0];
    assert_eq!(
        (first.user.as_deref(), first.job.as_deref(), first.recipe_run.as_deref(), first.made_of.as_deref()),
        (Some("user:ann"), Some("j1"), Some("r1"), Some("m1"))
    );
    assert!(lab.engine.history(&managed(), (9, 5), &Access::default()).await.unwrap().0.is_empty());
    let (all, _) = lab.engine.history(&managed(), (9, 0), &Access::default()).await.unwrap();
    for (commit, rows) in all.iter().zip([1, 4, 3, 3, 2]) {
        let at = lab.engine.version_at(&managed(), commit.at, &Access::default()).await.unwrap();
        assert_eq!(at, commit.version);
        assert_eq!(lab.rows(lab.open(Some(at)).await.unwrap()).await.len(), rows);
    }
    let early = all[4].at - chrono::TimeDelta::milliseconds(1);
    let none = lab.engine.version_at(&managed(), early, &Access::default()).await.unwrap_err();
    assert_eq!((none.code(), none.reason()), (Code::NotFound, Some(NO_SUCH_VERSION)));
    let beyond = lab.open(Some(5)).await.err().unwrap();
    assert_eq!((beyond.message(), beyond.reason()), ("not found: version 5: the newest is 4", Some(NO_SUCH_VERSION)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_of_ours_is_told_and_read() {
    every_version_is_told(&Lab::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_told_on_s3() {
    let server = s3::S3Server::start().await;
    every_version_is_told(&Lab::on(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_log_that_was_cleaned_is_told_with_its_rows() {
    let lab = Lab::new();
    let made = lab.python(
        r#"
for at in range(6):
    rows = pa.table({"id": list(range(at + 1)), "name": ["p%d" % at] * (at + 1)})
    info = {"recipe_run_id": "run-%d" % at} if at % 2 else {"userMetadata": json.dumps({"recipe_run_id": at})}
    deltalake.write_deltalake(place, rows, mode="append", commit_properties=deltalake.CommitProperties(custom_metadata=info))
table = deltalake.DeltaTable(place)
table.delete("id >= 4")
table.create_checkpoint()
out = [[one["version"], one["timestamp"]] for one in table.history()]
for version in range(3):
    __import__("os").remove(place + "/_delta_log/%020d.json" % version)
"#,
    );
    assert_eq!(made.as_array().unwrap().len(), 7);
    // 1+2+3+4+5+6 rows; deleted are one of the fifth write and two of the sixth.
    let (commits, total) = lab.engine.history(&lab.theirs(), (9, 0), &Access::default()).await.unwrap();
    assert_eq!(total, 4);
    let told: Vec<_> = commits.iter().map(|commit| (commit.version, commit.operation.as_str(), commit.rows)).collect();
    assert_eq!(told, [(6, "DELETE", Some(18)), (5, "WRITE", None), (4, "WRITE", None), (3, "WRITE", None)]);
    let runs: Vec<_> = commits.iter().map(|commit| commit.recipe_run.as_deref()).collect();
    assert_eq!(runs, [None, Some("run-5"), Some("4"), Some("run-3")]);
    for (commit, theirs) in commits.iter().zip(made.as_array().unwrap()) {
        assert_eq!(json!([commit.version, commit.at.timestamp_millis()]), *theirs);
    }
    assert_eq!(commits[0].metrics["num_deleted_rows"], "3");
    let gone = lab.opened(match lab.theirs() {
        Source::Delta { location, .. } => Source::Delta { location, version: Some(4) },
        other => other,
    });
    assert_eq!(gone.await.err().unwrap().reason(), Some(NO_SUCH_VERSION));
    assert_eq!(lab.rows(lab.opened(lab.theirs()).await.unwrap()).await.len(), 18);
}

/// Lets each file that the log says was removed have been removed longer ago.
fn backdate(lab: &Lab, by: Duration) {
    for name in lab.log() {
        let path = lab.table().join("_delta_log").join(name);
        let lines = std::fs::read_to_string(&path).unwrap();
        let moved = lines.lines().map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            if let Some(at) = action["remove"]["deletionTimestamp"].as_i64() {
                action["remove"]["deletionTimestamp"] = (at - by.as_millis() as i64).into();
            }
            action.to_string()
        });
        std::fs::write(&path, moved.collect::<Vec<_>>().join("\n")).unwrap();
    }
}

async fn only_what_is_old_goes(lab: &Lab) {
    lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, None).await.unwrap();
    let first = lab.data_files();
    lab.write(of(batch(&[3], "b")), WriteMode::Overwrite, None).await.unwrap();
    std::fs::write(lab.table().join("failed.parquet"), "x").unwrap();
    assert!(lab.vacuum(HOUR).await.files.is_empty());
    backdate(lab, 2 * HOUR);
    let stray = std::fs::File::options().write(true).open(lab.table().join("failed.parquet")).unwrap();
    let would = lab.vacuum_of(&managed(), HOUR, true).await.unwrap();
    assert_eq!(would.files, first);
    assert_eq!((lab.data_files().len(), lab.log().len()), (3, 2));
    let done = lab.vacuum(HOUR).await;
    assert_eq!((&done.files, done.bytes), (&first, would.bytes));
    assert!(lab.vacuum(3 * HOUR).await.files.is_empty());
    stray.set_modified(SystemTime::now() - 2 * HOUR).unwrap();
    assert_eq!(lab.vacuum(HOUR).await.files, ["failed.parquet"]);
    assert_eq!((lab.now().await, lab.data_files().len()), (named(&[3], "b"), 1));
    let story = lab.story(&managed()).await;
    let told: Vec<_> = story.iter().map(|(_, operation, rows)| (operation.as_str(), *rows)).collect();
    assert_eq!(told[..2], [("VACUUM END", Some(1)), ("VACUUM START", Some(1))]);
    let (commits, _) = lab.engine.history(&managed(), (1, 3), &Access::default()).await.unwrap();
    assert_eq!((commits[0].user.as_deref(), commits[0].metrics["numFilesToDelete"].as_str()), (Some("user:bob"), "1"));
    let gone = lab.open(Some(0)).await.err().unwrap();
    assert_eq!((gone.code(), gone.reason()), (Code::NotFound, Some(NO_SUCH_VERSION)));
    let refused = lab.restore(&managed(), 0).await.unwrap_err();
    assert_eq!((refused.reason(), lab.log().len()), (Some(NO_SUCH_VERSION), 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_old_and_not_needed_is_cleared_away() {
    let lab = Lab::new();
    only_what_is_old_goes(&lab).await;
    let read = lab.python("out = deltalake.DeltaTable(ours).to_pyarrow_table().to_pylist()");
    assert_eq!(read, json!([{"id": 3, "name": "b"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn clearing_away_works_on_s3() {
    let server = s3::S3Server::start().await;
    only_what_is_old_goes(&Lab::on(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_cleared_away_from_under_readers() {
    let lab = Lab::new();
    lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, None).await.unwrap();
    lab.write(of(batch(&[3], "b")), WriteMode::Append, None).await.unwrap();
    let reader = lab.open(None).await.unwrap();
    let handle = Handle { table: reader.clone(), policy: Arc::default() };
    let query = Query::default().resolve(&handle.schema(), &handle.policy).unwrap();
    let begun = lab.engine.read(&handle, &query).await.unwrap();
    lab.engine.compact(&managed(), &compaction(&[]), &Access::default()).await.unwrap();
    lab.write(of(batch(&[9], "c")), WriteMode::Overwrite, None).await.unwrap();
    // Two files of the reader's; what the compaction made is nobody's.
    assert_eq!(lab.vacuum(Duration::ZERO).await.files.len(), 1);
    assert_eq!(lab.restore(&managed(), 1).await.unwrap().rows, 3);
    assert_eq!(lab.rows(reader).await, [named(&[1, 2], "a"), named(&[3], "b")].concat());
    drop(handle);
    let batches: Vec<RecordBatch> = begun.batches.try_collect().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    lab.write(of(batch(&[9], "c")), WriteMode::Overwrite, None).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), async {
        // The last of what a reader held goes with its threads.
        while lab.data_files().len() > 1 {
            lab.vacuum(Duration::ZERO).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(lab.now().await, named(&[9], "c"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_cleared_away_from_under_writers() {
    let lab = Arc::new(Lab::new());
    lab.write(of(batch(&[1], "a")), WriteMode::Append, None).await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let slow = batch(&[2], "b");
    let rows = futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|one| (Ok(one), receiver)) });
    let rows = Rows { schema: slow.schema(), batches: rows.boxed() };
    let writing = tokio::spawn({
        let lab = lab.clone();
        async move { lab.write(rows, WriteMode::Append, None).await }
    });
    sender.send(slow).await.unwrap();
    // What a write that goes on has written by now is not known to the log.
    let begun = lab.table().join("part-of-a-write.parquet");
    std::fs::write(&begun, "x").unwrap();
    assert!(lab.vacuum(Duration::ZERO).await.files.is_empty());
    drop(sender);
    writing.await.unwrap().unwrap();
    assert_eq!(lab.now().await, [named(&[1], "a"), named(&[2], "b")].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_is_a_new_version_with_the_columns_of_then() {
    let lab = Lab::new();
    lab.write(of(batch(&[1, 2], "a")), WriteMode::Append, None).await.unwrap();
    let other = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![5])) as _)]).unwrap();
    lab.write(of(other), WriteMode::Overwrite, None).await.unwrap();
    let reader = lab.open(None).await.unwrap();
    let back = lab.restore(&managed(), 0).await.unwrap();
    assert_eq!((back.version, back.rows), (2, 2));
    assert_eq!(lab.now().await, named(&[1, 2], "a"));
    assert_eq!(reader.info().schema.fields().len(), 1);
    assert_eq!(lab.restore(&managed(), 2).await.unwrap().version, 2);
    assert_eq!(lab.restore(&managed(), 3).await.unwrap_err().reason(), Some(NO_SUCH_VERSION));
    let once = Provenance { once: Some("r".into()), ..Provenance::default() };
    for _ in 0..2 {
        assert_eq!(lab.engine.restore(&managed(), 1, &once, &Access::default()).await.unwrap().version, 3);
    }
    let story = [told(3, "RESTORE", 1), told(2, "RESTORE", 2), told(1, "WRITE", 1), told(0, "WRITE", 2)];
    assert_eq!(lab.story(&managed()).await, story);
    let read = lab.python("table = deltalake.DeltaTable(ours)\nout = [table.version(), table.to_pyarrow_table().to_pylist()]");
    assert_eq!(read, json!([3, [{"n": 5}]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_others_are_kept_up_and_they_read_them() {
    let lab = Lab::new();
    lab.python(
        r#"
for at in range(5):
    rows = pa.table({"id": [at, at + 10], "name": ["x"] * 2, "p q": ["a/b", "c%20d"]})
    deltalake.write_deltalake(place, rows, mode="append", partition_by=["p q"])
"#,
    );
    let source = lab.theirs();
    let ids: Vec<i64> = (0..5).chain(10..15).collect();
    let reader = lab.opened(source.clone()).await.unwrap();
    let made = lab.engine.compact(&source, &compaction(&[]), &Access::default()).await.unwrap();
    assert_eq!((made.version, made.files_removed, made.files_added), (5, 10, 2));
    assert_eq!(lab.engine.compact(&source, &compaction(&[]), &Access::default()).await.unwrap().version, 5);
    let action = std::fs::read_to_string(lab.folder.path().join("theirs/_delta_log/00000000000000000005.json")).unwrap();
    assert!(action.lines().filter(|line| line.contains("\"add\"")).all(|line| line.contains("\"dataChange\":false")));
    assert_eq!(lab.rows(reader.clone()).await, named(&ids, "x"));
    assert!(lab.vacuum_of(&source, Duration::ZERO, false).await.unwrap().files.is_empty());
    assert_eq!(lab.rows(reader.clone()).await, named(&ids, "x"));
    drop(reader);
    assert_eq!(lab.vacuum_of(&source, Duration::ZERO, false).await.unwrap().files.len(), 10);
    assert_eq!(lab.rows(lab.opened(source.clone()).await.unwrap()).await, named(&ids, "x"));
    let sorted = lab.engine.compact(&source, &compaction(&["ID", "name"]), &Access::default()).await.unwrap();
    assert_eq!(sorted.version, 8);
    for (columns, why) in [(["p q"], "partitioned by"), (["nope"], "unknown column: nope")] {
        let refused = lab.engine.compact(&source, &compaction(&columns), &Access::default()).await.unwrap_err();
        assert!(refused.code() == Code::Invalid && refused.message().contains(why), "{refused:?}");
    }
    let twice = lab.engine.compact(&source, &compaction(&["id", "ID"]), &Access::default()).await.unwrap_err();
    assert!(twice.message().contains("twice"), "{twice:?}");
    let read = lab.python(
        "table = deltalake.DeltaTable(place)\nrows = table.to_pyarrow_table()\nout = [table.version(), sorted(rows['id'].to_pylist()), sorted(set(rows['p q'].to_pylist())), [one['operation'] for one in table.history()]]",
    );
    let operations = ["OPTIMIZE", "VACUUM END", "VACUUM START", "OPTIMIZE", "WRITE", "WRITE", "WRITE", "WRITE", "WRITE"];
    assert_eq!(read, json!([8, ids, ["a/b", "c%20d"], operations]));
}

#[tokio::test(flavor = "multi_thread")]
async fn theirs_are_restored_and_ours_by_them() {
    let lab = Lab::new();
    lab.write(of(batch(&[1], "a")), WriteMode::Append, None).await.unwrap();
    lab.write(of(batch(&[2], "b")), WriteMode::Append, None).await.unwrap();
    lab.python(
        r#"
deltalake.DeltaTable(ours).restore(0)
for at in range(2):
    deltalake.write_deltalake(place, pa.table({"id": [at], "name": ["x"]}), mode="overwrite")
"#,
    );
    assert_eq!(lab.now().await, named(&[1], "a"));
    assert_eq!(lab.story(&managed()).await[0], told(2, "RESTORE", 1));
    assert_eq!(lab.restore(&lab.theirs(), 0).await.unwrap().version, 2);
    let read = lab.python("out = deltalake.DeltaTable(place).to_pyarrow_table().to_pylist()");
    assert_eq!(read, json!([{"id": 0, "name": "x"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_lead_outside_are_left_alone() {
    let lab = Lab::new();
    let secret = lab.folder.path().join("secret.parquet");
    lab.python(
        r#"
import shutil
deltalake.write_deltalake(place, pa.table({"id": [1], "name": ["x"]}))
deltalake.write_deltalake(place, pa.table({"id": [2], "name": ["x"]}), mode="append")
shutil.copy(deltalake.DeltaTable(place).file_uris()[0], place + "/../secret.parquet")
"#,
    );
    let log = lab.folder.path().join("theirs/_delta_log");
    let size = std::fs::metadata(&secret).unwrap().len();
    for path in [
        secret.display().to_string(),
        format!("file://{}", secret.display()),
        "../secret.parquet".to_owned(),
        "a/%2e%2e/../../secret.parquet".to_owned(),
    ] {
        let add = json!({"add": {"path": path, "size": size, "partitionValues": {}, "modificationTime": 1, "dataChange": true}});
        std::fs::write(log.join("00000000000000000002.json"), add.to_string()).unwrap();
        let source = lab.theirs();
        for refused in [
            lab.engine.compact(&source, &compaction(&[]), &Access::default()).await.unwrap_err(),
            lab.vacuum_of(&source, Duration::ZERO, false).await.unwrap_err(),
            lab.restore(&source, 2).await.unwrap_err(),
            lab.opened(source.clone()).await.err().unwrap(),
        ] {
            assert_eq!(refused.code(), Code::Invalid, "{path}: {refused:?}");
        }
        // It leads nowhere that a removed file is deleted from.
        let remove = json!({"remove": {"path": path, "deletionTimestamp": 1, "dataChange": true}});
        std::fs::write(log.join("00000000000000000002.json"), remove.to_string()).unwrap();
        assert!(lab.vacuum_of(&source, Duration::ZERO, false).await.unwrap().files.is_empty());
        assert!(secret.exists());
    }
    let within = Access { roots: Some(vec![lab.folder.path().join("lake")]), private_networks: false };
    let how = Vacuum { retention: HOUR, dry_run: true, provenance: Provenance::default() };
    let source = lab.theirs();
    for refused in [
        lab.engine.history(&source, (1, 0), &within).await.unwrap_err(),
        lab.engine.vacuum(&source, &how, &within).await.unwrap_err(),
        lab.engine.compact(&source, &compaction(&[]), &within).await.unwrap_err(),
        lab.engine.restore(&source, 0, &Provenance::default(), &within).await.unwrap_err(),
    ] {
        assert!(refused.code() == Code::Invalid && refused.message().contains("outside the folders"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_table_is_said_to_be_none() {
    let lab = Lab::new();
    std::fs::create_dir(lab.folder.path().join("theirs")).unwrap();
    for error in [
        lab.engine.history(&lab.theirs(), (1, 0), &Access::default()).await.unwrap_err(),
        lab.engine.compact(&lab.theirs(), &compaction(&[]), &Access::default()).await.unwrap_err(),
        lab.vacuum_of(&lab.theirs(), HOUR, false).await.unwrap_err(),
        lab.restore(&lab.theirs(), 0).await.unwrap_err(),
    ] {
        assert!(error.code() == Code::Invalid && error.message().contains("no Delta table here"), "{error:?}");
    }
    for error in [
        lab.engine.compact(&managed(), &compaction(&[]), &Access::default()).await.unwrap_err(),
        lab.vacuum_of(&managed(), HOUR, false).await.unwrap_err(),
        lab.restore(&managed(), 0).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::NotFound, "{error:?}");
    }
    assert!(!lab.folder.path().join("lake").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_table_is_gone_and_its_name_free() {
    let server = s3::S3Server::start().await;
    for lab in [Lab::new(), Lab::on(&server)] {
        lab.engine.drop_managed("default/t").await.unwrap();
        lab.write(of(batch(&[1], "a")), WriteMode::Append, None).await.unwrap();
        lab.engine.drop_managed("default/t").await.unwrap();
        assert!(lab.open(None).await.is_err());
        let left = std::fs::read_dir(lab.folder.path().join("lake/default")).map_or(0, Iterator::count);
        assert!(left <= 1, "{left}");
        lab.write(of(batch(&[2], "b")), WriteMode::Append, None).await.unwrap();
        assert_eq!(lab.now().await, named(&[2], "b"));
        lab.engine.drop_managed("default/t").await.unwrap();
        assert!(lab.engine.drop_managed("../x").await.is_err());
    }
}
