//! `predicate_filter` and `projection_filter`: what is hidden is nowhere, what is restricted cannot be asked about.

use super::parquet::read_parquet;
use crate::support::*;
use serde_json::json;

const HIDDEN: &str =
    "[dataset.projection_filter]\nexclude = [\"NAME\", \"score\"]\n[dataset.predicate_filter]\nexclude = [\"age\"]\n";
const CHOSEN: &str = "[dataset.projection_filter]\ninclude = [\"id\", \"City\"]\n";

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .config("[sql]\nenabled = true\n")
        .dataset_with("veiled", "parquet", &people, HIDDEN)
        .dataset_with("veiled_lazy", "parquet", &people, &format!("lazy = true\n{HIDDEN}"))
        .dataset_with("chosen", "parquet", &people, CHOSEN)
        .dataset("open", "parquet", &people)
        .start()
        .await;
    (scratch, server)
}

#[tokio::test]
async fn a_hidden_column_is_nowhere() {
    let (_scratch, server) = start().await;
    for name in ["veiled", "veiled_lazy"] {
        let visible = ["id", "city", "age", "active", "joined"];
        let rows = server.query(name, &json!({"order_by": [{"col": "id"}]})).await;
        assert_eq!(rows[0].as_object().expect("a row").len(), visible.len(), "{rows:?}");
        let schema = server.get(&format!("/api/v1/datasets/{name}/schema")).await.ok();
        assert_eq!(texts(schema.json()["columns"].as_array().expect("columns"), "name"), visible);
        assert!(
            !schema.text().contains("Name") && !schema.text().contains("score") && !schema.text().contains("Ada"),
            "{}",
            schema.text()
        );
        assert_eq!(server.status(name).await["columns"], 5);
        let file = read_parquet(server.get(&format!("/api/v1/datasets/{name}/parquet")).await.ok().body);
        assert_eq!(file.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), visible);
        let selected = server.sql(&format!("SELECT * FROM {name} ORDER BY id LIMIT 1")).await;
        assert_eq!(selected[0], rows[0]);

        // Naming it is as naming a column that does not exist.
        let cases = |column: &str| {
            vec![
                json!({"columns": [column]}),
                json!({"predicates": [{"col": column, "op": "is_null"}]}),
                json!({"order_by": [{"col": column}]}),
                json!({"group_by": [column]}),
                json!({"group_by": ["city"], "aggregations": [{"op": "max", "col": column}]}),
            ]
        };
        for (hidden, unknown) in cases("score").into_iter().zip(cases("nonsense")) {
            let hidden = server.query_reply(name, &hidden).await.error(400);
            let unknown = server.query_reply(name, &unknown).await.error(400);
            assert_eq!(hidden.replace("score", "COLUMN"), unknown.replace("nonsense", "COLUMN"));
        }
        for template in [
            "SELECT {c} FROM {t}",
            "SELECT id FROM {t} WHERE {c} > 1",
            "SELECT max({c}) FROM {t}",
            "SELECT id FROM {t} ORDER BY {c}",
            "SELECT id FROM {t} GROUP BY id, {c}",
            "SELECT x.{c} FROM {t} x",
            "WITH w AS (SELECT * FROM {t}) SELECT {c} FROM w",
            "SELECT id FROM open WHERE id IN (SELECT v.{c} FROM {t} v)",
            "SELECT open.id FROM open JOIN {t} ON {t}.{c} = open.score",
            "SELECT (SELECT max({c}) FROM {t})",
        ] {
            let ask = async |column: &str| {
                let sql = template.replace("{c}", column).replace("{t}", name);
                server.post("/api/v1/sql", &json!({"sql": sql})).await
            };
            let hidden = ask("score").await.error(400);
            let unknown = ask("nonsense").await.error(400);
            assert_eq!(hidden.replace("score", "COLUMN"), unknown.replace("nonsense", "COLUMN"), "{template}");
        }
    }
    let rows = server.query("chosen", &json!({"order_by": [{"col": "id"}], "limit": 1})).await;
    assert_eq!(rows, [json!({"id": 1, "city": "London"})]);
}

#[tokio::test]
async fn a_restricted_column_may_be_read_and_not_asked_about() {
    let (_scratch, server) = start().await;
    for name in ["veiled", "veiled_lazy"] {
        let rows = server.query(name, &json!({"columns": ["age"], "order_by": [{"col": "id"}], "limit": 1})).await;
        assert_eq!(rows, [json!({"age": 36})]);
        for predicate in [
            json!({"col": "age", "op": "gt", "val": 1}),
            json!({"col": "AGE", "op": "is_null"}),
            json!({"col": "age", "op": "in", "val": [1]}),
        ] {
            server.query_reply(name, &json!({"predicates": [predicate]})).await.error(403);
            server.post(&format!("/api/v1/datasets/{name}/count"), &json!({"predicates": [predicate]})).await.error(403);
        }
        let having = json!({"group_by": ["age"], "having": [{"col": "age", "op": "gt", "val": 1}]});
        server.query_reply(name, &having).await.error(403);
        assert_eq!(server.sql(&format!("SELECT age FROM {name} WHERE id = 1")).await, [json!({"age": 36})]);
        for sql in [
            "SELECT id FROM {t} WHERE age > 30",
            "SELECT count(*) FROM {t} WHERE age IS NULL",
            "SELECT id FROM (SELECT * FROM {t}) q WHERE q.age = 36",
            "SELECT id FROM (SELECT id, age + 1 AS b FROM {t}) q WHERE b = 37",
            "SELECT age FROM {t} GROUP BY age HAVING age > 30",
            "SELECT o.id FROM open o JOIN {t} ON {t}.age = o.age",
            "SELECT id FROM open WHERE age IN (SELECT age FROM {t})",
            "SELECT count(*) FILTER (WHERE age > 30) FROM {t}",
            "WITH w AS (SELECT id, age AS b FROM {t}) SELECT id FROM w WHERE b BETWEEN 1 AND 99",
            "SELECT id FROM open o WHERE EXISTS (SELECT 1 FROM {t} WHERE {t}.age = o.id)",
        ] {
            let sql = sql.replace("{t}", name);
            let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
            assert_eq!(reply.status, 403, "{sql}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn filters_that_make_no_sense_are_refused() {
    let (scratch, server) = start().await;
    let location = scratch.root().join("people.parquet");
    for (filters, word) in [
        (json!({"projection_filter": {"include": ["id"], "exclude": ["age"]}}), "include"),
        (json!({"projection_filter": {"exclude": ["nope"]}}), "nope"),
        (json!({"predicate_filter": {"include": ["nope"]}}), "nope"),
        (
            json!({"projection_filter": {"exclude": ["id", "name", "city", "age", "score", "active", "joined"]}}),
            "projection_filter",
        ),
        (json!({"projection_filter": {"hide": ["id"]}}), "hide"),
    ] {
        let mut block = json!({"name": "bad", "source": {"kind": "parquet", "location": location}});
        block.as_object_mut().expect("an object").extend(filters.as_object().expect("an object").clone());
        let message = server.register(&block).await.error(400);
        assert!(message.contains(word), "{block}: {message}");
    }
    assert!(!server.names().await.contains(&"bad".to_owned()));
}
