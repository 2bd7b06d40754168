//! What is below `/api/datasets` in dialect `platform`.

mod explore;
mod governance;
mod profile;
mod upload;
