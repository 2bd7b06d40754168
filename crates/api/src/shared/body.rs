//! Request bodies: how many bytes are taken, and of what content type.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use datahall_core::{Code, Error, Result};
use futures::StreamExt;
use std::time::Duration;

/// How much of a refused body is still read, so that the caller gets to see the answer instead of a broken connection.
const DRAIN_BYTES: usize = 16 << 20;
/// For how long.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// `TooLarge` beyond the limit; `Invalid` when the connection breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes> {
    if declared_length(headers).is_some_and(|length| length > limit as u64) {
        drain(headers, body);
        return Err(too_large(limit));
    }
    let mut stream = body.into_data_stream();
    let Some(first) = stream.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(broken)?;
    let mut all = BytesMut::new();
    let mut whole = Some(first);
    loop {
        if whole.as_ref().map_or(all.len(), Bytes::len) > limit {
            tokio::spawn(discard(stream));
            return Err(too_large(limit));
        }
        match stream.next().await {
            None => return Ok(whole.unwrap_or_else(|| all.freeze())),
            Some(chunk) => {
                if let Some(first) = whole.take() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk.map_err(broken)?);
            }
        }
    }
}

/// Reads a JSON body of at most `limit` bytes.
///
/// # Errors
/// As [`read`]; `Invalid` when the content type is not JSON.
pub(crate) async fn read_json(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes> {
    if let Err(error) = require_json(headers) {
        drain(headers, body);
        return Err(error);
    }
    read(headers, body, limit).await
}

/// Refuses every content type but JSON.
///
/// # Errors
/// `Invalid`, saying what to send.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<()> {
    if is_json(headers) { Ok(()) } else { Err(Error::invalid("content type error: send the body as application/json")) }
}

/// Reads and forgets, while the answer is on its way, the body of a request that is refused.
pub(crate) fn drain(headers: &HeaderMap, body: Body) {
    let waits = headers.contains_key(header::EXPECT);
    let hopeless = declared_length(headers).is_some_and(|length| length > DRAIN_BYTES as u64);
    let absent = http_body::Body::is_end_stream(&body);
    if !waits && !hopeless && !absent {
        tokio::spawn(discard(body.into_data_stream()));
    }
}

/// Whether there is a JSON content type.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = value.split(';').next().unwrap_or_default().trim();
    let Some((group, name)) = kind.split_once('/') else { return false };
    let suffixed = name.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"));
    group.eq_ignore_ascii_case("application") && (name.eq_ignore_ascii_case("json") || suffixed)
}

async fn discard(mut stream: axum::body::BodyDataStream) {
    let all = async {
        let mut seen = 0;
        while let Some(Ok(chunk)) = stream.next().await {
            seen += chunk.len();
            if seen > DRAIN_BYTES {
                return;
            }
        }
    };
    // Whoever is slower than this does not wait for an answer.
    let _ = tokio::time::timeout(DRAIN_TIME, all).await;
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Error {
    Error::new(Code::TooLarge, format!("request body is larger than allowed (limit: {limit} bytes)"))
}

fn broken(error: axum::Error) -> Error {
    Error::invalid("request body could not be read").with_detail(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())])
    }

    #[test]
    fn json_content_types() {
        for value in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            assert!(is_json(&typed(value)), "{value}");
        }
        for value in ["text/json", "text/plain", "application/x-www-form-urlencoded", "json", ""] {
            assert!(!is_json(&typed(value)), "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn the_limit_holds_with_and_without_a_declared_length() {
        let headers = HeaderMap::new();
        assert_eq!(read(&headers, Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(&headers, Body::from("123456"), 5).await.unwrap_err().code(), Code::TooLarge);
        let chunks = || Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>("123"), Ok("456")]));
        assert_eq!(read(&headers, chunks(), 6).await.unwrap(), "123456");
        assert_eq!(read(&headers, chunks(), 5).await.unwrap_err().code(), Code::TooLarge);
        let declared = HeaderMap::from_iter([(header::CONTENT_LENGTH, "6".parse().unwrap())]);
        assert_eq!(read(&declared, Body::from("123456"), 5).await.unwrap_err().code(), Code::TooLarge);
        assert!(read(&headers, Body::empty(), 5).await.unwrap().is_empty());
    }
}
