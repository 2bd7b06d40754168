//! Commits: who made them stands in the log, and what was done once is not done again.

use datahall_core::lake::Provenance;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use serde_json::Value;

/// How often a commit is tried anew when others were faster.
pub(super) const TRIES: usize = 200;

/// What each commit carries.
pub(super) fn properties(provenance: &Provenance) -> CommitProperties {
    let facts = [
        ("userName", Some(&provenance.user)),
        ("jobId", provenance.job.as_ref()),
        ("recipe_run_id", provenance.recipe_run.as_ref()),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?.clone()))));
    let properties = CommitProperties::default().with_metadata(known).with_max_retries(TRIES);
    match &provenance.once {
        Some(once) => properties.with_application_transaction(Transaction::new(once, 1)),
        None => properties,
    }
}
