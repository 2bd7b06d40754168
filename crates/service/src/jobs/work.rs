//! What a kind of work is.

use super::JobCtx;
use crate::{Ctx, Object, Service};
use async_trait::async_trait;
use datahall_core::Result;
use std::sync::Arc;

/// A kind of work that activities do. It must be idempotent: what a lost worker began is begun again, on another node perhaps, and the
/// first may still be at it for a moment.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// What activities call it.
    const NAME: &'static str;

    /// Whether the caller may start this, with these parameters. The rights to run jobs were looked at before.
    ///
    /// # Errors
    /// Whatever the caller should read; nothing is started then.
    async fn admit(&self, service: &Service, ctx: &Ctx, params: &Object) -> Result<()> {
        let _ = (service, ctx, params);
        Ok(())
    }

    /// Does it, with the rights in [`JobCtx::ctx`]; gives what came of it. When the job is aborted, or the lease is lost, the future is
    /// dropped where it waits.
    ///
    /// # Errors
    /// Why it could not be done: the message is kept with the activity, for whoever may see the job.
    async fn run(&self, job: &JobCtx) -> Result<Object>;
}

/// [`Work`] as a list can hold it.
#[async_trait]
pub(super) trait AnyWork: Send + Sync {
    async fn admit(&self, service: &Service, ctx: &Ctx, params: &Object) -> Result<()>;
    async fn run(&self, job: &JobCtx) -> Result<Object>;
}

#[async_trait]
impl<W: Work> AnyWork for W {
    async fn admit(&self, service: &Service, ctx: &Ctx, params: &Object) -> Result<()> {
        Work::admit(self, service, ctx, params).await
    }

    async fn run(&self, job: &JobCtx) -> Result<Object> {
        Work::run(self, job).await
    }
}

/// The kind's name, and the kind.
pub(super) fn named<W: Work>(work: W) -> (&'static str, Arc<dyn AnyWork>) {
    (W::NAME, Arc::new(work))
}
