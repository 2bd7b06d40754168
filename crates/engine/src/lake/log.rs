//! The log of a table read from end to end: each version, and what there is of files after the last.

use super::Lake;
use super::failed::failed;
use super::place::Table;
use crate::sources::pinned_file::PinnedFile;
use crate::sources::pinned_store::{PinnedStore, Registration};
use crate::sources::{delta, delta_log, hive};
use chrono::{DateTime, TimeDelta, Utc};
use datahall_core::lake::Commit;
use datahall_core::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Files of the log that are read at once.
const AT_ONCE: usize = 16;

/// A log that was read.
pub(super) struct Log {
    /// What is left of the versions, the oldest first.
    pub(super) commits: Vec<Commit>,
    /// `None` when what is left does not lead to the newest version.
    pub(super) files: Option<Files>,
}

/// What the log says of files.
#[derive(Default)]
pub(super) struct Files {
    /// Those of the newest version.
    live: HashMap<Key, Live>,
    /// When each that was ever removed was removed last, in milliseconds since 1970. It may be live again since.
    pub(super) removed: HashMap<String, i64>,
    rows: u64,
    /// Live files of which the log does not say how many rows they have.
    unknown: usize,
}

/// A file with its deletion vector: the same file with another one is another entry of the log.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    path: String,
    vector: Option<String>,
}

struct Live {
    rows: Option<u64>,
    vector: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    add: Option<Add>,
    remove: Option<Remove>,
    #[serde(rename = "commitInfo")]
    info: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Add {
    path: String,
    stats: Option<String>,
    deletion_vector: Option<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remove {
    path: String,
    deletion_timestamp: Option<i64>,
    deletion_vector: Option<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    storage_type: String,
    path_or_inline_dv: String,
    offset: Option<i64>,
    cardinality: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    num_records: Option<i64>,
}

impl Lake {
    /// Reads the log of the table.
    ///
    /// # Errors
    /// `Invalid` when it is no table or its log cannot be read; `NotFound` for a managed one that was not written yet.
    pub(super) async fn log(&self, table: &Table) -> Result<Log> {
        let url = table.location.url.as_str();
        let parts = delta::log_files(&table.location, &table.access).await.map_err(|error| table.missing(error))?;
        let mut commits: Vec<(u64, PinnedFile)> =
            parts.iter().filter_map(|file| Some((delta_log::commit(&file.name)?, file.clone()))).collect();
        commits.sort_by_key(|(version, _)| *version);
        let versions: Vec<u64> = commits.iter().map(|(version, _)| *version).collect();
        let checkpoints: Vec<u64> = parts.iter().filter_map(|file| delta_log::checkpoint(&file.name)).collect();
        let base = base(&versions, &checkpoints);
        let mut log = Log { commits: Vec::new(), files: None };
        if base == Some(Base::Nothing) {
            log.files = Some(Files::default());
        }
        let checkpoint = if let Some(Base::Checkpoint(version)) = base { Some(version) } else { None };
        let mut loaded = match checkpoint {
            Some(version) => Some(self.at_checkpoint(url, parts, version).await?),
            None => None,
        };
        let read = |(version, file): (u64, PinnedFile)| async move { Ok::<_, Error>((version, lines(&file).await?, file)) };
        let mut read = stream::iter(commits).map(read).buffered(AT_ONCE);
        while let Some((version, lines, file)) = read.try_next().await.map_err(|error| error.context(url))? {
            // The commit that the checkpoint was made of is part of it already.
            if checkpoint.is_some_and(|at| version > at)
                && let Some(files) = loaded.take()
            {
                log.files = Some(files);
            }
            log.take(version, lines, &file);
            if checkpoint == Some(version)
                && let (Some(files), Some(commit)) = (&loaded, log.commits.last_mut())
            {
                commit.rows = files.rows();
            }
        }
        if let Some(files) = loaded {
            log.files = Some(files);
        }
        Ok(log)
    }

    /// The files of the version that a checkpoint is of.
    async fn at_checkpoint(&self, url: &str, parts: Vec<PinnedFile>, version: u64) -> Result<Files> {
        let registration = Registration::new(&self.context.runtime_env(), PinnedStore::by_name(parts))?;
        let table = delta::load(url, &registration, Some(version)).await?;
        let state = table.snapshot().map_err(failed)?;
        let mut files = Files::default();
        for view in state.log_data().iter() {
            let vector = view.deletion_vector_descriptor().map(|vector| Vector {
                storage_type: vector.storage_type.to_string(),
                path_or_inline_dv: vector.path_or_inline_dv,
                offset: vector.offset.map(i64::from),
                cardinality: Some(vector.cardinality),
            });
            let rows = view.num_records().and_then(|rows| i64::try_from(rows).ok());
            files.add(view.path().into_owned(), vector.as_ref(), rows);
        }
        let store = table.log_store();
        let mut removed = state.all_tombstones(store.as_ref());
        while let Some(tombstone) = removed.try_next().await.map_err(failed)? {
            files.remove(tombstone.path().into_owned(), None, tombstone.deletion_timestamp().unwrap_or_default());
        }
        Ok(files)
    }
}

/// From where the files of later versions can be followed.
#[derive(Debug, PartialEq, Eq)]
enum Base {
    Nothing,
    Checkpoint(u64),
}

/// The earliest base from which no commit is missing up to the newest; both lists are of versions, `commits` in order.
fn base(commits: &[u64], checkpoints: &[u64]) -> Option<Base> {
    let newest = commits.iter().chain(checkpoints).max()?;
    // The first commit of those that follow each other up to the newest.
    let run = commits.last() == Some(newest);
    let breaks = commits.windows(2).rposition(|two| two[1] - two[0] != 1).map_or(0, |at| at + 1);
    match commits.get(breaks) {
        Some(0) if run => Some(Base::Nothing),
        Some(first) if run => {
            checkpoints.iter().filter(|at| at.saturating_add(1) >= *first).min().map(|at| Base::Checkpoint(*at))
        }
        _ => Some(Base::Checkpoint(*newest)),
    }
}

async fn lines(file: &PinnedFile) -> Result<Vec<Line>> {
    let unreadable = |error: &dyn std::fmt::Display| Error::invalid("the Delta log cannot be read").with_detail(error);
    let bytes = file.read(vec![0..file.size()]).await.map_err(|error| unreadable(&error))?;
    let parse = |line: &[u8]| serde_json::from_slice(line).map_err(|error| unreadable(&error));
    let filled = |line: &&[u8]| !line.iter().all(u8::is_ascii_whitespace);
    bytes.iter().flat_map(|bytes| bytes.split(|byte| *byte == b'\n')).filter(filled).map(parse).collect()
}

impl Log {
    fn take(&mut self, version: u64, lines: Vec<Line>, file: &PinnedFile) {
        let written = file.meta(object_store::path::Path::default()).last_modified;
        let info = lines.iter().find_map(|line| line.info.clone()).unwrap_or_default();
        let at = after(self.commits.last().map(|commit| commit.at), stated_time(&info).unwrap_or(written));
        if let Some(files) = &mut self.files {
            // All of a commit happens at once: a file that comes with another vector goes first.
            for remove in lines.iter().filter_map(|line| line.remove.as_ref()) {
                let when = remove.deletion_timestamp.unwrap_or(at.timestamp_millis());
                files.remove(hive::decode(&remove.path), remove.deletion_vector.as_ref(), when);
            }
            for add in lines.iter().filter_map(|line| line.add.as_ref()) {
                let stats = add.stats.as_ref().and_then(|stats| serde_json::from_str::<Stats>(stats).ok());
                files.add(hive::decode(&add.path), add.deletion_vector.as_ref(), stats.and_then(|stats| stats.num_records));
            }
        }
        let rows = self.files.as_ref().and_then(Files::rows);
        self.commits.push(commit(version, at, &info, rows));
    }
}

impl Files {
    /// Rows of the newest version.
    fn rows(&self) -> Option<u64> {
        (self.unknown == 0).then_some(self.rows)
    }

    fn add(&mut self, path: String, vector: Option<&Vector>, records: Option<i64>) {
        let deleted = vector.map_or(Some(0), |vector| vector.cardinality);
        let rows = records.zip(deleted).and_then(|(rows, deleted)| u64::try_from(rows.checked_sub(deleted)?).ok());
        let live = Live { rows, vector: vector.and_then(Vector::file) };
        self.count(rows, true);
        if let Some(before) = self.live.insert(Key { path, vector: vector.map(Vector::id) }, live) {
            self.count(before.rows, false);
        }
    }

    fn remove(&mut self, path: String, vector: Option<&Vector>, when: i64) {
        let own = vector.and_then(Vector::file);
        for name in [Some(path.clone()), own].into_iter().flatten() {
            let last = self.removed.entry(name).or_insert(when);
            *last = when.max(*last);
        }
        if let Some(gone) = self.live.remove(&Key { path, vector: vector.map(Vector::id) }) {
            self.count(gone.rows, false);
        }
    }

    // Wrapping, for a log may claim any numbers; what does not fit is found by nobody but its author.
    fn count(&mut self, rows: Option<u64>, comes: bool) {
        match (rows, comes) {
            (Some(rows), true) => self.rows = self.rows.wrapping_add(rows),
            (Some(rows), false) => self.rows = self.rows.wrapping_sub(rows),
            (None, true) => self.unknown += 1,
            (None, false) => self.unknown -= 1,
        }
    }

    /// The names of what the newest version is made of, vectors too.
    pub(super) fn needed(&self) -> impl Iterator<Item = &str> {
        let vectors = self.live.values().filter_map(|live| live.vector.as_deref());
        self.live.keys().map(|key| key.path.as_str()).chain(vectors)
    }
}

impl Vector {
    fn id(&self) -> String {
        let offset = self.offset.map(|offset| format!("@{offset}")).unwrap_or_default();
        format!("{}{}{offset}", self.storage_type, self.path_or_inline_dv)
    }

    fn file(&self) -> Option<String> {
        if self.storage_type == "u" { delta_log::vector_path(&self.path_or_inline_dv) } else { None }
    }
}

fn stated_time(info: &Map<String, Value>) -> Option<DateTime<Utc>> {
    let stated = ["inCommitTimestamp", "timestamp"].into_iter().find_map(|key| info.get(key)?.as_i64())?;
    DateTime::from_timestamp_millis(stated)
}

/// `at`, or the moment after `before`: whoever asks for a time means one version.
fn after(before: Option<DateTime<Utc>>, at: DateTime<Utc>) -> DateTime<Utc> {
    let next = before.and_then(|before| before.checked_add_signed(TimeDelta::milliseconds(1)));
    next.map_or(at, |next| at.max(next))
}

fn commit(version: u64, at: DateTime<Utc>, info: &Map<String, Value>, rows: Option<u64>) -> Commit {
    let text = |key: &str| info.get(key).and_then(plain);
    let own: Option<Value> = text("userMetadata").and_then(|text| serde_json::from_str(&text).ok());
    let recipe_run = text("recipe_run_id").or_else(|| plain(own.as_ref()?.get("recipe_run_id")?));
    let metrics = info.get("operationMetrics").and_then(Value::as_object);
    let metric = |(name, value): (&String, &Value)| Some((name.clone(), plain(value).unwrap_or_else(|| value.to_string())));
    Commit {
        version,
        at,
        operation: text("operation").unwrap_or_else(|| "UNKNOWN".into()),
        rows,
        user: text("userName").or_else(|| text("userId")),
        job: text("jobId").or_else(|| plain(info.get("job")?.get("jobId")?)),
        recipe_run,
        made_of: text(super::commit::MADE_OF),
        metrics: metrics.into_iter().flatten().filter_map(metric).collect::<BTreeMap<_, _>>(),
    }
}

/// A text, number or truth value as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_followed_from_the_earliest_base_that_leads_to_the_newest_version() {
        assert_eq!(base(&[0, 1, 2], &[1]), Some(Base::Nothing));
        assert_eq!(base(&[3, 4, 5, 6], &[5, 3]), Some(Base::Checkpoint(3)));
        assert_eq!(base(&[3, 4], &[2]), Some(Base::Checkpoint(2)));
        assert_eq!(base(&[0, 1, 5, 6], &[5]), Some(Base::Checkpoint(5)));
        assert_eq!(base(&[0, 1, 5, 6], &[1]), None);
        assert_eq!(base(&[4, 5], &[9]), Some(Base::Checkpoint(9)));
        assert_eq!(base(&[], &[9]), Some(Base::Checkpoint(9)));
        assert_eq!(base(&[3, 4], &[]), None);
        assert_eq!(base(&[], &[]), None);
        assert_eq!(base(&[0, u64::MAX], &[u64::MAX]), Some(Base::Checkpoint(u64::MAX)));
    }

    #[test]
    fn who_made_a_commit_is_found_wherever_it_is_written() {
        let of = |info: Value| commit(1, DateTime::default(), info.as_object().unwrap(), None);
        let ours = of(json!({"operation": "WRITE", "userName": "ann", "jobId": "j", "recipe_run_id": "r"}));
        assert_eq!((ours.user.as_deref(), ours.job.as_deref(), ours.recipe_run.as_deref()), (Some("ann"), Some("j"), Some("r")));
        let theirs = of(json!({"userId": 7, "job": {"jobId": "k"}, "userMetadata": "{\"recipe_run_id\": 12}",
            "operationMetrics": {"numFiles": 3, "by": {"a": 1}, "rows": "5"}}));
        assert_eq!((theirs.user.as_deref(), theirs.job.as_deref()), (Some("7"), Some("k")));
        assert_eq!((theirs.recipe_run.as_deref(), theirs.operation.as_str()), (Some("12"), "UNKNOWN"));
        assert_eq!((theirs.metrics["numFiles"].as_str(), theirs.metrics["rows"].as_str()), ("3", "5"));
        assert_eq!(theirs.metrics["by"], "{\"a\":1}");
        for nothing in ["no json", "[1]", "\"recipe_run_id\"", "{\"recipe_run_id\": null}"] {
            assert_eq!(of(json!({"userMetadata": nothing})).recipe_run, None, "{nothing}");
        }
    }

    #[test]
    fn times_only_grow() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(after(None, at(5)), at(5));
        assert_eq!(after(Some(at(4)), at(5)), at(5));
        assert_eq!(after(Some(at(5)), at(5)), at(5) + TimeDelta::milliseconds(1));
        assert_eq!(after(Some(DateTime::<Utc>::MAX_UTC), at(5)), at(5));
        assert_eq!(stated_time(json!({"timestamp": i64::MAX}).as_object().unwrap()), None);
    }

    #[test]
    fn rows_in_deletion_vectors_do_not_count_and_what_is_not_known_is_not_guessed() {
        let vector = |cardinality| Vector {
            storage_type: "u".into(),
            path_or_inline_dv: "ab^-aqEH.-t@S}K{vb[*k^".into(),
            offset: Some(1),
            cardinality: Some(cardinality),
        };
        let mut files = Files::default();
        files.add("a".into(), None, Some(10));
        files.add("b".into(), None, None);
        assert_eq!(files.rows(), None);
        files.remove("b".into(), None, 5);
        files.remove("a".into(), None, 6);
        files.add("a".into(), Some(&vector(4)), Some(10));
        assert_eq!(files.rows(), Some(6));
        assert_eq!(files.needed().count(), 2);
        files.remove("a".into(), Some(&vector(4)), 9);
        assert_eq!((files.rows(), files.needed().count(), files.removed.len()), (Some(0), 0, 3));
        assert_eq!(files.removed["a"], 9);
        files.add("c".into(), None, Some(-1));
        assert_eq!(files.rows(), None);
    }
}
