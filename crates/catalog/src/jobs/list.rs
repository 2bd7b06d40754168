//! Lists of jobs as one caller may see them, and what their activities come to.

use crate::record::{Page, Record as _, Value, from_rows, rows, select_columns};
use crate::store::errors;
use crate::{Catalog, Job, JobState};
use datahall_core::Result;
use sqlx::Row as _;
use std::collections::HashMap;

/// Which jobs to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// Only those that are so far.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those; `None`: all there are.
    pub visible: Option<JobVisibility>,
    /// At most so many.
    pub limit: u64,
    /// After so many others.
    pub offset: u64,
}

/// Jobs that hold one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobVisibility {
    /// Whoever is named so started them.
    pub starter: String,
    /// They belong to a project of one of these organisations, by id.
    pub organisations: Vec<String>,
    /// They belong to one of these projects, by id.
    pub projects: Vec<String>,
}

impl JobQuery {
    fn condition(&self) -> (String, Vec<Value>) {
        let mut values: Vec<Value> = Vec::new();
        let mut terms = Vec::new();
        let mut parameter = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        if let Some(state) = self.state {
            terms.push(format!("\"state\" = {}", parameter(state.as_str().into())));
        }
        if let Some(kind) = &self.kind {
            terms.push(format!("\"kind\" = {}", parameter(kind.into())));
        }
        if let Some(visible) = &self.visible {
            let mut any = vec![format!("\"starter\" = {}", parameter((&visible.starter).into()))];
            let mut list = |ids: &[String]| ids.iter().map(|id| parameter(id.into())).collect::<Vec<_>>().join(", ");
            if !visible.organisations.is_empty() {
                let ids = list(&visible.organisations);
                any.push(format!("\"project\" IN (SELECT \"id\" FROM \"projects\" WHERE \"organisation\" IN ({ids}))"));
            }
            if !visible.projects.is_empty() {
                any.push(format!("\"project\" IN ({})", list(&visible.projects)));
            }
            terms.push(format!("({})", any.join(" OR ")));
        }
        let text = if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
        (text, values)
    }
}

impl Catalog {
    /// The jobs, newest first, and how many there are in all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn jobs(&self, query: &JobQuery) -> Result<Page<Job>> {
        let (condition, mut values) = query.condition();
        // No name has a NUL in it.
        if values.iter().any(|value| value.shown().contains('\0')) {
            return Ok(Page { items: Vec::new(), total: Some(0) });
        }
        let mut snapshot = self.inner.store.snapshot().await?;
        let connection = snapshot.connection()?;
        let counted = rows(connection, format!("SELECT count(*) FROM \"jobs\"{condition}"), values.clone()).await?;
        let total: i64 = counted.first().map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)?;
        let number = values.len();
        let page = format!(" ORDER BY \"created_at\" DESC, \"id\" LIMIT ${} OFFSET ${}", number + 1, number + 2);
        let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        values.extend([clamp(query.limit).into(), clamp(query.offset).into()]);
        let found = rows(connection, format!("{}{condition}{page}", select_columns(Job::TABLE)), values).await?;
        snapshot.commit().await?;
        let items = from_rows(&found)?;
        Ok(Page { items, total: Some(u64::try_from(total).unwrap_or_default()) })
    }

    /// How many activities of each of these jobs are how far, by the jobs' ids.
    ///
    /// # Errors
    /// What the database says.
    pub async fn activity_states(&self, jobs: &[&str]) -> Result<HashMap<String, Vec<(JobState, u64)>>> {
        let mut all: HashMap<String, Vec<(JobState, u64)>> = HashMap::with_capacity(jobs.len());
        if jobs.is_empty() {
            return Ok(all);
        }
        let numbers: Vec<_> = (1..=jobs.len()).map(|number| format!("${number}")).collect();
        let text = format!(
            "SELECT \"job\", \"state\", count(*) FROM \"activities\" WHERE \"job\" IN ({}) GROUP BY \"job\", \"state\"",
            numbers.join(", ")
        );
        let values = jobs.iter().map(|id| (*id).into()).collect();
        for row in rows(&mut *self.inner.store.reader().await?, text, values).await? {
            let read =
                || -> Result<(String, String, i64), sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)) };
            let (job, state, count) = read().map_err(errors::general)?;
            if let Some(state) = JobState::parse(&state) {
                all.entry(job).or_default().push((state, u64::try_from(count).unwrap_or_default()));
            }
        }
        Ok(all)
    }
}
