//! A failure whose status or code in this dialect says more than its kind does.

use super::error;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Error;
use serde_json::json;

/// What went wrong, and how it is to be answered. In a box, for most answers are none.
pub(super) struct Fault(Box<Inner>);

struct Inner {
    error: Error,
    /// `None`: as its kind is.
    as_: Option<(StatusCode, &'static str)>,
    /// What was asked for, and of which object, where that is known.
    of: Option<(&'static str, Option<String>)>,
    /// What parameter of the query string is wrong, where one is.
    parameter: Option<String>,
}

impl Fault {
    /// To be answered with this status and code.
    pub(super) fn coded(status: StatusCode, code: &'static str, error: Error) -> Self {
        Self(Box::new(Inner { error, as_: Some((status, code)), of: None, parameter: None }))
    }

    /// The caller may not do this to the dataset `name`.
    pub(super) fn refused(error: Error, permission: &'static str, name: &str) -> Self {
        Self::forbidden(error, permission, Some(name.to_owned()))
    }

    /// The caller may not do this at all, or it is about nothing that is there yet.
    pub(super) fn denied(error: Error, permission: &'static str) -> Self {
        Self::forbidden(error, permission, None)
    }

    fn forbidden(error: Error, permission: &'static str, name: Option<String>) -> Self {
        let mut fault = Self::coded(StatusCode::FORBIDDEN, "permission_denied", error);
        fault.0.of = Some((permission, name));
        fault
    }

    /// A parameter of the query string is wrong.
    pub(super) fn query(message: impl Into<String>) -> Self {
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query", Error::invalid(message))
    }

    /// This parameter of the query string is wrong.
    pub(super) fn parameter(name: &str, message: &str) -> Self {
        let mut fault = Self::query(message);
        // As much of it as tells which one it is.
        fault.0.parameter = Some(name.chars().take(200).collect());
        fault
    }

    /// The parameter that is wrong.
    #[cfg(test)]
    pub(super) fn wrong_parameter(&self) -> Option<&str> {
        self.0.parameter.as_deref()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(Box::new(Inner { error, as_: None, of: None, parameter: None }))
    }
}

/// What the route answers.
///
/// # Errors
/// Failures that are answered as their kind is.
pub(super) fn settle(outcome: Result<Response, Fault>) -> datahall_core::Result<Response> {
    let Inner { error, as_, of, parameter } = match outcome {
        Ok(response) => return Ok(response),
        Err(Fault(inner)) => *inner,
    };
    let Some((status, code)) = as_ else { return Err(error) };
    tracing::debug!(code, error = error.message(), "request refused");
    let of = of.as_ref().map(|(permission, name)| (*permission, name.as_deref()));
    let detail = parameter.map(|parameter| json!({"parameter": parameter}));
    Ok(error::render_as(status, code, of, detail, &error))
}
