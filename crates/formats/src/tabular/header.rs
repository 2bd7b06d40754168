//! The columns of a file and the fields of a schema, and what of them does not match.

use super::schema::{Matching, TableSchema};
use super::{CellError, ErrorCode};
use crate::ingest::hints::short;
use std::collections::{HashMap, HashSet};

/// Errors of a header that are told.
const TOLD: usize = 1000;

/// Where each field's cells are, and what is wrong with the header.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) places: Vec<Option<usize>>,
    pub(super) wrong: Vec<CellError>,
}

/// Matches `names`, which a file's header has, to the fields of `schema`.
///
/// Version 1 wants the same names in the same order. Where they are not, that is told, and each field is still read from the column that has
/// its name, else from the one in its place unless that is another field's: what can be said of the rows is said of the right cells. Files that
/// have their columns by name and not `in_order`, as Parquet has, want the same names only.
pub(super) fn matched(names: &[String], schema: &TableSchema, ignore_case: bool, in_order: bool) -> Matched {
    let fold = |name: &str| if ignore_case { name.trim().to_lowercase() } else { name.trim().to_owned() };
    let columns: Vec<String> = names.iter().map(|name| fold(name)).collect();
    let fields: Vec<String> = schema.names().map(fold).collect();
    let mut wrong = repeated(names, &columns);
    let known: HashSet<&String> = fields.iter().collect();
    let mut first: HashMap<&String, usize> = HashMap::new();
    for (at, column) in columns.iter().enumerate() {
        first.entry(column).or_insert(at);
    }
    let in_order = in_order && schema.matching == Matching::Exact;
    let place = |(at, field): (usize, &String)| match columns.get(at) {
        Some(column) if in_order && (column == field || (!known.contains(column) && !first.contains_key(field))) => Some(at),
        _ => first.get(field).copied(),
    };
    let places: Vec<Option<usize>> = fields.iter().enumerate().map(place).collect();
    if in_order {
        wrong.extend(out_of_order(names, &columns, schema, &fields));
    } else {
        wrong.extend(by_name(names, &columns, schema, (&known, &places)));
    }
    wrong.sort_by_key(|error| error.column_number);
    wrong.truncate(TOLD);
    Matched { places, wrong }
}

fn told(code: ErrorCode, at: usize, what: &str) -> CellError {
    let number = at as u64 + 1;
    CellError { code, message: format!("column {number}: {what}"), row_number: None, column_number: Some(number) }
}

/// Names that are blank, and those that come again.
fn repeated(names: &[String], columns: &[String]) -> Vec<CellError> {
    let mut first: HashMap<&String, usize> = HashMap::new();
    let mut wrong = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if column.is_empty() {
            wrong.push(told(ErrorCode::BlankHeader, at, "the header is blank"));
        } else if let Some(before) = first.insert(column, at) {
            first.insert(column, before);
            let what = format!("the header {} is that of column {} as well", short(&names[at]), before + 1);
            wrong.push(told(ErrorCode::DuplicateHeader, at, &what));
        }
    }
    wrong
}

fn out_of_order(names: &[String], columns: &[String], schema: &TableSchema, fields: &[String]) -> Vec<CellError> {
    let mut wrong = Vec::new();
    for at in 0..columns.len().max(fields.len()) {
        let field = schema.fields.get(at).map(|field| short(&field.name));
        match (columns.get(at), field) {
            (Some(column), Some(field)) if *column != fields[at] && !column.is_empty() => {
                let what = format!("the header {} is not the name of the field, {field}", short(&names[at]));
                wrong.push(told(ErrorCode::NonMatchingHeader, at, &what));
            }
            (Some(column), None) if !column.is_empty() => {
                let what = format!("there is no field for the header {}", short(&names[at]));
                wrong.push(told(ErrorCode::ExtraHeader, at, &what));
            }
            (None, Some(field)) => {
                wrong.push(told(ErrorCode::MissingHeader, at, &format!("there is no header for the field {field}")));
            }
            _ => {}
        }
    }
    wrong
}

fn by_name(
    names: &[String],
    columns: &[String],
    schema: &TableSchema,
    (known, places): (&HashSet<&String>, &[Option<usize>]),
) -> Vec<CellError> {
    let mut wrong = Vec::new();
    if matches!(schema.matching, Matching::Exact | Matching::Equal | Matching::Superset) {
        for (at, _) in columns.iter().enumerate().filter(|(_, column)| !column.is_empty() && !known.contains(column)) {
            let what = format!("there is no field for the header {}", short(&names[at]));
            wrong.push(told(ErrorCode::ExtraHeader, at, &what));
        }
    }
    let none = places.iter().all(Option::is_none);
    for (at, field) in schema.fields.iter().enumerate().filter(|(at, _)| places[*at].is_none()) {
        let wanted = matches!(schema.matching, Matching::Exact | Matching::Equal | Matching::Subset);
        if wanted || field.rules.required || schema.primary.contains(&at) || none {
            let what = format!("there is no header for the field {}", short(&field.name));
            wrong.push(told(ErrorCode::MissingHeader, at, &what));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(names: &[&str], matching: &str, ignore_case: bool) -> (Vec<Option<usize>>, Vec<(&'static str, u64)>) {
        let fields = json!([{"name": "a"}, {"name": "b", "constraints": {"required": true}}, {"name": "c"}]);
        let schema = TableSchema::parse(&json!({"fields": fields, "fieldsMatch": matching})).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let found = matched(&names, &schema, ignore_case, true);
        (found.places, found.wrong.iter().map(|error| (error.code.name(), error.column_number.unwrap())).collect())
    }

    #[test]
    fn names_in_order() {
        let all = vec![Some(0), Some(1), Some(2)];
        assert_eq!(codes(&["a", "b", "c"], "exact", false), (all.clone(), vec![]));
        assert_eq!(codes(&["A", " b", "C"], "exact", true), (all.clone(), vec![]));
        assert_eq!(codes(&["a", "x", "c"], "exact", false), (all.clone(), vec![("non-matching-header", 2)]));
        let swapped = vec![("non-matching-header", 2), ("non-matching-header", 3)];
        assert_eq!(codes(&["a", "c", "b"], "exact", false), (vec![Some(0), Some(2), Some(1)], swapped));
        assert_eq!(codes(&["a", "b"], "exact", false), (vec![Some(0), Some(1), None], vec![("missing-header", 3)]));
        assert_eq!(codes(&["a", "b", "c", "d"], "exact", false), (all.clone(), vec![("extra-header", 4)]));
        let twice = vec![("duplicate-header", 2), ("non-matching-header", 2)];
        assert_eq!(codes(&["a", "a", "c"], "exact", false), (vec![Some(0), None, Some(2)], twice));
        assert_eq!(codes(&["a", "", "c"], "exact", false), (all, vec![("blank-header", 2)]));
    }

    #[test]
    fn names_in_any_order() {
        let turned = vec![Some(2), Some(1), Some(0)];
        assert_eq!(codes(&["c", "b", "a"], "equal", false), (turned.clone(), vec![]));
        assert_eq!(codes(&["c", "b", "a", "x"], "equal", false), (turned.clone(), vec![("extra-header", 4)]));
        assert_eq!(codes(&["c", "b", "a", "x"], "subset", false), (turned, vec![]));
        assert_eq!(codes(&["b", "a"], "subset", false), (vec![Some(1), Some(0), None], vec![("missing-header", 3)]));
        assert_eq!(codes(&["b", "a"], "superset", false), (vec![Some(1), Some(0), None], vec![]));
        assert_eq!(codes(&["a", "x"], "superset", false).1, [("extra-header", 2), ("missing-header", 2)]);
        assert_eq!(codes(&["x", "b"], "partial", false), (vec![None, Some(1), None], vec![]));
        assert_eq!(codes(&["x"], "partial", false).1.len(), 3);
    }
}
