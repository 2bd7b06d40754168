//! Ended at random moments, the server goes on where it was: each revision ends in a true state, and its rows are there once.

use super::*;

/// Enough rows for a revision to take a moment.
fn put_rows(scratch: &Scratch, rows: usize) -> Value {
    let lines: String = (0..rows).map(|id| format!("{id},name {id},{}\n", id % 97)).collect();
    scratch.write("p/rows.csv", format!("id,name,part\n{lines}"));
    let fields =
        [("id", "integer"), ("name", "string"), ("part", "integer")].map(|(name, kind)| json!({"name": name, "type": kind}));
    json!([{"name": "rows", "path": "rows.csv", "schema": {"fields": fields}}])
}

#[tokio::test]
async fn a_revision_survives_its_servers_end() {
    let scratch = Scratch::new();
    let resources = put_rows(&scratch, times(30_000, 300_000));
    let spec = spec("me", "many", &scratch.text("p/datapackage.json"), &resources);
    let me = token("me", 1);
    let mut server = builder(&scratch, "").start().await;
    let mut flows = Vec::new();
    for round in 0..times(5, 50) {
        flows.push(uploaded(&server, &me, &spec).await);
        tokio::time::sleep(Duration::from_millis((round as u64 * 7919) % 900)).await;
        server.kill();
        server = builder(&scratch, "").start().await;
    }
    let rows = times(30_000, 300_000) as u64;
    for flow in &flows {
        let end = ended(&server, flow).await;
        let expected = if end["pipelines"].as_object().expect("pipelines").values().all(|one| one["status"] == "SUCCEEDED") {
            "SUCCEEDED"
        } else {
            "FAILED"
        };
        assert_eq!(end["state"], expected, "{flow}: {end:#}");
        // Only a worker that was lost three times gives up.
        if expected == "SUCCEEDED" {
            assert_eq!(end["stats"]["count_of_rows"], rows);
        }
    }
    let last = uploaded(&server, &me, &spec).await;
    succeeded(&server, &last).await;
    assert_eq!(server.count("me.many__rows", json!([])).await, rows);
    assert_eq!(server.count("me.many__rows", json!([{"col": "part", "op": "eq", "val": 96}])).await, rows / 97);
    let events = wait_for("an event for each", async || {
        let events = server.get("/source/me/many/events").await.ok().json();
        let events = events["events"].as_array().or(events.as_array()).expect("a list").clone();
        (events.len() > flows.len()).then_some(events)
    })
    .await;
    assert_eq!(events.len(), flows.len() + 1, "exactly one a flow");
}
