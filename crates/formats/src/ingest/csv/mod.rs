//! CSV and its kin: cut into chunks between rows, read by several threads, its types found over all of it.

mod cut;
mod decode;
mod dialect;
mod records;
mod seen;
mod survey;

pub(super) use dialect::Dialect;
pub(super) use survey::{Csv, find, open, survey};
