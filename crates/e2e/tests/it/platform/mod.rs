//! What is below `/api/datasets` in dialect `platform`.

mod calls;
mod explore;
mod governance;
mod lakehouse;
mod profile;
