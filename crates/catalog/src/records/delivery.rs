//! Deliveries: what is to be told to somebody outside, and whether it was.

use crate::record::{Column, Meta, Record, Table};
use crate::{Millis, Object};
use serde::{Deserialize, Serialize};

/// A message on its way. Tries are bookkeeping: whoever sets `next_at` from what he saw may try.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of the event it tells of, if it tells of one; it goes with that.
    pub event: Option<String>,
    /// The way it goes: `hook`, `mail`.
    pub channel: String,
    /// When it is tried next; never any more while it is empty.
    pub next_at: Option<Millis>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it arrived.
    pub delivered_at: Option<Millis>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// What is told.
    pub body: Object,
}

const COLUMNS: &[Column] = &[
    Column::part_of("event", "events"),
    Column::text("channel"),
    Column::int("next_at"),
    Column::int("attempts"),
    Column::int("delivered_at"),
    Column::text("error"),
];

impl Record for Delivery {
    const TABLE: &'static Table = &Table {
        bookkeeping: &["next_at", "attempts", "delivered_at", "error"],
        ..Table::new("deliveries", "delivery", COLUMNS)
    };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
