//! Queries that are refused: each with 400 and a message that names what is wrong.

use crate::support::*;
use serde_json::{Value, json};

/// Bodies, and what the message must name.
fn refused() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"columns": ["nope"]}), "nope"),
        (json!({"columns": ["id", "ID"]}), "id"),
        (json!({"columns": "id"}), "columns"),
        (json!({"columns": [1]}), "columns"),
        (json!({"colums": ["id"]}), "colums"),
        (json!({"predicate": []}), "predicate"),
        (json!({"predicates": {}}), "predicates"),
        (json!({"predicates": [{"col": "nope", "op": "eq", "val": 1}]}), "nope"),
        (json!({"predicates": [{"col": "id", "op": "equals", "val": 1}]}), "equals"),
        (json!({"predicates": [{"col": "id", "op": "EQ", "val": 1}]}), "EQ"),
        (json!({"predicates": [{"col": "id", "op": "eq", "value": 1}]}), "value"),
        (json!({"predicates": [{"op": "eq", "val": 1}]}), "col"),
        (json!({"predicates": [{"col": "id", "val": 1}]}), "op"),
        (json!({"predicates": [{"col": "id", "op": "eq"}]}), "id"),
        (json!({"predicates": [{"col": "id", "op": "eq", "val": null}]}), "id"),
        (json!({"predicates": [{"col": "id", "op": "eq", "val": [1]}]}), "id"),
        (json!({"predicates": [{"col": "id", "op": "eq", "val": {"a": 1}}]}), "val"),
        (json!({"predicates": [{"col": "id", "op": "eq", "val": "many"}]}), "id"),
        (json!({"predicates": [{"col": "id", "op": "eq", "val": true}]}), "id"),
        (json!({"predicates": [{"col": "id", "op": "in", "val": []}]}), "in"),
        (json!({"predicates": [{"col": "id", "op": "in", "val": 3}]}), "in"),
        (json!({"predicates": [{"col": "id", "op": "in", "val": [1, "x"]}]}), "id"),
        (json!({"predicates": [{"col": "id", "op": "like", "val": "1%"}]}), "id"),
        (json!({"predicates": [{"col": "Name", "op": "like", "val": 5}]}), "like"),
        (json!({"predicates": [{"col": "Name", "op": "gt", "val": 5}]}), "Name"),
        (json!({"predicates": [{"col": "active", "op": "eq", "val": "yes"}]}), "active"),
        (json!({"predicates": [{"col": "active", "op": "eq", "val": 1}]}), "active"),
        (json!({"predicates": [{"col": "joined", "op": "eq", "val": "yesterday"}]}), "joined"),
        (json!({"predicates": [{"col": "joined", "op": "gt", "val": "2021-02-30"}]}), "joined"),
        (json!({"predicates": [{"col": "joined", "op": "gt", "val": 5}]}), "joined"),
    ]
}

/// The same for what orders, groups and pages.
fn refused_shapes() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"order_by": [{"col": "nope"}]}), "nope"),
        (json!({"order_by": [{"col": "id", "dir": "up"}]}), "up"),
        (json!({"order_by": ["id"]}), "order_by"),
        (json!({"order_by": [{"dir": "asc"}]}), "col"),
        (json!({"group_by": ["nope"]}), "nope"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "median", "col": "age"}]}), "median"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "sum", "col": "nope"}]}), "nope"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "sum"}]}), "sum"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "sum", "col": "Name"}]}), "Name"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "avg", "col": "joined"}]}), "joined"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "sum", "col": "active"}]}), "active"),
        (
            json!({"group_by": ["city"], "aggregations": [{"op": "min", "col": "id", "alias": "x"}, {"op": "max", "col": "id", "alias": "x"}]}),
            "x",
        ),
        (json!({"group_by": ["city"], "aggregations": [{"op": "min", "col": "id", "alias": "city"}]}), "city"),
        (json!({"group_by": ["city"], "aggregations": [{"op": "count", "as": "n"}]}), "as"),
        (json!({"group_by": ["city", "city"]}), "city"),
        (json!({"group_by": ["city"], "order_by": [{"col": "age"}]}), "age"),
        (json!({"group_by": ["city"], "having": [{"col": "age", "op": "gt", "val": 1}]}), "age"),
        (json!({"group_by": ["city"], "having": [{"col": "count", "op": "gt", "val": "many"}]}), "count"),
        (json!({"aggregations": [{"op": "count"}]}), "group_by"),
        (json!({"having": [{"col": "id", "op": "gt", "val": 1}]}), "group_by"),
        (json!({"group_by": ["city"], "distinct": true}), "distinct"),
        (json!({"columns": ["city"], "distinct": true, "order_by": [{"col": "age"}]}), "age"),
        (json!({"distinct": "yes"}), "distinct"),
        (json!({"page": -1}), "page"),
        (json!({"page": "2"}), "page"),
        (json!({"page": 1.5}), "page"),
        (json!({"page_size": -1}), "page_size"),
        (json!({"page_size": "ten"}), "page_size"),
        (json!({"limit": -5}), "limit"),
        (json!({"limit": "all"}), "limit"),
        (json!([]), "object"),
        (json!("query"), "object"),
        (json!(7), "object"),
        (json!(null), "object"),
    ]
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_by_name() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .start()
        .await;
    let mut wrong = Vec::new();
    for (body, word) in [refused(), refused_shapes()].concat() {
        let mut told = Vec::new();
        for name in ["people", "people_lazy"] {
            for route in ["query", "query/stream"] {
                if route == "query/stream" && (body.get("page").is_some() || body.get("page_size").is_some()) {
                    continue;
                }
                let reply = server.post(&format!("/api/v1/datasets/{name}/{route}"), &body).await;
                let message = if reply.status == 400 { reply.message() } else { String::new() };
                // The envelope is described as "an object", "a map" or by the position: any of them tells.
                let named =
                    message.contains(word) || (word == "object" && (message.contains("map") || message.contains("line 1")));
                if !named {
                    wrong.push(format!("{name}/{route} {body}: {} {} (should name {word:?})", reply.status, reply.text()));
                }
                told.push(message);
            }
        }
        told.dedup();
        if told.len() != 1 {
            wrong.push(format!("{body}: not the same message everywhere: {told:?}"));
        }
    }
    for (text, what) in
        [("", "an empty body"), ("{", "half a body"), ("{\"page\":1}}", "too much"), ("{\"page\":1,\"page\":2}", "a key twice")]
    {
        let reply = server.post_raw("/api/v1/datasets/people/query", &[], text).await;
        // No body at all asks for nothing in particular.
        if !(reply.status == 400 || (text.is_empty() && reply.status == 200)) {
            wrong.push(format!("{what}: {} {}", reply.status, reply.text()));
        }
    }
    let reply = server.post_raw("/api/v1/datasets/people/query", &[], vec![b'{', 0xff, 0xfe, b'}']).await;
    reply.error(400);
    server.query_reply("nope", &json!({})).await.error(404);
    assert_eq!(server.query_reply("nope", &json!({})).await.message(), "not found: dataset: nope");
    assert_eq!(server.query_reply("people", &json!({"columns": ["nope"]})).await.message(), "unknown column: nope");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(server.count("people", json!([])).await, 10, "it serves on");
}
