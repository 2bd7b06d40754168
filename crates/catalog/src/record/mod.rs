//! What a record is: a serde struct and a table of constants. Everything else is generic.

mod find;
mod image;
mod list;
mod meta;
mod row;
mod sql;
mod table;
mod value;

pub use find::Find;
pub(crate) use image::image;
pub use image::scrub;
pub use list::{List, Page};
pub use meta::Meta;
pub(crate) use row::{Layout, fields, from_row, from_rows, of_layout, select_columns, to_values};
pub(crate) use sql::{bound, delete, explain, get, insert, insert_all, moved, rows, touch, update};
pub use table::{Column, Kind, Parent, Secret, Table};
pub(crate) use value::Query;
pub use value::Value;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of record. Its fields are serde's: those that [`Table::columns`] names become columns, all others one JSON
/// object in the column `body`; `meta` is skipped by serde.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + Unpin + 'static {
    /// How it is kept.
    const TABLE: &'static Table;
    /// What every record carries.
    fn meta(&self) -> &Meta;
    /// The same, to be filled in.
    fn meta_mut(&mut self) -> &mut Meta;
}
