//! `POST /api/v1/datasets`: what can be registered, and what comes of it.

use crate::support::*;
use arrow::datatypes::DataType;
use serde_json::json;

#[tokio::test]
async fn a_registered_dataset_answers_at_once_and_is_gone_after_a_restart() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let data = scratch.path("data");
    let mut server = Server::builder().data_dir(&data).start().await;
    let config = server.config_text();
    let made = server.register(&json!({"name": "people", "source": {"kind": "parquet", "location": people}})).await.ok();
    assert_eq!(made.text(), "{\"name\":\"people\",\"rows\":10,\"columns\":7,\"lazy\":false}");
    let lazy =
        server.register(&json!({"name": "lazy", "lazy": true, "source": {"kind": "parquet", "location": people}})).await.ok();
    assert_eq!(lazy.text(), "{\"name\":\"lazy\",\"rows\":10,\"columns\":7,\"lazy\":true}");
    assert_eq!((server.count("people", json!([])).await, server.count("lazy", json!([])).await), (10, 10));
    assert_eq!(server.names().await, ["lazy", "people"]);
    assert_eq!(server.get("/readyz").await.ok().json()["datasets"], 2);
    assert_eq!(server.config_text(), config, "the file is as it was");
    server.kill();
    let server = Server::builder().data_dir(&data).start().await;
    assert_eq!(server.names().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_field_of_a_block_has_its_effect() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().start().await;
    for (name, lazy) in [("whole", false), ("whole_lazy", true)] {
        let block = json!({
            "name": name, "description": "Some of them", "columns": ["CITY", "id", "Name"], "dict_encode": false, "lazy": lazy,
            "source": {"kind": "parquet", "location": people},
            "index": {"mode": "list", "columns": ["City"], "max_cardinality": 1000},
            "s3": {"region": "us-east-1", "endpoint": "http://minio.local:9000", "addressing_style": "path", "allow_http": true, "partitioning": "auto"},
            "predicate_filter": {"exclude": ["id"]}, "projection_filter": {"include": ["city", "id"]},
        });
        let made = server.register(&block).await.ok().json();
        assert_eq!(
            (&made["rows"], &made["lazy"], &made["columns"]),
            (&json!(10), &json!(lazy), &json!(2)),
            "hidden columns do not count: {made}"
        );
        let schema = server.get(&format!("/api/v1/datasets/{name}/schema")).await.ok().json();
        assert_eq!(texts(schema["columns"].as_array().expect("columns"), "name"), ["city", "id"], "in the order asked for");
        assert_eq!(schema["indexed"], if lazy { json!([]) } else { json!(["city"]) });
        assert_eq!(server.status(name).await["description"], "Some of them");
        let arrow = server.post(&format!("/api/v1/datasets/{name}/query?format=arrow"), &json!({})).await.ok();
        let (schema, _) = super::arrow::read_stream(&arrow.body);
        assert!(!matches!(schema.field(0).data_type(), DataType::Dictionary(..)));
    }
    for mode in ["auto", "none"] {
        let block = json!({"name": mode, "source": {"kind": "parquet", "location": people}, "index": {"mode": mode}});
        server.register(&block).await.ok();
        let indexed = server.get(&format!("/api/v1/datasets/{mode}/schema")).await.ok().json()["indexed"].clone();
        assert_eq!(indexed.as_array().expect("a list").is_empty(), mode == "none", "{mode}: {indexed}");
        assert_eq!(server.count(mode, json!([{"col": "city", "op": "eq", "val": "Oslo"}])).await, 3);
    }
}

#[tokio::test]
async fn names() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().config("[sql]\nenabled = true\n").start().await;
    let block = |name: &str| json!({"name": name, "source": {"kind": "parquet", "location": people}});
    let good = ["a", "A-1_b.c", "...", "2024", "UPPER", "-", "_", "select", "x".repeat(200).leak()];
    for name in good {
        server.register(&block(name)).await.ok();
        // A name with capitals is as good as any other, on every route.
        let asked = json!({"columns": ["id"], "predicates": [{"col": "id", "op": "gt", "val": 8}], "order_by": [{"col": "id", "dir": "desc"}]});
        assert_eq!(ints(&server.query(name, &asked).await, "id"), [10, 9], "{name}");
        assert_eq!(server.sql(&format!("SELECT count(*) AS n FROM \"{name}\"")).await, [json!({"n": 10})], "{name}");
        server.reload(name).await.ok();
        let taken = server.register(&block(name)).await.error(400);
        assert_eq!(taken, format!("invalid value: dataset '{name}' already exists"));
    }
    assert_eq!(server.sql("SELECT count(*) AS n FROM upper").await, [json!({"n": 10})]);
    for name in ["A", "a-1_B.C", "upper", "SELECT"] {
        server.register(&block(name)).await.error(400);
    }
    let bad = [
        "",
        " ",
        "a b",
        "a/b",
        "../x",
        ".",
        "..",
        "é",
        "a\nb",
        "a\0b",
        "a\tb",
        "a%20b",
        "a'b",
        "a\"b",
        "a;b",
        "reload-all",
        "a\u{202e}b",
    ];
    for name in bad {
        let message = server.register(&block(name)).await.error(400);
        assert!(!message.contains('\0') && !message.contains('\n'), "{name:?}: {message:?}");
    }
    let mut expected: Vec<String> = good.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    let mut listed = server.names().await;
    listed.sort();
    assert_eq!(listed, expected);
}
