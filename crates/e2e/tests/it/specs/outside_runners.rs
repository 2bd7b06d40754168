//! Pipelines that somebody else runs: reported by `POST /source/update` (contract `specs`, 5).

use super::*;

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
