//! One form for each value, the same on every route, and exact where the format can be.

use crate::support::*;
use serde_json::{Value, json};

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let path = scratch.parquet("types.parquet", &types_table::table());
    let server = Server::builder()
        .config("[sql]\nenabled = true\n")
        .dataset("eager", "parquet", &path)
        .dataset_with("plain", "parquet", &path, "dict_encode = false\n")
        .dataset_with("lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    (scratch, server)
}

fn without_bin(mut row: Value) -> Value {
    row.as_object_mut().expect("a row").remove("bin");
    row
}

#[tokio::test]
async fn each_value_has_one_form_on_every_route() {
    let (_scratch, server) = start().await;
    let expected = types_table::json_rows();
    for name in ["eager", "plain", "lazy"] {
        let page = server.query_reply(name, &json!({"order_by": [{"col": "id"}]})).await.ok();
        let rows = page.json()["data"].as_array().expect("rows").clone();
        for (row, expected) in rows.iter().zip(&expected) {
            for (column, value) in expected.as_object().expect("a row") {
                assert_eq!(&row[column], value, "{name}: {column} of row {}", expected["id"]);
            }
        }
        assert_eq!(rows.len(), expected.len());
        // Binary: text when it is UTF-8, else null, which is written down in the documentation.
        assert_eq!(
            rows.iter().map(|row| row["bin"].clone()).collect::<Vec<_>>(),
            [json!("abc"), json!(""), json!(null), json!("é"), json!(null)]
        );
        let text = page.text();
        for exact in [
            "\"i64\":-9223372036854775808,",
            "\"i64\":9007199254740993,",
            "\"u64\":18446744073709551615,",
            "\"zero\":-0.0,",
            "\"zero\":5e-324,",
            "\"zero\":3.0,",
            "\"f32\":0.1,",
            "\"f64\":0.1,",
            "\"list\":[9223372036854775807,null]",
        ] {
            assert!(text.contains(exact), "{name}: no {exact} in {text}");
        }

        // The same rows by every other way to JSON.
        let objects =
            |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect() };
        let body = json!({"order_by": [{"col": "id"}]});
        for path in [
            format!("/api/v1/datasets/{name}/query?format=ndjson"),
            format!("/api/v1/datasets/{name}/query/stream?format=ndjson"),
        ] {
            assert_eq!(objects(&server.post(&path, &body).await.ok().text()), rows, "{path}");
        }
        assert_eq!(server.sql(&format!("SELECT * FROM {name} ORDER BY id")).await, rows);
        let paged = server.query(name, &json!({"order_by": [{"col": "id"}], "page_size": 1, "page": 3})).await;
        assert_eq!(paged, rows[2..3]);
        let filtered = server.query(name, &json!({"predicates": [{"col": "id", "op": "eq", "val": 3}]})).await;
        assert_eq!(filtered, rows[2..3]);
        let sample = server.get(&format!("/api/v1/datasets/{name}/schema")).await.ok().json()["sample"].clone();
        let sample = sample.as_array().map_or(sample.clone(), |list| list[0].clone());
        assert_eq!(without_bin(sample), without_bin(rows[0].clone()), "the sample of {name}");
    }
}

#[tokio::test]
async fn what_is_computed_is_exact_or_refused() {
    let (_scratch, server) = start().await;
    for name in ["eager", "plain", "lazy"] {
        let one = |op: &str, col: &str, predicates: Value| json!({"predicates": predicates, "group_by": ["flag"], "aggregations": [{"op": op, "col": col, "alias": "x"}], "order_by": [{"col": "flag"}]});
        let value = async |op: &str, col: &str, flag: bool| {
            let rows = server.query(name, &one(op, col, json!([{"col": "flag", "op": "eq", "val": flag}]))).await;
            rows[0]["x"].clone()
        };
        // flag false: rows 2 and 4; true: rows 1 and 3.
        assert_eq!(value("max", "u64", true).await, json!(u64::MAX));
        assert_eq!(value("min", "i64", false).await, json!(i64::MIN));
        assert_eq!(value("sum", "i64", false).await, json!(i64::MIN + 9_007_199_254_740_993));
        assert_eq!(value("sum", "u64", false).await, json!(9_007_199_254_740_993_u64));
        assert_eq!(value("sum", "dec", true).await, json!("100000012.3399"));
        assert_eq!(value("min", "dec", false).await, json!("-0.0001"));
        assert_eq!(value("max", "ts_utc", true).await, json!("2024-02-29T12:34:56.789012Z"));
        assert_eq!(value("min", "date", false).await, json!("0001-01-01"));
        assert_eq!(value("max", "text", true).await, json!("\u{1F600} ünï"));
        assert_eq!(value("sum", "i8", true).await, json!(134));
        assert_eq!(value("sum", "u8", true).await, json!(262));
        // Beyond the type: an error, not a wrong number.
        for (col, what) in [("i64", "i64"), ("u64", "u64")] {
            let body = one("sum", col, json!([{"col": "flag", "op": "eq", "val": true}]));
            let message = server.query_reply(name, &body).await.error(400);
            assert!(message.contains("overflow") || message.contains(what), "{name} {col}: {message}");
        }
        let reply = server.post("/api/v1/sql", &json!({"sql": format!("SELECT sum(i64) AS s FROM {name} WHERE flag")})).await;
        assert!(reply.status == 400, "sum in SQL: {}", reply.text());
        // A group of each kind of odd value.
        let groups = server.query(name, &json!({"group_by": ["u64"], "order_by": [{"col": "u64", "dir": "desc"}]})).await;
        let keys: Vec<_> = groups.iter().map(|row| row["u64"].clone()).collect();
        assert_eq!(keys, [json!(null), json!(u64::MAX), json!(9_007_199_254_740_993_u64), json!(7), json!(0)]);
        let order = server.query(name, &json!({"columns": ["id"], "order_by": [{"col": "dec", "dir": "desc"}]})).await;
        assert_eq!(ints(&order, "id"), [5, 3, 1, 4, 2]);
    }
}
