//! Compression of answers by `Accept-Encoding`, where it is worth it.

use axum::http::{Response, header};
use http_body::Body;
use tower_http::CompressionLevel;
use tower_http::compression::{CompressionLayer, Predicate};

/// Below this many bytes compressing costs more than it saves.
const WORTHWHILE_BYTES: u64 = 860;

/// The layer that compresses.
pub(crate) fn layer() -> CompressionLayer<Worthwhile> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(Worthwhile)
}

/// Text of some length. Arrow and Parquet carry their own compression, and their readers want plain bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worthwhile;

impl Predicate for Worthwhile {
    fn should_compress<B: Body>(&self, response: &Response<B>) -> bool {
        let long = response.body().size_hint().exact().is_none_or(|length| length >= WORTHWHILE_BYTES);
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Events are sent when they happen; a compressor would hold them back.
        long && !kind.starts_with("text/event-stream")
            && (kind.starts_with("text/") || kind.starts_with("application/json") || kind.contains("ndjson"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn compresses(kind: &str, length: usize) -> bool {
        let response = Response::builder().header(header::CONTENT_TYPE, kind).body(Body::from(vec![b'x'; length])).unwrap();
        Worthwhile.should_compress(&response)
    }

    #[test]
    fn long_text_is_compressed_and_nothing_else() {
        assert!(compresses("application/json", 5000));
        assert!(compresses("text/csv; charset=utf-8", 5000));
        assert!(!compresses("application/json", 50));
        assert!(!compresses("text/event-stream", 5000));
        assert!(!compresses("application/vnd.apache.arrow.stream", 5000));
        assert!(!compresses("application/vnd.apache.parquet", 5000));
    }
}
