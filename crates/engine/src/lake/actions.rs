//! What a write does to a table, as actions of its log.

use super::failed::failed;
use super::files::Files;
use super::model::Model;
use super::write::columns_of;
use arrow::datatypes::SchemaRef;
use datahall_core::{Code, Error, Result};
use deltalake::DeltaTable;
use deltalake::kernel::{Action, MetadataExt};

/// The files beside those that are there; their columns are `schema`.
///
/// # Errors
/// `Conflict` when the table has other columns by now.
pub(super) fn appending(there: &DeltaTable, files: &Files, schema: &SchemaRef) -> Result<Vec<Action>> {
    if columns_of(there)? != *schema {
        return Err(Error::new(Code::Conflict, "the table got other columns at the same time; try again"));
    }
    Ok(added(files))
}

/// The files in place of all that are there, with their columns.
pub(super) fn replacing(there: Option<&DeltaTable>, files: &Files, model: &Model) -> Result<Vec<Action>> {
    let mut actions = Vec::new();
    match there {
        None => {
            actions.push(Action::Protocol(model.protocol().clone()));
            actions.push(Action::Metadata(model.metadata().clone()));
        }
        Some(table) => {
            let state = table.snapshot().map_err(failed)?;
            if model.needs_more_than(state.protocol())? {
                actions.push(Action::Protocol(model.protocol().clone()));
            }
            if state.schema() != model.state().schema() {
                let id = state.metadata().id().to_owned();
                actions.push(Action::Metadata(model.metadata().clone().with_table_id(id).map_err(|error| failed(error.into()))?));
            }
            actions.extend(state.log_data().iter().map(|file| Action::Remove(file.remove_action(true))));
        }
    }
    actions.extend(added(files));
    Ok(actions)
}

fn added(files: &Files) -> Vec<Action> {
    files.added.iter().cloned().map(Action::Add).collect()
}
