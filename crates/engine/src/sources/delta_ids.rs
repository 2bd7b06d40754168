//! Delta tables whose columns are mapped by field id. Their files are read by name: right where names and ids agree, as in
//! what Delta writers write; where they do not, the table is refused rather than read wrongly.

use super::pinned_file::PinnedFile;
use super::pinned_store::PinnedStore;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datahall_core::{Error, Result};
use futures::stream::{self, StreamExt, TryStreamExt};
use parquet::schema::types::Type;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const AT_ONCE: usize = 16;

/// Which id and which name in the files go together.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    names: HashMap<i64, String>,
    top: HashSet<String>,
}

/// The mapping in `metadata`, a table's metadata action, when the table maps by id.
pub(crate) fn mapping(metadata: &Value) -> Result<Option<Mapping>> {
    if metadata["configuration"]["delta.columnMapping.mode"] != "id" {
        return Ok(None);
    }
    let schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap_or_default()).map_err(Error::internal)?;
    let mut mapping = Mapping::default();
    let fields = schema["fields"].as_array().into_iter().flatten();
    mapping.top.extend(fields.filter_map(|field| physical(field).map(|(_, name)| name)));
    collect(&schema, &mut mapping.names);
    Ok(Some(mapping))
}

fn physical(field: &Value) -> Option<(i64, String)> {
    let metadata = &field["metadata"];
    let name = metadata["delta.columnMapping.physicalName"].as_str()?;
    Some((metadata["delta.columnMapping.id"].as_i64()?, name.to_owned()))
}

fn collect(value: &Value, names: &mut HashMap<i64, String>) {
    names.extend(physical(value));
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(entries) => entries.values().for_each(|item| collect(item, names)),
        _ => {}
    }
}

impl Mapping {
    /// Checks the footers of `files`, all of `store`.
    ///
    /// # Errors
    /// `Invalid` naming the file in which names and ids do not agree, or that cannot be read.
    pub(crate) async fn check(self, url: &str, store: &Arc<PinnedStore>, files: &[Arc<PinnedFile>]) -> Result<()> {
        let mapping = Arc::new(self);
        let each = files.iter().cloned().map(|file| (mapping.clone(), store.clone(), file, url.to_owned())).collect::<Vec<_>>();
        let look = |(mapping, store, file, url): (Arc<Self>, Arc<PinnedStore>, Arc<PinnedFile>, String)| async move {
            let meta = file.meta(store.key(&file.name).map_err(Error::internal)?);
            let read = DFParquetMetadata::new(store.as_ref(), &meta).fetch_metadata().await;
            let footer =
                read.map_err(|error| Error::invalid(format!("{url}: {} cannot be read", file.name)).with_detail(error))?;
            let root = footer.file_metadata().schema_descr().root_schema();
            if mapping.agrees(root, true) {
                return Ok(());
            }
            Err(Error::invalid(format!("{url}: columns are mapped by id, and names in {} are not those of the ids", file.name)))
        };
        stream::iter(each).map(look).buffered(AT_ONCE).try_collect().await
    }

    fn agrees(&self, group: &Type, top: bool) -> bool {
        group.get_fields().iter().all(|field| {
            let info = field.get_basic_info();
            let own = info.has_id().then(|| self.names.get(&i64::from(info.id()))).flatten();
            let fits = match own {
                Some(name) => name == info.name(),
                // A column without an id, or with one the table does not know, is none of the table's, whatever its name.
                None => !(top && self.top.contains(info.name())),
            };
            fits && (!field.is_group() || self.agrees(field, false))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;
    use serde_json::json;

    fn agrees(message: &str) -> bool {
        let field = |name: &str, id: u32| json!({"name": name, "type": "long", "metadata": {"delta.columnMapping.id": id, "delta.columnMapping.physicalName": format!("p{id}")}});
        let mut outer = field("s", 3);
        outer["type"] = json!({"type": "struct", "fields": [field("inner", 4)]});
        let schema = json!({"type": "struct", "fields": [field("a", 1), field("b", 2), outer]}).to_string();
        let metadata = json!({"configuration": {"delta.columnMapping.mode": "id"}, "schemaString": schema});
        mapping(&metadata).unwrap().unwrap().agrees(&parse_message_type(message).unwrap(), true)
    }

    #[test]
    fn names_and_ids_must_go_together_wherever_they_are() {
        assert!(agrees(
            "message m { OPTIONAL INT64 p1 = 1; OPTIONAL INT64 p2 = 2; OPTIONAL group p3 = 3 { OPTIONAL INT64 p4 = 4; } }"
        ));
        assert!(agrees("message m { OPTIONAL INT64 p2 = 2; OPTIONAL INT64 dropped = 9; }"));
        assert!(!agrees("message m { OPTIONAL INT64 p1 = 2; OPTIONAL INT64 p2 = 1; }"));
        assert!(!agrees("message m { OPTIONAL INT64 other = 1; }"));
        assert!(!agrees("message m { OPTIONAL INT64 p1; }"));
        assert!(!agrees("message m { OPTIONAL INT64 p1 = 9; }"));
        assert!(!agrees("message m { OPTIONAL group p3 = 3 { OPTIONAL INT64 x = 4; } }"));
        assert!(mapping(&json!({"configuration": {"delta.columnMapping.mode": "name"}})).unwrap().is_none());
        assert!(mapping(&json!({"configuration": {}})).unwrap().is_none());
    }
}
