//! Making datasets of many tables of an outside system, by a job with an activity for each.

use super::dataset_name;
use super::import::ImportFault;
use super::import::NewImport;
use crate::jobs::context_param as param;
use crate::{ActivityInfo, Ctx, JobCtx, JobInfo, JobState, NewActivity, NewJob, Object, PolicyChange, Service, Work};
use async_trait::async_trait;
use datahall_catalog::{Dataset, Job, JobQuery};
use datahall_core::connection::Part;
use datahall_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// The kind of such jobs.
const KIND: &str = "import-batch";
/// In a job's body: the name of the batch.
const NAME: &str = "name";
/// The most tables of a batch.
const MOST: usize = 5_000;
/// Jobs that are looked at at a time.
const PAGE: u64 = 200;

/// What becomes of tables whose names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// They are left out.
    Skip,
    /// They fail.
    #[default]
    Fail,
}

/// Which tables are to be made datasets of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewBatch {
    /// What the batch is called; by default something new.
    pub name: Option<String>,
    /// The id or the name of the connection.
    pub connection: String,
    /// The schema; by default the only one.
    pub schema: Option<String>,
    /// The names of the tables, with `*` and `?`.
    pub pattern: String,
    /// What the names of the datasets begin with.
    pub prefix: String,
    /// Masks and other settings of each.
    pub policy: PolicyChange,
    /// What becomes of tables whose names are taken.
    pub on_conflict: OnConflict,
}

/// How far a batch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchInfo {
    /// What it is called.
    pub name: String,
    /// The id of its job.
    pub job: String,
    /// How far its job is; one that somebody aborts counts as aborted.
    pub state: JobState,
    /// How many tables there are.
    pub total: u64,
    /// How many were looked after.
    pub done: u64,
    /// How many could not be.
    pub failed: u64,
    /// How many were left out.
    pub skipped: u64,
    /// The names of the datasets that were made.
    pub datasets: Vec<String>,
    /// Tables that could not be taken over, and why.
    pub errors: Vec<(String, String)>,
}

impl Service {
    /// Starts a batch; it goes on by itself.
    ///
    /// # Errors
    /// As [`Service::import_dataset`] and [`Service::start_job`]; `Conflict` when a batch of that name runs; `Invalid` when no table matches,
    /// or too many do.
    pub async fn start_batch(&self, ctx: &Ctx, new: NewBatch) -> Result<BatchInfo, ImportFault> {
        self.require_add(ctx).map_err(ImportFault::Dataset)?;
        let usable = self.use_connection(ctx, &new.connection).await.map_err(ImportFault::Connection)?;
        let name = match &new.name {
            Some(name) => name.clone(),
            None => format!("batch_{}", self.unique_suffix()),
        };
        let running = self.find_batch(ctx, &name).await.map_err(ImportFault::Dataset)?;
        if running.is_some_and(|job| !job.state.is_end()) {
            let why = format!("an import of that name runs already: {name}");
            return Err(ImportFault::Dataset(Error::new(Code::Conflict, why)));
        }
        let found = self.outside_tables(&usable, new.schema.as_deref()).await.map_err(|error| match error.code() {
            Code::NotFound => ImportFault::Source(Error::invalid(error.message())),
            _ => ImportFault::Source(error),
        })?;
        let tables: Vec<_> = found.into_iter().filter(|table| matches(&new.pattern, &table.name)).collect();
        let wrong = |why: String| Err(ImportFault::Dataset(Error::invalid(why)));
        if tables.is_empty() {
            return wrong(format!("pattern: no table matches '{}'", new.pattern.escape_debug()));
        }
        if tables.len() > MOST {
            return wrong(format!("pattern: {} tables match, more than one batch may have ({MOST})", tables.len()));
        }
        let mut job = NewJob { kind: KIND.to_owned(), project: Some(ctx.home.project().to_owned()), ..NewJob::default() };
        job.body.insert(NAME.to_owned(), name.as_str().into());
        for (at, table) in tables.into_iter().enumerate() {
            let params = json!({
                "batch": name, "connection": usable.id, "schema": table.schema, "table": table.name,
                "dataset": format!("{}{}", new.prefix, table.name),
                "policy": new.policy, "on_conflict": new.on_conflict,
            });
            job.activities.push(NewActivity {
                // Tables of one schema may have names that are one when they are cut.
                name: format!("{at}:{}", table.name.chars().filter(|c| !c.is_control()).take(60).collect::<String>()),
                kind: ImportTable::NAME.to_owned(),
                params: params.as_object().cloned().unwrap_or_default(),
                ..NewActivity::default()
            });
        }
        let started = self.start_job(ctx, job).await.map_err(ImportFault::Dataset)?;
        self.batch_of(name, started).await.map_err(ImportFault::Dataset)
    }

    /// How far the batch of that name is; of several the last.
    ///
    /// # Errors
    /// `NotFound`; what the catalog says.
    pub async fn batch(&self, ctx: &Ctx, name: &str) -> Result<BatchInfo> {
        self.require_known(ctx)?;
        let job = self.find_batch(ctx, name).await?.ok_or_else(|| no_batch(name))?;
        let info = self.job_info(job).await?;
        self.batch_of(name.to_owned(), info).await
    }

    /// Stops a batch; what it made so far stays.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without WRITE_CONF on the project; `Conflict` when it has ended.
    pub async fn cancel_batch(&self, ctx: &Ctx, name: &str) -> Result<BatchInfo> {
        self.require_add(ctx)?;
        let job = self.find_batch(ctx, name).await?.ok_or_else(|| no_batch(name))?;
        let info = self.abort_job(ctx, &job.meta.id).await?;
        self.batch_of(name.to_owned(), info).await
    }

    async fn find_batch(&self, ctx: &Ctx, name: &str) -> Result<Option<Job>> {
        let mut offset = 0;
        loop {
            let projects = vec![ctx.home.project().to_owned()];
            let visible = datahall_catalog::JobVisibility { projects, ..Default::default() };
            let query = JobQuery { kind: Some(KIND.to_owned()), visible: Some(visible), limit: PAGE, offset, state: None };
            let page = self.catalog.jobs(&query).await?.items;
            if page.is_empty() {
                return Ok(None);
            }
            offset += page.len() as u64;
            let is_it = |job: &Job| {
                let here = job.project.as_deref() == Some(ctx.home.project());
                here && job.body.get(NAME).and_then(Json::as_str) == Some(name)
            };
            if let Some(found) = page.into_iter().find(is_it) {
                return Ok(Some(found));
            }
        }
    }

    async fn batch_of(&self, name: String, info: JobInfo) -> Result<BatchInfo> {
        let activities = self.activities_of(&info.id).await?;
        let state = if info.aborting && !info.state.is_end() { JobState::Aborted } else { info.state };
        let mut batch = BatchInfo {
            name,
            job: info.id,
            state,
            total: activities.len() as u64,
            done: 0,
            failed: 0,
            skipped: 0,
            datasets: Vec::new(),
            errors: Vec::new(),
        };
        for activity in activities {
            batch.take(activity);
        }
        Ok(batch)
    }
}

impl BatchInfo {
    fn take(&mut self, activity: ActivityInfo) {
        let text = |name: &str| activity.result.get(name).and_then(Json::as_str).map(str::to_owned);
        match activity.state {
            JobState::Done => {
                self.done += 1;
                match text("dataset") {
                    Some(dataset) => self.datasets.push(dataset),
                    None => self.skipped += 1,
                }
            }
            JobState::Failed => {
                self.failed += 1;
                let table = activity.name.split_once(':').map_or(activity.name.as_str(), |(_, table)| table).to_owned();
                self.errors.push((table, activity.reason.unwrap_or_default()));
            }
            _ => {}
        }
    }
}

fn no_batch(name: &str) -> Error {
    Error::not_found(format!("not found: import: {}", name.escape_debug()))
}

/// Whether `name` is what `pattern` says: `*` stands for any characters, `?` for one, in whatever case.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.to_lowercase().chars().collect(), name.to_lowercase().chars().collect());
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == name[from] => (at, from) = (at + 1, from + 1),
            // One character more for the last star.
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, from) = (place + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// Makes a dataset of one table. Done again by another worker, it finds what it made before.
pub(crate) struct ImportTable;

#[async_trait]
impl Work for ImportTable {
    const NAME: &'static str = "import-table";

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        let (service, ctx, params) = (job.service(), job.ctx(), job.params());
        let table: String = param(params, "table")?;
        let name = dataset_name(&param::<String>(params, "dataset")?)?;
        let on_conflict: OnConflict = param(params, "on_conflict")?;
        let new = NewImport {
            name: name.clone(),
            connection: param(params, "connection")?,
            part: Part::Table { schema: param(params, "schema")?, name: table },
            rename: Default::default(),
            description: None,
            friendly_name: None,
            tags: Vec::new(),
            policy: param(params, "policy")?,
            batch: Some(param(params, "batch")?),
        };
        let made = json!({"dataset": name}).as_object().cloned().unwrap_or_default();
        match service.import_dataset(ctx, new).await {
            Ok(info) => {
                job.progress(1, Some(1), info.row_count.and_then(|rows| i64::try_from(rows).ok()).unwrap_or_default(), 0);
                Ok(made)
            }
            Err(fault) if fault.error().code() == Code::Conflict => {
                let there = service.catalog.find(Dataset::by_name(ctx.home.project(), &name)).await?;
                let own = |there: &Dataset| {
                    there.provenance.get("import_batch").and_then(Json::as_str) == params.get("batch").and_then(Json::as_str)
                };
                if job.attempt() > 1 && there.as_ref().is_some_and(own) {
                    return Ok(made);
                }
                if on_conflict == OnConflict::Skip {
                    job.info(format!("left out: there is a dataset '{name}' already"));
                    return Ok(Object::new());
                }
                Err(fault.error().clone())
            }
            Err(fault) => Err(fault.error().clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name) in
            [("*", ""), ("*", "a"), ("a*", "A"), ("*_log", "x_log"), ("a?c", "abc"), ("*a*b*", "xxaxbx"), ("", "")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a", "b"), ("a?", "a"), ("*_log", "log"), ("", "a"), ("a*b", "abc"), ("?", "")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!(!matches(&"*a".repeat(50), &"a".repeat(40)), "and it ends");
    }
}
