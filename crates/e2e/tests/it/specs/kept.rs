//! What is kept of a package's tables from a caller (a mask, a hidden column, a row filter, or the whole package) is kept from him in what is told of
//! revisions, too: statuses, logs, events and jobs.

use super::*;

const TABLES: [&str; 4] = ["masked", "hidden", "filtered", "whole"];

/// A package of four tables of the same columns.
fn four(scratch: &Scratch, last: &str) -> Value {
    let fields =
        json!([{"name": "name", "type": "string"}, {"name": "born", "type": "date"}, {"name": "salary", "type": "integer"}]);
    let resources = TABLES.map(|name| {
        scratch.write(&format!("p/{name}.csv"), format!("name,born,salary\nAda,1815-12-10,7000\nZoë,1990-02-28,7001\n{last}"));
        json!({"name": name, "path": format!("{name}.csv"), "hash": "f00d", "schema": {"fields": fields}})
    });
    spec("me", "people", &scratch.text("p/datapackage.json"), &json!(resources))
}

/// Keeps something of three of them from everybody but whom the masks let through.
async fn keep(server: &Server) {
    for (table, policy) in [
        ("masked", json!({"masking": {"name": {"strategy": "redact", "unmask_roles": ["admin"]}}})),
        ("hidden", json!({"masking": {"salary": {"hidden": true, "unmask_roles": ["admin"]}}})),
        ("filtered", json!({"row_filter": "salary < 7001"})),
    ] {
        let settings = server.request(Method::PATCH, &format!("/api/datasets/me.people__{table}/settings")).json(&policy);
        let reply = server.send(settings.bearer_auth(ADMIN_TOKEN)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

async fn status_for(server: &Server, flow: &str, token: &str) -> Value {
    server.get_with(&format!("/source/{flow}"), &[("auth-token", token)]).await.ok().json()
}

/// Whether what the pipeline of that id makes holds a table of which something is kept, when these are.
fn holds(flow: &str, id: &str, kept: &[&str]) -> bool {
    let name = id.strip_prefix(flow).expect("an id").trim_start_matches('/');
    ["", "validation_report", "people_zip"].contains(&name)
        || kept.iter().any(|table| name == *table || name.starts_with(&format!("{table}_")))
}

#[tokio::test]
async fn figures_are_told_to_whoever_sees_the_table_whole() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 1);
    let flow = uploaded(&server, &me, &four(&scratch, "")).await;
    let before = succeeded(&server, &flow).await;
    assert_eq!(before["stats"]["count_of_rows"], 8, "nothing is kept yet");
    keep(&server).await;
    // The administrator is let through the masks, and not through the filter.
    for (asks, kept) in [("", &TABLES[..3]), (&*me, &TABLES[..3]), (ADMIN_TOKEN, &TABLES[2..3])] {
        let now = status_for(&server, &flow, asks).await;
        assert_eq!((&now["state"], &now["stats"]), (&json!("SUCCEEDED"), &Value::Null), "{asks}");
        for (id, pipeline) in now["pipelines"].as_object().expect("pipelines") {
            assert_eq!(pipeline["title"], before["pipelines"][id]["title"], "{id}");
            let expected = if holds(&flow, id, kept) { Value::Null } else { before["pipelines"][id]["stats"].clone() };
            assert_eq!(pipeline["stats"], expected, "{asks} {id}");
        }
        let (logs, all) = (now["logs"].as_array().expect("lines"), before["logs"].as_array().expect("lines"));
        let told: Vec<_> = all
            .iter()
            .filter(|line| {
                let id = line.as_str().expect("text").split(' ').nth(2).expect("a pipeline").trim_end_matches(':');
                !holds(&flow, id, kept)
            })
            .collect();
        assert_eq!(logs.iter().collect::<Vec<_>>(), told, "{asks}");
        assert!(!logs.is_empty() && logs.len() < all.len());
        for resource in now["spec_contents"]["inputs"][0]["parameters"]["descriptor"]["resources"].as_array().expect("resources")
        {
            let is_kept = kept.contains(&resource["name"].as_str().expect("a name"));
            assert_eq!(
                (resource.get("schema").is_none(), resource.get("hash").is_none()),
                (is_kept, is_kept),
                "{asks} {resource}"
            );
        }
    }
}

#[tokio::test]
async fn values_of_kept_tables_are_in_no_words() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 1);
    let first = uploaded(&server, &me, &four(&scratch, "")).await;
    succeeded(&server, &first).await;
    keep(&server).await;
    // No number, and so named by its value where that may be.
    let flow = uploaded(&server, &me, &four(&scratch, "Eve,2000-01-01,SECRET\n")).await;
    wait_for("the end", async || {
        let now = status_for(&server, &flow, &me).await;
        (now["state"] == "FAILED").then_some(())
    })
    .await;
    let mine = status_for(&server, &flow, &me).await;
    let said = |name: &str| mine["pipelines"][format!("{flow}/{name}_csv")]["error_log"].to_string();
    assert!(said("whole").contains("salary") && said("whole").contains("SECRET"), "{mine:#}");
    for table in &TABLES[..3] {
        assert!(said(table).contains("kept from you") && !said(table).contains("salary"), "{}", said(table));
    }
    assert_eq!(
        mine["error_log"].to_string().matches("SECRET").count(),
        2,
        "CSV and JSON of the one that is seen whole: {mine:#}"
    );
    let waits = mine["pipelines"][format!("{flow}/masked_csv_preview")]["error_log"].to_string();
    assert!(waits.contains("Dependency unsuccessful"), "what says nothing of rows is told: {waits}");
    let theirs = server.get(&format!("/source/{flow}")).await.ok();
    assert!(!theirs.text().contains("SECRET"), "{}", theirs.text());
    let events = wait_for("the event", async || {
        let events = server.get_with("/source/me/people/events", &[("auth-token", &me)]).await.ok().json()["events"].clone();
        (events.as_array().expect("a list").len() == 2).then_some(events)
    })
    .await;
    let errors = &events[0]["payload"]["errors"];
    assert!(
        events[0]["flow_id"] == *flow && errors.to_string().contains("masked_csv") && !errors.to_string().contains("SECRET"),
        "{events:#}"
    );
    // Nor does the job tell what the revision does not: to the administrator nothing of the filtered one.
    let jobs = server.admin(Method::GET, "/api/jobs?kind=spec-revision").await.ok().json();
    let listed = jobs.as_array().or(jobs["items"].as_array()).or(jobs["jobs"].as_array()).expect("jobs").clone();
    let newest = listed.iter().find(|job| job["state"] == "FAILED").expect("the job that failed")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let job = server.admin(Method::GET, &format!("/api/jobs/{newest}")).await.ok().json();
    let activity = |name: &str| {
        let all = job["activities"].as_array().expect("activities");
        all.iter().find(|one| one["name"] == format!("{flow}/{name}")).unwrap_or_else(|| panic!("{name}: {job:#}")).to_string()
    };
    assert!(activity("masked_csv").contains("SECRET"), "he sees it whole: {}", activity("masked_csv"));
    assert!(
        activity("filtered_csv").contains("kept from you") && !activity("filtered_csv").contains("SECRET"),
        "{}",
        activity("filtered_csv")
    );
    for (name, told) in [("masked_csv", true), ("filtered_csv", false)] {
        let name = format!("{flow}/{name}").replace('/', "%2F");
        let log = server.admin(Method::GET, &format!("/api/jobs/{newest}/activities/{name}/log")).await.ok();
        assert_eq!(log.text().contains("SECRET"), told, "{}", log.text());
    }
}

#[tokio::test]
async fn how_a_private_package_goes_is_open_and_what_it_holds_is_not() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let (me, other) = (token("me", 1), token("other", 1));
    let mut spec = four(&scratch, "");
    spec["meta"]["findability"] = json!("private");
    let flow = uploaded(&server, &me, &spec).await;
    succeeded(&server, &flow).await;
    let mine = status_for(&server, &flow, &me).await;
    assert_eq!((&mine["stats"]["count_of_rows"], mine["spec_contents"].to_string().contains("salary")), (&json!(8), true));
    for asks in ["", &other] {
        let theirs = status_for(&server, &flow, asks).await;
        assert_eq!(
            (&theirs["state"], &theirs["stats"], &theirs["logs"]),
            (&json!("SUCCEEDED"), &Value::Null, &json!([])),
            "{asks}"
        );
        assert!(
            theirs["pipelines"]
                .as_object()
                .expect("pipelines")
                .values()
                .all(|one| one["stats"].is_null() && one["status"] == "SUCCEEDED")
        );
        assert!(!theirs.to_string().contains("salary"), "{theirs}");
    }
}
