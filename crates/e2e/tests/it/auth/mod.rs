//! Who may do what.

mod accounts;
mod admin;
mod matrix;
mod oidc;
