//! Bodies of queries as somebody would send them who wants to know what is kept from him.

use super::noise::Noise;
use serde_json::{Map, Value, json};

/// What the caller sees, what is hidden from him, and what is not there.
const COLUMNS: &[&str] = &[
    "id", "region", "level", "amount", "day", "Word", "digits", "divisor", "full", "redacted", "mail", "salary", "card", "born",
];
const HIDDEN: &[&str] = &["hidden_text", "hidden_number", "nope"];
const OPERATORS: &[&str] = &["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is_null", "is_not_null"];
const FUNCTIONS: &[&str] = &["count", "sum", "avg", "min", "max", "median"];

/// A column, now and then one that is hidden or not there.
pub(super) fn column(noise: &mut Noise) -> &'static str {
    if noise.once_in(40) { noise.pick(HIDDEN) } else { noise.pick(COLUMNS) }
}

/// A value that the column may have, before or after its mask, shown or left out.
fn value(noise: &mut Noise, column: &str) -> Value {
    if noise.once_in(12) {
        return noise.pick(&[json!("nonsense"), json!(true), Value::Null, json!(1e300), json!(""), json!([1])]);
    }
    let number = noise.below(420) as i64;
    match column {
        "id" | "divisor" | "level" | "hidden_number" => {
            noise.pick(&[json!(number), json!(number % 9), json!(0), json!(-1), json!(i64::MAX)])
        }
        "amount" | "redacted" => noise.pick(&[json!(number as f64 / 8.0), json!(0), json!(-2.5), json!(1e15)]),
        "day" | "born" => {
            noise.pick(&[json!("2020-03-01"), json!("1970-02-01"), json!("1970"), json!("1999-11-30"), json!("0001-01-01")])
        }
        "region" => noise.pick(&[json!("EU"), json!("US"), json!("eu"), json!("XX")]),
        "full" => noise.pick(&[json!("***"), json!(format!("a-{number}")), json!(format!("b-{number}")), json!("left%")]),
        "mail" => noise.pick(&[
            json!("****@one.example.com"),
            json!(format!("ann{number}@two.example.com")),
            json!("%three%"),
            json!("s%"),
        ]),
        "salary" => noise.pick(&[json!("[200,300)"), json!(number), json!("[2%"), json!(205)]),
        "card" => noise.pick(&[json!("12****12"), json!("12345678"), json!("0%"), json!("%98765%")]),
        _ => noise.pick(&[
            json!("alpha"),
            json!("Beta"),
            json!("7"),
            json!("%a%"),
            json!("n/a"),
            json!("50\\%\\_"),
            json!("not a number"),
        ]),
    }
}

fn predicate(noise: &mut Noise, column: &str) -> Value {
    let op = noise.pick(OPERATORS);
    match op {
        "is_null" | "is_not_null" => json!({"col": column, "op": op}),
        "in" => json!({"col": column, "op": op, "val": noise.some(0, 6, |noise| value(noise, column))}),
        _ => json!({"col": column, "op": op, "val": value(noise, column)}),
    }
}

fn predicates(noise: &mut Noise) -> Vec<Value> {
    noise.some(0, 3, |noise| {
        let column = column(noise);
        predicate(noise, column)
    })
}

fn order(noise: &mut Noise, among: &[&str]) -> Vec<Value> {
    noise.some(0, 2, |noise| {
        let column = if among.is_empty() { column(noise) } else { noise.pick(among) };
        json!({"col": column, "dir": noise.pick(&["asc", "desc"])})
    })
}

/// A page of rows.
pub(super) fn page(noise: &mut Noise) -> Value {
    let mut body = Map::new();
    if noise.once_in(2) {
        body.insert("columns".into(), noise.some(1, 4, column).into());
        body.insert("distinct".into(), noise.once_in(3).into());
    }
    body.insert("predicates".into(), predicates(noise).into());
    body.insert("order_by".into(), order(noise, &[]).into());
    if noise.once_in(2) {
        body.insert("page_size".into(), noise.pick(&[1, 7, 50, 399, 400, 401, 5_000]).into());
        body.insert("page".into(), noise.pick(&[1, 2, 3, 9, 500]).into());
    }
    if noise.once_in(5) {
        body.insert("limit".into(), noise.pick(&[0, 1, 100, 10_000]).into());
    }
    body.into()
}

/// Groups, what is computed of them, and which of them are wanted.
pub(super) fn groups(noise: &mut Noise) -> Value {
    let group = noise.some(1, 2, column);
    let aggregates = noise.some(0, 3, |noise| {
        let op = noise.pick(FUNCTIONS);
        let alias = format!("x{}", noise.below(1_000));
        if op == "count" && noise.once_in(2) {
            json!({"op": op, "alias": alias})
        } else {
            json!({"op": op, "col": column(noise), "alias": alias})
        }
    });
    let names: Vec<&str> =
        aggregates.iter().filter_map(|aggregate| aggregate["alias"].as_str()).chain(group.iter().copied()).collect();
    let having = noise.some(0, 1, |noise| {
        let column = noise.pick(&names);
        predicate(noise, if column.starts_with('x') { "level" } else { column }).as_object_mut().map_or(
            Value::Null,
            |predicate| {
                predicate.insert("col".into(), column.into());
                Value::Object(std::mem::take(predicate))
            },
        )
    });
    json!({
        "group_by": group,
        "predicates": predicates(noise),
        "order_by": order(noise, &names),
        "page_size": noise.pick(&[1, 10, 1_000]),
        "having": having,
        "aggregations": aggregates,
    })
}

/// What is to be counted.
pub(super) fn count(noise: &mut Noise) -> Value {
    json!({"predicates": predicates(noise)})
}
