//! Specs that are run again and again: kept over restarts, cancelled by an upload without a schedule.

use super::*;

/// The schedules there are, from the catalog's own file.
fn due(scratch: &Scratch) -> Vec<(String, i64)> {
    let said = python::run("spec_schedules.py", &scratch.path("data"), &[]);
    serde_json::from_str::<Vec<(String, i64)>>(&said).expect("JSON")
}

/// A server on whose first revision a schedule follows, the owner's token and the spec; `None` where the catalog is not a file: there its contents
/// are the contract suite's.
async fn scheduled(scratch: &Scratch, schedule: &str) -> Option<(Server, String, Value)> {
    if modes::database(&scratch.path("data")).is_some() {
        return None;
    }
    let server = builder(scratch, "").start().await;
    let me = token("me", 2);
    let mut spec = of_birthdays(scratch, "me", "people");
    spec["schedule"] = json!(schedule);
    succeeded(&server, &uploaded(&server, &me, &spec).await).await;
    Some((server, me, spec))
}

#[tokio::test]
async fn a_schedule_is_kept_moved_and_cancelled() {
    let scratch = Scratch::new();
    let before = chrono::Utc::now().timestamp_millis();
    let Some((mut server, me, mut spec)) = scheduled(&scratch, "every    2h ").await else { return };
    let [(every, at)] = due(&scratch).try_into().expect("one schedule");
    let two_hours = 7_200_000;
    assert!(every.contains("7200"), "{every}");
    assert!((before + two_hours..=chrono::Utc::now().timestamp_millis() + two_hours).contains(&at));
    // A later upload keeps the earlier due time while that is ahead.
    spec["schedule"] = json!("every 1d");
    succeeded(&server, &uploaded(&server, &me, &spec).await).await;
    let [(_, kept)] = due(&scratch).try_into().expect("one schedule");
    assert_eq!(kept, at);
    server.kill();
    server = builder(&scratch, "").start().await;
    let [(_, kept)] = due(&scratch).try_into().expect("one schedule");
    assert_eq!(kept, at, "a restart moves nothing");
    spec["schedule"] = Value::Null;
    succeeded(&server, &uploaded(&server, &me, &spec).await).await;
    assert!(due(&scratch).is_empty());
}

#[tokio::test]
async fn what_is_due_is_run_once_however_often_it_was_missed() {
    let scratch = Scratch::new();
    let Some((mut server, _, _)) = scheduled(&scratch, "every 1h").await else { return };
    server.kill();
    // As if nobody had been there for a week.
    python::run("spec_schedules.py", &scratch.path("data"), &["--late", "604800000"]);
    server = builder(&scratch, "").start().await;
    succeeded_later(&server, "me/people/2").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.get("/source/me/people/3").await.status, 404, "missed runs are not made up for");
    let [(_, at)] = due(&scratch).try_into().expect("one schedule");
    assert!(at > chrono::Utc::now().timestamp_millis());
}

async fn succeeded_later(server: &Server, flow: &str) {
    wait_for(flow, async || (server.get(&format!("/source/{flow}")).await.status == 200).then_some(())).await;
    succeeded(server, flow).await;
}
