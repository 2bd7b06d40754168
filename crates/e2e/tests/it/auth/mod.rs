//! Who may do what.

mod admin;
mod oidc;
