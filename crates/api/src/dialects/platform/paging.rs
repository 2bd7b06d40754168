//! `limit` and `offset`, and the envelope of a list.

use super::fault::Fault;
use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

const DEFAULT_LIMIT: u64 = 50;
/// More is not refused but cut down to this.
const MOST: u64 = 200;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paging {
    pub(super) limit: u64,
    pub(super) offset: u64,
}

#[derive(Serialize)]
struct Listing<T> {
    total: u64,
    items: Vec<T>,
    limit: u64,
    offset: u64,
}

impl Paging {
    pub(super) fn of(call: &Call) -> Result<Self, Fault> {
        let limit = number(call, "limit")?.unwrap_or(DEFAULT_LIMIT).min(MOST);
        Ok(Self { limit, offset: number(call, "offset")?.unwrap_or(0) })
    }

    /// As [`Paging::of`] for lists that are looked through as a whole: as many as there may be, unless fewer are asked for.
    pub(super) fn whole(call: &Call) -> Result<Self, Fault> {
        let limit = number(call, "limit")?.unwrap_or(MOST).min(MOST);
        Ok(Self { limit, offset: number(call, "offset")?.unwrap_or(0) })
    }

    /// The part of all that is asked for.
    pub(super) fn part<T>(self, all: Vec<T>) -> impl Iterator<Item = T> {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        all.into_iter().skip(count(self.offset)).take(count(self.limit))
    }

    /// The answer of these of `total`.
    pub(super) fn answer<T: Serialize>(self, total: Option<u64>, items: Vec<T>) -> Result<Response, Fault> {
        let Self { limit, offset } = self;
        Ok(reply::json(&Listing { total: total.unwrap_or_default(), items, limit, offset })?)
    }

    /// Adds the two to what the document says.
    pub(super) fn describe(operation: Operation) -> Operation {
        Self::described(operation, DEFAULT_LIMIT)
    }

    /// The same for [`Paging::whole`].
    pub(super) fn describe_whole(operation: Operation) -> Operation {
        Self::described(operation, MOST)
    }

    fn described(operation: Operation, default: u64) -> Operation {
        operation
            .query("limit", json!({"type": "integer", "minimum": 0, "default": default}), "At most so many; cut down to 200")
            .query("offset", json!({"type": "integer", "minimum": 0, "default": 0}), "After so many others")
            .fails(422, "A parameter is wrong: which and why")
    }
}

/// A parameter of the query string that is a whole number.
pub(super) fn number(call: &Call, name: &str) -> Result<Option<u64>, Fault> {
    let Some(text) = query(call, name)? else { return Ok(None) };
    let wrong = || Fault::parameter(name, &format!("{name}: must be a whole number from 0"));
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Beyond every number there is nothing, as beyond any large one.
    if is_number { Ok(Some(text.parse().unwrap_or(u64::MAX))) } else { Err(wrong()) }
}

/// Refuses parameters that are none of `known` and not about the page: a misspelt filter must not give everything.
pub(super) fn only(call: &Call, known: &[&str]) -> Result<(), Fault> {
    let known = [known, &["limit", "offset"]].concat();
    match call.unknown_parameter(&known).map_err(|error| Fault::query(error.message()))? {
        None => Ok(()),
        Some(name) => Err(Fault::parameter(&name, &format!("{}: there is no such parameter", name.escape_debug()))),
    }
}

/// A parameter of the query string.
pub(super) fn query(call: &Call, name: &str) -> Result<Option<String>, Fault> {
    call.query_parameter(name).map_err(|error| Fault::query(error.message()))
}
