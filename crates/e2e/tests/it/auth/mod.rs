//! Who may do what.

mod accounts;
mod admin;
mod bad_credentials;
mod matrix;
mod oidc;
