//! Whether outside systems answer: asked at most every few seconds for one connection, and remembered.

use super::ConnectionStatus;
use crate::Service;
use crate::registry::Entry;
use chrono::{DateTime, Utc};
use datahall_catalog::Meta;
use datahall_core::connection::Connection;
use datahall_core::engine::Access;
use datahall_core::{Code, Error, Result};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// For so long what was found out is taken for granted.
const FRESH: Duration = Duration::from_secs(3);
/// So long an outside system is waited for, whatever the engine's patience.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many are asked at once; nobody scans a network from here.
const AT_ONCE: usize = 16;
/// Connections that are remembered; the oldest go first.
const MOST: usize = 10_000;

/// What was found out.
pub(super) struct Health {
    known: Mutex<HashMap<String, Known>>,
    /// Connections whose systems are being asked for readers.
    asking: Mutex<HashSet<String>>,
    permits: Semaphore,
}

#[derive(Clone)]
struct Known {
    version: i64,
    /// On the clock that never goes back.
    at: Duration,
    checked_at: DateTime<Utc>,
    failure: Option<Error>,
}

impl Default for Health {
    fn default() -> Self {
        Self { known: Mutex::default(), asking: Mutex::default(), permits: Semaphore::new(AT_ONCE) }
    }
}

impl Health {
    /// What is known of the record in its version.
    pub(super) fn status(&self, meta: &Meta) -> ConnectionStatus {
        match self.known.lock().get(&meta.id).filter(|known| known.version == meta.version) {
            None => ConnectionStatus::default(),
            Some(known) => ConnectionStatus {
                works: Some(known.failure.is_none()),
                message: known.failure.as_ref().map(|error| error.message().to_owned()),
                checked_at: Some(known.checked_at),
            },
        }
    }

    /// What was found out of the connection in that version, and when.
    fn last(&self, id: &str, version: i64) -> Option<Known> {
        self.known.lock().get(id).filter(|known| known.version == version).cloned()
    }

    /// The right to ask for readers, which one has at a time for each connection.
    fn turn(&self, id: &str) -> Option<Turn<'_>> {
        self.asking.lock().insert(id.to_owned()).then(|| Turn { health: self, id: id.to_owned() })
    }

    /// Forgets a connection.
    pub(super) fn forget(&self, id: &str) {
        self.known.lock().remove(id);
    }

    fn note(&self, id: &str, now: Known) {
        let mut known = self.known.lock();
        if known.len() >= MOST && !known.contains_key(id) {
            let oldest = known.iter().min_by_key(|(_, known)| known.at).map(|(id, _)| id.clone());
            oldest.map(|oldest| known.remove(&oldest));
        }
        known.insert(id.to_owned(), now);
    }
}

/// See [`Health::turn`].
struct Turn<'a> {
    health: &'a Health,
    id: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.health.asking.lock().remove(&self.id);
    }
}

impl Service {
    /// Refuses reading what is behind a connection whose system does not answer, as it was at most three seconds ago. One reader asks;
    /// those who come meanwhile have what was known before, and what they read tells them the rest.
    ///
    /// # Errors
    /// `Unavailable`, [of the source](Error::is_of_source), saying why.
    pub(crate) async fn require_source(&self, entry: &Entry) -> Result<()> {
        let outside = entry.of_record().filter(|of| of.cache.is_none()).and_then(|of| of.source.connection());
        let Some(id) = outside else { return Ok(()) };
        let health = &self.connections.health;
        let known = health.last(id, entry.connected.load(Ordering::Acquire));
        let fresh = |known: &Known| self.clock.monotonic().saturating_sub(known.at) < FRESH;
        let turn = if known.as_ref().is_some_and(fresh) { None } else { health.turn(id) };
        let outcome = match turn {
            None => known.and_then(|known| known.failure).map_or(Ok(()), Err),
            Some(_turn) => match self.connection(id).await {
                Ok((connection, access)) => self.probe(&connection, &access).await,
                Err(error) => Err(error),
            },
        };
        match outcome {
            // That others are asked keeps nobody from reading.
            Err(error) if error.code() == Code::Throttled => Ok(()),
            Err(error) if error.code() == Code::Unavailable => Err(error.of_source()),
            // A connection that is gone, or leads where it may not: to whoever reads it is the same.
            Err(error) => Err(Error::unavailable(error.message()).with_detail(error.detail().unwrap_or_default()).of_source()),
            Ok(()) => Ok(()),
        }
    }

    /// Asks whether the system of a connection answers, and remembers it.
    ///
    /// # Errors
    /// `Unavailable`, saying why; `Invalid` when it may not be reached; `Throttled` when too many are being asked.
    pub(super) async fn probe(&self, connection: &Connection, access: &Access) -> Result<()> {
        let asked = self.ask(self.engine.probe(connection, access)).await;
        self.note_health(connection, &asked);
        asked
    }

    /// Remembers how something went that was asked of a connection's system.
    pub(super) fn note_health<T>(&self, connection: &Connection, outcome: &Result<T>) {
        let failure = match outcome {
            Ok(_) => None,
            // It answered, if not what was hoped for.
            Err(error) if error.code() == Code::NotFound => None,
            Err(error) if error.code() == Code::Throttled => return,
            Err(error) => Some(error.clone()),
        };
        if connection.version > 0 {
            let (at, checked_at) = (self.clock.monotonic(), self.clock.now());
            self.connections.health.note(&connection.id, Known { version: connection.version, at, checked_at, failure });
        }
    }

    /// What an outside system answers, if it does so in time and not too many are asked.
    pub(super) async fn ask<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let Ok(_permit) = self.connections.health.permits.try_acquire() else {
            return Err(Error::new(Code::Throttled, "too many outside systems are being asked; try again").retry_after(1));
        };
        let late = || Error::unavailable(format!("the outside system did not answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(late()))
    }
}
