//! What a driver says there is: catalogs hold schemas, schemas hold tables.

use adbc_core::error::Result;
use adbc_core::options::ObjectDepth;
use adbc_core::sync::Connection;
use adbc_driver_manager::ManagedConnection;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use datahall_core::connection::OutsideTable;

/// What the schema of databases without schemas is called.
pub(super) const NAMELESS: &str = "main";

/// The schemas, by name. Databases without schemas have one that is called [`NAMELESS`].
pub(super) fn schemas(session: &mut ManagedConnection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for batch in session.get_objects(ObjectDepth::Schemas, None, None, None, None, None)? {
        for schema in listed(&batch?, "catalog_db_schemas") {
            found.extend((0..schema.len()).map(|at| name(&schema, "db_schema_name", at)));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The tables of one schema, by name; of all without one.
pub(super) fn tables(session: &mut ManagedConnection, schema: Option<&str>) -> Result<Vec<OutsideTable>> {
    let mut found = Vec::new();
    let asked = schema.filter(|schema| *schema != NAMELESS);
    for batch in session.get_objects(ObjectDepth::Tables, None, asked, None, None, None)? {
        for schemas in listed(&batch?, "catalog_db_schemas") {
            for at in 0..schemas.len() {
                let of = name(&schemas, "db_schema_name", at);
                let Some(tables) = inner(&schemas, "db_schema_tables", at) else { continue };
                let table = |at| OutsideTable {
                    schema: of.clone(),
                    name: name(&tables, "table_name", at),
                    kind: if name(&tables, "table_type", at).to_lowercase().contains("view") { "view" } else { "table" },
                    rows: None,
                };
                found.extend((0..tables.len()).map(table).filter(|table| schema.is_none_or(|schema| schema == table.schema)));
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn listed(batch: &RecordBatch, column: &str) -> Vec<StructArray> {
    let Some(lists) = batch.column_by_name(column).and_then(|lists| lists.as_list_opt::<i32>()) else { return Vec::new() };
    lists.iter().flatten().filter_map(|list| list.as_struct_opt().cloned()).collect()
}

fn inner(of: &StructArray, column: &str, at: usize) -> Option<StructArray> {
    let lists = of.column_by_name(column)?.as_list_opt::<i32>()?;
    lists.is_valid(at).then(|| lists.value(at)).and_then(|list: ArrayRef| list.as_struct_opt().cloned())
}

fn name(of: &StructArray, column: &str, at: usize) -> String {
    let texts = of.column_by_name(column).and_then(|texts| texts.as_string_opt::<i32>());
    let text = texts.filter(|texts| texts.is_valid(at)).map(|texts| texts.value(at).to_owned());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| NAMELESS.into())
}
