//! `GET /source/{owner}/{dataset}/{revision}/{path}` and `…/datapackage.json`: the files of a revision.

use super::{error, media};
use crate::shared::call::Call;
use crate::shared::conditional;
use crate::shared::file::{self, FileAnswer};
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error, Result};
use datahall_service::{PackageContent, PackageFile};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What the descriptor is called.
const DESCRIPTOR: &str = "datapackage.json";
/// What owners upload is nobody's page: it runs no script and reaches nothing.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'";

fn describe_as(id: &'static str, summary: &'static str, content: Value) -> Operation {
    let text = json!({"schema": {"type": "string"}});
    Operation::new("data packages", id, summary)
        .about(
            "Of a published or unlisted package for everybody; of a private one, and of a revision that has not succeeded, for its owner. \
             Also with `?jwt=` instead of the header.",
        )
        .by_auth_token()
        .query("jwt", json!({"type": "string"}), "The token, for who cannot send the header")
        .header("Range", "A part of it, as `bytes=0-1023`")
        .header("If-None-Match", "The entity tag of what the caller has")
        .content(200, "The file", content.clone(), json!({"ETag": text, "Accept-Ranges": text, "Last-Modified": text}))
        .content(206, "The range of it", content, json!({"Content-Range": text, "ETag": text}))
        .content(304, "The caller has it already", json!({}), json!({}))
        .fails(403, "It holds rows of a table that are kept from the caller")
        .fails(416, "The range lies outside the file")
}

pub(super) fn describe_descriptor() -> Operation {
    let package = json!({"application/json": {"schema": {"$ref": "#/components/schemas/DataPackage"}}});
    describe_as("spec_package", "The descriptor of the package that a revision made", package)
}

pub(super) fn describe() -> Operation {
    let any = json!({"*/*": {"schema": {"type": "string", "format": "binary"}}});
    describe_as("spec_file", "A file of the package that a revision made", any)
}

pub(super) async fn descriptor(mut call: Call) -> Result<Response> {
    let Path((owner, dataset, revision)) = path(&mut call).await?;
    answer(call, [owner, dataset, revision], DESCRIPTOR).await
}

pub(super) async fn handle(mut call: Call) -> Result<Response> {
    let Path((owner, dataset, revision, file)) = path::<(String, String, String, String)>(&mut call).await?;
    answer(call, [owner, dataset, revision], &file).await
}

async fn path<T: serde::de::DeserializeOwned + Send>(call: &mut Call) -> Result<Path<T>> {
    let found = Path::<T>::from_request_parts(&mut call.parts, &()).await;
    found.map_err(|error| Error::invalid("invalid path: not UTF-8").with_detail(error))
}

async fn answer(call: Call, [owner, dataset, revision]: [String; 3], path: &str) -> Result<Response> {
    let Call { app, ctx, parts, .. } = call;
    let found = app.service.package_file(&ctx, &owner, &dataset, &revision, path).await?;
    let PackageFile { content, etag, modified } = found;
    let etag = format!("\"{etag}\"");
    let mut response = match content {
        PackageContent::Bytes(bytes) => whole(&parts.headers, bytes, &etag)?,
        PackageContent::File(at, len) => {
            let (content_type, gone) = (media::of(path), at.clone());
            let file = FileAnswer { path: at, len, etag, modified, content_type, keep: () };
            match file::respond(file, &parts.headers).await {
                Err(error) => return Err(vanished(gone, path, error).await),
                Ok(response) => response,
            }
        }
    };
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(error::with_body(response, "requested range is outside the file"));
    }
    let headers = response.headers_mut();
    let disposition = HeaderValue::from_str(&media::disposition(path)).map_err(Error::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    // Others may get another, or none.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(header::VARY, HeaderValue::from_static("Auth-Token, Authorization"));
    Ok(response)
}

/// What was made for this caller alone.
fn whole(headers: &HeaderMap, bytes: Vec<u8>, etag: &str) -> Result<Response> {
    let mut response = Response::new(Body::empty());
    let tag = HeaderValue::from_str(etag).map_err(Error::internal)?;
    response.headers_mut().insert(header::ETAG, tag);
    if conditional::none_match(headers, etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(bytes);
    Ok(response)
}

/// A file may go between its being found and its being opened, with a revision that is kept no longer.
async fn vanished(at: PathBuf, path: &str, error: Error) -> Error {
    let there = tokio::fs::try_exists(&at).await.unwrap_or(true);
    if error.code() == Code::Internal && !there { Error::not_found(format!("not found: file: {path}")) } else { error }
}
