//! The log of an activity: lines, in the order they were written, up to a number.

use crate::record::rows;
use crate::store::errors;
use crate::{Activity, Actor, Catalog, Change, Millis};
use datahall_core::Result;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// Lines that are kept of one activity; one more says that there were others.
const MOST_LINES: i64 = 1000;
/// Bytes that are kept of one line.
const LONGEST: usize = 4000;
const NO_MORE: &str = "there is more; further lines are not kept";

/// A line to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogLine {
    /// When.
    pub at: Millis,
    /// `info`, `warn`, `error`.
    pub level: &'static str,
    /// What happened, in words for whoever may see the job.
    pub text: String,
}

/// A line as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its number in the activity, from 1.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// `info`, `warn`, `error`.
    pub level: String,
    /// What happened.
    pub text: String,
}

/// A line of one of a job's activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLine {
    /// The activity's name.
    pub activity: String,
    /// The line.
    pub line: LogLine,
}

impl Change {
    /// Adds lines to the log of an activity that this change has locked, as [`Catalog::append_log`] does.
    pub(super) async fn add_lines(&mut self, activity: &str, lines: Vec<NewLogLine>) -> Result<()> {
        let text = "SELECT coalesce(max(\"seq\"), 0) FROM \"activity_log\" WHERE \"activity\" = $1".to_owned();
        let last = self.rows(text, vec![activity.into()]).await?;
        let last: i64 = last.first().map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)?;
        let mut written = Vec::new();
        for (seq, line) in (last + 1..=MOST_LINES + 1).zip(lines) {
            let text = if seq > MOST_LINES { NO_MORE.to_owned() } else { shortened(line.text) };
            written.push(vec![activity.into(), seq.into(), line.at.into(), line.level.into(), text.into()]);
        }
        let Some((layout, _)) = super::layouts().into_iter().find(|(layout, _)| layout.table == "activity_log") else {
            return Ok(());
        };
        self.insert_rows(&layout, written).await
    }
}

impl Catalog {
    /// Adds lines to an activity's log: as many as it still takes, then one that says that there are more. Those of an activity that is
    /// gone are dropped.
    ///
    /// # Errors
    /// What the database says.
    pub async fn append_log(&self, activity: &str, lines: Vec<NewLogLine>) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut change = self.change(&Actor::system()).await?;
        // Locks it, so that no two number their lines alike.
        if change.get::<Activity>(activity).await?.is_none() {
            return Ok(());
        }
        change.add_lines(activity, lines).await?;
        change.commit_bookkeeping().await
    }

    /// The lines of the logs of all activities of a job, oldest first: the last `limit` of them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_log(&self, job: &str, limit: i64) -> Result<Vec<JobLine>> {
        let text = "SELECT a.\"name\", l.\"seq\", l.\"at\", l.\"level\", l.\"text\" FROM \"activities\" a \
                    JOIN \"activity_log\" l ON l.\"activity\" = a.\"id\" WHERE a.\"job\" = $1 \
                    ORDER BY l.\"at\" DESC, a.\"position\" DESC, l.\"seq\" DESC LIMIT $2";
        let values = vec![job.into(), limit.max(0).into()];
        let found = rows(&mut *self.inner.store.reader().await?, text.to_owned(), values).await?;
        let read = |row: &AnyRow| {
            let line =
                LogLine { seq: row.try_get(1)?, at: Millis(row.try_get(2)?), level: row.try_get(3)?, text: row.try_get(4)? };
            Ok(JobLine { activity: row.try_get(0)?, line })
        };
        found.iter().rev().map(|row| read(row).map_err(errors::general)).collect()
    }

    /// The lines of an activity's log after number `after`, at most `limit`, in order.
    ///
    /// # Errors
    /// What the database says.
    pub async fn activity_log(&self, activity: &str, after: i64, limit: i64) -> Result<Vec<LogLine>> {
        let text = "SELECT \"seq\", \"at\", \"level\", \"text\" FROM \"activity_log\" WHERE \"activity\" = $1 AND \"seq\" > $2 \
                    ORDER BY \"seq\" LIMIT $3";
        let values = vec![activity.into(), after.into(), limit.max(0).into()];
        let found = rows(&mut *self.inner.store.reader().await?, text.to_owned(), values).await?;
        found.iter().map(|row| read(row).map_err(errors::general)).collect()
    }

    /// The number of the last line of an activity's log; 0 when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn last_log_line(&self, activity: &str) -> Result<i64> {
        let text = "SELECT coalesce(max(\"seq\"), 0) FROM \"activity_log\" WHERE \"activity\" = $1".to_owned();
        let found = rows(&mut *self.inner.store.reader().await?, text, vec![activity.into()]).await?;
        found.first().map_or(Ok(0), |row| row.try_get(0)).map_err(errors::general)
    }
}

fn read(row: &AnyRow) -> Result<LogLine, sqlx::Error> {
    Ok(LogLine { seq: row.try_get(0)?, at: Millis(row.try_get(1)?), level: row.try_get(2)?, text: row.try_get(3)? })
}

/// What is kept of a line: no NUL, which PostgreSQL refuses, and not all of one that is very long.
fn shortened(text: String) -> String {
    let mut text = text.replace('\0', "\u{fffd}");
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_between_characters() {
        let cut = shortened("é".repeat(LONGEST));
        assert!(cut.len() <= LONGEST + 3 && cut.ends_with("é…"));
        assert_eq!(shortened("a\0b".into()), "a\u{fffd}b");
    }
}
