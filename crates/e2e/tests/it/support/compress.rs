//! Undoing each content coding with an independent decoder.

use std::io::Read;

/// `body` without `coding`.
pub(crate) fn decode(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let done = match coding {
        "gzip" => flate2::read::MultiGzDecoder::new(body).read_to_end(&mut out),
        "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut out),
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut out),
        "zstd" => zstd::stream::read::Decoder::new(body).and_then(|mut decoder| decoder.read_to_end(&mut out)),
        other => panic!("no decoder for {other:?}"),
    };
    done.unwrap_or_else(|error| panic!("{coding} does not decode: {error}"));
    out
}
