//! Groups of users. All of it needs ADMIN on the instance.

mod delete;
mod list;
mod save;

pub use save::{GroupChange, NewGroup};

use datahall_core::Error;

/// The answer for a name that is no group's.
fn unknown(name: &str) -> Error {
    Error::not_found(format!("there is no group '{}'", name.escape_debug()))
}
