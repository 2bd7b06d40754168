//! What is below `/api/datasets` in dialect `platform`.

mod calls;
mod connectors;
mod datasets;
mod explore;
mod governance;
mod profile;
mod refresh;
mod shares;
mod upload;
