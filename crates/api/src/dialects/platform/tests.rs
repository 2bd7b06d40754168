//! The companion routes over the whole router.

mod audit;
mod connectors;
mod credentials;
mod jobs;
mod lakehouse;
mod login;
mod matrix;
mod reading;
mod settings;
mod shelf;
mod tokens;
mod uploads;
