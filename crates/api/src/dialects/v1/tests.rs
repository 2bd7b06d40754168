//! The whole router over a service whose engine knows one small table.

mod engine;
mod exports;
mod permission;
mod queries;
mod requests;
mod support;
