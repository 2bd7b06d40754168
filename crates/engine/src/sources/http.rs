//! Single files behind `http` and `https` URLs, read in parts.

use super::addresses::{self, PublicOnly};
use super::errors::{changed, find, through_store};
use super::listing::Place;
use super::pinned_file::{Backing, PinnedFile};
use bytes::Bytes;
use datahall_core::engine::{Access, Fetched};
use datahall_core::{Error, Result};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, IF_MATCH, LAST_MODIFIED, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const REDIRECTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(4);
const READ: Duration = Duration::from_secs(20);

/// A file on a server, as the server described it when it was opened.
#[derive(Debug)]
pub(crate) struct HttpFile {
    client: Client,
    url: Url,
    size: u64,
    e_tag: Option<String>,
    last_modified: Option<String>,
}

impl HttpFile {
    /// Bytes in the file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Its entity tag, when the server gives one.
    pub(crate) fn e_tag(&self) -> Option<&str> {
        self.e_tag.as_deref()
    }

    /// The bytes of `range`, as long as they are of the same file.
    ///
    /// # Errors
    /// That the file changed, or `Unavailable`.
    pub(crate) async fn get(&self, range: Range<u64>, name: &str) -> Result<BoxStream<'static, object_store::Result<Bytes>>> {
        let mut request = self
            .client
            .get(self.url.clone())
            .header(ACCEPT_ENCODING, "identity")
            .header(RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        // A weak tag never satisfies If-Match; it is compared afterwards instead.
        if let Some(tag) = self.e_tag.as_ref().filter(|tag| !tag.starts_with("W/")) {
            request = request.header(IF_MATCH, tag);
        }
        let gone = |error: &dyn std::fmt::Display| {
            Error::unavailable(format!("the source cannot be read: {name}: the server does not answer")).with_detail(error)
        };
        let response = request.send().await.map_err(|error| gone(&error.without_url()))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(changed(name));
            }
            status if status.is_server_error() => return Err(gone(&status)),
            _ => return Err(changed(name)),
        }
        let now = Described::of(&response);
        if now.size != Some(self.size) || now.e_tag != self.e_tag || now.last_modified != self.last_modified {
            return Err(changed(name));
        }
        let name = name.to_owned();
        let body = response.bytes_stream().map_err(move |error| {
            let message = format!("the source cannot be read: {name}: the server broke off");
            through_store(Error::unavailable(message).with_detail(error.without_url()))
        });
        Ok(body.boxed())
    }
}

/// What a response says of the file it is part of.
struct Described {
    size: Option<u64>,
    e_tag: Option<String>,
    last_modified: Option<String>,
}

impl Described {
    fn of(response: &Response) -> Self {
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let size = text(CONTENT_RANGE).and_then(|range| range.rsplit_once('/')).and_then(|(_, size)| size.parse().ok());
        Self { size, e_tag: text(ETAG).map(str::to_owned), last_modified: text(LAST_MODIFIED).map(str::to_owned) }
    }
}

/// Asks the server at `location` what it has there.
///
/// # Errors
/// `Invalid`: a bad URL, an address that may not be reached, nothing there, a server that does not give parts of files.
pub(crate) async fn find_file(location: &str, access: &Access) -> Result<(PinnedFile, Vec<String>)> {
    let url = Url::parse(location).map_err(|_| Error::invalid("the location is not a URL"))?;
    let shown = shown(&url);
    addresses::check(&url, access.private_networks).map_err(|error| error.context(&shown))?;
    let client = client(access.private_networks).map_err(Error::internal)?;
    // One byte is enough to learn the size, the tags, and whether the server gives parts at all.
    let request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity").header(RANGE, "bytes=0-0");
    let response = request.send().await.map_err(|error| unreachable(&shown, error))?;
    let refuse = |what: &str| Err(Error::invalid(format!("{shown}: {what}")));
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {}
        StatusCode::OK => return refuse("the server does not support reading parts of a file (HTTP ranges)"),
        StatusCode::NOT_FOUND | StatusCode::GONE => return refuse("not found"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return refuse("access denied"),
        StatusCode::RANGE_NOT_SATISFIABLE => return refuse("the file is empty"),
        status => return refuse(&format!("the server answered {}", status.as_u16())),
    }
    let described = Described::of(&response);
    let Some(size) = described.size else {
        return refuse("the server does not say how large the file is");
    };
    let mut notes = Vec::new();
    if described.e_tag.is_none() && described.last_modified.is_none() {
        notes.push("the server gives neither ETag nor Last-Modified: only a change of size is noticed".to_owned());
    }
    let name = url.path_segments().and_then(|mut parts| parts.next_back()).filter(|name| !name.is_empty()).unwrap_or("file");
    let name = super::hive::decode(name);
    let file = HttpFile { client, url, size, e_tag: described.e_tag, last_modified: described.last_modified };
    Ok((PinnedFile { name, partitions: Vec::new(), backing: Backing::Http(Arc::new(file)) }, notes))
}

/// Finds out whether somebody answers at `location`; what he answers does not matter.
///
/// # Errors
/// `Invalid` for an address that may not be reached; `Unavailable` when nobody answers.
pub(crate) async fn answers(location: &str, access: &Access) -> Result<()> {
    let url = Url::parse(location).map_err(|_| Error::invalid("the location is not a URL"))?;
    addresses::check(&url, access.private_networks)?;
    let client = client(access.private_networks).map_err(Error::internal)?;
    let request = client.get(url).header(ACCEPT_ENCODING, "identity").header(RANGE, "bytes=0-0");
    let Err(error) = request.send().await else { return Ok(()) };
    match find(&error, |inner| inner.downcast_ref::<Error>().cloned()) {
        Some(refused) => Err(refused),
        None => Err(Error::unavailable("nobody answers").with_detail(error.without_url())),
    }
}

/// The whole file behind `location`, from whatever server.
///
/// # Errors
/// `Invalid`: a bad URL, an address that may not be reached, nothing there.
pub(crate) async fn fetch(location: &str, access: &Access) -> Result<Fetched> {
    let url = Url::parse(location).map_err(|_| Error::invalid("the location is not a URL"))?;
    let shown = shown(&url);
    addresses::check(&url, access.private_networks).map_err(|error| error.context(&shown))?;
    let client = client(access.private_networks).map_err(Error::internal)?;
    let request = client.get(url).header(ACCEPT_ENCODING, "identity");
    let response = request.send().await.map_err(|error| unreachable(&shown, error))?;
    let refuse = |what: &str| Err(Error::invalid(format!("{shown}: {what}")));
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return refuse("not found"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return refuse("access denied"),
        status => return refuse(&format!("the server answered {}", status.as_u16())),
    }
    let length = response.content_length();
    let broken = move |error: reqwest::Error| {
        let message = format!("the source cannot be read: {shown}: the server broke off");
        Error::unavailable(message).with_detail(error.without_url())
    };
    Ok(Fetched { length, bytes: response.bytes_stream().map_err(broken).boxed() })
}

/// `location` as messages and logs may show it: an http URL without what may be secret in it, everything else as it is.
pub(crate) fn shown_location(location: &str) -> String {
    match super::listing::place(location) {
        Ok(Place::Http(text)) => Url::parse(text).map_or_else(|_| "the URL".to_owned(), |url| shown(&url)),
        _ => location.to_owned(),
    }
}

/// The URL without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only URLs that cannot have these refuse to lose them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn unreachable(shown: &str, error: reqwest::Error) -> Error {
    // Whatever the reason, refused by policy apart, the words are the same: they tell nobody which ports are open.
    match find(&error, |inner| inner.downcast_ref::<Error>().cloned()) {
        Some(refused) => refused.context(shown),
        None => Error::invalid(format!("{shown}: could not be fetched")).with_detail(error.without_url()),
    }
}

/// A client that goes where `private_networks` lets it, redirects included.
pub(super) fn client(private_networks: bool) -> reqwest::Result<Client> {
    let redirects = Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS {
            return attempt.error(Error::invalid("too many redirects"));
        }
        match addresses::check(attempt.url(), private_networks) {
            Ok(()) => attempt.follow(),
            Err(error) => attempt.error(error),
        }
    });
    // A proxy would resolve names by itself, past our eyes.
    let builder = Client::builder().no_proxy().redirect(redirects).connect_timeout(CONNECT).read_timeout(READ).referer(false);
    if private_networks { builder.build() } else { builder.dns_resolver(PublicOnly).build() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Serves each connection one answer; `answer` gets the request's head.
    async fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = vec![0; 8192];
                let read = socket.read(&mut head).await.unwrap_or(0);
                let text = answer(&String::from_utf8_lossy(&head[..read]));
                let _ = socket.write_all(text.as_bytes()).await;
                let _ = socket.shutdown().await;
            }
        });
        format!("http://{address}")
    }

    fn private() -> Access {
        Access { roots: None, private_networks: true }
    }

    #[tokio::test]
    async fn a_whole_file_comes_from_a_server_without_ranges() {
        let base = serve(|_| "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned()).await;
        let fetched = fetch(&format!("{base}/a.txt"), &private()).await.unwrap();
        assert_eq!(fetched.length, Some(5));
        let pieces: Vec<Bytes> = fetched.bytes.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), b"hello");
        let refused = fetch(&format!("{base}/a.txt"), &Access::default()).await.unwrap_err();
        assert_eq!(refused.code(), datahall_core::Code::Invalid);
        let short = serve(|_| "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello".to_owned()).await;
        let fetched = fetch(&format!("{short}/a.txt?key=secret"), &private()).await.unwrap();
        let error = fetched.bytes.try_collect::<Vec<_>>().await.unwrap_err();
        assert!(error.message().contains("broke off") && !error.message().contains("secret"), "{}", error.message());
        for (status, says) in [("404 Not Found", "not found"), ("403 Forbidden", "access denied"), ("500 Oh", "500")] {
            let base = serve(move |_| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")).await;
            let error = fetch(&format!("{base}/x"), &private()).await.unwrap_err();
            assert!(error.message().contains(says), "{}", error.message());
        }
    }

    #[tokio::test]
    async fn a_server_without_ranges_or_sizes_is_refused_in_words() {
        let cases = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", "HTTP ranges"),
            ("HTTP/1.1 206 Partial Content\r\ncontent-length: 1\r\ncontent-range: bytes 0-0/*\r\n\r\nx", "how large"),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "not found"),
            ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "access denied"),
            ("HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\n\r\n", "empty"),
            ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", "500"),
            ("HTTP/1.1 302 Found\r\nlocation: ftp://example.org/\r\ncontent-length: 0\r\n\r\n", "only http and https"),
            ("garbage", "could not be fetched"),
        ];
        for (answer, words) in cases {
            let base = serve(move |_| answer.to_owned()).await;
            let error = find_file(&format!("{base}/a.parquet?secret=1"), &private()).await.unwrap_err();
            assert!(error.message().contains(words), "{answer}: {}", error.message());
            assert!(!error.message().contains("secret"), "{}", error.message());
        }
    }

    #[tokio::test]
    async fn an_open_port_and_a_closed_one_give_the_same_words() {
        let open = serve(|_| "garbage".to_owned()).await;
        let words = |url: String| async move {
            let error = find_file(&format!("{url}/a"), &private()).await.unwrap_err();
            error.message().replace(&url, "")
        };
        assert_eq!(words(open).await, words("http://127.0.0.1:1".to_owned()).await);
    }

    #[tokio::test]
    async fn redirects_are_followed_and_judged() {
        let parts = |_: &str| {
            "HTTP/1.1 206 Partial Content\r\netag: \"1\"\r\ncontent-length: 1\r\ncontent-range: bytes 0-0/10\r\n\r\nx".to_owned()
        };
        let end = serve(parts).await;
        let start = serve(move |_| format!("HTTP/1.1 302 Found\r\nlocation: {end}/b\r\ncontent-length: 0\r\n\r\n")).await;
        let (file, notes) = find_file(&format!("{start}/a%20b.parquet"), &private()).await.unwrap();
        assert_eq!((file.size(), file.name.as_str(), notes.len()), (10, "a b.parquet", 0));
        // From a public address to a private one: the redirect policy sees the URL before anything is connected.
        let url = Url::parse("http://127.0.0.1/").unwrap();
        assert!(addresses::check(&url, false).is_err());
        let error = find_file(&format!("{start}/a"), &Access::default()).await.unwrap_err();
        assert!(error.message().ends_with(addresses::refused().message()), "{}", error.message());
    }

    #[tokio::test]
    async fn another_tag_or_size_or_status_is_a_change() {
        for answer in [
            "HTTP/1.1 206 Partial Content\r\netag: \"2\"\r\ncontent-length: 1\r\ncontent-range: bytes 1-1/10\r\n\r\nx",
            "HTTP/1.1 206 Partial Content\r\netag: \"1\"\r\ncontent-length: 1\r\ncontent-range: bytes 1-1/11\r\n\r\nx",
            "HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 1\r\n\r\nx",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 412 Precondition Failed\r\ncontent-length: 0\r\n\r\n",
        ] {
            let base = serve(move |head| {
                let opening = head.contains("bytes=0-0");
                let first =
                    "HTTP/1.1 206 Partial Content\r\netag: \"1\"\r\ncontent-length: 1\r\ncontent-range: bytes 0-0/10\r\n\r\nx";
                if opening { first.to_owned() } else { answer.to_owned() }
            })
            .await;
            let (file, _) = find_file(&format!("{base}/a"), &private()).await.unwrap();
            let error = file.read(vec![1..2]).await.unwrap_err();
            assert!(error.to_string().contains("source changed since it was loaded: a"), "{answer}: {error}");
        }
    }
}
