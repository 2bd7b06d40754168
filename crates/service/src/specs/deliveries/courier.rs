//! The ways out: handed in, so that tests need no network.

use super::Mail;
use crate::config::SpecsMail;
use async_trait::async_trait;
use datahall_core::{Error, Result};
use std::time::Duration;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells what happened to somebody outside. Where to is the configuration's business, and so is any address right.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Sends JSON by `POST url`; any 2xx means that it arrived.
    ///
    /// # Errors
    /// `Unavailable`, saying why without naming the address, which may hold a secret.
    async fn post(&self, url: &str, json: Vec<u8>) -> Result<()>;

    /// Sends a message by the server that `settings` name.
    ///
    /// # Errors
    /// `Unavailable`, saying why.
    async fn mail(&self, settings: &SpecsMail, password: Option<&str>, message: &Mail) -> Result<()>;
}

/// Over HTTP(S) and SMTP.
#[derive(Debug, Clone)]
pub struct NetCourier {
    client: reqwest::Client,
}

impl NetCourier {
    /// One that follows no redirects and waits for ten seconds.
    ///
    /// # Errors
    /// `Internal` when the platform gives no TLS roots.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self { client: client.map_err(Error::internal)? })
    }
}

#[async_trait]
impl Courier for NetCourier {
    async fn post(&self, url: &str, json: Vec<u8>) -> Result<()> {
        let request = self.client.post(url).header(reqwest::header::CONTENT_TYPE, "application/json").body(json);
        let response = request.send().await.map_err(|error| {
            let why = if error.is_timeout() { "it does not answer in time" } else { "it cannot be reached" };
            Error::unavailable(format!("events_url: {why}")).with_detail(error.without_url())
        })?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(Error::unavailable(format!("events_url: it answers with status {}", status.as_u16()))),
        }
    }

    async fn mail(&self, settings: &SpecsMail, password: Option<&str>, message: &Mail) -> Result<()> {
        super::mail::send(settings, password, message).await
    }
}
