//! `[dataset.refresh]`: rows that come by the clock, the jobs that bring them, and schedules that are refused.

use super::*;
use serde_json::json;
use std::io::Write;

const EVERY_SECOND: &str = "[dataset.refresh]\ninterval = \"1s\"\n";

#[tokio::test]
async fn appended_rows_come_by_the_clock_and_the_jobs_tell_of_it() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 10);
    let server = Server::builder().dataset_with("rows", "csv", &file, EVERY_SECOND).start().await;
    assert!(server.status("rows").await["next_refresh_at"].is_string());
    let mut total = 10;
    for round in 0..times(2, 10) {
        let mut end = std::fs::OpenOptions::new().append(true).open(&file).expect("the file");
        end.write_all(lines(total, 5).as_bytes()).expect("appended");
        total += 5;
        let wanted = total as u64;
        wait_for("the new rows", async || (server.count("rows", json!([])).await == wanted).then_some(())).await;
        assert_eq!(server.count("rows", json!([{"col": "id", "op": "eq", "val": total - 1}])).await, 1, "{round}");
    }
    let done = wait_for("a refresh that is done", async || jobs(&server, "state=DONE&kind=refresh").await.pop()).await;
    let done = job(&server, id(&done)).await;
    assert_eq!((&done["state"], &done["counts"]), (&json!("DONE"), &json!({"DONE": 1})), "{done}");
    let activity = &done["activities"][0];
    assert_eq!((&activity["state"], &activity["attempts"]), (&json!("DONE"), &json!(1)), "{done}");
    assert_eq!((&activity["progress"]["done"], &activity["progress"]["total"]), (&json!(1), &json!(1)), "{done}");
    assert!(activity["log"].to_string().contains("'rows' loaded"), "{done}");
    let log = format!("/api/jobs/{}/activities/{}/log", id(&done), activity["name"].as_str().expect("a name"));
    assert!(!server.admin(Method::GET, &log).await.ok().json()["items"].as_array().expect("lines").is_empty());
}

#[tokio::test]
async fn the_events_of_a_job_end_with_it() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 200_000);
    let server = Server::builder().dataset_with("rows", "csv", &file, EVERY_SECOND).start().await;
    // Watched from its middle, where one is caught there.
    let running = wait_for("a job", async || match jobs(&server, "state=RUNNING").await.pop() {
        None => jobs(&server, "").await.into_iter().next(),
        found => found,
    })
    .await;
    let events = server.admin(Method::GET, &format!("/api/jobs/{}/events", id(&running))).await.ok();
    assert_eq!(events.media_type(), "text/event-stream");
    let text = events.text();
    let named = |name: &str| {
        let start = format!("event: {name}\ndata: ");
        let found = text.split("\n\n").filter_map(|event| event.strip_prefix(start.as_str()));
        found.map(|data| serde_json::from_str::<Value>(data).expect("JSON")).collect::<Vec<_>>()
    };
    let (whole, parts) = (named("job"), named("activity"));
    assert_eq!(whole.last().expect("events")["state"], "DONE", "{text}");
    assert_eq!(parts.last().expect("events")["state"], "DONE", "{text}");
    assert!(whole.iter().all(|event| event["id"] == running["id"]), "{text}");
}

#[tokio::test]
async fn cron_has_a_time_zone_and_nonsense_is_refused_in_words() {
    let scratch = Scratch::new();
    let file = scratch.path("rows.csv");
    put_rows(&file, 3);
    let cron = "[dataset.refresh]\ncron = \"30 6 1 1 *\"\ntime_zone = \"Asia/Kolkata\"\n";
    let server = Server::builder().dataset_with("rows", "csv", &file, cron).start().await;
    // What the catalog says of it is read a moment after the start.
    let next =
        wait_for("the next time", async || server.status("rows").await["next_refresh_at"].as_str().map(str::to_owned)).await;
    assert!(next.contains("-01-01T01:00:00"), "half past six there is one o'clock in UTC: {next}");
    for (lines, word) in [
        ("cron = \"every now and then x\"", "cron"),
        ("cron = \"0 6 * *\"", "5 fields"),
        ("cron = \"0 6 31 2 *\"", "never"),
        ("cron = \"0 6 * * *\"\ntime_zone = \"Middle/Earth\"", "Middle/Earth"),
        ("interval = \"1h\"\ntime_zone = \"Europe/Paris\"", "time_zone"),
        ("interval = \"1h\"\ncron = \"0 6 * * *\"", "interval"),
        ("interval = \"0s\"", "interval"),
        ("interval = \"soon\"", "soon"),
        ("interval = \"-1s\"", "-1s"),
        ("interval = \"1h\"\ntimeout = \"x\"", "timeout"),
        ("intervall = \"1h\"", "intervall"),
        ("on_upstream_reload = true", "on_upstream_reload"),
    ] {
        let block = server::block("rows", "csv", &file.display().to_string(), &format!("[dataset.refresh]\n{lines}\n"));
        let config = scratch.write("bad.toml", block);
        let config = config.display().to_string();
        for arguments in [vec!["check"], vec!["serve", "--listen", "127.0.0.1:0"]] {
            let data = (arguments[0] == "serve").then(|| scratch.path("data"));
            let (went_well, said) = run(&scratch.root(), &[&arguments[..], &["--config", &config]].concat(), data.as_deref());
            assert!(!went_well && said.contains(word) && said.contains("bad.toml"), "{arguments:?} {lines}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}
