//! A failure whose status or code in this dialect says more than its kind does.

use super::error;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Error;
use serde_json::json;

/// What went wrong, and how it is to be answered.
pub(super) struct Fault {
    error: Error,
    /// `None`: as its kind is.
    as_: Option<(StatusCode, &'static str)>,
    /// What was asked for, and of which object, where that is known.
    of: Option<Box<(&'static str, Option<String>)>>,
    /// What parameter of the query string is wrong, where one is.
    parameter: Option<Box<str>>,
}

impl Fault {
    /// To be answered with this status and code.
    pub(super) fn coded(status: StatusCode, code: &'static str, error: Error) -> Self {
        Self { error, as_: Some((status, code)), of: None, parameter: None }
    }

    /// The caller may not do this to the dataset `name`.
    pub(super) fn refused(error: Error, permission: &'static str, name: &str) -> Self {
        Self {
            of: Some(Box::new((permission, Some(name.to_owned())))),
            ..Self::coded(StatusCode::FORBIDDEN, "permission_denied", error)
        }
    }

    /// The caller may not do this at all, or it is about nothing that is there yet.
    pub(super) fn denied(error: Error, permission: &'static str) -> Self {
        Self { of: Some(Box::new((permission, None))), ..Self::coded(StatusCode::FORBIDDEN, "permission_denied", error) }
    }

    /// A parameter of the query string is wrong.
    pub(super) fn query(message: impl Into<String>) -> Self {
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query", Error::invalid(message))
    }
}

impl Fault {
    /// This parameter of the query string is wrong.
    pub(super) fn parameter(name: &str, message: &str) -> Self {
        // As much of it as tells which one it is.
        let parameter = Some(name.chars().take(200).collect::<String>().into());
        Self { parameter, ..Self::query(message) }
    }

    /// The parameter that is wrong.
    #[cfg(test)]
    pub(super) fn wrong_parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { error, as_: None, of: None, parameter: None }
    }
}

/// What the route answers.
///
/// # Errors
/// Failures that are answered as their kind is.
pub(super) fn settle(outcome: Result<Response, Fault>) -> datahall_core::Result<Response> {
    match outcome {
        Ok(response) => Ok(response),
        Err(Fault { error, as_: None, .. }) => Err(error),
        Err(Fault { error, as_: Some((status, code)), of, parameter }) => {
            tracing::debug!(code, error = error.message(), "request refused");
            let of = of.as_deref().map(|(permission, name)| (*permission, name.as_deref()));
            let detail = parameter.map(|parameter| json!({"parameter": parameter}));
            Ok(error::render_as(status, code, of, detail, &error))
        }
    }
}
