//! Doing one activity, from the claim to its end.

use super::queue::{Running, Stop};
use super::report::Report;
use super::{JobCtx, RENEWAL, REPORT, RULES};
use crate::auth::Starter;
use crate::home::Home;
use crate::{Ctx, Object, Service};
use datahall_catalog::{Claim, Claimed, End, Job, LeaseState, Project};
use datahall_core::{Code, Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

const ABORTED: &str = "the job was aborted while it ran";
/// Tries of writing down how an activity ended, a second apart: after that its lease has expired.
const TRIES: usize = 20;

/// What is to be written down at the end.
enum Outcome {
    Ended(End),
    /// As if it had not been begun.
    GivenBack,
    /// It is somebody else's by now.
    Lost,
}

impl Service {
    /// Does the activity that was claimed.
    pub(super) async fn run_claimed(self: Arc<Self>, claimed: Claimed) {
        let Claimed { claim, activity, job } = claimed;
        let (sender, stop) = watch::channel(Stop::No);
        let running = Running { job: claim.job.clone(), stop: sender };
        self.jobs.running.lock().insert(claim.activity.clone(), running);
        let report = Arc::new(Report::new(self.clock.clone()));
        let name = activity.name.clone();
        let (service, reports, stops) = (self.clone(), report.clone(), stop.clone());
        // A task of its own, so that a panic is its alone; ended with this one.
        let mut task = JoinSet::new();
        task.spawn(async move {
            let ctx = service.starter_of(&job).await?;
            super::start::require_run(&ctx, job.organisation.as_deref(), job.project.as_deref())?;
            let unknown = || Error::invalid(format!("there is no kind of work '{}' (any more)", activity.kind));
            let work = service.jobs.kinds.get(&activity.kind).ok_or_else(unknown)?;
            let job = JobCtx {
                service,
                ctx,
                job: job.meta.id,
                activity: activity.name,
                attempt: activity.attempts,
                params: activity.params,
                report: reports,
                stop: stops,
            };
            work.run(&job).await
        });
        let outcome = self.attend(&mut task, &claim, &report, stop).await;
        self.note_outcome(&claim, &name, &report, outcome).await;
        self.jobs.running.lock().remove(&claim.activity);
        self.jobs.wake();
    }

    /// Whoever started the job, with the rights he has now.
    async fn starter_of(&self, job: &Job) -> Result<Ctx> {
        let starter = Starter::from_object(&job.principal)?;
        let principal = self.authenticator.anew(&starter).await?;
        // Names mean what they mean in the project that the job belongs to.
        let home = match &job.project {
            Some(id) => self.catalog.get::<Project>(id).await?.map(|project| Home::of(&project)),
            None => None,
        };
        let request_id = format!("job-{}", job.meta.id);
        let mut ctx = Ctx { principal, request_id, address: None, home: home.unwrap_or_default() };
        if let Ok(own) = self.membership(&ctx, ctx.home.organisation()).await {
            ctx.principal.organisation = Some(own);
        }
        Ok(ctx)
    }

    /// Keeps the lease and writes down what the task tells, until it ends or has to be stopped.
    async fn attend(
        &self,
        task: &mut JoinSet<Result<Object>>,
        claim: &Claim,
        report: &Report,
        mut stop: watch::Receiver<Stop>,
    ) -> Outcome {
        let (mut renewal, mut reports) = (interval(RENEWAL), interval(REPORT));
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal.reset();
        let mut renewed = self.clock.monotonic();
        let (mut stopping, mut lost) = (Stop::No, false);
        loop {
            tokio::select! {
                ended = task.join_next() => return outcome(ended, stopping, lost),
                why = wanted(&mut stop), if stopping == Stop::No => {
                    stopping = why;
                    task.abort_all();
                }
                _ = renewal.tick() => match self.catalog.renew_lease(claim, &RULES).await {
                    Ok(LeaseState::Held) => renewed = self.clock.monotonic(),
                    Ok(LeaseState::Aborting) => {
                        renewed = self.clock.monotonic();
                        self.jobs.stop_activities(std::slice::from_ref(&claim.activity));
                    }
                    Ok(LeaseState::Lost) => {
                        lost = true;
                        task.abort_all();
                    }
                    Err(error) => {
                        tracing::warn!(?error, activity = claim.activity, "a lease could not be renewed");
                        // By now another may have it.
                        if self.clock.monotonic().saturating_sub(renewed) >= RULES.length {
                            lost = true;
                            task.abort_all();
                        }
                    }
                },
                _ = reports.tick() => {
                    // Lines that could not be written are lost; the work is not.
                    if let Err(error) = report.flush(self, claim).await {
                        tracing::warn!(?error, activity = claim.activity, "the log of an activity could not be written");
                    }
                }
            }
        }
    }

    async fn note_outcome(&self, claim: &Claim, name: &str, report: &Report, outcome: Outcome) {
        match &outcome {
            Outcome::Ended(End::Failed(reason)) => report.line("error", reason.clone()),
            Outcome::Ended(End::Aborted(reason)) => report.line("warn", reason.clone()),
            Outcome::GivenBack => report.line("warn", "the server stops; this is begun again".to_owned()),
            _ => {}
        }
        if !matches!(outcome, Outcome::Lost) {
            let _ = report.flush(self, claim).await;
        }
        for _ in 0..TRIES {
            let written = match &outcome {
                Outcome::Ended(end) => self.catalog.finish_activity(claim, end.clone()).await,
                Outcome::GivenBack => self.catalog.requeue_activity(claim).await,
                Outcome::Lost => Ok(false),
            };
            match written {
                Ok(true) => return tracing::info!(job = claim.job, activity = name, attempt = claim.attempt, "activity ended"),
                Ok(false) => return tracing::warn!(job = claim.job, activity = name, "the lease of an activity was lost"),
                Err(error) => {
                    tracing::warn!(?error, activity = claim.activity, "the end of an activity could not be written down");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Waits until it is to be stopped; gives why.
async fn wanted(stop: &mut watch::Receiver<Stop>) -> Stop {
    let why = stop.wait_for(|stop| *stop != Stop::No).await.map(|stop| *stop);
    match why {
        Ok(why) => why,
        // Nobody is left to stop it.
        Err(_) => std::future::pending().await,
    }
}

fn outcome(ended: Option<Result<Result<Object>, JoinError>>, stopping: Stop, lost: bool) -> Outcome {
    if lost {
        return Outcome::Lost;
    }
    let failed = |reason: String| Outcome::Ended(End::Failed(reason));
    match ended {
        Some(Ok(Ok(result))) => Outcome::Ended(End::Done(result)),
        Some(Ok(Err(error))) => {
            if error.code() == Code::Internal {
                tracing::error!(?error, "an activity failed by a fault of ours");
            }
            failed(error.message().to_owned())
        }
        Some(Err(error)) if error.is_cancelled() => match stopping {
            Stop::Shutdown => Outcome::GivenBack,
            _ => Outcome::Ended(End::Aborted(ABORTED.to_owned())),
        },
        // What it said is in the log of the program: it may hold anything.
        _ => failed("the work broke off: a fault of the program".to_owned()),
    }
}
