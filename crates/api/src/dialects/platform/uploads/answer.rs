//! What was found out of a file, as answers write it.

use super::refused::reports;
use crate::shared::reply;
use datahall_core::Result;
use datahall_formats::Encoder;
use datahall_service::{DatasetInfo, FoundFile, UploadPreview, column_type};
use serde_json::{Map, Value, json};

/// What was found, without what is not there.
pub(super) fn found(found: &FoundFile) -> Map<String, Value> {
    let told = &found.told;
    let all = [
        ("file_name", json!(found.file_name)),
        ("format", json!(told.format.name())),
        ("compression", json!(told.compression)),
        ("encoding", json!(told.encoding)),
        ("delimiter", json!(told.delimiter)),
        ("quote", json!(told.quote)),
        ("header", json!(told.header)),
        ("sheet", json!(told.sheet)),
        ("sheets", if told.sheets.is_empty() { Value::Null } else { json!(told.sheets) }),
        ("warnings", json!(told.warnings)),
        ("reports", reports(&found.report)),
    ];
    all.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A preview, its rows in the forms that all rows have.
pub(super) fn preview(preview: &UploadPreview) -> Result<String> {
    let mut head = found(&preview.found);
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| json!({"name": field.name(), "type": column_type(field.data_type()), "nullable": field.is_nullable()});
    head.insert("columns".to_owned(), preview.found.schema.fields().iter().map(column).collect());
    head.insert("row_count".to_owned(), json!(preview.found.rows));
    let mut encoder = Encoder::rfc3339(&preview.found.schema);
    let mut rows = Vec::new();
    for batch in &preview.head {
        encoder.encode(batch, &mut rows)?;
    }
    encoder.finish(&mut rows)?;
    // The rows are JSON already: they go in as they are.
    let mut text = Value::Object(head).to_string();
    text.pop();
    text.push_str(",\"rows\":[");
    text.push_str(&String::from_utf8(rows).map_err(datahall_core::Error::internal)?);
    text.push_str("]}");
    Ok(text)
}

/// The dataset that became of a file, with what is known of it.
pub(super) fn dataset(info: &DatasetInfo) -> Map<String, Value> {
    let column = |column: &datahall_service::ColumnInfo| json!({"name": column.name, "type": column.kind, "nullable": column.nullable, "masked": column.masked});
    let columns: Vec<Value> = info.columns.iter().map(column).collect();
    let mask = |mask: &datahall_service::MaskInfo| json!({"strategy": mask.strategy, "unmask_roles": mask.unmask_roles, "sensitivity": mask.sensitivity});
    let masks = info.policy.iter().flat_map(|policy| &policy.masks);
    let masking: Map<String, Value> = masks.map(|(column, of_it)| (column.clone(), mask(of_it))).collect();
    let provenance: Map<String, Value> = info.provenance.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let all = json!({
        "name": info.name,
        "kind": info.kind.name(),
        "friendly_name": info.friendly_name,
        "description": info.description,
        "tags": info.tags,
        "connector_id": info.connection,
        "source_table": info.source_table,
        "row_count": info.row_count,
        "owner": info.owner,
        "created_at": reply::timestamp(info.created_at.to_datetime()),
        "updated_at": reply::timestamp(info.updated_at.to_datetime()),
        "visibility": info.visibility,
        "schema": columns,
        "settings": {"masking": masking},
        "provenance": provenance,
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}
