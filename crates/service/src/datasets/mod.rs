//! The use cases of datasets, one file each.

mod count;
mod export;
mod find;
mod generations;
mod list;
mod moved;
mod persist;
mod query;
mod refresh;
mod register;
mod reload;
mod reload_all;
mod reload_config;
mod schema;
mod unregister;
mod view;

pub(crate) use count::count_rows;
pub use find::{Found, Total};
pub(crate) use moved::{Seen, Watcher};
pub(crate) use refresh::{Refresh, refresh_output, refresh_params};
pub use view::View;
pub(crate) use view::away;
