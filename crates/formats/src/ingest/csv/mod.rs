//! CSV and its kin: cut into chunks between rows, read by several threads, its types found over all of it.

pub(crate) mod cut;
mod decode;
mod dialect;
#[cfg(test)]
mod properties;
pub(crate) mod records;
mod seen;
mod survey;
#[cfg(test)]
mod tests;

pub(crate) use dialect::{Dialect, More};
pub(crate) use survey::open;
pub(super) use survey::{Csv, find, survey};
