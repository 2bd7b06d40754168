//! What is below `/api/v1`.

mod aliases;
pub(crate) mod arrow;
mod bad_input;
mod column_filters;
mod conditional;
mod config_reload;
mod count;
mod formats;
mod list_status_schema;
mod operators;
pub(crate) mod parquet;
mod persist;
mod persist_crash;
mod queries;
mod query;
mod query_errors;
mod register;
mod register_refused;
mod reload;
mod sql;
mod sql_hostile;
mod stream;
mod truth;
mod unregister;
