//! Delta tables written by the reference writers.

use crate::api_v1::parquet::read_parquet;
use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn the_log_says_which_rows_there_are() {
    let scratch = Scratch::new();
    python::run("delta_tables.py", &scratch.root(), &[]);
    let root = scratch.root();
    let server = Server::builder().config("[sql]\nenabled = true\n").start().await;
    let register = async |name: &str, table: &str, lazy: bool| {
        server.register(&json!({"name": name, "lazy": lazy, "source": {"kind": "delta", "location": root.join(table)}})).await
    };
    for lazy in [false, true] {
        let name = |table: &str| format!("{table}_{lazy}");
        let plain = register(&name("plain"), "plain", lazy).await.ok().json();
        assert_eq!((&plain["rows"], &plain["columns"]), (&json!(130), &json!(3)));
        let versions = server.query(&name("plain"), &json!({"group_by": ["version"], "order_by": [{"col": "version"}]})).await;
        assert_eq!(versions, [json!({"version": 1, "count": 80}), json!({"version": 2, "count": 50})]);
        assert_eq!(
            server
                .count(&name("plain"), json!([{"col": "id", "op": "gte", "val": 40}, {"col": "id", "op": "lt", "val": 60}]))
                .await,
            0
        );
        assert_eq!(
            server.sql(&format!("SELECT sum(id) AS s FROM plain_{lazy}")).await,
            [json!({"s": 150 * 149 / 2 - (40..60).sum::<i64>()})]
        );
        let file = server.get(&format!("/api/v1/datasets/plain_{lazy}/parquet")).await.ok();
        assert_eq!(read_parquet(file.body).num_rows(), 130);
        assert_eq!(server.status(&name("plain")).await["kind"], "delta");

        register(&name("parts"), "parts", lazy).await.ok();
        let rows = server.query(&name("parts"), &json!({"order_by": [{"col": "n"}]})).await;
        let expected = [
            json!({"day": "2024-01-01", "n": 1, "price": null, "tags": ["a", "b"], "at": "1970-01-01T00:00:00Z"}),
            json!({"day": "2024-01-01", "n": 2, "price": "1.50", "tags": [], "at": "2024-02-29T12:34:56.789012Z"}),
            json!({"day": "2024-01-02", "n": 3, "price": "2.25", "tags": null, "at": "1969-12-31T23:59:59.999999Z"}),
            json!({"day": null, "n": 4, "price": "-0.01", "tags": ["c"], "at": null}),
        ];
        assert_eq!(rows, expected, "lazy={lazy}");
        assert_eq!(server.count(&name("parts"), json!([{"col": "day", "op": "eq", "val": "2024-01-01"}])).await, 2);

        register(&name("wider"), "wider", lazy).await.ok();
        let rows = server.query(&name("wider"), &json!({"columns": ["id", "extra"], "order_by": [{"col": "id"}]})).await;
        assert_eq!(rows[2..4], [json!({"id": 2, "extra": null}), json!({"id": 3, "extra": "x"})]);

        let bare = register(&name("bare"), "bare", lazy).await;
        assert!(bare.status == 400 || server.query(&name("bare"), &json!({})).await.is_empty(), "{}", bare.text());

        let chosen = json!({"name": name("chosen"), "lazy": lazy, "columns": ["version", "id"], "source": {"kind": "delta", "location": root.join("plain")}});
        assert_eq!(server.register(&chosen).await.ok().json()["columns"], 2);
        assert_eq!(
            server.query(&name("chosen"), &json!({"order_by": [{"col": "id"}], "limit": 1})).await,
            [json!({"version": 1, "id": 0})]
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_rightly_is_refused() {
    let scratch = Scratch::new();
    python::run("delta_tables.py", &scratch.root(), &[]);
    let root = scratch.root();
    let server = Server::builder().start().await;
    for lazy in [false, true] {
        for table in ["mapped", "vectors", "unknown"] {
            let name = format!("{table}_{lazy}");
            let reply = server
                .register(&json!({"name": name, "lazy": lazy, "source": {"kind": "delta", "location": root.join(table)}}))
                .await;
            if reply.status == 400 {
                assert!(!reply.message().is_empty());
                continue;
            }
            reply.ok();
            assert_ne!(table, "unknown", "a table that needs an unknown feature was read");
            let rows = server.query(&name, &json!({"order_by": [{"col": "id"}]})).await;
            let expected: &[i64] = if table == "vectors" { &[0, 2, 4] } else { &[0, 1, 2, 3, 4] };
            assert_eq!(ints(&rows, "id"), expected, "{name}");
            assert_eq!(rows[1]["label"], json!(format!("row-{}", expected[1])), "{name}");
            assert_eq!(server.count(&name, json!([])).await, expected.len() as u64, "{name}");
            assert_eq!(
                server.count(&name, json!([{"col": "id", "op": "gte", "val": 1}])).await,
                expected.len() as u64 - 1,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_newer_version_is_seen_after_a_reload_and_not_before() {
    let scratch = Scratch::new();
    python::run("delta_tables.py", &scratch.root(), &[]);
    let plain = scratch.root().join("plain");
    let server =
        Server::builder().dataset("eager", "delta", &plain).dataset_with("lazy", "delta", &plain, "lazy = true\n").start().await;
    python::run("delta_more.py", &scratch.root(), &[]);
    for name in ["eager", "lazy"] {
        assert_eq!(server.count(name, json!([])).await, 130, "{name}: one version until it is reloaded");
        assert_eq!(server.reload(name).await.ok().json()["rows"], 140, "{name}");
        assert_eq!(server.count(name, json!([{"col": "version", "op": "eq", "val": 9}])).await, 10, "{name}");
    }
    // The files of a version may be vacuumed away: an error then, never a part of the rows.
    for entry in std::fs::read_dir(&plain).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            std::fs::remove_file(path).expect("removed");
        }
    }
    let reply = server.query_reply("lazy", &json!({})).await;
    assert!(reply.status == 503 || reply.status == 400, "{} {}", reply.status, reply.text());
    reply.message();
    assert_eq!(server.count("eager", json!([])).await, 140);
    server.reload("eager").await.error(400);
    assert_eq!(server.count("eager", json!([])).await, 140);
}
