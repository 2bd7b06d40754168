//! What outside runners report of pipelines (contract `specs`, 5).

use super::flow::FlowState;
use super::names::FlowName;
use super::told;
use crate::{Ctx, Object, Service};
use datahall_catalog::{End, Millis, NewLogLine, OutsideEvent, Reported, Revision};
use datahall_core::{Error, Result};

/// Lines that are taken of one report, of what went wrong and of the log each.
const MOST_LINES: usize = 1_000;
/// Bytes of figures that are taken.
const LONGEST_STATS: usize = 64 << 10;

/// What happens to a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipelineEvent {
    /// It waits.
    Queue,
    /// It is begun.
    Start,
    /// It goes on.
    Progress,
    /// It ended, well or not.
    Finish {
        /// Whether it made what it was to make.
        success: bool,
    },
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineUpdate {
    /// The id of the pipeline; `./` before it does not count.
    pub pipeline: String,
    /// What happens to it.
    pub event: PipelineEvent,
    /// What went wrong, line by line.
    pub errors: Vec<String>,
    /// What it made, in figures.
    pub stats: Option<Object>,
    /// Lines for its log.
    pub log: Vec<String>,
}

/// How the flow goes, with what was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateOutcome {
    /// How far it is; `None` when there is no such pipeline, or its flow has ended.
    pub state: Option<FlowState>,
    /// The flow's id.
    pub id: Option<String>,
    /// What is wrong.
    pub errors: Vec<String>,
}

impl UpdateOutcome {
    /// `success`, `pending` or `fail`.
    pub fn success(&self) -> &'static str {
        match self.state {
            Some(FlowState::Succeeded) => "success",
            Some(FlowState::Queued | FlowState::InProgress) => "pending",
            Some(FlowState::Failed) | None => "fail",
        }
    }

    fn unknown() -> Self {
        Self { state: None, id: None, errors: vec!["pipeline not found".to_owned()] }
    }
}

impl Service {
    /// Notes what an outside runner reports. A pipeline that it takes is left alone by this server's own workers from then on; one that
    /// ended stays as it is.
    ///
    /// # Errors
    /// `Unauthenticated` and `Forbidden` unless the caller may act for the owner or `[specs] open_updates` is on; `TooLarge` for figures
    /// that are none.
    pub async fn update_pipeline(&self, ctx: &Ctx, update: PipelineUpdate) -> Result<UpdateOutcome> {
        let id = update.pipeline.trim_start_matches("./");
        let Some(name) = FlowName::of_pipeline(id) else { return Ok(UpdateOutcome::unknown()) };
        self.require_update(ctx, name.owner).await?;
        let stats = update.stats.clone().unwrap_or_default();
        if serde_json::to_string(&stats).map_or(0, |text| text.len()) > LONGEST_STATS {
            return Err(Error::invalid(format!("stats: must not be longer than {LONGEST_STATS} bytes")));
        }
        let Some((revision, job)) = self.open_revision(&name).await? else { return Ok(UpdateOutcome::unknown()) };
        let lines = self.lines_of(&update);
        let event = event_of(&update);
        match self.catalog.report_outside(&ctx.actor(), &job, id, event, lines).await? {
            Reported::Unknown => return Ok(UpdateOutcome::unknown()),
            Reported::Noted | Reported::Ignored => {}
        }
        let flow = name.flow();
        let (now, _) = self.flow_of(&revision, &flow, name.dataset).await?;
        let state = now.state;
        let errors = match state {
            FlowState::Failed => {
                let package = self.spec_package(name.owner, name.dataset).await?;
                told::of_errors(now, &flow, &self.revision_view(ctx, name.owner, &package, &revision).await?)
            }
            _ => Vec::new(),
        };
        Ok(UpdateOutcome { state: Some(state), id: Some(flow), errors })
    }

    async fn require_update(&self, ctx: &Ctx, owner: &str) -> Result<()> {
        if self.settings.specs.open_updates || self.acts_for(ctx, owner).await?.is_some() {
            return Ok(());
        }
        self.require_known(ctx)?;
        Err(Error::forbidden("forbidden: reporting on a pipeline needs the token of its owner"))
    }

    /// The revision that a name means, as long as it is not closed, and its job.
    async fn open_revision(&self, name: &FlowName<'_>) -> Result<Option<(Revision, String)>> {
        let package = match self.spec_package(name.owner, name.dataset).await {
            Err(error) if error.code() == datahall_core::Code::NotFound => return Ok(None),
            package => package?,
        };
        let revision = self.catalog.find(Revision::by_number(&package.meta.id, name.number)).await?;
        let Some(revision) = revision.filter(|revision| revision.state.is_none()) else { return Ok(None) };
        let Some(job) = revision.job.clone() else { return Ok(None) };
        Ok(Some((revision, job)))
    }

    fn lines_of(&self, update: &PipelineUpdate) -> Vec<NewLogLine> {
        let at = Millis::from(self.clock.now());
        let line = |level: &'static str| move |text: &String| NewLogLine { at, level, text: text.clone() };
        let told = update.log.iter().take(MOST_LINES).map(line("info"));
        let failed = matches!(update.event, PipelineEvent::Finish { success: false });
        let errors = update.errors.iter().take(if failed { MOST_LINES } else { 0 }).map(line("error"));
        told.chain(errors).collect()
    }
}

fn event_of(update: &PipelineUpdate) -> OutsideEvent {
    let result = update.stats.clone().map(|stats| Object::from_iter([("stats".to_owned(), stats.into())]));
    match update.event {
        PipelineEvent::Queue => OutsideEvent::Queued,
        PipelineEvent::Start | PipelineEvent::Progress => OutsideEvent::Running(result),
        PipelineEvent::Finish { success: true } => OutsideEvent::Ended(End::Done(result.unwrap_or_default())),
        PipelineEvent::Finish { success: false } => {
            let reason = update.errors.iter().take(MOST_LINES).map(String::as_str).collect::<Vec<_>>().join("\n");
            let reason = if reason.trim().is_empty() { "The outside runner says that it failed".to_owned() } else { reason };
            OutsideEvent::Ended(End::Failed(reason))
        }
    }
}
