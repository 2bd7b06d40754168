//! CSV and its kin: cut into chunks between rows, read by several threads, its types found over all of it.

mod cut;
mod decode;
mod dialect;
#[cfg(test)]
mod properties;
mod records;
mod seen;
mod survey;
#[cfg(test)]
mod tests;

pub(super) use dialect::Dialect;
pub(super) use survey::{Csv, find, open, survey};
