//! `GET /api/v1/datasets/{name}/parquet` and `/all.parquet`: a whole dataset as one Parquet file.

use super::{error, reply};
use crate::shared::call::Call;
use crate::shared::file::{self, FileAnswer};
use crate::shared::openapi::Operation;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use datahall_core::{Error, Result};
use datahall_formats::Format;
use serde_json::json;

pub(super) fn describe() -> Operation {
    let binary = json!({Format::Parquet.content_type(): {"schema": {"type": "string", "format": "binary"}}});
    let text = json!({"schema": {"type": "string"}});
    Operation::new("export", "export_dataset", "A whole dataset as one Parquet file")
        .header("Range", "One range of bytes; of several the first counts")
        .header("If-None-Match", "An entity tag; the answer is 304 when it still holds")
        .header("If-Range", "An entity tag or date; when it no longer holds, Range is ignored")
        .content(200, "The file", binary.clone(), json!({"ETag": text, "Accept-Ranges": text, "Last-Modified": text}))
        .content(206, "The range of it", binary, json!({"Content-Range": text, "ETag": text}))
        .content(304, "The caller has it already", json!({}), json!({}))
        .fails(416, "The range lies outside the file")
        .fails(400, "It has more rows than are given")
        .fails(429, super::answer::TOO_MANY)
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let name = call.path_parameter().await?;
    let export = call.service().export(&call.ctx, &name).await?;
    let answer = FileAnswer {
        path: export.path.clone(),
        len: export.len,
        etag: format!("\"{}\"", export.etag),
        modified: export.refreshed_at,
        content_type: Format::Parquet.content_type(),
        keep: export.clone(),
    };
    let mut response = file::respond(answer, &call.parts.headers).await?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(error::with_body(response, "requested range is outside the file", &call.ctx.request_id));
    }
    let headers = response.headers_mut();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}.parquet\"", file_name(&name)));
    headers.insert("content-disposition", disposition.map_err(Error::internal)?);
    let refreshed = HeaderValue::from_str(&reply::timestamp(export.refreshed_at));
    headers.insert("x-dataset-refreshed-at", refreshed.map_err(Error::internal)?);
    Ok(response)
}

fn file_name(dataset: &str) -> String {
    dataset.chars().map(|c| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' }).collect()
}
