//! What is wrong in each table, in the form that goodtables gave such reports. The report itself is made whatever it says.

use super::super::place::{DATA, Part, failed};
use super::super::plan::Table;
use super::rows::{Unread, read_source};
use super::source::blocking;
use super::stop::Watch;
use super::{Made, Making};
use datahall_core::Result;
use datahall_formats::tabular::CellError;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::ops::ControlFlow;

/// Errors told of one table; the number counts all.
const TOLD: usize = 1_000;

/// Writes it: a list, an entry a table.
///
/// # Errors
/// `Invalid` when a source is not to be had; `StorageFull`.
pub(super) async fn make(making: &Making<'_>) -> Result<Made> {
    let path = format!("{DATA}/validation_report.json");
    let (place, of_file, unique) = (making.place()?, path.clone(), making.unique());
    let mut part = blocking(move || place.begin(&of_file, &unique)).await?;
    for (at, table) in making.plan.tables.iter().enumerate() {
        let report = report(making, table).await?;
        let errors = &report["error-count"];
        if *errors != 0 {
            making.job.warn(format!("resource '{}': {errors} errors", table.name));
        }
        part = blocking(move || put(part, if at == 0 { "[\n" } else { ",\n" }, Some(&report))).await?;
    }
    let end = if making.plan.tables.is_empty() { "[]\n" } else { "\n]\n" };
    let whole = blocking(move || put(part, end, None)?.finish()).await?;
    Ok(Made::file(&making.name(), path, whole, None))
}

fn put(mut part: Part, before: &str, report: Option<&Json>) -> Result<Part> {
    part.write_all(before.as_bytes()).map_err(failed)?;
    if let Some(report) = report {
        serde_json::to_writer(&mut part, report).map_err(|error| failed(error.into()))?;
    }
    Ok(part)
}

/// Of one table.
async fn report(making: &Making<'_>, table: &Table) -> Result<Json> {
    let resource = &making.plan.resources[table.resource];
    let source = making.archived(table.resource)?;
    match judged(making, table).await {
        Ok(judged) => Ok(judged.report(&table.name, &source, &resource.format)),
        Err(Unread::File(words)) => {
            let told = vec![json!({"code": "source-error", "message": words})];
            let judged = Judged { headers: Vec::new(), told, errors: 1, rows: 0 };
            Ok(judged.report(&table.name, &source, &resource.format))
        }
        Err(Unread::Other(error)) => Err(error),
    }
}

/// What was found in a table.
struct Judged {
    headers: Vec<String>,
    told: Vec<Json>,
    errors: u64,
    rows: u64,
}

async fn judged(making: &Making<'_>, table: &Table) -> Result<Judged, Unread> {
    let opened = making.open(table).await?;
    let watch = Watch::default();
    let work = watch.clone();
    let judge = move || {
        let headers = opened.schema.names().map(str::to_owned).collect();
        let (mut told, mut errors, mut rows) = (Vec::new(), 0, 0);
        let totals = read_source(&opened, &work, &mut |checked| {
            let room = TOLD.saturating_sub(told.len());
            told.extend(checked.wrong.iter().take(room).map(error));
            errors += checked.errors;
            rows += checked.batch.num_rows() as u64;
            Ok(ControlFlow::Continue(()))
        });
        match totals {
            Ok(totals) => Ok(Judged { headers, told, errors: totals.errors, rows: totals.rows + totals.wrong_rows }),
            // It broke off further down.
            Err(Unread::File(words)) => {
                told.truncate(TOLD - 1);
                told.push(json!({"code": "source-error", "message": words}));
                Ok(Judged { headers, told, errors: errors + 1, rows })
            }
            Err(other) => Err(other),
        }
    };
    making.on_thread(None, watch, judge).await
}

fn error(error: &CellError) -> Json {
    let mut told = json!({"code": error.code.name(), "message": error.message});
    for (name, number) in [("row-number", error.row_number), ("column-number", error.column_number)] {
        if let Some(number) = number {
            told[name] = number.into();
        }
    }
    told
}

impl Judged {
    fn report(self, resource: &str, source: &str, format: &str) -> Json {
        let valid = self.errors == 0;
        let limited = self.errors > self.told.len() as u64;
        let warnings: Vec<String> =
            limited.then(|| format!("Table {source} inspection has reached {TOLD} error(s) limit")).into_iter().collect();
        json!({
            "resource": resource,
            "valid": valid,
            "error-count": self.errors,
            "table-count": 1,
            "preset": "table",
            "warnings": warnings,
            "tables": [{
                "source": source,
                "format": format,
                "schema": "table-schema",
                "valid": valid,
                "headers": self.headers,
                "row-count": self.rows,
                "error-count": self.errors,
                "errors": self.told,
            }],
        })
    }
}
