//! A new job with its activities, which need one another.

use crate::record::{Layout, Record as _, Value, to_values};
use crate::{Activity, Change, Job, JobState};
use datahall_core::clock::random_hex;
use datahall_core::{Error, Result};
use std::collections::{BTreeSet, HashMap};

/// Values in one statement: both databases take more.
const VALUES: usize = 900;

impl Change {
    /// Inserts a job and its activities, of which it takes name, kind, needs, outputs and parameters; the order they come in is kept.
    /// One that waits for something already is not begun by workers, only by outside runners. Fills in their meta.
    ///
    /// # Errors
    /// As [`Change::insert`]; `Internal` when an activity needs one that is not there: whoever calls has looked at the graph.
    pub async fn insert_job(&mut self, job: &mut Job, activities: &mut [Activity]) -> Result<()> {
        self.insert(job).await?;
        let mut ids = HashMap::with_capacity(activities.len());
        for (position, activity) in (0..).zip(activities.iter_mut()) {
            activity.job.clone_from(&job.meta.id);
            activity.position = position;
            activity.state = JobState::NotStarted;
            activity.meta = job.meta.clone();
            activity.meta.id = random_hex(self.random(), 8);
            ids.insert(activity.name.clone(), activity.meta.id.clone());
        }
        let (mut rows, mut needs, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        for activity in activities.iter_mut() {
            let needed: BTreeSet<&String> = activity.needs.iter().collect();
            activity.waits += i64::try_from(needed.len()).map_err(Error::internal)?;
            let id = &activity.meta.id;
            for need in needed {
                let need = ids.get(need).ok_or_else(|| Error::internal(format!("no activity {need} that another needs")))?;
                needs.push(vec![id.into(), need.into()]);
            }
            let written: BTreeSet<&String> = activity.outputs.iter().collect();
            outputs.extend(written.into_iter().map(|output| vec![id.into(), output.into(), 0.into()]));
            rows.push(to_values(activity)?);
        }
        self.insert_rows(&Layout::of(Activity::TABLE), rows).await?;
        for ((layout, _), rows) in super::layouts().into_iter().zip([needs, outputs]) {
            self.insert_rows(&layout, rows).await?;
        }
        self.touch(Activity::TABLE.name);
        Ok(())
    }

    /// Many rows of one table, many at a time.
    pub(super) async fn insert_rows(&mut self, layout: &Layout, rows: Vec<Vec<Value>>) -> Result<()> {
        let width = layout.columns.len();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let batch: Vec<_> = rows.by_ref().take((VALUES / width).max(1)).collect();
            let groups = (0..batch.len()).map(|row| {
                let numbers: Vec<_> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
                format!("({})", numbers.join(", "))
            });
            let groups = groups.collect::<Vec<_>>().join(", ");
            let text = format!("INSERT INTO \"{}\" ({}) VALUES {groups}", layout.table, layout.names());
            self.execute(text, batch.into_iter().flatten()).await?;
        }
        Ok(())
    }
}
