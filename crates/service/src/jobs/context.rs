//! What a kind of work is given: what to do, as whom, and whom to tell.

use super::queue::Stop;
use super::report::Report;
use crate::{Ctx, Object, Service};
use arrow::array::RecordBatch;
use datahall_catalog::Progress;
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::watch;

/// What a kind of work is given.
pub struct JobCtx {
    pub(super) service: Arc<Service>,
    pub(super) ctx: Ctx,
    pub(super) job: String,
    pub(super) activity: String,
    pub(super) attempt: i64,
    pub(super) params: Object,
    pub(super) report: Arc<Report>,
    pub(super) stop: watch::Receiver<Stop>,
}

impl JobCtx {
    /// Whose rights it has: those that whoever started the job holds now.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The use cases.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The id of its job.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The name of its activity.
    pub fn activity(&self) -> &str {
        &self.activity
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> i64 {
        self.attempt
    }

    /// What to do.
    pub fn params(&self) -> &Object {
        &self.params
    }

    /// The parameter of that name.
    ///
    /// # Errors
    /// `Invalid` when it is missing or of another type.
    pub fn param<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        param(&self.params, name)
    }

    /// Tells how far the work is: `done` of `total` in its own terms, rows and bytes written or read. It goes into the catalog with the
    /// next report, a moment later.
    pub fn progress(&self, done: i64, total: Option<i64>, rows: i64, bytes: i64) {
        self.report.progress(Progress { done, total, rows, bytes });
    }

    /// The same rows; how many have come by is told as progress.
    pub(crate) fn counting(&self, rows: Rows) -> Rows {
        let (report, mut count) = (self.report.clone(), 0i64);
        let told = move |batch: &Result<RecordBatch>| {
            if let Ok(batch) = batch {
                count += i64::try_from(batch.num_rows()).unwrap_or_default();
                report.progress(Progress { done: 0, total: Some(1), rows: count, bytes: 0 });
            }
        };
        Rows { schema: rows.schema, batches: rows.batches.inspect(told).boxed() }
    }

    /// Adds a line of level `info` to the activity's log, which whoever may see the job reads: no secrets.
    pub fn info(&self, text: impl Into<String>) {
        self.report.line("info", text.into());
    }

    /// The same of level `warn`.
    pub fn warn(&self, text: impl Into<String>) {
        self.report.line("warn", text.into());
    }

    /// Whether the work is to stop. What waits is dropped by itself; what computes for long asks now and then.
    pub fn is_cancelled(&self) -> bool {
        *self.stop.borrow() != Stop::No
    }

    /// Waits until the work is to stop.
    pub async fn cancelled(&self) {
        let mut stop = self.stop.clone();
        let _ = stop.wait_for(|stop| *stop != Stop::No).await;
    }
}

/// The parameter of that name.
///
/// # Errors
/// `Invalid` when it is missing or of another type.
pub(crate) fn param<T: DeserializeOwned>(params: &Object, name: &str) -> Result<T> {
    let value = params.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Error::invalid(format!("invalid value: params.{name}: {error}")))
}
