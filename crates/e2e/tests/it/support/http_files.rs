//! A small web server over a folder: GET, HEAD and single ranges, as object readers need them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves a folder until dropped.
pub(crate) struct FileServer {
    /// As in `http://127.0.0.1:4321`.
    pub(crate) base: String,
    /// How many requests came.
    pub(crate) requests: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl FileServer {
    pub(crate) async fn start(root: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            // Connections end with the server, as they would when its machine goes away.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (root, seen) = (root.clone(), seen.clone());
                connections.spawn(async move {
                    let _ = serve(stream, root, seen).await;
                });
            }
        });
        Self { base, requests, task }
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, root: PathBuf, seen: Arc<AtomicUsize>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            head.push(line.trim().to_owned());
        }
        seen.fetch_add(1, Ordering::SeqCst);
        let mut words = head[0].split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
        let range = head.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("range").then(|| value.trim().to_owned())
        });
        let file = root.join(path.trim_start_matches('/').split('?').next().unwrap_or(""));
        let answer = match std::fs::read(&file) {
            Ok(bytes) => answer(&file, &bytes, range.as_deref(), method == "HEAD"),
            Err(_) => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        stream.get_mut().write_all(&answer).await?;
    }
}

fn answer(file: &std::path::Path, bytes: &[u8], range: Option<&str>, head_only: bool) -> Vec<u8> {
    let total = bytes.len();
    let changed = std::fs::metadata(file).and_then(|meta| meta.modified()).expect("a time of change");
    let changed = chrono::DateTime::<chrono::Utc>::from(changed);
    let common = format!(
        "Accept-Ranges: bytes\r\nLast-Modified: {}\r\nETag: \"{total}-{}\"\r\n",
        changed.format("%a, %d %b %Y %H:%M:%S GMT"),
        changed.timestamp_nanos_opt().unwrap_or(0)
    );
    let (status, part) = match range.and_then(|text| parse_range(text, total)) {
        Some((from, to)) => (format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}", to - 1), &bytes[from..to]),
        None => ("200 OK".into(), bytes),
    };
    let mut out = format!("HTTP/1.1 {status}\r\n{common}Content-Length: {}\r\n\r\n", part.len()).into_bytes();
    if !head_only {
        out.extend_from_slice(part);
    }
    out
}

fn parse_range(text: &str, total: usize) -> Option<(usize, usize)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) if from < total => Some((from, (to + 1).min(total))),
        (Ok(from), Err(_)) if from < total => Some((from, total)),
        (Err(_), Ok(last)) => Some((total.saturating_sub(last), total)),
        _ => None,
    }
}
