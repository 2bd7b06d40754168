//! What requests say of where a dataset's rows are, and how failures of looking there are answered.

use crate::dialects::platform::fault::Fault;
use axum::http::StatusCode;
use datahall_core::connection::Part;
use datahall_core::{Code, Error, Result};
use datahall_service::ImportFault;
use serde::Deserialize;

/// A connector as requests name it: its id or its name.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ConnectorId {
    Text(String),
    Number(u64),
}

impl ConnectorId {
    /// As text.
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A table or a statement.
///
/// # Errors
/// `Invalid` for both, neither, and texts that can be neither.
pub(super) fn part(schema: Option<String>, table: Option<String>, query: Option<String>) -> Result<Part> {
    let fits = |at: &str, text: &str, longest: usize| {
        let wrong = text.trim().is_empty() || text.contains('\0') || text.chars().count() > longest;
        let why = || Error::invalid(format!("{at}: must be 1 to {longest} characters without NUL"));
        if wrong { Err(why()) } else { Ok(()) }
    };
    match (table, query) {
        (Some(name), None) => {
            fits("source_table", &name, 255)?;
            schema.as_deref().map_or(Ok(()), |schema| fits("schema", schema, 255))?;
            Ok(Part::Table { schema, name })
        }
        (None, Some(sql)) => {
            fits("source_query", &sql, 100_000)?;
            Ok(Part::Query { sql })
        }
        (Some(_), Some(_)) => Err(Error::invalid("source_table and source_query: send one of them")),
        (None, None) => Err(Error::invalid("source_table or source_query is missing")),
    }
}

/// Refuses callers who may not make datasets.
pub(super) fn denied(error: Error) -> Fault {
    match error.code() {
        Code::Forbidden => Fault::denied(error, "dataset.readwrite"),
        _ => error.into(),
    }
}

/// How it is answered that there is no dataset of the name `name`; `statement`: its source was to be one.
pub(super) fn fault(fault: ImportFault, name: &str, statement: bool) -> Fault {
    let unavailable = |error| Fault::coded(StatusCode::SERVICE_UNAVAILABLE, "connector_unavailable", error);
    match fault {
        ImportFault::Dataset(error) => match error.code() {
            Code::Conflict => Fault::coded(StatusCode::CONFLICT, "dataset_name_taken", error),
            Code::Forbidden => Fault::refused(error, "dataset.readwrite", name),
            _ => error.into(),
        },
        ImportFault::Connection(error) => match error.code() {
            Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "connector_not_found", error),
            Code::Unavailable => unavailable(error),
            Code::Forbidden => Fault::refused(error, "dataset.readwrite", name),
            _ => error.into(),
        },
        ImportFault::Source(error) => match error.code() {
            Code::Unavailable | Code::Timeout => unavailable(error),
            Code::Invalid if statement => Fault::query(error.message()),
            Code::NotFound => Error::invalid(error.message()).into(),
            _ => error.into(),
        },
    }
}
