//! Previews and explorations, compared with what DuckDB says of the same file; and what both refuse.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

/// A server with the table of `reading_truth.py` in memory and not, and the folder with what DuckDB says of it.
pub(super) async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    python::run("reading_truth.py", &scratch.root(), &[]);
    let path = scratch.path("events.parquet");
    let server = Server::builder()
        .dataset("eager", "parquet", &path)
        .dataset_with("lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    (scratch, server)
}

pub(super) fn told(scratch: &Scratch, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(scratch.path(file)).expect("it was written")).expect("JSON")
}

/// A query string of these.
pub(super) fn encoded(parameters: &[(String, String)]) -> String {
    let mut url = reqwest::Url::parse("http://x/").expect("a URL");
    url.query_pairs_mut().extend_pairs(parameters);
    url.query().unwrap_or_default().to_owned()
}

/// Whether both are the same, numbers but for the last digits.
pub(super) fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|b| same(value, b)))
        }
        (a, b) => a == b,
    }
}

#[tokio::test]
async fn explorations_say_what_duckdb_says() {
    let (scratch, server) = start().await;
    for case in told(&scratch, "explore.json").as_array().expect("cases") {
        let parameters: Vec<(String, String)> = serde_json::from_value(case["parameters"].clone()).expect("pairs");
        for name in ["eager", "lazy"] {
            let reply = server.admin(Method::GET, &format!("/api/datasets/{name}/explore?{}", encoded(&parameters))).await;
            assert_eq!(reply.status, 200, "{name} {parameters:?}: {}", reply.text());
            let found = reply.json();
            assert!(same(&found["rows"], &case["rows"]), "{name} {parameters:?}: {} for {}", found["rows"], case["rows"]);
            for figure in ["total", "limit", "offset"] {
                assert_eq!(found[figure], case[figure], "{name} {parameters:?}: {figure}");
            }
            let rows = found["rows"].as_array().expect("rows");
            let columns = found["columns"].as_array().expect("columns");
            if let Some(row) = rows.first() {
                let names: Vec<_> = row.as_object().expect("a row").keys().cloned().collect();
                let mut told: Vec<_> = columns.iter().map(|column| column["name"].as_str().expect("a name").to_owned()).collect();
                told.sort();
                assert_eq!(
                    told,
                    names.iter().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
                );
            }
        }
    }
}

#[tokio::test]
async fn previews_give_the_first_rows_with_their_types() {
    let (_scratch, server) = start().await;
    let preview = server.admin(Method::GET, "/api/datasets/eager/preview?limit=3").await.ok().json();
    let types: Vec<_> = preview["columns"].as_array().expect("columns").iter().map(|column| column["type"].clone()).collect();
    assert_eq!(types, ["int64", "int64", "decimal", "float64", "string", "string", "boolean", "date", "timestamp"]);
    let ids: Vec<_> = preview["rows"].as_array().expect("rows").iter().map(|row| row["id"].clone()).collect();
    assert_eq!((ids, &preview["row_count"]), (vec![json!(0), json!(1), json!(2)], &json!(3)));
    for (limit, rows) in [("", 100), ("?limit=0", 0), ("?limit=5000", 1000)] {
        let preview = server.admin(Method::GET, &format!("/api/datasets/lazy/preview{limit}")).await.ok().json();
        assert_eq!((&preview["row_count"], preview["rows"].as_array().map(Vec::len)), (&json!(rows), Some(rows)), "{limit}");
    }
}

#[tokio::test]
async fn values_have_one_form() {
    let scratch = Scratch::new();
    let path = scratch.parquet("types.parquet", &types_table::table());
    let server = Server::builder().dataset("types", "parquet", &path).start().await;
    let text = server.admin(Method::GET, "/api/datasets/types/explore?order=id").await.ok().text();
    for exact in [
        "\"i64\":-9223372036854775808,",
        "\"i64\":9007199254740993,",
        "\"u64\":18446744073709551615,",
        "\"list\":[9223372036854775807,null]",
    ] {
        assert!(text.contains(exact), "no {exact} in {text}");
    }
    let rows = serde_json::from_str::<Value>(&text).expect("JSON");
    let found = rows["rows"].as_array().expect("rows");
    for (row, expected) in found.iter().zip(types_table::json_rows()) {
        for (column, value) in expected.as_object().expect("a row") {
            // A moment without a zone is written as in UTC here.
            let naive =
                value.as_str().is_some_and(|text| text.len() >= 19 && text.as_bytes()[10] == b'T' && !text.ends_with('Z'));
            let expected = if naive { json!(format!("{}Z", value.as_str().expect("text"))) } else { value.clone() };
            assert_eq!(row[column], expected, "{column}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_a_422_that_names_the_parameter() {
    let (_scratch, server) = start().await;
    for (query, parameter) in [
        ("selct=id", "selct"),
        ("select=nope", "select"),
        ("filter=id", "filter"),
        ("filter=id:eq:x", "filter"),
        ("filter=id:like:1", "filter"),
        ("filter=amount:eq:1e9999999999", "filter"),
        ("filter=day:eq:2024-02-30", "filter"),
        ("filter=%7B%22and%22%3A%5B%5D", "filter"),
        ("group=kind&select=id", "select"),
        ("group=nope", "group"),
        ("agg=sum:kind", "agg"),
        ("agg=avg", "agg"),
        ("order=nope", "order"),
        ("limit=-1", "limit"),
        ("page=0", "page"),
    ] {
        let reply = server.admin(Method::GET, &format!("/api/datasets/eager/explore?{query}")).await;
        let body = reply.json();
        assert_eq!(
            (reply.status, &body["error"], &body["detail"]["parameter"]),
            (422, &json!("invalid_query"), &json!(parameter)),
            "{query}: {body}"
        );
    }
    for path in ["preview", "explore", "profile", "column-stats", "classification"] {
        let reply = server.admin(Method::GET, &format!("/api/datasets/nope/{path}")).await;
        assert_eq!((reply.status, &reply.json()["error"]), (404, &json!("dataset_not_found")), "{path}");
        // Injection is text: nothing is found, and the table is still there.
        let hostile = encoded(&[("filter".into(), "kind:eq:x'; DROP TABLE events; --".into())]);
        let none = server.admin(Method::GET, &format!("/api/datasets/eager/explore?{hostile}")).await.ok().json();
        assert_eq!(none["total"], json!(0));
    }
}

/// The demo's files: Parquet, CSV twice and JSON, in memory and not, and the folder with what DuckDB and Python say of them.
pub(super) async fn start_real() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/demo");
    python::run("real_truth.py", &scratch.root(), &[demo.to_str().expect("a path in Unicode")]);
    let mut builder = Server::builder();
    for (name, kind, file) in [
        ("flights", "parquet", "flights.parquet"),
        ("airports", "csv", "airports.csv"),
        ("weather", "csv", "seattle_weather.csv"),
        ("penguins", "json", "penguins.json"),
    ] {
        builder = builder.dataset(name, kind, demo.join(file));
    }
    let server = builder.dataset_with("flights_lazy", "parquet", demo.join("flights.parquet"), "lazy = true\n").start().await;
    (scratch, server)
}

#[tokio::test]
async fn the_whole_grammar_on_real_files_says_what_duckdb_says() {
    let (scratch, server) = start_real().await;
    let truth = told(&scratch, "explore.json");
    let mut asked = 0;
    for (table, cases) in truth.as_object().expect("tables") {
        for (at, case) in cases.as_array().expect("cases").iter().enumerate() {
            let parameters: Vec<(String, String)> = serde_json::from_value(case["parameters"].clone()).expect("pairs");
            let table = if table == "flights" && at % 2 == 1 { "flights_lazy" } else { table };
            let reply = server.admin(Method::GET, &format!("/api/datasets/{table}/explore?{}", encoded(&parameters))).await;
            assert_eq!(reply.status, 200, "{table} {parameters:?}: {}", reply.text());
            let found = reply.json();
            assert!(
                same(&found["rows"], &case["rows"]),
                "{table} {parameters:?} ({}): {} for {}",
                case["sql"],
                found["rows"],
                case["rows"]
            );
            for figure in ["total", "limit", "offset"] {
                assert_eq!(found[figure], case[figure], "{table} {parameters:?}: {figure}");
            }
            asked += 1;
        }
    }
    assert_eq!(asked, 240);
}
