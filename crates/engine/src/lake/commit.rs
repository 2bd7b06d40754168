//! Commits: who made them stands in the log, and what was done once is not done again.

use datahall_core::lake::Provenance;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use serde_json::Value;

/// How often a commit is tried anew when others were faster.
pub(super) const TRIES: usize = 200;

/// Under what a commit names that which its rows were made of.
pub(super) const MADE_OF: &str = "datahallMadeOf";

/// What each commit carries.
pub(super) fn properties(provenance: &Provenance) -> CommitProperties {
    carrying(provenance, None)
}

/// As [`properties`], with what it came to, as `{"numFiles": 3}`.
pub(super) fn with_metrics(provenance: &Provenance, metrics: Value) -> CommitProperties {
    carrying(provenance, Some(metrics))
}

fn carrying(provenance: &Provenance, metrics: Option<Value>) -> CommitProperties {
    let text = |value: Option<&String>| value.cloned().map(Value::String);
    let facts = [
        ("userName", text(Some(&provenance.user))),
        ("jobId", text(provenance.job.as_ref())),
        ("recipe_run_id", text(provenance.recipe_run.as_ref())),
        (MADE_OF, text(provenance.made_of.as_ref())),
        ("operationMetrics", metrics),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let properties = CommitProperties::default().with_metadata(known).with_max_retries(TRIES);
    match &provenance.once {
        Some(once) => properties.with_application_transaction(Transaction::new(once, 1)),
        None => properties,
    }
}
