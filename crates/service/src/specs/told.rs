//! What strangers are told of a flow. How it goes is open to all; the rows of its tables are not, and what is wrong with a row quotes it.

use super::flow::Flow;
use super::status::RevisionStatus;
use crate::{Ctx, Object, Service, home};
use datahall_catalog::{Package, scrub};
use datahall_core::Result;
use datahall_core::access::Scope;
use datahall_core::privilege::Privilege;
use serde_json::Value as Json;

/// What pipelines say before they name rows.
const ROWS: &str = "rows do not fit its schema";

impl Service {
    /// Whether the caller neither acts for the owner nor may read what is his.
    pub(super) async fn is_stranger(&self, ctx: &Ctx, owner: &str, package: &Package) -> Result<bool> {
        let scope = Scope { organisation: Some(home::ORGANISATION), project: Some(&package.project), dataset: None };
        Ok(!ctx.principal.grants.allow(Privilege::ReadData, &scope) && self.acts_for(ctx, owner).await?.is_none())
    }
}

/// Takes out of a status what is not for strangers.
pub(super) fn of_status(status: &mut RevisionStatus) {
    status.spec_contents = without_secrets(std::mem::take(&mut status.spec_contents));
    let logs = status.pipelines.iter_mut().map(|pipeline| &mut pipeline.error_log);
    logs.chain(&mut status.logs).chain(&mut status.error_log).for_each(|lines| of_lines(lines));
}

/// The same of what is told of an end.
pub(super) fn of_event(event: &mut Object) {
    if let Some(Json::Array(errors)) = event.get_mut("payload").and_then(|payload| payload.get_mut("errors")) {
        for error in errors {
            if let Json::String(line) = error {
                *line = of_line(line);
            }
        }
    }
}

/// The same of lines.
pub(super) fn of_lines(lines: &mut [String]) {
    lines.iter_mut().for_each(|line| *line = of_line(line));
}

/// The line without values of rows, of which their places stay, and without secrets.
fn of_line(line: &str) -> String {
    let line = match line.split_once(ROWS) {
        Some((before, after)) => {
            let (count, rows) = after.split_once(": ").unwrap_or((after, ""));
            let places: Vec<String> = rows.split("; ").filter_map(place).collect();
            let colon = if places.is_empty() { "" } else { ": " };
            format!("{before}{ROWS}{count}{colon}{}", places.join("; "))
        }
        None => line.to_owned(),
    };
    let mut line = Json::String(line);
    scrub(&mut line);
    line.as_str().unwrap_or_default().to_owned()
}

/// `row 2, column 3`, if the words begin so.
fn place(words: &str) -> Option<String> {
    let number = |words: &str| words.chars().take_while(char::is_ascii_digit).collect::<String>();
    let rest = words.strip_prefix("row ")?;
    let row = number(rest);
    let column = rest.strip_prefix(&row)?.strip_prefix(", column ").map(number).filter(|column| !column.is_empty());
    (!row.is_empty()).then(|| column.map_or_else(|| format!("row {row}"), |column| format!("row {row}, column {column}")))
}

/// What a spec says of places, without the keys to them.
fn without_secrets(contents: Object) -> Object {
    let mut contents = Json::Object(contents);
    scrub(&mut contents);
    match contents {
        Json::Object(contents) => contents,
        _ => Object::new(),
    }
}

/// What is wrong with a flow, for somebody or for a stranger.
pub(super) fn errors_of(flow: Flow, stranger: bool) -> Vec<String> {
    let mut errors = flow.error_log.unwrap_or_default();
    if stranger {
        of_lines(&mut errors);
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_rows_are_told_and_values_are_not() {
        for (line, told) in [
            (
                "ann/d/1/b_csv: resource 'b': rows do not fit its schema, 3 errors: row 2, column 1 (day): 'Jane' is no date; row 3: \
                 it has 2 cells; row 7, column 12: 'a; row 9, column 9: secret' is not one of them; and 4 more",
                "ann/d/1/b_csv: resource 'b': rows do not fit its schema, 3 errors: row 2, column 1; row 3; row 7, column 12; row 9, \
                 column 9",
            ),
            ("rows do not fit its schema, 1 error", "rows do not fit its schema, 1 error"),
            ("resource 'b': 'x' is no format", "resource 'b': 'x' is no format"),
            ("https://u:hunter2@h/a.csv: not there", "https://u:(secret)@h/a.csv: not there"),
        ] {
            assert_eq!(of_line(line), told, "{line}");
        }
        for words in ["", "row", "row x", "column 2", "the row 2"] {
            assert_eq!(place(words), None, "{words}");
        }
    }
}
