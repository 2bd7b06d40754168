//! What was found out of a file, as answers write it.

use super::refused::reports;
use crate::dialects::platform::shelf::detail::Detail;
use datahall_core::Result;
use datahall_formats::Encoder;
use datahall_service::{FoundFile, UploadPreview, column_type};
use serde::Serialize;
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

/// The dataset that became of a file, and what there is to know of how.
#[derive(Serialize)]
pub(super) struct Uploaded {
    #[serde(flatten)]
    dataset: Detail,
    version: u64,
    warnings: Vec<String>,
    reports: Value,
}

impl From<datahall_service::Uploaded> for Uploaded {
    fn from(uploaded: datahall_service::Uploaded) -> Self {
        let found = uploaded.found;
        Self {
            dataset: uploaded.dataset.into(),
            version: uploaded.version,
            warnings: found.told.warnings,
            reports: reports(&found.report),
        }
    }
}
