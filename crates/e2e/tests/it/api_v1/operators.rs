//! Every operator on every type of column: the right rows, and the same bytes whether the rows are in memory or in the file.

use crate::support::*;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

const OPERATORS: &[&str] = &["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is_null", "is_not_null"];

/// Values to try on each column of the table of types: some suit it, some do not.
fn values(column: &str) -> Vec<Value> {
    let numbers = || {
        vec![json!(7), json!(0), json!(-1), json!(7.0), json!(7.5), json!(u64::MAX), json!(i64::MIN), json!(1e300), json!("7")]
    };
    let stamps = || {
        [
            "2024-02-29",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00",
            "1970-01-01T00:00:00Z",
            "1970-01-01T01:00:00+01:00",
            "2024-02-29T12:34:56.789012",
            "1969-12-31T23:59:59.999999",
            "1970-01-01T00:00:00.0000001",
        ]
        .iter()
        .map(|text| json!(text))
        .collect::<Vec<_>>()
    };
    let mut all = match column {
        "f32" | "f64" | "zero" => [numbers(), vec![json!(0.1), json!(-0.0), json!(5e-324), json!(3), json!(f64::MAX)]].concat(),
        "flag" => vec![json!(true), json!(false), json!("true"), json!(1)],
        "text" | "large" | "dict" => {
            ["plain", "", "x", "q\"b\\n\n\t\u{1}", "%", "%l%", "PLAIN", "b", "\\%", "_"].map(|text| json!(text)).to_vec()
        }
        "dec" | "dec38" => {
            let more = [
                json!("12.34"),
                json!("12.3400"),
                json!(12.34),
                json!("12.34001"),
                json!("-0.0001"),
                json!("0"),
                json!("1e2"),
                json!(".5"),
            ];
            [numbers(), more.to_vec(), vec![json!("99999999999999999999999999999999999999")]].concat()
        }
        "bin" => vec![json!("abc"), json!(""), json!("é")],
        "list" | "point" => vec![json!(1), json!("[1, 2]")],
        other if other.starts_with("ts_") || other == "date" => stamps(),
        "i64" | "u64" => {
            [numbers(), vec![json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), json!(i64::MAX)]].concat()
        }
        _ => numbers(),
    };
    all.extend([json!("nonsense"), json!(true)]);
    all
}

fn predicates(column: &str) -> Vec<Value> {
    let values = values(column);
    let textual = matches!(column, "text" | "large" | "dict" | "bin");
    let mut all = Vec::new();
    for (at, op) in OPERATORS.iter().enumerate() {
        match *op {
            "is_null" | "is_not_null" => all.push(json!({"col": column, "op": op})),
            "in" => {
                all.extend(values.iter().map(|value| json!({"col": column, "op": op, "val": [value]})));
                all.push(json!({"col": column, "op": op, "val": values[..2]}));
                all.push(json!({"col": column, "op": op, "val": []}));
            }
            "like" | "ilike" if !textual && !long() => all.push(json!({"col": column, "op": op, "val": "%"})),
            // Every value meets `eq` and `lt`; the other operators take turns, unless there is time for all.
            _ => {
                let taken =
                    values.iter().enumerate().filter(|(n, _)| textual || long() || matches!(*op, "eq" | "lt") || n % 4 == at % 4);
                all.extend(taken.map(|(_, value)| json!({"col": column, "op": op, "val": value})));
            }
        }
    }
    all
}

async fn start(extra: &[(&str, &str)]) -> (Scratch, Server) {
    let scratch = Scratch::new();
    let path = scratch.parquet("types.parquet", &types_table::table());
    let mut builder = Server::builder();
    for (name, lines) in extra {
        builder = builder.dataset_with(name, "parquet", &path, lines);
    }
    (scratch, builder.start().await)
}

const VARIANTS: [(&str, &str); 3] =
    [("t_eager", ""), ("t_plain", "dict_encode = false\n[dataset.index]\nmode = \"none\"\n"), ("t_lazy", "lazy = true\n")];

/// What `body` gives must be the same for every variant; the complaints when it is not.
async fn compare(server: &Server, body: Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told = Vec::new();
    let textual = ["text", "large", "dict", "bin"].iter().any(|column| body.to_string().contains(&format!("\"{column}\"")));
    for (name, _) in VARIANTS {
        // Only text is kept in another way without a dictionary.
        if name == "t_plain" && !textual && !long() {
            continue;
        }
        let reply = server.query_reply(name, &body).await;
        if reply.status != 200 && reply.status != 400 {
            wrong.push(format!("{name} {body}: {} {}", reply.status, reply.text()));
        }
        // Distinct rows without an order come in any.
        let sorted = || {
            let mut lines: Vec<_> = reply.json()["data"].as_array().expect("rows").iter().map(Value::to_string).collect();
            lines.sort();
            lines.join("\n")
        };
        told.push(match reply.status {
            200 if body.get("order_by").is_none() => sorted(),
            200 => reply.text(),
            _ => reply.message().replace(name, "NAME"),
        });
        let counted_too = long() || name != "t_plain";
        if let Some(predicates) = body.get("predicates").filter(|_| counted_too) {
            let count = server.post(&format!("/api/v1/datasets/{name}/count"), &json!({"predicates": predicates})).await;
            let rows = (reply.status == 200).then(|| reply.json()["data"].as_array().map_or(0, Vec::len) as u64);
            let counted = (count.status == 200).then(|| count.json()["count"].as_u64().unwrap_or(u64::MAX));
            if rows != counted {
                wrong.push(format!("{name} {predicates}: {rows:?} rows, {counted:?} counted ({})", count.text()));
            }
        }
    }
    told.dedup();
    if told.len() != 1 {
        wrong.push(format!("{body}: {told:#?}"));
    }
    wrong
}

async fn compare_all(bodies: Vec<Value>) {
    let (_scratch, server) = start(&VARIANTS).await;
    assert!(bodies.len() > 200, "{}", bodies.len());
    let server = &server;
    let compared = stream::iter(bodies.into_iter().map(|body| compare(server, body))).buffer_unordered(4);
    let wrong: Vec<String> = compared.collect::<Vec<_>>().await.concat();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn columns() -> Vec<String> {
    types_table::table().schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn filters(of: impl Fn(&str) -> bool) -> Vec<Value> {
    let columns = columns();
    // Types that differ from another only in width share the trying among them, unless there is time for all.
    let similar = ["i8", "i16", "u8", "u16", "u32", "large", "ts_s", "ts_ms", "ts_paris", "f32"];
    let skipped =
        |column: &str, n: usize| !long() && similar.iter().position(|name| *name == column).is_some_and(|at| n % 3 != at % 3);
    let chosen = columns.iter().filter(|column| of(column)).flat_map(|column| {
        let all = predicates(column).into_iter().enumerate();
        all.filter(|(n, _)| !skipped(column, *n)).map(|(_, predicate)| predicate).collect::<Vec<_>>()
    });
    chosen.map(|predicate| json!({"predicates": [predicate], "order_by": [{"col": "id"}]})).collect()
}

fn is_number(column: &str) -> bool {
    ["i", "u", "f3", "f6", "z", "dec"].iter().any(|start| column.starts_with(start))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_file_filter_numbers_alike() {
    compare_all(filters(is_number)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_file_filter_everything_else_alike() {
    compare_all(filters(|column| !is_number(column))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_file_order_and_group_alike() {
    let of_column = |column: String| {
        let compute = |by: &str, op: &str| json!({"group_by": [by], "aggregations": [{"op": op, "col": column, "alias": "x"}], "order_by": [{"col": by}]});
        vec![
            json!({"columns": ["id"], "order_by": [{"col": column}, {"col": "id"}]}),
            json!({"columns": ["id"], "order_by": [{"col": column, "dir": "desc"}, {"col": "id"}]}),
            json!({"group_by": [column], "aggregations": [{"op": "min", "col": "id", "alias": "first"}], "order_by": [{"col": "first"}]}),
            json!({"columns": [column], "distinct": true}),
            compute("flag", "min"),
            compute("flag", "max"),
            compute("flag", "count"),
            compute("id", "sum"),
            compute("id", "avg"),
        ]
    };
    compare_all(columns().into_iter().flat_map(of_column).collect()).await;
}

/// Column, operator, value, and the ids of the rows for which it holds.
fn known() -> Vec<(&'static str, &'static str, Value, Vec<i64>)> {
    vec![
        ("i8", "eq", json!(-128), vec![2]),
        ("i8", "lt", json!(1000), vec![1, 2, 3, 4]),
        ("i8", "gt", json!(-1000), vec![1, 2, 3, 4]),
        ("i16", "gte", json!(7.5), vec![3]),
        ("i32", "neq", json!(0), vec![1, 2, 3]),
        ("i64", "eq", json!(9_007_199_254_740_993_i64), vec![4]),
        ("i64", "eq", json!(9_007_199_254_740_992_i64), vec![]),
        ("i64", "gt", json!(9_007_199_254_740_992_i64), vec![3, 4]),
        ("i64", "eq", json!(i64::MAX), vec![3]),
        ("i64", "eq", json!(u64::MAX), vec![]),
        ("i64", "lt", json!(u64::MAX), vec![1, 2, 3, 4]),
        ("i64", "eq", json!(7.0), vec![1]),
        ("u8", "gt", json!(-1), vec![1, 2, 3, 4]),
        ("u64", "eq", json!(u64::MAX), vec![3]),
        ("u64", "eq", json!(9_007_199_254_740_993_u64), vec![4]),
        ("u64", "gt", json!(i64::MAX), vec![3]),
        ("u64", "gte", json!(-5), vec![1, 2, 3, 4]),
        ("f32", "eq", json!(0.1), vec![1]),
        ("f32", "in", json!([0.1, 5]), vec![1]),
        ("f64", "eq", json!(0.1), vec![1]),
        ("f64", "lt", json!(0), vec![2]),
        ("f64", "lt", json!(1e308), vec![1, 2]),
        ("zero", "eq", json!(0), vec![1]),
        ("zero", "in", json!([0]), vec![1]),
        ("zero", "gt", json!(0), vec![2, 3, 4]),
        ("zero", "eq", json!(3), vec![4]),
        ("flag", "eq", json!(false), vec![2, 4]),
        ("text", "eq", json!("q\"b\\n\n\t\u{1}"), vec![4]),
        ("text", "like", json!("%ünï"), vec![3]),
        ("text", "ilike", json!("%ÜNÏ"), vec![3]),
        ("dict", "in", json!(["x", "z"]), vec![1, 3]),
        ("dict", "like", json!("_"), vec![1, 2, 3, 4]),
        ("large", "gte", json!("c"), vec![3, 4]),
        ("date", "eq", json!("2024-02-29"), vec![1]),
        ("date", "lt", json!("1970-01-01"), vec![2]),
        ("date", "gt", json!("2024-03-01"), vec![3]),
        ("ts_s", "eq", json!("2024-02-29T12:34:56"), vec![1]),
        ("ts_ms", "gt", json!("1970-01-01"), vec![1, 3]),
        ("ts_ms", "eq", json!("1970-01-01 00:00:00.001"), vec![3]),
        ("ts_us", "eq", json!("1970-01-01T00:00:00.000001"), vec![3]),
        ("ts_us", "lt", json!("1970-01-01"), vec![4]),
        ("ts_ns", "eq", json!("2024-02-29T12:34:56.789012345"), vec![1]),
        ("ts_utc", "eq", json!("1970-01-01T00:00:00Z"), vec![2]),
        ("ts_utc", "eq", json!("1970-01-01T01:00:00+01:00"), vec![2]),
        ("ts_utc", "gte", json!("1970-01-01T00:00:01"), vec![1, 3]),
        ("ts_paris", "eq", json!("1970-01-01T00:00:00Z"), vec![2]),
        ("ts_paris", "lte", json!("1970-01-01T01:00:00+01:00"), vec![2, 4]),
        ("dec", "eq", json!("12.34"), vec![1]),
        ("dec", "eq", json!(12.34), vec![1]),
        ("dec", "gt", json!("9"), vec![1, 3]),
        ("dec", "lt", json!(100), vec![1, 2, 4]),
        ("dec", "in", json!(["12.3400", 0]), vec![1, 4]),
        ("dec38", "eq", json!("99999999999999999999999999999999999999"), vec![3]),
        ("dec38", "gt", json!(0), vec![1, 3]),
        ("dec38", "eq", json!(1), vec![1]),
        ("list", "is_null", json!(null), vec![5]),
        ("point", "is_not_null", json!(null), vec![1, 2, 3, 4]),
        ("bin", "is_null", json!(null), vec![5]),
    ]
}

#[tokio::test]
async fn each_type_is_compared_as_itself() {
    let (_scratch, server) = start(&[("eager", ""), ("lazy", "lazy = true\n")]).await;
    let mut wrong = Vec::new();
    for (column, op, value, expected) in known() {
        for name in ["eager", "lazy"] {
            let predicate = json!({"col": column, "op": op, "val": value});
            let reply = server
                .query_reply(name, &json!({"columns": ["id"], "predicates": [predicate], "order_by": [{"col": "id"}]}))
                .await;
            let got = (reply.status == 200).then(|| ints(reply.json()["data"].as_array().expect("rows"), "id"));
            if got.as_ref() != Some(&expected) {
                wrong.push(format!("{name} {predicate}: expected {expected:?}, got {} {}", reply.status, reply.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
