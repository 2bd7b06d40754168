//! The companion routes over the whole router.

mod audit;
mod credentials;
mod jobs;
mod lakehouse;
mod login;
mod matrix;
mod reading;
mod settings;
mod tokens;
mod uploads;
