//! Pipelines that somebody else runs: reported by `POST /source/update` (contract `specs`, 5).

use super::*;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

const ONLY_OUTSIDE: &str = "[specs]\nrun_pipelines = false";

async fn report(server: &Server, token: &str, body: Value) -> Value {
    let reply = server.post_with("/source/update", &[("auth-token", token)], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn a_flow_goes_by_what_is_reported() {
    let scratch = Scratch::new();
    let server = builder(&scratch, ONLY_OUTSIDE).start().await;
    let me = token("me", 1);
    let flow = uploaded(&server, &me, &of_birthdays(&scratch, "me", "people")).await;
    assert_eq!(status(&server, &flow).await["state"], "QUEUED");
    let pending = json!({"success": "pending", "id": flow, "errors": []});
    let of = |name: &str| format!("{flow}/{name}");
    let said = report(&server, &me, json!({"pipeline": format!("./{}", of("birthdays_csv")), "event": "start"})).await;
    assert_eq!(said, pending);
    let now = status(&server, &flow).await;
    assert_eq!((&now["state"], &now["pipelines"][of("birthdays_csv")]["status"]), (&json!("INPROGRESS"), &json!("INPROGRESS")));
    report(&server, &me, json!({"pipeline": of("birthdays_csv"), "event": "queue"})).await;
    assert_eq!(status(&server, &flow).await["state"], "QUEUED");
    for name in ["birthdays_csv", "birthdays_json", "validation_report", "birthdays"] {
        report(&server, &me, json!({"pipeline": of(name), "event": "start"})).await;
        report(&server, &me, json!({"pipeline": of(name), "event": "progress"})).await;
        let stats = json!({"bytes": 10, "count_of_rows": 3, "hash": "x"});
        let said = report(&server, &me, json!({"pipeline": of(name), "event": "finish", "success": true, "stats": stats})).await;
        assert_eq!(said, pending, "{name}");
        let now = status(&server, &flow).await;
        assert_eq!(now["pipelines"][of(name)]["stats"]["count_of_rows"], 3, "{name}");
    }
    let errors = json!(["no space", "left"]);
    let said =
        report(&server, &me, json!({"pipeline": of("people_zip"), "event": "finish", "success": false, "errors": errors})).await;
    assert_eq!((&said["success"], &said["id"]), (&json!("pending"), &json!(flow)), "the preview may still run: {said}");
    let said = report(&server, &me, json!({"pipeline": of("birthdays_csv_preview"), "event": "finish", "success": true})).await;
    assert_eq!((&said["success"], &said["id"]), (&json!("fail"), &json!(flow)), "{said}");
    let end = status(&server, &flow).await;
    assert_eq!(end["state"], "FAILED");
    assert_eq!(end["pipelines"][of("people_zip")]["error_log"], errors);
    let waits = format!("Dependency unsuccessful. Cannot run until dependency \"{}\" is successfully executed", of("people_zip"));
    assert_eq!(end["pipelines"][&flow]["error_log"], json!([waits]));
    let finished = report(&server, &me, json!({"pipeline": of("birthdays"), "event": "start"})).await;
    assert_eq!(finished, json!({"success": "fail", "id": null, "errors": ["pipeline not found"]}));
}

#[tokio::test]
async fn all_reported_well_it_succeeds() {
    let scratch = Scratch::new();
    let server = builder(&scratch, ONLY_OUTSIDE).start().await;
    let me = token("me", 1);
    let flow = uploaded(&server, &me, &of_birthdays(&scratch, "me", "people")).await;
    let pipelines = status(&server, &flow).await["pipelines"].as_object().expect("pipelines").clone();
    for id in pipelines.keys().filter(|id| **id != flow) {
        report(&server, &me, json!({"pipeline": id, "event": "finish", "success": true})).await;
    }
    let said = report(&server, &me, json!({"pipeline": flow, "event": "finish", "success": true})).await;
    assert_eq!(said, json!({"success": "success", "id": flow, "errors": []}));
    assert_eq!(status(&server, "me/people/successful").await["state"], "SUCCEEDED");
}

#[tokio::test]
async fn nobody_reports_for_another() {
    let scratch = Scratch::new();
    let server = builder(&scratch, ONLY_OUTSIDE).start().await;
    let flow = uploaded(&server, &token("me", 1), &of_birthdays(&scratch, "me", "people")).await;
    let event = json!({"pipeline": format!("{flow}/birthdays_csv"), "event": "finish", "success": true});
    for stranger in ["", "x", &token("other", 5)] {
        let reply = server.post_with("/source/update", &[("auth-token", stranger)], &event).await;
        assert!(reply.status == 200 || reply.status == 401 || reply.status == 403, "{}", reply.status);
        assert_eq!(reply.json()["success"], if reply.status == 200 { json!("fail") } else { json!(false) }, "{}", reply.text());
    }
    assert_eq!(status(&server, &flow).await["state"], "QUEUED");
    let me = token("me", 1);
    let not_found = json!({"success": "fail", "id": null, "errors": ["pipeline not found"]});
    for unknown in ["me/people/1/nope", "me/people/2/birthdays_csv", "me/nope/1"] {
        assert_eq!(report(&server, &me, json!({"pipeline": unknown, "event": "start"})).await, not_found, "{unknown}");
    }
    for strange in ["you/x/1", "", "a\u{0}b"] {
        let reply =
            server.post_with("/source/update", &[("auth-token", &me)], &json!({"pipeline": strange, "event": "start"})).await;
        assert!(reply.status == 403 || reply.json() == not_found, "{strange:?}: {}", reply.text());
    }
    for wrong in [
        json!({}),
        json!([]),
        json!({"pipeline": flow}),
        json!({"pipeline": flow, "event": "explode"}),
        json!({"pipeline": 5, "event": "start"}),
    ] {
        let reply = server.post_with("/source/update", &[("auth-token", &me)], &wrong).await;
        assert!((200..500).contains(&reply.status) && reply.json()["success"] != "success", "{wrong}: {}", reply.text());
    }
    assert_eq!(status(&server, &flow).await["state"], "QUEUED");
}

/// A web server that answers nobody until it is told to; where a file of it is.
async fn reluctant() -> (String, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/slow.bin", listener.local_addr().expect("an address"));
    let go = Arc::new(Notify::new());
    let told = go.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let told = told.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                told.notified().await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nlate").await;
            });
        }
    });
    (url, go)
}

#[tokio::test]
async fn an_outside_runner_takes_over_what_is_under_way_and_the_rest_is_made_here() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 1);
    let (url, go) = reluctant().await;
    let mut spec = of_birthdays(&scratch, "me", "people");
    let resources = spec.pointer_mut("/inputs/0/parameters/descriptor/resources").and_then(Value::as_array_mut).expect("a list");
    resources.push(json!({"name": "slow", "path": url}));
    let flow = uploaded(&server, &me, &spec).await;
    let of = |name: &str| format!("{flow}/{name}");
    let is = async |name: &str, state: &str| {
        wait_for(&format!("{name} {state}"), async || {
            (status(&server, &flow).await["pipelines"][of(name)]["status"] == state).then_some(())
        })
        .await;
    };
    is("slow", "INPROGRESS").await;
    is("people_zip", "INPROGRESS").await;
    for name in ["birthdays_csv", "birthdays_json", "birthdays"] {
        is(name, "SUCCEEDED").await;
    }
    // What this server has done stays done, whatever is said of it.
    let stale = json!({"pipeline": of("birthdays_csv"), "event": "finish", "success": false, "errors": ["no"]});
    assert_eq!(report(&server, &me, stale).await["success"], "pending");
    is("birthdays_csv", "SUCCEEDED").await;
    for name in ["slow", "people_zip"] {
        let begun = report(&server, &me, json!({"pipeline": of(name), "event": "start", "log": ["taken over"]})).await;
        assert_eq!((&begun["success"], &begun["errors"]), (&json!("pending"), &json!([])), "{name}");
        is(name, "INPROGRESS").await;
    }
    // Whoever had it before is told now, and nobody listens to him.
    go.notify_waiters();
    let stats = json!({"bytes": 4, "hash": "x"});
    for name in ["slow", "people_zip"] {
        report(&server, &me, json!({"pipeline": of(name), "event": "progress"})).await;
        report(&server, &me, json!({"pipeline": of(name), "event": "finish", "success": true, "stats": stats})).await;
    }
    let end = succeeded(&server, &flow).await;
    for name in ["slow", "people_zip"] {
        assert_eq!(
            (&end["pipelines"][of(name)]["stats"], &end["pipelines"][of(name)]["error_log"]),
            (&stats, &json!([])),
            "{name}"
        );
        assert!(end["logs"].to_string().contains(&format!("'{name}' was done elsewhere")), "{}", end["logs"]);
    }
    let package: Value = serde_json::from_slice(&file(&server, &me, &flow, "datapackage.json").await).expect("JSON");
    let names: Vec<_> =
        package["resources"].as_array().expect("resources").iter().map(|one| one["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["validation_report", "birthdays_csv", "birthdays_json", "birthdays"]);
    assert_eq!(server.count("me.people__birthdays", json!([])).await, 3);
    let events = server.get_with("/source/me/people/events", &[("auth-token", &me)]).await.ok().json();
    assert_eq!(events["events"].as_array().expect("a list").len(), 1, "one end: {events}");
}
