//! What every test needs: a server started as its users start it, requests, fixtures, and the outside systems it talks to.

pub(crate) mod catalogs;
pub(crate) mod client;
pub(crate) mod compress;
pub(crate) mod encrypted;
pub(crate) mod fixtures;
pub(crate) mod http_files;
pub(crate) mod load;
pub(crate) mod modes;
pub(crate) mod oidc;
pub(crate) mod outside;
pub(crate) mod python;
pub(crate) mod raw;
pub(crate) mod s3;
pub(crate) mod server;
pub(crate) mod small_disk;
pub(crate) mod types_table;

pub(crate) use client::{Client, Reply};
pub(crate) use fixtures::Scratch;
pub(crate) use server::{ADMIN_TOKEN, Server};

use serde_json::Value;

/// Whether the larger counts were asked for with `DATAHALL_LONG=1`.
pub(crate) fn long() -> bool {
    std::env::var_os("DATAHALL_LONG").is_some_and(|value| value == "1")
}

/// `short` ordinarily, `long` when the larger counts were asked for.
pub(crate) fn times(short: usize, long_count: usize) -> usize {
    if long() { long_count } else { short }
}

/// The integers under `key` in each row, in order.
pub(crate) fn ints(rows: &[Value], key: &str) -> Vec<i64> {
    rows.iter().map(|row| row[key].as_i64().unwrap_or_else(|| panic!("no integer {key:?} in {row}"))).collect()
}

/// The texts under `key` in each row, in order.
pub(crate) fn texts(rows: &[Value], key: &str) -> Vec<String> {
    rows.iter().map(|row| row[key].as_str().unwrap_or_else(|| panic!("no text {key:?} in {row}")).to_owned()).collect()
}
