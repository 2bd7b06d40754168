//! A job as it goes on: what changes, told until it ends.

use super::{ActivityInfo, JobInfo};
use crate::admission::{Caller, Permit};
use crate::{Ctx, Service};
use datahall_core::Result;
use futures::stream::{BoxStream, StreamExt as _, unfold};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the catalog is looked at.
const PERIOD: Duration = Duration::from_millis(500);
/// Looks without any news after which something is said all the same, so that a lost connection is noticed.
const SILENT: u32 = 30;

/// What is told of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// The job is so now.
    Job(JobInfo),
    /// One of its activities is so now; its log is not told.
    Activity(Box<ActivityInfo>),
    /// Nothing is new.
    Silence,
}

struct Watch {
    service: Arc<Service>,
    ctx: Ctx,
    id: String,
    job: Option<JobInfo>,
    activities: HashMap<String, ActivityInfo>,
    news: VecDeque<JobEvent>,
    silent: u32,
    /// Given back when the stream ends or is dropped.
    _place: Permit,
}

impl Service {
    /// The job and each of its activities as they are, then whatever changes, until the job ends; its end is the last that is told. It
    /// stops early when the caller may not see the job any more, and when the server stops. Dropped, it does nothing more.
    ///
    /// # Errors
    /// `NotFound`, also for a job that the caller may not see; `Throttled` when he watches too many already, `Unavailable` when all
    /// together do: `[limits]` says how many are.
    pub async fn job_events(&self, ctx: &Ctx, id: &str) -> Result<BoxStream<'static, JobEvent>> {
        self.require_known(ctx)?;
        let place = self.watching.admit(&Caller::of(ctx))?;
        let mut watch = Watch {
            service: self.arc(),
            ctx: ctx.clone(),
            id: id.to_owned(),
            job: None,
            activities: HashMap::new(),
            news: VecDeque::new(),
            silent: 0,
            _place: place,
        };
        watch.look().await?;
        Ok(unfold(watch, |mut watch| async move { watch.next().await.map(|event| (event, watch)) }).boxed())
    }
}

impl Watch {
    async fn next(&mut self) -> Option<JobEvent> {
        loop {
            if let Some(event) = self.news.pop_front() {
                self.silent = 0;
                return Some(event);
            }
            let ended = self.job.as_ref().is_none_or(|job| job.state.is_end());
            if ended || self.service.jobs.ending.load(Ordering::Relaxed) {
                return None;
            }
            tokio::time::sleep(PERIOD).await;
            if let Err(error) = self.look().await {
                tracing::debug!(?error, job = self.id, "a job is not watched any longer");
                return None;
            }
            self.silent += 1;
            if self.news.is_empty() && self.silent >= SILENT {
                self.silent = 0;
                return Some(JobEvent::Silence);
            }
        }
    }

    /// Finds out what is new; the job comes last, so that its end is the last that is told.
    async fn look(&mut self) -> Result<()> {
        let (job, activities) = self.service.job(&self.ctx, &self.id, false).await?;
        for activity in activities {
            if self.activities.get(&activity.name) != Some(&activity) {
                self.news.push_back(JobEvent::Activity(Box::new(activity.clone())));
                self.activities.insert(activity.name.clone(), activity);
            }
        }
        if self.job.as_ref() != Some(&job) {
            self.news.push_back(JobEvent::Job(job.clone()));
            self.job = Some(job);
        }
        Ok(())
    }
}
