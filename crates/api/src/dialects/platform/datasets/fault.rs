//! How failures of reading a dataset are answered.

use crate::dialects::platform::fault::Fault;
use axum::http::StatusCode;
use datahall_core::lake::{NO_SUCH_VERSION, NO_VERSIONS};
use datahall_core::{Code, Error};

/// A failure about the dataset `name` itself.
pub(super) fn of_dataset(error: Error, name: &str) -> Fault {
    of_access(error, "dataset.read", name)
}

/// The same, where `permission` is what was asked for.
pub(in super::super) fn of_access(error: Error, permission: &'static str, name: &str) -> Fault {
    match error.code() {
        _ if error.reason() == Some(NO_VERSIONS) => Fault::coded(StatusCode::CONFLICT, "not_lakehouse", error),
        _ if error.reason() == Some(NO_SUCH_VERSION) => Fault::coded(StatusCode::NOT_FOUND, "version_not_found", error),
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "dataset_not_found", error),
        Code::Forbidden => Fault::refused(error, permission, name),
        Code::Unavailable if error.is_of_source() => {
            Fault::coded(StatusCode::SERVICE_UNAVAILABLE, "connector_unavailable", error)
        }
        _ => error.into(),
    }
}

/// A failure about what was asked of it; `parameter` is where that is wrong, if it is.
pub(super) fn of_question(error: Error, name: &str, parameter: Option<&'static str>) -> Fault {
    match (error.code(), parameter) {
        // Who may read the dataset was found out before: what is forbidden is what he asks of a column.
        (Code::Invalid | Code::Forbidden | Code::LimitExceeded, Some(parameter)) => Fault::parameter(parameter, error.message()),
        (Code::Invalid | Code::Forbidden | Code::LimitExceeded, None) => Fault::query(error.message()),
        _ => of_dataset(error, name),
    }
}
