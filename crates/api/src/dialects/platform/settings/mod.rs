//! `/api/datasets/{name}/settings`: who sees what of a dataset, whichever dialect made it.

pub(super) mod answer;
pub(super) mod body;
pub(super) mod change;
pub(super) mod read;

use datahall_core::Result;
use datahall_service::PolicyChange;

/// What settings in the JSON of a form's field, in the form that `PUT` takes them in, want of a dataset without any.
///
/// # Errors
/// `Invalid`, saying where they are wrong.
pub(super) fn of_text(text: &str) -> Result<PolicyChange> {
    body::replacing(crate::shared::json::parse(text.as_bytes())?)
}
