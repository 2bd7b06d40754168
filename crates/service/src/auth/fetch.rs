//! Fetching small JSON documents of an identity provider.

use async_trait::async_trait;
use datahall_core::{Error, Result};
use std::time::Duration;

/// The longest document that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Fetches a small document; handed in so that tests need no network.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The body that `GET url` answers with status 200.
    ///
    /// # Errors
    /// `Unavailable`; why is only in the detail.
    async fn get(&self, url: &str) -> Result<Vec<u8>>;
}

/// Fetches over HTTP(S).
#[derive(Debug, Clone)]
pub struct HttpFetch {
    client: reqwest::Client,
}

impl HttpFetch {
    /// A client with short timeouts that follows few redirects.
    ///
    /// # Errors
    /// `Internal` when the platform gives no TLS roots.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::limited(3))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>> {
        let failed = |error: reqwest::Error| Error::unavailable("the identity provider cannot be reached").with_detail(error);
        let mut response = self.client.get(url).send().await.map_err(failed)?.error_for_status().map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Error::unavailable("the identity provider cannot be reached").with_detail("its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
