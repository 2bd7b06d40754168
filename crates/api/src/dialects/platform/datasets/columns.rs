//! What answers say of their columns.

use arrow::datatypes::Schema;
use datahall_core::classify::SemanticType;
use datahall_core::query::{Function, Query};
use datahall_core::{Error, Result};
use datahall_service::View;
use datahall_service::column_type;
use serde::Serialize;

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    semantic_type: Option<&'static str>,
    masked: bool,
}

/// The columns of `rows`, which `query` gives of `view`: what is counted or computed of a column is of no type of meaning, but its least
/// and its largest value are values of that column, masked ones too.
pub(super) fn of_rows(view: &View, query: &Query, rows: &Schema) -> Vec<Column> {
    let source = |name: &str| -> Option<String> {
        match query.aggregates.iter().find(|aggregate| aggregate.alias == name) {
            None => Some(name.to_owned()),
            Some(aggregate) if matches!(aggregate.function, Function::Min | Function::Max) => aggregate.column.clone(),
            Some(_) => None,
        }
    };
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let source = source(field.name());
        Column {
            name: field.name().clone(),
            kind: column_type(field.data_type()),
            semantic_type: source.as_deref().and_then(|name| view.semantic_type(name)).map(SemanticType::name),
            masked: source.is_some_and(|name| view.is_masked(&name)),
        }
    };
    rows.fields().iter().map(column).collect()
}

/// What stands before the rows of an answer: its columns, and the beginning of the list of rows.
pub(super) fn head(columns: &[Column]) -> Result<String> {
    let columns = serde_json::to_string(columns).map_err(Error::internal)?;
    Ok(format!("{{\"columns\":{columns},\"rows\":["))
}
