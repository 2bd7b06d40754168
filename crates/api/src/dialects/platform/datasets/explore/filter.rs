//! `filter=column:op:value`, or the same as JSON → a condition of the query language.

use super::literal::{Family, from_json, from_text};
use super::names::column;
use arrow::datatypes::{Field, Schema};
use datahall_core::query::{Compare, Expr, Value, find_column};
use datahall_core::{Error, Result};
use datahall_service::column_type;
use serde_json::{Map, Value as Json};

const OPS: &[&str] = &[
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "nin",
    "contains",
    "icontains",
    "startswith",
    "endswith",
    "between",
    "isnull",
    "notnull",
];
/// How deep conditions may stand in one another.
const MAX_DEPTH: usize = 32;
/// Longer patterns make matching costly without telling more.
const MAX_PATTERN_BYTES: usize = 4096;

/// The condition that one parameter writes.
///
/// # Errors
/// `Invalid`, naming the column, operator or value that is wrong.
pub(super) fn filter(text: &str, schema: &Schema) -> Result<Expr> {
    let trimmed = text.trim();
    if let Some((field, op, value)) = split(text, schema) {
        return textual(field, op, value);
    }
    if trimmed.starts_with(['{', '[']) {
        let json: Json = serde_json::from_str(trimmed).map_err(|error| Error::invalid(format!("malformed filter: {error}")))?;
        return of_json(&json, schema, 1);
    }
    // It is wrong: say what is.
    let Some((name, rest)) = text.split_once(':') else {
        return Err(Error::invalid(format!("malformed filter: {} (write column:op:value or JSON)", shown(text))));
    };
    let op = rest.split(':').next().unwrap_or_default();
    let named = known_prefix(text, schema);
    match named {
        None => Err(column(name, schema).err().unwrap_or_else(|| unknown_op(op))),
        Some(rest) => Err(unknown_op(rest.split(':').next().unwrap_or_default())),
    }
}

/// Column, operator and value, where a colon ends the name of a column and an operator follows.
fn split<'t, 's>(text: &'t str, schema: &'s Schema) -> Option<(&'s Field, &'static str, Option<&'t str>)> {
    text.match_indices(':').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let (op, value) = rest.split_once(':').map_or((rest, None), |(op, value)| (op, Some(value)));
        let op = OPS.iter().find(|known| **known == op)?;
        Some((column(&text[..at], schema).ok()?, *op, value))
    })
}

/// What follows the shortest name of a column.
fn known_prefix<'t>(text: &'t str, schema: &Schema) -> Option<&'t str> {
    text.match_indices(':').find(|(at, _)| find_column(schema, &text[..*at]).is_ok()).map(|(at, _)| &text[at + 1..])
}

fn unknown_op(op: &str) -> Error {
    Error::invalid(format!("unknown op: {} (known are {})", shown(op), OPS.join(", ")))
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

fn textual(field: &Field, op: &'static str, value: Option<&str>) -> Result<Expr> {
    let column = || field.name().clone();
    match (op, value) {
        ("isnull" | "notnull", value) => {
            let wanted = match value.map(str::trim) {
                None | Some("" | "true" | "1") => true,
                Some("false" | "0") => false,
                Some(other) => return Err(Error::invalid(format!("{}: {op} takes no value: {}", field.name(), shown(other)))),
            };
            Ok(if wanted == (op == "isnull") { Expr::IsNull { column: column() } } else { Expr::IsNotNull { column: column() } })
        }
        (_, None) => Err(Error::invalid(format!("{}: {op} needs a value: {}:{op}:VALUE", field.name(), field.name()))),
        ("in" | "nin" | "between", Some(list)) => {
            several(field, op, list.split(',').map(|text| from_text(field, text)).collect::<Result<_>>()?)
        }
        ("contains" | "icontains" | "startswith" | "endswith", Some(text)) => like(field, op, text),
        (_, Some(text)) => compare(field, op, from_text(field, text)?),
    }
}

fn of_json(json: &Json, schema: &Schema, depth: usize) -> Result<Expr> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid(format!("malformed filter: more than {MAX_DEPTH} conditions in one another")));
    }
    let many = |list: &[Json]| list.iter().map(|part| of_json(part, schema, depth + 1)).collect::<Result<Vec<_>>>();
    match json {
        Json::Array(list) => Ok(Expr::All(many(list)?)),
        Json::Object(object) => {
            let mut entries = object.iter();
            match (entries.next(), entries.next()) {
                (Some((key, part)), None) if key == "not" => Ok(Expr::Not(Box::new(of_json(part, schema, depth + 1)?))),
                (Some((key, Json::Array(list))), None) if key == "and" => Ok(Expr::All(many(list)?)),
                (Some((key, Json::Array(list))), None) if key == "or" => Ok(Expr::Any(many(list)?)),
                (Some((key, _)), None) if key == "and" || key == "or" => {
                    Err(Error::invalid(format!("malformed filter: {key} needs a list")))
                }
                _ => condition(object, schema),
            }
        }
        _ => Err(Error::invalid("malformed filter: a condition is an object or a list of them")),
    }
}

fn condition(object: &Map<String, Json>, schema: &Schema) -> Result<Expr> {
    if let Some(unknown) = object.keys().find(|key| !["column", "op", "value"].contains(&key.as_str())) {
        return Err(Error::invalid(format!(
            "malformed filter: unknown key: {} (known are column, op, value; and, or, not alone)",
            shown(unknown)
        )));
    }
    let text = |key: &str| {
        let found = object.get(key).and_then(Json::as_str);
        found.ok_or_else(|| Error::invalid(format!("malformed filter: {key} is missing or no text")))
    };
    let name = text("column")?;
    let field = schema.field_with_name(find_column(schema, name)?).map_err(Error::internal)?;
    let op = text("op")?;
    let op = OPS.iter().find(|known| **known == op).ok_or_else(|| unknown_op(op))?;
    let value = object.get("value").unwrap_or(&Json::Null);
    match (*op, value) {
        ("isnull" | "notnull", Json::Null) => textual(field, op, None),
        ("isnull" | "notnull", Json::Bool(flag)) => textual(field, op, Some(if *flag { "true" } else { "false" })),
        ("isnull" | "notnull", _) => Err(Error::invalid(format!("{name}: {op} takes no value"))),
        ("in" | "nin" | "between", Json::Array(list)) => {
            several(field, op, list.iter().map(|value| from_json(field, value)).collect::<Result<_>>()?)
        }
        ("in" | "nin" | "between", _) => Err(Error::invalid(format!("{name}: {op} needs a list as value"))),
        ("contains" | "icontains" | "startswith" | "endswith", Json::String(text)) => like(field, op, text),
        ("contains" | "icontains" | "startswith" | "endswith", _) => {
            Err(Error::invalid(format!("{name}: {op} needs a text as value")))
        }
        (_, value) => compare(field, op, from_json(field, value)?),
    }
}

fn compare(field: &Field, op: &str, value: Value) -> Result<Expr> {
    let op = match op {
        "eq" => Compare::Eq,
        "ne" => Compare::Neq,
        "gt" => Compare::Gt,
        "gte" => Compare::Gte,
        "lt" => Compare::Lt,
        _ => Compare::Lte,
    };
    if !matches!(op, Compare::Eq | Compare::Neq) {
        require_order(field)?;
    }
    Ok(Expr::Compare { column: field.name().clone(), op, value })
}

fn several(field: &Field, op: &str, values: Vec<Value>) -> Result<Expr> {
    let column = field.name().clone();
    if op == "between" {
        require_order(field)?;
        let [low, high] = <[Value; 2]>::try_from(values)
            .map_err(|values| Error::invalid(format!("{column}: between needs two values, not {}", values.len())))?;
        let bound = |op, value| Expr::Compare { column: column.clone(), op, value };
        return Ok(Expr::All(vec![bound(Compare::Gte, low), bound(Compare::Lte, high)]));
    }
    if values.is_empty() {
        return Err(Error::invalid(format!("{column}: {op} needs at least one value")));
    }
    let any = Expr::In { column, values };
    Ok(if op == "nin" { Expr::Not(Box::new(any)) } else { any })
}

fn require_order(field: &Field) -> Result<()> {
    if Family::of(field.data_type()).is_ordered() {
        return Ok(());
    }
    let (name, kind) = (field.name(), column_type(field.data_type()));
    Err(Error::invalid(format!("{name}: values of type {kind} are only compared by eq, ne, in and nin")))
}

/// Part of a text, whatever signs of patterns it holds.
fn like(field: &Field, op: &str, text: &str) -> Result<Expr> {
    if Family::of(field.data_type()) != Family::Text {
        let (name, kind) = (field.name(), column_type(field.data_type()));
        return Err(Error::invalid(format!("{name}: {op} needs a text column, not one of type {kind}")));
    }
    let mut pattern = String::with_capacity(text.len() + 2);
    if op != "startswith" {
        pattern.push('%');
    }
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    if op != "endswith" {
        pattern.push('%');
    }
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(Error::invalid(format!(
            "{}: the text to look for is too long: at most {MAX_PATTERN_BYTES} bytes",
            field.name()
        )));
    }
    Ok(Expr::Like { column: field.name().clone(), pattern, ignore_case: op == "icontains" })
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
