//! JSON bodies of this dialect: 400 for what is no JSON, 422 for JSON that says something wrong.

use super::fault::Fault;
use crate::shared::call::Call;
use crate::shared::{body, json};
use axum::http::{HeaderMap, StatusCode};
use datahall_core::Error;
use serde::de::{DeserializeOwned, IgnoredAny};

/// As [`read`], where no body at all says nothing.
pub(super) async fn read_or_default<T: DeserializeOwned + Default>(call: &mut Call) -> Result<T, Fault> {
    if http_body::Body::is_end_stream(&call.body) { Ok(T::default()) } else { read(call).await }
}

/// The body, which must be one JSON object; unknown fields are left alone.
pub(super) async fn read<T: DeserializeOwned>(call: &mut Call) -> Result<T, Fault> {
    if let Err(error) = body::require_json(&call.parts.headers) {
        body::drain(&call.parts.headers, std::mem::take(&mut call.body));
        return Err(Fault::coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", error));
    }
    let bytes = call.bytes().await?;
    parsed(&bytes)
}

/// The same of a body that was read already, for routes where it may be left out.
pub(super) fn checked<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Fault> {
    body::require_json(headers)
        .map_err(|error| Fault::coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", error))?;
    parsed(bytes)
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        let error = Error::invalid(format!("the body is no JSON: {error}"));
        return Err(Fault::coded(StatusCode::BAD_REQUEST, "invalid_json", error));
    }
    Ok(json::parse(bytes)?)
}
