//! The resources of the descriptor of the whole: a file each, with what is true of it.

use super::super::descriptor::clean;
use super::super::plan::{Pipeline, Plan, Step, Table};
use super::made::{Made, MadeFile};
use super::own::own;
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// What a descriptor of the whole is made of.
pub(super) struct Parts<'a> {
    pub(super) plan: &'a Plan,
    /// What each pipeline made, by its name; those that are not there made nothing that is in it.
    pub(super) made: &'a HashMap<String, Made>,
}

/// What is replaced of a resource's own properties, and what is only true where it was.
const REPLACED: &[&str] = &[
    "name",
    "path",
    "data",
    "format",
    "bytes",
    "hash",
    "hashing",
    "stats",
    "rowcount",
    "fields",
    "rows",
    "schema",
    "dialect",
    "profile",
    "profiles",
    "type",
    "scheme",
    "innerpath",
    "extrapaths",
    "url",
    "layout",
    "control",
    "$schema",
    "datahub",
    "missingValues",
];

impl Parts<'_> {
    /// One a file, in the order of the plan; properties that had to be changed go into `wrong`.
    pub(super) fn resources(&self, wrong: &mut Vec<String>) -> Vec<Json> {
        let entry = |pipeline: &Pipeline| {
            let made = self.made.get(&pipeline.name)?;
            let file = made.files.first()?;
            let mut entry = self.entry(pipeline, made, wrong)?;
            for (name, value) in [("path", json!(file.path)), ("bytes", json!(file.bytes)), ("hash", json!(file.hash))] {
                entry[name] = value;
            }
            if let Some(rows) = self.rows(pipeline, file) {
                entry["rowcount"] = rows.into();
            }
            Some(entry)
        };
        self.plan.pipelines.iter().filter_map(entry).collect()
    }

    /// How each preview is to be shown.
    pub(super) fn views(&self) -> Vec<Json> {
        let previews = self.plan.pipelines.iter().filter(|pipeline| matches!(pipeline.step, Step::Preview(_)));
        let made = previews.filter(|pipeline| self.made.get(&pipeline.name).is_some_and(|made| !made.files.is_empty()));
        let view = |pipeline: &Pipeline| {
            let name = view_name(&pipeline.name);
            json!({"name": name, "specType": "table", "datahub": {"type": "preview"}, "resources": [pipeline.name]})
        };
        made.map(view).collect()
    }

    fn entry(&self, pipeline: &Pipeline, made: &Made, wrong: &mut Vec<String>) -> Option<Json> {
        // That of a ZIP is as its file's; names of resources are not in capitals.
        let name = &clean(&pipeline.name);
        Some(match &pipeline.step {
            Step::Report => {
                let of: Vec<&str> = self.plan.tables.iter().map(|table| table.name.as_str()).collect();
                json!({
                    "name": name, "type": "json", "format": "json", "mediatype": "application/json", "encoding": "utf-8",
                    "description": "Validation report for tabular data",
                    "datahub": {"type": "derived/report", "derivedFrom": of},
                })
            }
            Step::Csv(table) => self.typed(
                name,
                *table,
                made,
                ("csv", "text/csv", "table"),
                json!({
                    "delimiter": ",", "doubleQuote": true, "header": true, "lineTerminator": "\r\n", "quoteChar": "\"",
                    "skipInitialSpace": false,
                }),
            )?,
            // As a table, its bytes could not be told by readers that stop at the last row.
            Step::Json(table) => self.typed(name, *table, made, ("json", "application/json", "json"), keyed())?,
            Step::Parquet(table) => {
                self.typed(name, *table, made, ("parquet", "application/vnd.apache.parquet", "file"), Json::Null)?
            }
            Step::Preview(table) => {
                let mut entry = self.typed(name, *table, made, ("json", "application/json", "json"), keyed())?;
                let of = format!("{}_csv", self.plan.tables[*table].name);
                entry["datahub"] = json!({"type": "derived/preview", "derivedFrom": [of]});
                entry["forView"] = json!([view_name(name)]);
                entry
            }
            Step::Copy(resource) => self.source(*resource, wrong)?,
            Step::Zip(file) => json!({
                "name": name, "type": "file", "format": "zip", "mediatype": "application/zip",
                "description": "Compressed versions of dataset. Includes normalized CSV and JSON data with original data and datapackage.json.",
                "datahub": {"type": "derived/zip", "outFile": file},
            }),
            Step::Package => return None,
        })
    }

    /// A table in a format of ours.
    fn typed(
        &self,
        name: &str,
        table: usize,
        made: &Made,
        (format, media, kind): (&str, &str, &str),
        dialect: Json,
    ) -> Option<Json> {
        let table = self.plan.tables.get(table)?;
        let source = self.plan.resources.get(table.resource)?;
        let mut entry = json!({
            "name": name, "type": kind, "format": format, "mediatype": media,
            "datahub": {"type": format!("derived/{format}"), "derivedFrom": [source.name]},
        });
        for property in ["title", "description"] {
            if let Some(Json::String(text)) = source.descriptor.get(property) {
                entry[property] = text.as_str().into();
            }
        }
        if format != "parquet" {
            entry["encoding"] = "utf-8".into();
        }
        if !dialect.is_null() {
            entry["dialect"] = dialect;
        }
        if let Some(schema) = &made.schema {
            entry["schema"] = schema.clone();
        }
        Some(entry)
    }

    fn source(&self, at: usize, wrong: &mut Vec<String>) -> Option<Json> {
        let resource = self.plan.resources.get(at)?;
        let mut unlike = Vec::new();
        let mut entry = own(&resource.descriptor, REPLACED, &mut unlike);
        wrong.extend(unlike.into_iter().map(|property| format!("{property} of resource '{}'", resource.name)));
        let tables: Vec<&Table> = self.plan.tables.iter().filter(|table| table.resource == at).collect();
        let plain = tables.iter().any(|table| table.tabulator.is_none());
        let kind = match resource.format.as_str() {
            // What is read as it says of itself. The rest is a table only by what the spec says of it, or to few readers.
            "csv" | "tsv" if plain => "table",
            "json" if plain => "json",
            _ => "file",
        };
        entry.insert("name".into(), resource.name.as_str().into());
        entry.insert("type".into(), kind.into());
        entry.insert("format".into(), resource.format.as_str().into());
        if kind != "file" {
            for property in ["schema", "dialect"] {
                if let Some(object) = resource.descriptor.get(property).filter(|value| value.is_object()) {
                    entry.insert(property.into(), object.clone());
                }
            }
        }
        let kind = if tables.is_empty() { "original" } else { "source/tabular" };
        let mut of_hub = json!({"type": kind});
        if let Some(schema) = resource.schema().filter(|_| !entry.contains_key("schema")) {
            of_hub["schema"] = schema.clone();
        }
        entry.insert("datahub".into(), of_hub);
        Some(entry.into())
    }

    /// The rows in the file of a pipeline; of a source, those of the table that it is.
    fn rows(&self, pipeline: &Pipeline, file: &MadeFile) -> Option<u64> {
        let Step::Copy(resource) = pipeline.step else { return file.rows };
        // Of a table that leaves rows out nobody counted those of its source.
        let own = |table: &&Table| {
            table.resource == resource && table.name == self.plan.resources[resource].name && table.steps.filters.is_empty()
        };
        self.rows_of(self.plan.tables.iter().find(own)?)
    }

    /// The rows of a table, as whichever pipeline made it counted them.
    pub(super) fn rows_of(&self, table: &Table) -> Option<u64> {
        let made = ["csv", "json", "parquet"].iter().filter_map(|format| self.made.get(&format!("{}_{format}", table.name)));
        made.flat_map(|made| &made.files).find_map(|file| file.rows)
    }
}

fn keyed() -> Json {
    json!({"json": {"keyed": true}})
}

fn view_name(preview: &str) -> String {
    format!("datahub-preview-{preview}")
}
