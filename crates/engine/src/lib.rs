//! Datahall's engine: opens sources, keeps tables in memory, runs queries and SQL, all on Arrow and DataFusion.
//!
//! It knows tables, policies and queries; it does not know who asks. [`DataFusionEngine`] implements
//! [`datahall_core::engine::Engine`]; nothing else is public.

mod bind;
mod cpu;
mod door;
mod engine;
mod errors;
mod lake;
mod memory;
mod options;
mod plan;
mod predicate;
mod resident;
mod sources;
mod sql;
mod table;

pub use engine::DataFusionEngine;
pub use options::Options;
