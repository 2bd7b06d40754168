//! What was told to somebody outside, kept in memory.

use crate::config::SpecsMail;
use crate::{Courier, Mail};
use async_trait::async_trait;
use datahall_core::{Error, Result};
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::sync::atomic::{AtomicBool, Ordering};

/// What arrived, and whether anything does.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) posts: Mutex<Vec<(String, Json)>>,
    pub(crate) mails: Mutex<Vec<Mail>>,
    /// Nobody answers.
    pub(crate) away: AtomicBool,
}

impl Outbox {
    fn answers(&self) -> Result<()> {
        if self.away.load(Ordering::Relaxed) { Err(Error::unavailable("nobody answers")) } else { Ok(()) }
    }
}

#[async_trait]
impl Courier for Outbox {
    async fn post(&self, url: &str, json: Vec<u8>) -> Result<()> {
        self.answers()?;
        self.posts.lock().push((url.to_owned(), serde_json::from_slice(&json).unwrap()));
        Ok(())
    }

    async fn mail(&self, _: &SpecsMail, _: Option<&str>, message: &Mail) -> Result<()> {
        self.answers()?;
        self.mails.lock().push(message.clone());
        Ok(())
    }
}
