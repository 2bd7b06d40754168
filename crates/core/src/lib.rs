//! The words of Datahall as types, and the rules that need nothing but those types.
//!
//! This crate knows no HTTP, no SQL engine, no storage and no dialect's JSON. Everything above it agrees on what it
//! says: a dataset's description ([`dataset`]), the one query language ([`query`]), who may do what ([`privilege`],
//! [`access`]), who may see which column ([`policy`]), what values mean ([`classify`]), what is written ([`lake`]), which
//! addresses are public ([`network`]), what can go wrong ([`error`]) and the seam to whatever reads rows
//! ([`engine`]).

pub mod access;
pub mod classify;
pub mod clock;
pub mod connection;
pub mod dataset;
pub mod engine;
pub mod error;
pub mod lake;
pub mod network;
pub mod policy;
pub mod privilege;
pub mod query;

pub use error::{Code, Error, Result};
