//! `POST /api/v1/sql`: what may be asked, and how it is answered.

use crate::support::*;
use serde_json::{Value, json};

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 500, 1));
    let server = Server::builder()
        .config("[sql]\nenabled = true\nmax_rows = 50\n")
        .dataset("people", "parquet", &people)
        .dataset_with("People.Lazy-1", "parquet", &people, "lazy = true\n")
        .dataset("Rows", "parquet", &rows)
        .start()
        .await;
    (scratch, server)
}

/// Statements, and the rows they must give.
fn permitted() -> Vec<(&'static str, Value)> {
    vec![
        ("SELECT count(*) AS n FROM people", json!([{"n": 10}])),
        ("select COUNT(*) as n from PEOPLE", json!([{"n": 10}])),
        ("SELECT count(*) AS n FROM people;", json!([{"n": 10}])),
        ("SELECT count(*) AS n FROM people -- with a remark", json!([{"n": 10}])),
        ("/* first */ SELECT count(*) AS n FROM people", json!([{"n": 10}])),
        ("SELECT count(*) AS n FROM \"People.Lazy-1\"", json!([{"n": 10}])),
        ("SELECT count(*) AS n FROM rows", json!([{"n": 500}])),
        ("SELECT count(*) AS n FROM \"Rows\"", json!([{"n": 500}])),
        ("SELECT 1 + 1 AS two", json!([{"two": 2}])),
        ("VALUES (1, 'a'), (2, 'b')", json!([{"column1": 1, "column2": "a"}, {"column1": 2, "column2": "b"}])),
        (
            "SELECT id, \"Name\" FROM people WHERE city = 'Oslo' ORDER BY id LIMIT 2",
            json!([{"id": 2, "Name": "Björn"}, {"id": 4, "Name": null}]),
        ),
        (
            "SELECT city, avg(score) AS s FROM people GROUP BY city HAVING count(*) > 2 ORDER BY city DESC LIMIT 1",
            json!([{"city": "Paris", "s": 2.75}]),
        ),
        ("WITH old AS (SELECT * FROM people WHERE age > 40) SELECT count(*) AS n FROM old", json!([{"n": 3}])),
        ("WITH people AS (SELECT 1 AS one) SELECT one FROM people", json!([{"one": 1}])),
        (
            "SELECT a.id, b.id AS other FROM people a JOIN \"People.Lazy-1\" b ON a.age = b.age AND a.id < b.id ORDER BY 1, 2 LIMIT 3",
            json!([{"id": 1, "other": 9}, {"id": 1, "other": 10}, {"id": 2, "other": 4}]),
        ),
        ("SELECT label FROM people p JOIN rows r ON p.id = r.id WHERE p.\"Name\" = 'Eve'", json!([{"label": "row-6"}])),
        ("SELECT id FROM people WHERE id IN (SELECT max(id) FROM people)", json!([{"id": 10}])),
        (
            "SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM rows r WHERE r.id = p.id + 495) ORDER BY id",
            json!([{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]),
        ),
        ("SELECT id FROM people WHERE id < 3 UNION ALL SELECT 77 ORDER BY id", json!([{"id": 1}, {"id": 2}, {"id": 77}])),
        ("SELECT id FROM people INTERSECT SELECT id FROM rows WHERE id < 2", json!([{"id": 1}])),
        (
            "SELECT id, row_number() OVER (PARTITION BY city ORDER BY id) AS n FROM people WHERE city = 'Oslo' ORDER BY id",
            json!([{"id": 2, "n": 1}, {"id": 4, "n": 2}, {"id": 8, "n": 3}]),
        ),
        (
            "SELECT CASE WHEN age IS NULL THEN 'unknown' ELSE 'known' END AS k, count(*) AS n FROM people GROUP BY 1 ORDER BY 1",
            json!([{"k": "known", "n": 9}, {"k": "unknown", "n": 1}]),
        ),
        ("SELECT upper(city) AS u, length(\"Name\") AS l FROM people WHERE id = 2", json!([{"u": "OSLO", "l": 5}])),
        ("SELECT extract(year FROM joined) AS y FROM people WHERE id = 10", json!([{"y": 2024}])),
        ("SELECT 'it''s; DROP TABLE people' AS text", json!([{"text": "it's; DROP TABLE people"}])),
        ("SELECT '--' AS a, '/*' AS b", json!([{"a": "--", "b": "/*"}])),
        ("SELECT id FROM people WHERE \"Name\" LIKE '50\\%%'", json!([{"id": 7}])),
        (
            "SELECT CAST(9007199254740993 AS BIGINT) AS big, CAST('12.50' AS DECIMAL(10,2)) AS d",
            json!([{"big": 9_007_199_254_740_993_i64, "d": "12.50"}]),
        ),
        ("SELECT NULL AS n, TRUE AS t", json!([{"n": null, "t": true}])),
        ("SELECT [1, 2] AS list", json!([{"list": [1, 2]}])),
    ]
}

#[tokio::test]
async fn questions_are_answered() {
    let (_scratch, server) = start().await;
    let mut wrong = Vec::new();
    for (sql, expected) in permitted() {
        let reply = server.post("/api/v1/sql", &json!({"sql": sql})).await;
        if reply.status != 200 || reply.json()["data"] != expected {
            wrong.push(format!("{sql}\n    expected {expected}\n    got {} {}", reply.status, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let described = server.sql("DESCRIBE people").await;
    assert_eq!(texts(&described, "column_name"), ["id", "Name", "city", "age", "score", "active", "joined"]);
    assert!(described[0].get("data_type").is_some() && described[0].get("is_nullable").is_some(), "{:?}", described[0]);
}

#[tokio::test]
async fn the_cap_on_rows() {
    let (_scratch, server) = start().await;
    for (asked, rows, cap) in [(json!(null), 50, 50), (json!(7), 7, 7), (json!(0), 1, 1), (json!(1_000_000), 50, 50)] {
        let body = json!({"sql": "SELECT label, id FROM rows", "max_rows": asked});
        let reply = server.post("/api/v1/sql", &body).await.ok().json();
        assert_eq!((reply["data"].as_array().map(Vec::len), &reply["max_rows"]), (Some(rows), &json!(cap)), "{asked}");
    }
    for body in [
        json!({"sql": "SELECT 1", "max_rows": -1}),
        json!({"sql": "SELECT 1", "max_rows": "5"}),
        json!({"sql": "SELECT 1", "maxrows": 5}),
    ] {
        server.post("/api/v1/sql", &body).await.error(400);
    }
}

#[tokio::test]
async fn it_is_off_unless_switched_on() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("people", "parquet", &people).start().await;
    let reply = server.post("/api/v1/sql", &json!({"sql": "SELECT 1"})).await;
    assert_eq!(reply.error(404), "not found: sql endpoint");
    server.post_raw("/api/v1/sql", &[], "{not json").await.error(404);
}

#[tokio::test]
async fn sql_and_query_give_the_same_rows() {
    let (_scratch, server) = start().await;
    for (sql, dataset, body) in [
        (
            "SELECT * FROM people WHERE age >= 36 ORDER BY id",
            "people",
            json!({"predicates": [{"col": "age", "op": "gte", "val": 36}], "order_by": [{"col": "id"}]}),
        ),
        (
            "SELECT city, count(*) AS count, sum(age) AS sum_age FROM people GROUP BY city ORDER BY city DESC",
            "people",
            json!({"group_by": ["city"], "aggregations": [{"op": "count"}, {"op": "sum", "col": "age"}], "order_by": [{"col": "city", "dir": "desc"}]}),
        ),
        (
            "SELECT DISTINCT city FROM people ORDER BY city",
            "people",
            json!({"columns": ["city"], "distinct": true, "order_by": [{"col": "city"}]}),
        ),
        (
            "SELECT id FROM people WHERE \"Name\" LIKE '%o%' ORDER BY id",
            "people",
            json!({"columns": ["id"], "predicates": [{"col": "name", "op": "like", "val": "%o%"}], "order_by": [{"col": "id"}]}),
        ),
    ] {
        assert_eq!(server.sql(sql).await, server.query(dataset, &body).await, "{sql}");
    }
}
