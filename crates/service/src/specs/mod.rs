//! The registry of data packages: specs are uploaded, numbered, planned into pipelines and run; what they make is a data package, and
//! its tables are datasets.
//!
//! - `contents`: a spec as it was uploaded, checked
//! - `owner`: who owns packages, and the project that holds them
//! - `plan`: which pipelines a spec comes to, and what each needs
//! - `period`: how often a spec is run again
//! - `pipelines`, `place`: what pipelines make, and where the files are
//! - `publish`: the tables of a revision as datasets

mod contents;
mod descriptor;
pub(crate) mod owner;
mod period;
mod pipelines;
mod place;
mod plan;
mod publish;

pub(crate) use place::Packages;
