//! How buckets that anybody may name are asked: each connection, and each redirect, to a public address or not at all. An endpoint's
//! name is judged by the same look-up that the connection is made with.

use super::errors::{find, through_store};
use super::{addresses, http};
use async_trait::async_trait;
use datahall_core::Error;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use std::time::Duration;

/// Makes the clients of stores that are asked only where the policy about networks lets them be.
#[derive(Debug)]
pub(super) struct JudgedConnector {
    /// Whether private networks are allowed.
    pub(super) private_networks: bool,
    /// How long one request may take, its answer's body included.
    pub(super) timeout: Duration,
}

impl HttpConnector for JudgedConnector {
    // Nothing is taken from the options: whether plain http is allowed was judged with the endpoint, and time-outs are given.
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = http::client(self.private_networks).map_err(|error| through_store(Error::internal(error)))?;
        Ok(HttpClient::new(Judged { client, private_networks: self.private_networks, timeout: self.timeout }))
    }
}

#[derive(Debug)]
struct Judged {
    client: reqwest::Client,
    private_networks: bool,
    timeout: Duration,
}

#[async_trait]
impl HttpService for Judged {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut request: reqwest::Request = request.map(reqwest::Body::wrap).try_into().map_err(failed)?;
        // An address in the URL is looked up by nobody.
        addresses::check(request.url(), self.private_networks).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        *request.timeout_mut() = Some(self.timeout);
        let response: ::http::Response<reqwest::Body> = self.client.execute(request).await.map_err(failed)?.into();
        Ok(response.map(|body| HttpResponseBody::new(body.map_err(failed))))
    }
}

/// Only what may pass by itself is worth another try: an address that is refused stays refused.
fn failed(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let kind = if find(&error, |inner| inner.downcast_ref::<Error>().map(drop)).is_some() {
        HttpErrorKind::Unknown
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_body() || error.is_decode() {
        HttpErrorKind::Interrupted
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::tests::s3::{BUCKET, KEY_ID, S3Server, SECRET};
    use crate::sources::s3;
    use datahall_core::dataset::S3Options;
    use futures::TryStreamExt;
    use object_store::aws::{AmazonS3, AmazonS3Builder};
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn store(endpoint: &str, private_networks: bool) -> AmazonS3 {
        let builder = AmazonS3Builder::new().with_bucket_name(BUCKET).with_endpoint(endpoint).with_allow_http(true);
        let builder = builder.with_access_key_id(KEY_ID).with_secret_access_key(SECRET).with_region("us-east-1");
        let retry = object_store::RetryConfig { max_retries: 0, ..Default::default() };
        let connector = JudgedConnector { private_networks, timeout: Duration::from_secs(30) };
        builder.with_retry(retry).with_http_connector(connector).build().unwrap()
    }

    #[tokio::test]
    async fn a_bucket_is_asked_as_the_librarys_own_client_would() {
        let server = S3Server::start().await;
        let store = store(&server.endpoint, true);
        let (key, content) = (Path::from("a folder/ü.bin"), vec![7_u8; 300_000]);
        store.put(&key, content.clone().into()).await.unwrap();
        store.put(&Path::from("empty"), Vec::new().into()).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), content);
        assert_eq!(store.get_range(&key, 5..9).await.unwrap(), [7; 4].as_slice());
        let mut names: Vec<_> =
            store.list(None).map_ok(|meta| (meta.location.to_string(), meta.size)).try_collect().await.unwrap();
        names.sort();
        assert_eq!(names, [(key.to_string(), 300_000), ("empty".to_owned(), 0)]);
        assert!(matches!(store.head(&Path::from("nothing")).await, Err(object_store::Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn an_address_that_is_not_public_is_not_asked_at_all() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
            }
        });
        let forms = ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "localhost"];
        for host in forms {
            let error = store(&format!("http://{host}:{port}"), false).get(&Path::from("x")).await.unwrap_err();
            let refused = find(&error, |inner| inner.downcast_ref::<Error>().cloned()).map(|error| error.message().to_owned());
            assert_eq!(refused.as_deref(), Some(addresses::refused().message()), "{host}");
        }
        // As options of a connection that anybody may have made.
        let endpoint = Some(format!("http://127.0.0.1:{port}"));
        let options = S3Options { endpoint, path_style: true, allow_http: true, public_only: true, ..Default::default() };
        let bucket = s3::bucket("s3://lake", BUCKET, &options).unwrap();
        assert!(bucket.get(&Path::from("x")).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        let _ = store(&format!("http://127.0.0.1:{port}"), true).get(&Path::from("x")).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
