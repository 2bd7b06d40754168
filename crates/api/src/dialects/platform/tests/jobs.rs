//! Jobs over HTTP: lists, details, logs, aborts, events.

use crate::testing::{ADMIN, Answer, Api, session, token, user};
use axum::body::Body;
use axum::http::Request;
use datahall_service::{Ctx, Home, Principal};
use serde_json::{Value, json};

fn admin() -> Ctx {
    Ctx { principal: Principal::admin(), request_id: String::new(), address: None, home: Home::default() }
}

async fn get(api: &Api, path: &str) -> Answer {
    api.send("GET", path, &[ADMIN], Body::empty()).await
}

/// A refresh of the dataset; its id.
async fn refresh(api: &Api) -> String {
    api.service.refresh(&admin(), "small", None).await.unwrap().id
}

async fn ended(api: &Api, id: &str) -> Value {
    for _ in 0..500 {
        let job = get(api, &format!("/api/jobs/{id}")).await.json();
        if !["NOT_STARTED", "RUNNING"].contains(&job["state"].as_str().unwrap()) {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{id} does not end");
}

#[tokio::test]
async fn a_job_is_listed_and_told_in_detail() {
    let api = Api::new().await;
    let id = refresh(&api).await;
    let job = ended(&api, &id).await;
    assert_eq!((&job["state"], &job["kind"], &job["started_by"]), (&json!("DONE"), &json!("refresh"), &json!("admin")));
    let activity = &job["activities"][0];
    assert_eq!((&activity["name"], &activity["state"], &activity["attempts"]), (&json!("refresh"), &json!("DONE"), &json!(1)));
    assert_eq!((&activity["progress"]["done"], &activity["result"]["generation"]), (&json!(1), &json!(1)));
    assert!(activity["log"][0]["text"].as_str().unwrap().starts_with("dataset 'small' loaded"));
    let all = get(&api, "/api/jobs").await.json();
    assert_eq!((&all["total"], &all["items"][0]["id"], &all["items"][0]["counts"]), (&json!(1), &json!(id), &json!({"DONE": 1})));
    assert!(all["items"][0]["activities"].is_null() && !all.to_string().contains("principal"));
    for (query, total) in [("state=DONE", 1), ("state=RUNNING", 0), ("kind=refresh", 1), ("kind=x%00", 0), ("limit=0", 1)] {
        assert_eq!(get(&api, &format!("/api/jobs?{query}")).await.json()["total"], total, "{query}");
    }
    for wrong in ["state=done", "state=", "limit=x", "stat=DONE"] {
        let answer = get(&api, &format!("/api/jobs?{wrong}")).await;
        assert_eq!((answer.status, answer.error()), (422, "invalid_query".into()), "{wrong}");
    }
}

#[tokio::test]
async fn logs_are_read_on_and_what_is_not_there_is_404() {
    let api = Api::new().await;
    let id = refresh(&api).await;
    ended(&api, &id).await;
    let log = get(&api, &format!("/api/jobs/{id}/activities/refresh/log")).await.json();
    assert_eq!((&log["last"], &log["items"][0]["seq"], &log["items"][0]["level"]), (&json!(1), &json!(1), &json!("info")));
    let rest = get(&api, &format!("/api/jobs/{id}/activities/refresh/log?after=1")).await.json();
    assert_eq!(rest, json!({"items": [], "last": 1}));
    for (path, status) in [
        (format!("/api/jobs/{id}/activities/refresh/log?after=-1"), 422),
        (format!("/api/jobs/{id}/activities/refresh/log?before=1"), 422),
        (format!("/api/jobs/{id}/activities/nope/log"), 404),
        ("/api/jobs/nope/activities/refresh/log".into(), 404),
        ("/api/jobs/nope".into(), 404),
        ("/api/jobs/a%00b".into(), 404),
        ("/api/jobs/nope/events".into(), 404),
    ] {
        assert_eq!(get(&api, &path).await.status, status, "{path}");
    }
    assert_eq!(api.get("/api/jobs").await.status, 401);
}

#[tokio::test]
async fn an_ended_job_is_not_aborted_and_another_ones_is_not_there() {
    let api = Api::new().await;
    let id = refresh(&api).await;
    ended(&api, &id).await;
    let abort = format!("/api/jobs/{id}/abort");
    let answer = api.post_with(&abort, &[ADMIN], "").await;
    assert_eq!((answer.status, answer.error()), (409, "conflict".into()));
    user(&api, "ann", "correct horse").await;
    let bearer = format!("Bearer {}", session(&api, "ann", "correct horse").await);
    let ann = ("authorization", bearer.as_str());
    assert_eq!(api.post_with(&abort, &[ann], "").await.status, 404);
    assert_eq!(api.send("GET", &format!("/api/jobs/{id}"), &[ann], Body::empty()).await.status, 404);
    assert_eq!(api.send("GET", "/api/jobs", &[ann], Body::empty()).await.json()["total"], 0);
}

#[tokio::test]
async fn a_job_that_waits_is_aborted() {
    let api = Api::with(|settings| settings.jobs.enabled = false).await;
    let id = refresh(&api).await;
    let answer = api.post_with(&format!("/api/jobs/{id}/abort"), &[ADMIN], "").await;
    assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("ABORTED")));
    assert_eq!(ended(&api, &id).await["activities"][0]["reason"], "the job was aborted");
}

#[tokio::test]
async fn one_who_watches_too_much_is_told_when_to_come_again() {
    let api = Api::with(|settings| {
        settings.jobs.enabled = false;
        (settings.limits.max_event_streams, settings.limits.max_event_streams_per_caller) = (2, Some(1));
    })
    .await;
    let events = format!("/api/jobs/{}/events", refresh(&api).await);
    let open = async |(name, value): (&str, &str)| {
        let request = Request::get(&events).header(name, value).body(Body::empty()).unwrap();
        api.response(request).await
    };
    let (name, viewer) = token(&api, "viewer").await;
    let (held, other) = (open(ADMIN).await, open((name, viewer.as_str())).await);
    assert_eq!((held.status().as_u16(), other.status().as_u16()), (200, 200));
    let refused = get(&api, &events).await;
    assert_eq!((refused.status, refused.error(), refused.header("retry-after")), (429, "too_many_requests".into(), "5"));
    let (name, third) = token(&api, "viewer").await;
    let full = api.send("GET", &events, &[(name, third.as_str())], Body::empty()).await;
    assert_eq!((full.status, full.error(), full.header("retry-after")), (503, "unavailable".into(), "5"));
    // Whoever goes away leaves his place to others.
    drop(held);
    assert_eq!(open(ADMIN).await.status(), 200);
}

#[tokio::test]
async fn events_tell_how_it_goes_and_end_with_it() {
    let api = Api::new().await;
    let id = refresh(&api).await;
    let answer = get(&api, &format!("/api/jobs/{id}/events")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    let text = answer.text();
    let events: Vec<(&str, Value)> = text
        .split("\n\n")
        .filter(|event| event.starts_with("event: "))
        .map(|event| event["event: ".len()..].split_once("\ndata: ").unwrap())
        .map(|(name, data)| (name, serde_json::from_str(data).unwrap()))
        .collect();
    assert!(events.iter().any(|(name, data)| *name == "activity" && data["state"] == "DONE"), "{text}");
    let (name, last) = events.last().unwrap();
    assert_eq!((*name, &last["state"], &last["id"]), ("job", &json!("DONE"), &json!(id)));
}
