//! Parquet on disk: files, folders, globs, hive trees, drift between files, and what other programs write.

use crate::support::*;
use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use serde_json::{Value, json};
use std::sync::Arc;

fn part(from: i64) -> RecordBatch {
    fixtures::versioned(from, 10, from)
}

#[tokio::test]
async fn files_folders_and_globs() {
    let scratch = Scratch::new();
    for n in 0..3 {
        scratch.parquet(&format!("dir/part-{n}.parquet"), &part(n * 10));
    }
    scratch.parquet("dir/sub/part-3.parquet", &part(30));
    scratch.parquet("dir/sub/deep/part-4.parquet", &part(40));
    scratch.write("dir/notes.txt", "not data");
    scratch.write("dir/_SUCCESS", "");
    scratch.write("dir/.part-9.parquet.crc", "junk");
    scratch.parquet("with space & 100%/ü.parquet", &part(0));
    scratch.parquet("brackets[1].parquet", &part(0));
    let server = Server::builder().cwd(scratch.root()).start().await;
    let root = scratch.root().display().to_string();
    let cases: Vec<(String, u64)> = vec![
        (format!("{root}/dir/part-0.parquet"), 10),
        (format!("{root}/dir"), 30),
        (format!("{root}/dir/"), 30),
        (format!("{root}/dir/*.parquet"), 30),
        (format!("{root}/dir/part-[02].parquet"), 20),
        (format!("{root}/dir/part-?.parquet"), 30),
        (format!("{root}/dir/part-[!0].parquet"), 20),
        (format!("{root}/dir/*/*.parquet"), 10),
        (format!("{root}/dir/**/*.parquet"), 50),
        (format!("{root}/d?r/sub/part-3.parquet"), 10),
        ("dir/part-1.parquet".into(), 10),
        ("./dir/../dir/part-1.parquet".into(), 10),
        ("dir/*.parquet".into(), 30),
        (format!("file://{root}/dir/part-0.parquet"), 10),
        (format!("file://{root}/with%20space%20&%20100%25/%C3%BC.parquet"), 10),
        (format!("{root}/with space & 100%/ü.parquet"), 10),
        (format!("{root}/brackets[1].parquet"), 10),
    ];
    let mut wrong = Vec::new();
    for (at, (location, rows)) in cases.iter().enumerate() {
        for lazy in [false, true] {
            let name = format!("s{at}-{lazy}");
            let reply =
                server.register(&json!({"name": name, "lazy": lazy, "source": {"kind": "parquet", "location": location}})).await;
            let summary = reply.status == 200 && reply.json()["rows"] == json!(rows);
            let counted = server.post(&format!("/api/v1/datasets/{name}/count"), &json!({})).await;
            if !summary || counted.status != 200 || counted.json()["count"] != json!(rows) {
                wrong.push(format!(
                    "{location} lazy={lazy}: {} {}; counted {} (should be {rows})",
                    reply.status,
                    reply.text(),
                    counted.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn hive_trees_have_their_columns() {
    let scratch = Scratch::new();
    for (year, month, from) in [(2023, "01", 0), (2023, "12", 10), (2024, "01", 20)] {
        scratch.parquet(&format!("hive/year={year}/month={month}/data.parquet"), &part(from));
    }
    scratch.parquet("text/city=New%20York/a.parquet", &part(0));
    scratch.parquet("text/city=Oslo/a.parquet", &part(10));
    scratch.parquet("text/city=__HIVE_DEFAULT_PARTITION__/a.parquet", &part(20));
    let root = scratch.root().display().to_string();
    let server = Server::builder().config("[sql]\nenabled = true\n").start().await;
    let shapes = [
        ("tree", format!("{root}/hive")),
        ("glob", format!("{root}/hive/**/*.parquet")),
        ("stars", format!("{root}/hive/*/*/*.parquet")),
    ];
    for (shape, location) in shapes {
        for lazy in [false, true] {
            let name = format!("{shape}_{lazy}");
            let block = json!({"name": name, "lazy": lazy, "source": {"kind": "parquet", "location": location}, "s3": {"partitioning": "hive"}});
            server.register(&block).await.ok();
            assert_eq!(server.count(&name, json!([])).await, 30, "{name}");
            assert_eq!(server.count(&name, json!([{"col": "year", "op": "eq", "val": 2023}])).await, 20, "{name}");
            let pruned = json!([{"col": "year", "op": "eq", "val": 2024}, {"col": "id", "op": "lt", "val": 25}]);
            assert_eq!(server.count(&name, pruned).await, 5, "{name}");
            let groups = server
                .query(&name, &json!({"group_by": ["year", "month"], "order_by": [{"col": "year"}, {"col": "month"}]}))
                .await;
            let months: Vec<_> = groups.iter().map(|row| (row["year"].clone(), row["count"].clone())).collect();
            assert_eq!(months, [(json!(2023), json!(10)), (json!(2023), json!(10)), (json!(2024), json!(10))], "{name}");
            let schema = server.get(&format!("/api/v1/datasets/{name}/schema")).await.ok().json();
            assert_eq!(
                texts(schema["columns"].as_array().expect("columns"), "name"),
                ["id", "label", "version", "year", "month"],
                "{name}"
            );
            assert_eq!(server.sql(&format!("SELECT max(id) AS m FROM {name} WHERE year = 2023")).await, [json!({"m": 19})]);
        }
    }
    for lazy in [false, true] {
        let name = format!("text_{lazy}");
        let block = json!({"name": name, "lazy": lazy, "source": {"kind": "parquet", "location": format!("{root}/text")}, "s3": {"partitioning": "hive"}});
        server.register(&block).await.ok();
        let groups = server.query(&name, &json!({"group_by": ["city"], "order_by": [{"col": "city"}]})).await;
        let cities: Vec<_> = groups.iter().map(|row| row["city"].clone()).collect();
        assert_eq!(cities, [json!("New York"), json!("Oslo"), json!(null)], "{name}: values are decoded");
        let off = format!("off_{lazy}");
        let block = json!({"name": off, "lazy": lazy, "source": {"kind": "parquet", "location": format!("{root}/text/*/*.parquet")}, "s3": {"partitioning": "none"}});
        server.register(&block).await.ok();
        let schema = server.get(&format!("/api/v1/datasets/{off}/schema")).await.ok().json();
        assert_eq!(schema["columns"].as_array().map(Vec::len), Some(3), "{off}");
        let flat = json!({"name": "flat", "lazy": lazy, "source": {"kind": "parquet", "location": format!("{root}/text/city=Oslo/a.parquet")}});
        server.register(&flat).await.ok();
        assert_eq!(server.count("flat", json!([])).await, 10);
        server.admin(reqwest::Method::DELETE, "/api/v1/datasets/flat").await.ok();
    }
}

/// Two files of one folder, and whether their schemas can be reconciled; if so, the rows.
fn drifts() -> Vec<(&'static str, RecordBatch, RecordBatch, Option<Vec<Value>>)> {
    let ints = |values: Vec<i32>| Arc::new(Int32Array::from(values)) as ArrayRef;
    let texts = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
    let batch = fixtures::batch;
    vec![
        (
            "a column more",
            batch(vec![("a", fixtures::int64([1]))]),
            batch(vec![("a", fixtures::int64([2])), ("b", texts(vec!["x"]))]),
            Some(vec![json!({"a": 1, "b": null}), json!({"a": 2, "b": "x"})]),
        ),
        (
            "another order",
            batch(vec![("a", fixtures::int64([1])), ("b", texts(vec!["x"]))]),
            batch(vec![("b", texts(vec!["y"])), ("a", fixtures::int64([2]))]),
            Some(vec![json!({"a": 1, "b": "x"}), json!({"a": 2, "b": "y"})]),
        ),
        (
            "a wider integer",
            batch(vec![("a", ints(vec![1]))]),
            batch(vec![("a", fixtures::int64([9_007_199_254_740_993]))]),
            Some(vec![json!({"a": 1}), json!({"a": 9_007_199_254_740_993_i64})]),
        ),
        ("text and integer", batch(vec![("a", fixtures::int64([1]))]), batch(vec![("a", texts(vec!["x"]))]), None),
        (
            "float and text",
            batch(vec![("a", Arc::new(Float64Array::from(vec![1.5])) as ArrayRef)]),
            batch(vec![("a", texts(vec!["x"]))]),
            None,
        ),
    ]
}

#[tokio::test]
async fn drift_between_files_is_reconciled_or_refused_by_name() {
    let scratch = Scratch::new();
    let server = Server::builder().start().await;
    let mut wrong = Vec::new();
    for (at, (what, first, second, expected)) in drifts().into_iter().enumerate() {
        for swapped in [false, true] {
            let (one, two) = if swapped { (&second, &first) } else { (&first, &second) };
            let folder = format!("drift-{at}-{swapped}");
            scratch.parquet(&format!("{folder}/1.parquet"), one);
            scratch.parquet(&format!("{folder}/2.parquet"), two);
            for lazy in [false, true] {
                let name = format!("{folder}-{lazy}");
                let location = scratch.root().join(&folder);
                let reply = server
                    .register(&json!({"name": name, "lazy": lazy, "source": {"kind": "parquet", "location": location}}))
                    .await;
                match &expected {
                    Some(rows) if reply.status == 200 => {
                        let got = server.query_reply(&name, &json!({"order_by": [{"col": "a"}]})).await;
                        if got.status != 200 || got.json()["data"] != json!(rows) {
                            wrong.push(format!("{what} swapped={swapped} lazy={lazy}: {}", got.text()));
                        }
                    }
                    // Refusing is allowed as well, when it says which column and which file.
                    _ if reply.status == 400 => {
                        let message = reply.message();
                        if !(message.contains('a') && message.contains(".parquet")) {
                            wrong.push(format!("{what} swapped={swapped} lazy={lazy}: {message}"));
                        }
                    }
                    _ => wrong.push(format!("{what} swapped={swapped} lazy={lazy}: {} {}", reply.status, reply.text())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_other_programs_write_is_read_the_same() {
    let scratch = Scratch::new();
    python::run("other_writers.py", &scratch.root(), &[]);
    let server = Server::builder().start().await;
    let mut files: Vec<_> =
        std::fs::read_dir(scratch.root()).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    let mut pages: Vec<(String, String)> = Vec::new();
    for (at, file) in files.iter().enumerate() {
        for lazy in [false, true] {
            let name = format!("f{at}-{lazy}");
            server.register(&json!({"name": name, "lazy": lazy, "source": {"kind": "parquet", "location": file}})).await.ok();
            let predicates = json!([{"col": "name", "op": "eq", "val": "name 3"}, {"col": "price", "op": "lt", "val": "100.00"}]);
            let body = json!({"predicates": predicates, "order_by": [{"col": "id"}]});
            pages.push((format!("{} lazy={lazy}", file.display()), server.query_reply(&name, &body).await.ok().text()));
        }
    }
    let (_, first) = pages[0].clone();
    let value: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(
        value["data"][0],
        json!({"id": 3, "name": "name 3", "price": "0.75", "ratio": 0.375, "flag": false, "day": "2024-01-04", "at": "2024-01-01T00:00:03", "tags": []})
    );
    for (file, page) in &pages {
        assert_eq!(page, &first, "{file}");
    }
}
