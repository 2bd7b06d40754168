//! How files that are not taken are answered.

use crate::dialects::platform::fault::Fault;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Error};
use datahall_formats::ingest::Report;
use datahall_service::Refused;
use serde_json::{Value, json};

/// The answer: rows that are wrong are told one by one.
pub(super) fn answer(refused: Refused) -> Result<Response, Fault> {
    let error = refused.to_error();
    match &refused {
        Refused::Rows(report) => {
            let message = format!("{}; send on_error=skip to leave such rows out", error.message());
            let body = json!({"error": "invalid_file", "message": message, "reports": reports(report)});
            Ok(reply::bytes(StatusCode::UNPROCESSABLE_ENTITY, body.to_string()))
        }
        _ => Err(fault(&refused, error)),
    }
}

fn fault(refused: &Refused, error: Error) -> Fault {
    match refused {
        Refused::Unsupported(_) => Fault::coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_file_type", error),
        Refused::Broken(_) | Refused::Rows(_) => Fault::coded(StatusCode::UNPROCESSABLE_ENTITY, "invalid_file", error),
        Refused::TooLarge(_) => Fault::coded(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", error),
        Refused::Failed(_) => match error.code() {
            Code::Conflict => Fault::coded(StatusCode::CONFLICT, "dataset_name_taken", error),
            Code::Forbidden => Fault::denied(error, "dataset.readwrite"),
            _ => error.into(),
        },
    }
}

/// The rows that are wrong: how many, and the first of them.
pub(super) fn reports(report: &Report) -> Value {
    let items = report.first.iter().map(
        |problem| json!({"line": problem.line, "column": problem.column, "field": problem.field, "message": problem.message}),
    );
    json!({"total": report.total, "items": items.collect::<Vec<_>>()})
}
