//! What callers are told of a flow. How far it is is open to all; rows are not. What is wrong with a row quotes it, so strangers read its
//! place alone, and from whom a table is kept in any way reads no figures and no words that come from its rows.

use super::descriptor::clean;
use super::flow::{self, Flow};
use super::status::RevisionStatus;
use super::view::View;
use crate::{ActivityInfo, Object};
use datahall_catalog::{LogLine, scrub};
use serde_json::{Map, Value as Json};

/// What pipelines say before they name rows.
const ROWS: &str = "rows do not fit its schema";
/// What is said in the place of what is kept.
pub(super) const KEPT: &str = "What went wrong is not told here: it concerns rows or columns that are kept from you";
/// What of a resource tells of its rows and columns.
pub(super) const OF_RESOURCE: &[&str] = &["bytes", "hash", "rowcount", "schema", "stats", "fields", "rows"];
/// What of a whole package tells of all of them together.
pub(super) const OF_PACKAGE: &[&str] = &["bytes", "hash", "stats", "rowcount", "count_of_rows"];

/// Takes out of a status what is not for the caller.
pub(super) fn of_status(status: &mut RevisionStatus, view: &View) {
    if view.stranger {
        status.spec_contents = without_secrets(std::mem::take(&mut status.spec_contents));
        let logs = status.pipelines.iter_mut().map(|pipeline| &mut pipeline.error_log);
        logs.chain(&mut status.logs).chain(&mut status.error_log).for_each(|lines| of_lines(lines));
    }
    if !view.keeps_any() {
        return;
    }
    let id = status.id.clone();
    let name = |pipeline: &str| pipeline.strip_prefix(&id).unwrap_or_default().trim_start_matches('/').to_owned();
    status.stats = None;
    for pipeline in status.pipelines.iter_mut().filter(|pipeline| view.keeps(&name(&pipeline.id))) {
        pipeline.stats = None;
        if !pipeline.error_log.iter().all(|line| flow::is_of_need(line, &id)) {
            pipeline.error_log = vec![KEPT.to_owned()];
        }
    }
    if let Some(lines) = &mut status.logs {
        // Moment, level, and the pipeline's id before a colon.
        lines.retain(|line| {
            line.splitn(3, ' ')
                .nth(2)
                .and_then(|line| line.split_once(": "))
                .is_some_and(|(pipeline, _)| !view.keeps(&name(pipeline)))
        });
    }
    if let Some(lines) = &mut status.error_log {
        kept_of_errors(lines, |pipeline| view.keeps(&name(pipeline)));
    }
    without_tables(&mut status.spec_contents, view);
}

/// The same of what went wrong with a flow of that id.
pub(super) fn of_errors(flow: Flow, flow_id: &str, view: &View) -> Vec<String> {
    let mut errors = flow.error_log.unwrap_or_default();
    if view.stranger {
        of_lines(&mut errors);
    }
    let name = |pipeline: &str| pipeline.strip_prefix(flow_id).unwrap_or_default().trim_start_matches('/').to_owned();
    kept_of_errors(&mut errors, |pipeline| view.keeps(&name(pipeline)));
    errors
}

/// The same of what is told of an end. `keeps`: whether what it says of a pipeline of that id is kept.
pub(super) fn of_event(event: &mut Object, stranger: bool, keeps: impl Fn(&str) -> bool) {
    let errors = event.get_mut("payload").and_then(|payload| payload.get_mut("errors"));
    let Some(Json::Array(errors)) = errors else { return };
    let mut lines: Vec<String> = errors.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect();
    if stranger {
        of_lines(&mut lines);
    }
    kept_of_errors(&mut lines, keeps);
    *errors = lines.into_iter().map(Json::from).collect();
}

/// The same of an activity as those see it who watch jobs. `name`: its pipeline's.
pub(super) fn of_activity(activity: &mut ActivityInfo, name: &str, view: &View) {
    if view.stranger {
        activity.reason = activity.reason.take().map(|reason| of_line(&reason));
    }
    if view.keeps(name) {
        (activity.done, activity.total, activity.rows, activity.bytes) = (0, None, 0, 0);
        activity.result = Object::new();
        activity.reason = activity.reason.take().map(|_| KEPT.to_owned());
    }
    of_log(&mut activity.log, name, view);
}

/// The same of its log.
pub(super) fn of_log(lines: &mut Vec<LogLine>, name: &str, view: &View) {
    if view.keeps(name) {
        lines.clear();
    }
    if view.stranger {
        lines.iter_mut().for_each(|line| line.text = of_line(&line.text));
    }
}

/// Lines that begin with the ids of pipelines; of what is kept there is one a pipeline, which says so.
fn kept_of_errors(lines: &mut Vec<String>, keeps: impl Fn(&str) -> bool) {
    for line in lines.iter_mut() {
        let pipeline = line.split_once(": ").map_or(line.as_str(), |(pipeline, _)| pipeline);
        if keeps(pipeline) {
            *line = format!("{pipeline}: {KEPT}");
        }
    }
    lines.dedup();
}

fn of_lines(lines: &mut [String]) {
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
fn without_secrets(mut contents: Object) -> Object {
    // Resources may be mapped by URLs.
    if let Some(Json::Object(mapping)) =
        contents.get_mut("inputs").and_then(|inputs| inputs.pointer_mut("/0/parameters/resource-mapping"))
    {
        *mapping = std::mem::take(mapping).into_iter().map(|(from, to)| (of_line(&from), to)).collect();
    }
    let mut contents = Json::Object(contents);
    scrub(&mut contents);
    match contents {
        Json::Object(contents) => contents,
        _ => Object::new(),
    }
}

/// Takes out of a spec what it says of rows and columns that are kept.
fn without_tables(contents: &mut Object, view: &View) {
    let mut inputs: Vec<(String, bool)> = Vec::new();
    for one in contents.get_mut("processing").and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut) {
        let text = |key: &str| one.get(key).and_then(Json::as_str).unwrap_or_default();
        let keeps = view.keeps_table(&clean(text("output")));
        inputs.push((clean(text("input")), keeps));
        if keeps {
            one.remove("schema");
        }
    }
    let descriptor = contents.get_mut("inputs").and_then(|inputs| inputs.pointer_mut("/0/parameters/descriptor"));
    let Some(descriptor) = descriptor.and_then(Json::as_object_mut) else { return };
    remove(descriptor, OF_PACKAGE);
    for resource in
        descriptor.get_mut("resources").and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut)
    {
        let name = resource.get("name").and_then(Json::as_str).map(clean);
        let is_kept = |name: &String| view.keeps_table(name) || inputs.iter().any(|(input, keeps)| *keeps && input == name);
        if name.as_ref().is_none_or(is_kept) {
            remove(resource, OF_RESOURCE);
        }
    }
}

/// Removes these properties.
pub(super) fn remove(object: &mut Map<String, Json>, names: &[&str]) {
    for name in names {
        object.remove(*name);
    }
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

    #[test]
    fn what_is_kept_is_one_line_a_pipeline() {
        let mut lines = ["f/a: x", "f/a: y: z", "f/b: w", "f: v"].map(str::to_owned).to_vec();
        kept_of_errors(&mut lines, |pipeline| pipeline == "f/a");
        assert_eq!(lines, [format!("f/a: {KEPT}"), "f/b: w".into(), "f: v".into()]);
    }

    #[test]
    fn urls_that_resources_are_mapped_by_keep_their_secrets_too() {
        let spec = serde_json::json!({"inputs": [{"parameters": {"resource-mapping": {"https://h/a.csv?sig=hunter2": "s3://b/a", "b.csv": "/b"}}}]});
        let shown = Json::Object(without_secrets(spec.as_object().unwrap().clone())).to_string();
        assert!(
            !shown.contains("hunter2") && shown.contains("https://h/a.csv?sig=") && shown.contains("\"b.csv\":\"/b\""),
            "{shown}"
        );
    }
}
