//! `/api/v1/queries`: saved queries that live for a while.

use crate::support::*;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().config("[sql]\nenabled = true\n").dataset("people", "parquet", &people).start().await;
    (scratch, server)
}

#[tokio::test]
async fn a_saved_query_is_a_dataset_until_it_is_deleted() {
    let (_scratch, server) = start().await;
    let list = async || server.admin(Method::GET, "/api/v1/queries").await.ok().json();
    assert_eq!(list().await, json!([]));
    let ask = json!({"name": "cities", "sql": "SELECT city, count(*) AS n FROM people GROUP BY city", "ttl": "1h"});
    let made = server.admin_post("/api/v1/queries", &ask).await.ok().json();
    assert_eq!(
        (&made["name"], &made["kind"], &made["depends_on"]),
        (&json!("cities"), &json!("temp"), &json!(["people"])),
        "{made}"
    );
    assert_eq!((&made["state"], &made["rows"]), (&json!("published"), &json!(4)), "{made}");
    let listed = list().await;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["name"]), (Some(1), &json!("cities")));
    let rows = server.query("cities", &json!({"order_by": [{"col": "city"}]})).await;
    assert_eq!(rows[0], json!({"city": "London", "n": 3}));
    assert_eq!(server.count("cities", json!([{"col": "n", "op": "eq", "val": 3}])).await, 3);
    assert_eq!(server.sql("SELECT sum(n) AS s FROM cities").await, [json!({"s": 10})]);
    assert!(server.names().await.contains(&"cities".to_owned()));
    assert_eq!(server.status("cities").await["depends_on"], json!(["people"]));

    // Taken names, whoever has them.
    assert_eq!(server.admin_post("/api/v1/queries", &ask).await.status, 409);
    let taken = json!({"name": "people", "sql": "SELECT 1 AS x FROM people"});
    assert_eq!(server.admin_post("/api/v1/queries", &taken).await.status, 409);

    // One that others read cannot go first.
    let top = json!({"name": "top", "sql": "SELECT max(n) AS m FROM cities"});
    assert_eq!(server.admin_post("/api/v1/queries", &top).await.ok().json()["depends_on"], json!(["cities"]));
    server.admin(Method::DELETE, "/api/v1/queries/cities").await.error(409);
    for name in ["top", "cities"] {
        let deleted = server.admin(Method::DELETE, &format!("/api/v1/queries/{name}")).await.ok().json();
        assert_eq!(deleted, json!({"deleted": name}));
        server.query_reply(name, &json!({})).await.error(404);
    }
    server.admin(Method::DELETE, "/api/v1/queries/cities").await.error(404);
    server.admin(Method::DELETE, "/api/v1/queries/people").await.error(403);
    assert_eq!(list().await, json!([]));
    assert_eq!(server.names().await, ["people"]);
}

#[tokio::test]
async fn what_cannot_be_saved() {
    let (scratch, server) = start().await;
    let target = scratch.text("out.parquet");
    for (body, word) in [
        (json!({"name": "a b", "sql": "SELECT 1 AS x FROM people"}), "name"),
        (json!({"name": "q"}), "sql"),
        (json!({"sql": "SELECT 1 AS x FROM people"}), "name"),
        (json!({"name": "q", "sql": "DELETE FROM people"}), ""),
        (json!({"name": "q", "sql": format!("COPY people TO '{target}'")}), ""),
        (json!({"name": "q", "sql": "SELECT * FROM nope"}), "nope"),
        (json!({"name": "q", "sql": "SELECT nope FROM people"}), "nope"),
        (json!({"name": "q", "sql": "SELECT 1; SELECT 2"}), ""),
        (json!({"name": "q", "sql": "SELECT id FROM people", "ttl": "soon"}), "ttl"),
        (json!({"name": "q", "sql": "SELECT id FROM people", "tll": "1h"}), "tll"),
        (json!({"name": "q", "sql": "SELECT id FROM people", "kind": "view"}), "kind"),
    ] {
        let message = server.admin_post("/api/v1/queries", &body).await.error(400);
        assert!(message.contains(word), "{body}: {message}");
    }
    assert_eq!(server.names().await, ["people"]);
    assert!(!scratch.root().join("out.parquet").exists());
    for (method, path) in
        [(Method::GET, "/api/v1/queries"), (Method::POST, "/api/v1/queries"), (Method::DELETE, "/api/v1/queries/q")]
    {
        server.send(server.request(method, path).body("not json")).await.error(403);
    }
}

#[tokio::test]
async fn a_saved_query_ends_with_its_time_and_may_be_made_in_the_background() {
    let (_scratch, server) = start().await;
    let brief = json!({"name": "brief", "sql": "SELECT id FROM people", "ttl": "1s"});
    server.admin_post("/api/v1/queries", &brief).await.ok();
    let later = json!({"name": "later", "sql": "SELECT id FROM people WHERE id > 5"});
    server.admin_post("/api/v1/queries?async=true", &later).await.expect(202);
    let (mut made, mut gone) = (false, false);
    for _ in 0..1200 {
        made = made || server.status("later").await["state"] == "published";
        gone = gone || server.query_reply("brief", &json!({})).await.status == 404;
        if made && gone {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(made && gone, "made {made}, gone {gone}");
    assert_eq!(server.count("later", json!([])).await, 5);
    assert_eq!(server.names().await, ["later", "people"]);
}
