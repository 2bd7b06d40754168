//! The whole router over a service whose engine knows one small table.

mod exports;
mod limits;
mod permission;
mod queries;
mod requests;
