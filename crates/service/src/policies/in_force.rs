//! A policy that was held against the columns it is about, and what comes of it for each caller.

use super::caller::caller;
use crate::Ctx;
use datahall_core::policy::{Caller, DatasetPolicy, ReadPolicy};
use std::sync::Arc;

/// A policy in force.
pub(crate) struct InForce {
    policy: DatasetPolicy,
    /// What everybody gets, where it is the same for all: then no request works it out.
    same: Option<Arc<ReadPolicy>>,
    /// The id of the dataset's organisation, whose roles count.
    organisation: String,
    token_key: [u8; 32],
}

impl InForce {
    /// `token_key` is what the tokens of the dataset's organisation are made with, if any are made.
    pub(super) fn new(policy: DatasetPolicy, organisation: String, token_key: [u8; 32]) -> Self {
        let same = policy.is_same_for_all().then(|| Arc::new(policy.for_caller(&Caller::default())));
        Self { policy, same, organisation, token_key }
    }

    /// What the caller may see.
    pub(crate) fn for_ctx(&self, ctx: &Ctx) -> Arc<ReadPolicy> {
        match &self.same {
            Some(same) => same.clone(),
            None => Arc::new(self.policy.for_caller(&caller(&ctx.principal, &self.organisation, self.token_key))),
        }
    }
}
