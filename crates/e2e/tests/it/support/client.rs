//! Requests as a user of the API sends them, and answers with what tests ask of them.

use super::modes;
use super::server::ADMIN_TOKEN;
use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Sends requests to one base URL.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
}

/// One answer, read to its end.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { base, http: http.build().expect("a client") }
    }

    /// The full URL of `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// The head of the answer; its body is unread. Calls carry what the mode of this run asks for.
    pub(crate) async fn open(&self, request: RequestBuilder) -> Result<reqwest::Response, reqwest::Error> {
        let mut request = request.build()?;
        if let Some(port) = request.url().port() {
            modes::equip(port, request.headers_mut());
        }
        self.http.execute(request).await
    }

    /// Like [`Client::send`], for when the server may be away.
    pub(crate) async fn try_send(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = self.open(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, body: response.bytes().await? })
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        self.try_send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::GET, path).headers(header_map(headers))).await
    }

    pub(crate) async fn head_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::HEAD, path).headers(header_map(headers))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body).headers(header_map(headers))).await
    }

    /// A body that need not be JSON, with the content type of JSON.
    pub(crate) async fn post_raw(&self, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Reply {
        let request = self.request(Method::POST, path).header("content-type", "application/json").body(body);
        self.send(request.headers(header_map(headers))).await
    }

    /// As the administrator.
    pub(crate) async fn admin_post(&self, path: &str, body: &Value) -> Reply {
        self.post_with(path, &[("x-admin-token", ADMIN_TOKEN)], body).await
    }

    /// As the administrator, without a body.
    pub(crate) async fn admin(&self, method: Method, path: &str) -> Reply {
        self.send(self.request(method, path).header("x-admin-token", ADMIN_TOKEN)).await
    }

    /// Registers one dataset.
    pub(crate) async fn register(&self, body: &Value) -> Reply {
        self.admin_post("/api/v1/datasets", body).await
    }

    /// Reloads one dataset.
    pub(crate) async fn reload(&self, name: &str) -> Reply {
        self.admin(Method::POST, &format!("/api/v1/datasets/{name}/reload")).await
    }

    /// One page, whatever its status.
    pub(crate) async fn query_reply(&self, name: &str, body: &Value) -> Reply {
        self.post(&format!("/api/v1/datasets/{name}/query"), body).await
    }

    /// The rows of one page that must be given.
    pub(crate) async fn query(&self, name: &str, body: &Value) -> Vec<Value> {
        let reply = self.query_reply(name, body).await;
        assert_eq!(reply.status, 200, "query {name} {body}: {}", reply.text());
        match reply.json()["data"].take() {
            Value::Array(rows) => rows,
            other => panic!("`data` is no list: {other}"),
        }
    }

    /// The number of rows for which `predicates` hold.
    pub(crate) async fn count(&self, name: &str, predicates: Value) -> u64 {
        let body = serde_json::json!({ "predicates": predicates });
        let reply = self.post(&format!("/api/v1/datasets/{name}/count"), &body).await;
        assert_eq!(reply.status, 200, "count {name} {body}: {}", reply.text());
        reply.json()["count"].as_u64().unwrap_or_else(|| panic!("no count in {}", reply.text()))
    }

    /// The rows of a statement that must be permitted.
    pub(crate) async fn sql(&self, sql: &str) -> Vec<Value> {
        let reply = self.post("/api/v1/sql", &serde_json::json!({ "sql": sql })).await;
        assert_eq!(reply.status, 200, "{sql}: {}", reply.text());
        reply.json()["data"].as_array().unwrap_or_else(|| panic!("no `data` in {}", reply.text())).clone()
    }

    /// The entry of a dataset.
    pub(crate) async fn status(&self, name: &str) -> Value {
        self.get(&format!("/api/v1/datasets/{name}/status")).await.ok().json()
    }

    /// The names listed.
    pub(crate) async fn names(&self) -> Vec<String> {
        super::texts(self.get("/api/v1/datasets").await.ok().json()["datasets"].as_array().expect("a list"), "name")
    }
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {:?}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of visible characters"))
    }

    /// The content type without parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }

    /// Demands 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.expect(200)
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Demands an error of `status` in the one envelope of errors, and gives its message.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.message()
    }

    /// Demands some 4xx in the envelope.
    #[track_caller]
    pub(crate) fn refused(&self) -> String {
        assert!((400..500).contains(&self.status), "{} instead of a 4xx: {}", self.status, self.text());
        self.message()
    }

    /// The message of an error, checking the envelope.
    #[track_caller]
    pub(crate) fn message(&self) -> String {
        assert_eq!(self.media_type(), "application/json", "{}: {}", self.status, self.text());
        let body = self.json();
        let message = body["error"].as_str().unwrap_or_else(|| panic!("no `error` in {body}")).to_owned();
        assert!(!message.trim().is_empty(), "an empty message");
        for leak in [
            "panicked",
            "datafusion",
            "DataFusion error",
            "Arrow error",
            "RUST_BACKTRACE",
            "src/",
            "logical expression",
            "Physical plan",
            "Cast(Cast",
        ] {
            assert!(!message.contains(leak), "the message speaks of what is inside ({leak}): {message}");
        }
        message
    }
}

/// Headers from pairs.
pub(crate) fn header_map(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(name.parse::<HeaderName>().expect("a header name"), HeaderValue::from_str(value).expect("a header value"));
    }
    map
}
