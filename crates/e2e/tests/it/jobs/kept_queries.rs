//! Saved queries of kind `query`: there after a restart, run again after what they read, gone with their file.

use super::*;
use serde_json::json;

#[tokio::test]
async fn a_kept_query_survives_a_restart_and_follows_what_it_reads() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 50);
    let block = server::block("rows", "csv", &file.display().to_string(), "");
    let config = scratch.write("datasets.toml", format!("[sql]\nenabled = true\n\n{block}"));
    let data = scratch.path("data");
    let start = async || Server::builder().config_file(&config).data_dir(&data).start().await;
    let mut server = start().await;
    let ask = json!({
        "name": "parts", "kind": "query", "sql": "SELECT part, count(*) AS n, max(id) AS top FROM rows GROUP BY part",
        "refresh": {"on_upstream_reload": true, "debounce": "1s"}, "materialize": {"sort_by": ["part"]},
    });
    let made = server.admin_post("/api/v1/queries", &ask).await.ok().json();
    assert_eq!((&made["kind"], &made["rows"], &made["depends_on"]), (&json!("query"), &json!(7), &json!(["rows"])), "{made}");
    let kept = scratch.root().join("datasets.d/parts.toml");
    let text = std::fs::read_to_string(&kept).expect("its file");
    assert!(text.contains("on_upstream_reload") && text.contains("sort_by"), "{text}");
    let config_text = std::fs::read_to_string(&config).expect("the file");
    sorted(&server, 50).await;
    assert_eq!(server.admin_post("/api/v1/queries", &ask).await.status, 409);

    for rows in [50, 80] {
        // Once as asked to, once as in a crash.
        if rows == 50 {
            server.terminate();
            assert!(server.wait_exit().await.success());
        } else {
            server.kill();
        }
        server = start().await;
        assert_eq!(server.names().await, ["parts", "rows"]);
        sorted(&server, rows).await;
        put_rows(&file, rows + 30);
        server.reload("rows").await.ok();
        wait_for("the kept query after its upstream", async || (top(&server).await == rows as i64 + 29).then_some(())).await;
        sorted(&server, rows + 30).await;
    }
    assert_eq!(std::fs::read_to_string(&kept).expect("its file"), text);

    let deleted = server.admin(Method::DELETE, "/api/v1/queries/parts").await.ok().json();
    assert_eq!(deleted, json!({"deleted": "parts"}));
    assert!(!kept.exists());
    server.query_reply("parts", &json!({})).await.error(404);
    server.terminate();
    assert!(server.wait_exit().await.success());
    server = start().await;
    assert_eq!(server.names().await, ["rows"]);
    let now = std::fs::read_to_string(&config).expect("the file");
    assert!(now.starts_with(&config_text), "the configuration itself is the operator's");
}

/// The greatest id that the kept query knows of.
async fn top(server: &Server) -> i64 {
    ints(&server.query("parts", &json!({})).await, "top").into_iter().max().expect("rows")
}

/// Its rows come by `part`, and are those of a file of that many.
async fn sorted(server: &Server, rows: usize) {
    let found = server.query("parts", &json!({})).await;
    assert_eq!(ints(&found, "part"), (0..7).collect::<Vec<i64>>());
    assert_eq!(ints(&found, "n").iter().sum::<i64>(), rows as i64);
    assert_eq!(top(server).await, rows as i64 - 1);
}

#[tokio::test]
async fn a_kept_query_with_nonsense_leaves_no_trace() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 5);
    let config = format!("[sql]\nenabled = true\n\n{}", server::block("rows", "csv", &file.display().to_string(), ""));
    let config = scratch.write("datasets.toml", config);
    let server = Server::builder().config_file(&config).start().await;
    let with = |key: &str, value: Value| {
        let mut ask = json!({"name": "q", "kind": "query", "sql": "SELECT id FROM rows"});
        ask[key] = value;
        ask
    };
    for (body, word) in [
        (with("refresh", json!({"interval": "soon"})), "soon"),
        (with("refresh", json!({"cron": "0 6 31 2 *"})), "never"),
        (with("refresh", json!({"cron": "0 6 * * *", "time_zone": "Middle/Earth"})), "Middle/Earth"),
        (with("refresh", json!({"on_upstream_reload": true, "debounce": "x"})), "debounce"),
        (with("refresh", json!({"on_upstream": true})), "on_upstream"),
        (with("refresh", json!("1h")), "refresh"),
        (with("materialize", json!({"sort_by": ["nope"]})), "nope"),
        (with("materialize", json!({"sort_by": "id"})), "sort_by"),
        (with("ttl", json!("1h")), "ttl"),
        (with("sql", json!("SELECT nope FROM rows")), "nope"),
        (with("name", json!("../q")), "name"),
    ] {
        let message = server.admin_post("/api/v1/queries", &body).await.refused();
        assert!(message.contains(word), "{body}: {message}");
    }
    assert_eq!(server.names().await, ["rows"]);
    assert!(!scratch.root().join("datasets.d/q.toml").exists());
    assert_eq!(jobs(&server, "").await, Vec::<Value>::new());
}
