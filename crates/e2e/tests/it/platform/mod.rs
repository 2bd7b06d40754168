//! What is below `/api/datasets` in dialect `platform`.

mod adbc;
pub(crate) mod asking;
mod calls;
mod connectors;
mod datasets;
mod explore;
mod full_disk;
mod governance;
mod hostile;
mod hosts;
mod lakehouse;
mod many_rows;
mod profile;
mod refresh;
mod rows;
mod shares;
mod upload;
