//! The companion routes over the whole router.

mod audit;
mod credentials;
mod login;
mod matrix;
mod settings;
mod tokens;
