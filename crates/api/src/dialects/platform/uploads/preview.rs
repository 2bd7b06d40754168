//! `POST /api/datasets/file/preview`.

use super::{answer, fields, form, refused};
use crate::dialects::platform::fault::{self, Fault};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::Result;
use datahall_formats::ingest::Hints;
use datahall_service::Purpose;

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "preview_file", "Look at a file without keeping it")
        .about(
            "The file is read through: its format, encoding, delimiter and header are found out, unless fields of the form say them, and the \
             types of its columns over all of its rows. Nothing is kept. Rows that are wrong are told in `reports`.",
        )
        .form("FilePreviewForm", super::upload::example())
        .answers(200, "FilePreview", "What the file holds, and its first 50 rows")
        .fails(413, "The file is too long, or holds or unpacks to more than is taken (`file_too_large`)")
        .fails(415, "The body is no form, or the file is of no type that is taken, or not of the type its name says (`unsupported_file_type`)")
        .fails(422, "A field is wrong (`invalid_request`), or the file cannot be read (`invalid_file`)")
        .fails(507, "There is no space left for the file")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(preview(call).await)
}

async fn preview(mut call: Call) -> Result<Response, Fault> {
    let received = form::receive(&mut call, Purpose::Preview).await?;
    // Fields that only an upload needs are no mistake here: the same form is sent to both.
    let known = [&Hints::FIELDS[..], super::upload::OWN].concat();
    let form = form::read(&mut call, received, &known, |_| Box::pin(async { Ok(()) })).await?;
    let hints = fields::hints(&form.texts)?;
    match call.service().preview_upload(&call.ctx, form.received, hints).await {
        Ok(preview) => Ok(reply::bytes(StatusCode::OK, answer::preview(&preview)?)),
        Err(refused) => refused::answer(refused),
    }
}
