//! `POST /api/v1/datasets/{name}/query`: which rows, which columns, which order, which page.

use crate::support::*;
use serde_json::{Value, json};

async fn both() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .start()
        .await;
    (scratch, server)
}

/// The predicates, and the ids of the rows for which all of them hold.
fn filters() -> Vec<(Value, Vec<i64>)> {
    vec![
        (json!([]), (1..=10).collect()),
        (json!([{"col": "active", "op": "eq", "val": true}]), vec![1, 3, 5, 8, 9]),
        (json!([{"col": "active", "op": "neq", "val": true}]), vec![2, 6, 7, 10]),
        (json!([{"col": "active", "op": "in", "val": [true, false]}]), vec![1, 2, 3, 5, 6, 7, 8, 9, 10]),
        (json!([{"col": "age", "op": "gt", "val": 36}]), vec![2, 4, 8]),
        (json!([{"col": "age", "op": "gte", "val": 36}]), vec![1, 2, 4, 8, 9, 10]),
        (json!([{"col": "age", "op": "lt", "val": 29}]), vec![7]),
        (json!([{"col": "age", "op": "lte", "val": 29}]), vec![3, 6, 7]),
        (json!([{"col": "age", "op": "eq", "val": 36.0}]), vec![1, 9, 10]),
        (json!([{"col": "age", "op": "gt", "val": 36.5}]), vec![2, 4, 8]),
        (json!([{"col": "age", "op": "eq", "val": 36.5}]), vec![]),
        (json!([{"col": "age", "op": "lt", "val": 1e30}]), vec![1, 2, 3, 4, 6, 7, 8, 9, 10]),
        (json!([{"col": "age", "op": "eq", "val": 99999999999_i64}]), vec![]),
        (json!([{"col": "age", "op": "neq", "val": 99999999999_i64}]), vec![1, 2, 3, 4, 6, 7, 8, 9, 10]),
        (json!([{"col": "age", "op": "in", "val": [18, 65, 99999999999_i64]}]), vec![7, 8]),
        (json!([{"col": "age", "op": "is_null"}]), vec![5]),
        (json!([{"col": "age", "op": "is_not_null"}]), vec![1, 2, 3, 4, 6, 7, 8, 9, 10]),
        (json!([{"col": "score", "op": "eq", "val": 7.25}]), vec![2, 8]),
        (json!([{"col": "score", "op": "eq", "val": 3}]), vec![6]),
        (json!([{"col": "score", "op": "neq", "val": 0}]), vec![1, 2, 4, 6, 7, 8, 9, 10]),
        (json!([{"col": "score", "op": "gt", "val": 9.5}]), vec![7]),
        (json!([{"col": "city", "op": "in", "val": ["Paris", "Oslo"]}]), vec![2, 3, 4, 6, 8, 9]),
        (json!([{"col": "city", "op": "neq", "val": "Oslo"}]), vec![1, 3, 6, 7, 9, 10]),
        (json!([{"col": "city", "op": "gt", "val": "London"}]), vec![2, 3, 4, 6, 8, 9]),
        (json!([{"col": "city", "op": "eq", "val": "oslo"}]), vec![]),
        (json!([{"col": "name", "op": "eq", "val": ""}]), vec![9]),
        (json!([{"col": "name", "op": "like", "val": "%a%"}]), vec![1, 5]),
        (json!([{"col": "name", "op": "ilike", "val": "%A%"}]), vec![1, 5, 8]),
        (json!([{"col": "name", "op": "ilike", "val": "åsa"}]), vec![8]),
        (json!([{"col": "name", "op": "ilike", "val": "BJÖRN"}]), vec![2]),
        (json!([{"col": "name", "op": "like", "val": "_o_"}]), vec![10]),
        (json!([{"col": "name", "op": "like", "val": "50\\%\\_off\\\\"}]), vec![7]),
        (json!([{"col": "name", "op": "like", "val": "50%"}]), vec![7]),
        (json!([{"col": "name", "op": "like", "val": "%"}]), vec![1, 2, 3, 5, 6, 7, 8, 9, 10]),
        (json!([{"col": "name", "op": "like", "val": ""}]), vec![9]),
        (json!([{"col": "name", "op": "like", "val": "ada"}]), vec![]),
        (json!([{"col": "joined", "op": "eq", "val": "2020-01-01"}]), vec![1, 7]),
        (json!([{"col": "joined", "op": "gt", "val": "2021-03-01"}]), vec![6, 8, 10]),
        (json!([{"col": "joined", "op": "lt", "val": "2020-01-01"}]), vec![4]),
        (json!([{"col": "joined", "op": "in", "val": ["2020-06-15", "2024-02-29"]}]), vec![2, 9, 10]),
        (json!([{"col": "age", "op": "gte", "val": 29}, {"col": "age", "op": "lt", "val": 41}]), vec![1, 3, 6, 9, 10]),
        (json!([{"col": "city", "op": "eq", "val": "London"}, {"col": "score", "op": "gt", "val": 9.6}]), vec![7]),
        (json!([{"col": "age", "op": "is_null"}, {"col": "age", "op": "is_not_null"}]), vec![]),
    ]
}

#[tokio::test]
async fn predicates_choose_exactly_the_rows_for_which_they_hold() {
    let (_scratch, server) = both().await;
    let mut wrong = Vec::new();
    for (predicates, expected) in filters() {
        for name in ["people", "people_lazy"] {
            let body = json!({"columns": ["id"], "predicates": predicates, "order_by": [{"col": "id"}]});
            let reply = server.query_reply(name, &body).await;
            let got = (reply.status == 200).then(|| ints(reply.json()["data"].as_array().expect("rows"), "id"));
            if got.as_ref() != Some(&expected) {
                wrong.push(format!("{name} {predicates}: expected {expected:?}, got {} {}", reply.status, reply.text()));
                continue;
            }
            let counted = server.count(name, predicates.clone()).await;
            if counted != expected.len() as u64 {
                wrong.push(format!("{name} {predicates}: count {counted} instead of {}", expected.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn an_answer_is_a_page_of_rows_in_the_order_of_the_columns() {
    let (_scratch, server) = both().await;
    for name in ["people", "people_lazy"] {
        let reply = server.query_reply(name, &json!({"order_by": [{"col": "id"}], "page_size": 4})).await.ok();
        assert_eq!(reply.media_type(), "application/json");
        let refreshed = reply.header("x-dataset-refreshed-at").expect("the time of the data");
        chrono::DateTime::parse_from_rfc3339(refreshed).expect("RFC 3339");
        insta::assert_snapshot!("page_of_all_columns", reply.text());
        let reply = server
            .query_reply(name, &json!({"columns": ["JOINED", "name", "Id"], "order_by": [{"col": "ID"}], "limit": 2}))
            .await;
        assert_eq!(
            reply.ok().text(),
            "{\"data\":[{\"joined\":\"2020-01-01\",\"Name\":\"Ada\",\"id\":1},{\"joined\":\"2020-06-15\",\"Name\":\"Björn\",\"id\":2}],\
             \"page\":1,\"page_size\":1000}"
        );
        let all = server.query(name, &json!({"columns": [], "order_by": [{"col": "id"}]})).await;
        assert_eq!(all.len(), 10);
        assert_eq!(
            all[3],
            json!({"id": 4, "Name": null, "city": "Oslo", "age": 41, "score": -1.5, "active": null, "joined": "2019-12-31"})
        );
    }
}

#[tokio::test]
async fn order_puts_nulls_last_upwards_and_first_downwards() {
    let (_scratch, server) = both().await;
    let cases = [
        (json!([{"col": "age"}, {"col": "id", "dir": "desc"}]), vec![7, 6, 3, 10, 9, 1, 4, 2, 8, 5]),
        (json!([{"col": "age", "dir": "DESC"}, {"col": "id", "dir": "ASC"}]), vec![5, 8, 2, 4, 1, 9, 10, 3, 6, 7]),
        (json!([{"col": "score"}, {"col": "id"}]), vec![4, 5, 9, 6, 2, 8, 1, 10, 7, 3]),
        (json!([{"col": "city", "dir": "desc"}, {"col": "Name"}, {"col": "id"}]), vec![5, 9, 3, 6, 2, 8, 4, 7, 1, 10]),
        (json!([{"col": "active"}, {"col": "id"}]), vec![2, 6, 7, 10, 1, 3, 5, 8, 9, 4]),
        (json!([{"col": "joined", "dir": "desc"}, {"col": "id"}]), vec![5, 10, 8, 6, 3, 2, 9, 1, 7, 4]),
    ];
    for name in ["people", "people_lazy"] {
        for (order, expected) in &cases {
            let rows = server.query(name, &json!({"columns": ["id"], "order_by": order})).await;
            assert_eq!(&ints(&rows, "id"), expected, "{name} {order}");
            // The same order without the column among those given, and page by page.
            let mut paged = Vec::new();
            for page in 1..=4 {
                let body = json!({"columns": ["id"], "order_by": order, "page": page, "page_size": 3});
                paged.extend(ints(&server.query(name, &body).await, "id"));
            }
            assert_eq!(&paged, expected, "{name} {order} in pages");
        }
    }
}

#[tokio::test]
async fn pages_and_limits() {
    let (_scratch, server) = both().await;
    let cases = [
        (json!({"page_size": 3, "page": 2}), vec![4, 5, 6], (2, 3)),
        (json!({"page_size": 3, "page": 4}), vec![10], (4, 3)),
        (json!({"page_size": 3, "page": 5}), vec![], (5, 3)),
        (json!({"page_size": 3, "page": 0}), vec![1, 2, 3], (1, 3)),
        (json!({"page_size": 0}), vec![1], (1, 1)),
        (json!({"page_size": 1_000_000_000}), (1..=10).collect(), (1, 100_000)),
        (json!({"limit": 5, "page_size": 3, "page": 2}), vec![4, 5], (2, 3)),
        (json!({"limit": 5, "page_size": 3, "page": 3}), vec![], (3, 3)),
        (json!({"limit": 0}), vec![], (1, 1000)),
        (json!({"limit": null}), (1..=10).collect(), (1, 1000)),
        (json!({"limit": 100}), (1..=10).collect(), (1, 1000)),
        (json!({"page": 9_223_372_036_854_775_807_i64, "page_size": 100_000}), vec![], (9_223_372_036_854_775_807_i64, 100_000)),
    ];
    for name in ["people", "people_lazy"] {
        for (asked, expected, (page, page_size)) in &cases {
            let mut body = asked.clone();
            body["order_by"] = json!([{"col": "id"}]);
            let reply = server.query_reply(name, &body).await.ok().json();
            assert_eq!(&ints(reply["data"].as_array().expect("rows"), "id"), expected, "{name} {asked}");
            assert_eq!((&reply["page"], &reply["page_size"]), (&json!(page), &json!(page_size)), "{name} {asked}");
        }
    }
}

#[tokio::test]
async fn max_page_size_of_the_configuration_holds() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().config("[server]\nmax_page_size = 4\n").dataset("people", "parquet", &people).start().await;
    let reply = server.query_reply("people", &json!({"page_size": 50, "order_by": [{"col": "id"}]})).await.ok().json();
    assert_eq!((reply["data"].as_array().map(Vec::len), &reply["page_size"]), (Some(4), &json!(4)));
}

#[tokio::test]
async fn groups_and_what_is_computed_of_them() {
    let (_scratch, server) = both().await;
    let stats = json!({
        "group_by": ["CITY"],
        "aggregations": [
            {"op": "count"}, {"op": "count", "col": "score"}, {"op": "SUM", "col": "age"}, {"op": "avg", "col": "age", "alias": "mean"},
            {"op": "min", "col": "joined"}, {"op": "max", "col": "Name", "alias": "last"}, {"op": "min", "col": "active", "alias": "a"},
        ],
        "order_by": [{"col": "city"}],
    });
    for name in ["people", "people_lazy"] {
        let reply = server.query_reply(name, &stats).await.ok();
        insta::assert_snapshot!("groups_by_city", reply.text());
        let counted = server
            .query(name, &json!({"group_by": ["age"], "order_by": [{"col": "count", "dir": "desc"}, {"col": "age"}]}))
            .await;
        let expected = [(json!(36), 3), (json!(29), 2), (json!(41), 2), (json!(18), 1), (json!(65), 1), (json!(null), 1)];
        let got: Vec<_> = counted.iter().map(|row| (row["age"].clone(), row["count"].as_i64().unwrap_or(-1))).collect();
        assert_eq!(got, expected, "{name}");
        let having = json!({"group_by": ["city"], "having": [{"col": "count", "op": "gte", "val": 3}, {"col": "city", "op": "neq", "val": "Oslo"}],
            "order_by": [{"col": "city"}]});
        assert_eq!(texts(&server.query(name, &having).await, "city"), ["London", "Paris"]);
        let having = json!({"group_by": ["city"], "aggregations": [{"op": "sum", "col": "age", "alias": "Total"}],
            "having": [{"col": "total", "op": "gt", "val": 93}], "order_by": [{"col": "TOTAL", "dir": "desc"}], "columns": ["nonsense"]});
        let rows = server.query(name, &having).await;
        assert_eq!(
            rows,
            [json!({"city": "Oslo", "Total": 147}), json!({"city": "Paris", "Total": 94})],
            "columns has no say here"
        );
        let two = server
            .query(
                name,
                &json!({"group_by": ["active", "city"], "order_by": [{"col": "city"}, {"col": "active"}], "page_size": 3}),
            )
            .await;
        let expected = [
            json!({"active": false, "city": "London", "count": 2}),
            json!({"active": true, "city": "London", "count": 1}),
            json!({"active": false, "city": "Oslo", "count": 1}),
        ];
        assert_eq!(two, expected);
        let filtered = json!({"group_by": ["city"], "predicates": [{"col": "id", "op": "gt", "val": 1000}]});
        assert_eq!(server.query(name, &filtered).await, Vec::<Value>::new(), "no rows, no groups");
    }
}

#[tokio::test]
async fn distinct_rows() {
    let (_scratch, server) = both().await;
    for name in ["people", "people_lazy"] {
        let cities = server.query(name, &json!({"columns": ["city"], "distinct": true, "order_by": [{"col": "city"}]})).await;
        assert_eq!(
            cities,
            [json!({"city": "London"}), json!({"city": "Oslo"}), json!({"city": "Paris"}), json!({"city": null})],
            "{name}"
        );
        let pairs = server.query(name, &json!({"columns": ["city", "age"], "distinct": true})).await;
        assert_eq!(pairs.len(), 7, "{name}: {pairs:?}");
        let page = json!({"columns": ["city"], "distinct": true, "order_by": [{"col": "city", "dir": "desc"}], "page_size": 2, "page": 2});
        assert_eq!(server.query(name, &page).await, [json!({"city": "Oslo"}), json!({"city": "London"})]);
        let whole = server.query(name, &json!({"distinct": true})).await;
        assert_eq!(whole.len(), 10);
    }
}

#[tokio::test]
async fn column_names_of_any_kind_are_only_names() {
    let scratch = Scratch::new();
    let odd = ["select", "a b", "q\"uote", "ba'ck\\slash", "Ünï", "new\nline", "dot.ted", "x`y", "1st", "a", "A", ";--", "%s"];
    let columns = odd.iter().enumerate().map(|(at, name)| (*name, fixtures::int64([at as i64, 100 + at as i64]))).collect();
    let path = scratch.parquet("odd.parquet", &fixtures::batch(columns));
    let server = Server::builder()
        .config("[sql]\nenabled = true\n")
        .dataset("odd", "parquet", &path)
        .dataset_with("odd_lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    for dataset in ["odd", "odd_lazy"] {
        let all = server.query(dataset, &json!({})).await;
        for (at, name) in odd.iter().enumerate() {
            assert_eq!(all[0][*name], json!(at), "{dataset} {name:?}");
            let body =
                json!({"columns": [name], "predicates": [{"col": name, "op": "gt", "val": 50}], "order_by": [{"col": name}]});
            assert_eq!(server.query(dataset, &body).await, [json!({*name: 100 + at})], "{dataset} {name:?}");
            let grouped = json!({"group_by": [name], "aggregations": [{"op": "max", "col": name, "alias": "m\"x"}], "order_by": [{"col": name}]});
            assert_eq!(server.query(dataset, &grouped).await[0], json!({*name: at, "m\"x": at}), "{dataset} {name:?}");
        }
        assert_eq!(server.get(&format!("/api/v1/datasets/{dataset}/schema")).await.ok().json()["columns"][2]["name"], "q\"uote");
    }
}
