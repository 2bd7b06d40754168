//! Requests byte by byte, for what well-behaved clients never send.

use super::modes;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What came back: the status and everything after the status line.
pub(crate) struct RawReply {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Sends `bytes` and reads until the server closes or the answer's announced length is there.
pub(crate) async fn exchange(port: u16, bytes: &[u8]) -> RawReply {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
    let _ = stream.write_all(&modes::equipped(port, bytes)).await;
    read_reply(&mut stream).await
}

/// Reads one answer.
pub(crate) async fn read_reply(stream: &mut TcpStream) -> RawReply {
    let mut all = Vec::new();
    let mut buffer = [0u8; 8192];
    loop {
        let read = timeout(Duration::from_secs(60), stream.read(&mut buffer)).await.expect("an answer within a minute");
        match read {
            Ok(0) | Err(_) => break,
            Ok(n) => all.extend_from_slice(&buffer[..n]),
        }
        if is_whole(&all) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&all).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    RawReply { status: status.unwrap_or_else(|| panic!("no status line in {text:?}")), text }
}

fn is_whole(all: &[u8]) -> bool {
    let text = String::from_utf8_lossy(all).to_lowercase();
    let Some(end) = text.find("\r\n\r\n") else { return false };
    let length = text[..end].lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => all.len() >= end + 4 + length,
        None => text[..end].contains("transfer-encoding: chunked") && text.ends_with("0\r\n\r\n"),
    }
}
