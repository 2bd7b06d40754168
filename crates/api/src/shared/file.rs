//! A file on disk as a response body: whole or a range of it, read as it is sent.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use datahall_core::{Error, Result};
use futures::stream;
use std::io::SeekFrom;
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::conditional;
use super::ranges::{self, Ranged};

const CHUNK_BYTES: usize = 256 << 10;

/// A file as an answer.
pub(crate) struct FileAnswer<K> {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its length in bytes.
    pub(crate) len: u64,
    /// Its strong entity tag, with quotes.
    pub(crate) etag: String,
    /// When its content came to be.
    pub(crate) modified: DateTime<Utc>,
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// Kept until the last byte is sent.
    pub(crate) keep: K,
}

/// Answers a GET or HEAD for `file`, honouring the conditions and ranges in `headers`.
///
/// # Errors
/// `Internal` when the file cannot be read.
pub(crate) async fn respond<K: Send + 'static>(file: FileAnswer<K>, headers: &HeaderMap) -> Result<Response> {
    let modified = conditional::http_date(file.modified);
    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    out.insert(header::ETAG, header_value(&file.etag)?);
    out.insert(header::LAST_MODIFIED, header_value(&modified)?);
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if conditional::none_match(headers, &file.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let ranged = match asked {
        Some(range) if conditional::range_applies(headers, &file.etag, &modified) => ranges::parse(range, file.len),
        _ => Ranged::Whole,
    };
    let (start, count) = match ranged {
        Ranged::Whole => (0, file.len),
        Ranged::Part { start, end } => {
            out.insert(header::CONTENT_RANGE, header_value(&format!("bytes {start}-{end}/{}", file.len))?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (start, end - start + 1)
        }
        Ranged::Unsatisfiable => return unsatisfiable(file.len),
    };
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    *response.body_mut() = read(file, start, count).await?;
    Ok(response)
}

/// What is said in the body of it is the dialect's.
fn unsatisfiable(len: u64) -> Result<Response> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    response.headers_mut().insert(header::CONTENT_RANGE, header_value(&format!("bytes */{len}"))?);
    Ok(response)
}

async fn read<K: Send + 'static>(file: FileAnswer<K>, start: u64, count: u64) -> Result<Body> {
    let mut opened = tokio::fs::File::open(&file.path).await.map_err(Error::internal)?;
    if start > 0 {
        opened.seek(SeekFrom::Start(start)).await.map_err(Error::internal)?;
    }
    let keep = file.keep;
    let state = (opened.take(count), count, keep);
    Ok(Body::from_stream(stream::try_unfold(state, |(mut source, left, keep)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES.min(left as usize));
        match source.read_buf(&mut chunk).await? {
            0 => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
            read => Ok(Some((chunk.freeze(), (source, left - read as u64, keep)))),
        }
    })))
}

fn header_value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(headers: &[(header::HeaderName, &'static str)]) -> (u16, HeaderMap, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let content: Vec<u8> = (0..600_000u32).map(|at| at as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let modified = DateTime::from_timestamp(784_111_777, 0).unwrap();
        let file = FileAnswer { path, len: 600_000, etag: "\"e\"".into(), modified, content_type: "x/y", keep: folder };
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        let response = respond(file, &headers).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        if parts.status == 206 || parts.status == 200 {
            assert_eq!(parts.headers[header::CONTENT_LENGTH], body.len().to_string());
        }
        (parts.status.as_u16(), parts.headers, body)
    }

    #[tokio::test]
    async fn whole_part_and_outside() {
        let (status, headers, body) = get(&[]).await;
        assert_eq!((status, body.len()), (200, 600_000));
        assert_eq!(headers[header::ACCEPT_RANGES], "bytes");
        let (status, headers, body) = get(&[(header::RANGE, "bytes=300000-300002")]).await;
        assert_eq!((status, body), (206, vec![(300_000u32) as u8, 300_001u32 as u8, 300_002u32 as u8]));
        assert_eq!(headers[header::CONTENT_RANGE], "bytes 300000-300002/600000");
        let (status, headers, _) = get(&[(header::RANGE, "bytes=600000-")]).await;
        assert_eq!(status, 416);
        assert_eq!(headers[header::CONTENT_RANGE], "bytes */600000");
    }

    #[tokio::test]
    async fn conditions_decide_before_ranges() {
        let (status, _, body) = get(&[(header::IF_NONE_MATCH, "\"e\""), (header::RANGE, "bytes=0-1")]).await;
        assert_eq!((status, body.len()), (304, 0));
        let (status, _, body) = get(&[(header::IF_RANGE, "\"other\""), (header::RANGE, "bytes=0-1")]).await;
        assert_eq!((status, body.len()), (200, 600_000));
        let (status, _, body) = get(&[(header::IF_RANGE, "\"e\""), (header::RANGE, "bytes=-2")]).await;
        assert_eq!((status, body.len()), (206, 2));
    }
}
