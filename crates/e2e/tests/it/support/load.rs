//! One request sent many times at a given rate, by threads that do little else: a client that takes a good part of the
//! machine would measure itself.

use super::modes;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// One answer, and how long it took from when its request was due.
pub(crate) struct Timed {
    pub(crate) status: u16,
    /// Everything that came, from the status line on.
    pub(crate) text: String,
    pub(crate) taken: Duration,
}

/// Sends `body` as JSON to `path`, `number` times over `connections`, one every `pause`; without a pause, each connection
/// sends the next when it has the answer to the last.
pub(crate) fn post(port: u16, path: &str, body: &str, number: u32, connections: usize, pause: Option<Duration>) -> Vec<Timed> {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let request = modes::equipped(port, request.as_bytes());
    let next = AtomicU32::new(0);
    let begun = Instant::now();
    let one = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let mut answers = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if turn >= number {
                return answers;
            }
            let due = pause.map_or_else(Instant::now, |pause| begun + pause * turn);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            stream.write_all(&request).expect("it reads");
            let text = answer(&mut stream);
            let status = text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {text}"));
            answers.push(Timed { status, text, taken: due.elapsed() });
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    })
}

/// Reads one answer, of an announced length or in chunks.
fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).expect("an answer");
        assert!(read > 0, "cut off: {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&buffer[..read]);
        let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if length.map_or(all.ends_with(b"\r\n0\r\n\r\n"), |length| all.len() >= end + 4 + length) {
            return String::from_utf8_lossy(&all).into_owned();
        }
    }
}
