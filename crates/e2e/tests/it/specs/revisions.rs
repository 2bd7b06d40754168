//! Revisions: numbered without gaps however many come at once; `latest` and `successful` are always right; what failed changes nothing.

use super::*;
use futures::future::join_all;
use std::collections::BTreeSet;

#[tokio::test]
async fn uploads_at_once_get_numbers_of_their_own() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 2);
    let spec = of_birthdays(&scratch, "me", "people");
    let number = times(12, 100);
    let flows: BTreeSet<String> = join_all((0..number).map(|_| uploaded(&server, &me, &spec))).await.into_iter().collect();
    assert_eq!(flows, (1..=number).map(|n| format!("me/people/{n}")).collect());
    let last = format!("me/people/{number}");
    succeeded(&server, &last).await;
    assert_eq!(status(&server, "me/people/latest").await["id"], last.as_str());
    wait_for("the end of all", async || {
        let ends = join_all(flows.iter().map(async |flow| server.get(&format!("/source/{flow}")).await)).await;
        let open = ends
            .iter()
            .filter(|reply| reply.status == 200)
            .map(Reply::json)
            .any(|status| ["QUEUED", "INPROGRESS"].contains(&status["state"].as_str().expect("a state")));
        (!open).then_some(())
    })
    .await;
    assert_eq!(status(&server, "me/people/successful").await["id"], last.as_str());
    // However they overtook one another, the rows are there once.
    assert_eq!(server.count("me.people__birthdays", json!([])).await, 3);
}

#[tokio::test]
async fn a_revision_that_fails_changes_no_table_and_is_not_the_successful_one() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 2);
    let spec = of_birthdays(&scratch, "me", "people");
    assert_eq!(server.get("/source/me/people/successful").await.status, 404);
    let first = uploaded(&server, &me, &spec).await;
    succeeded(&server, &first).await;
    // Another one for each generation of the rows.
    let generation = async || {
        let reply = server.get("/api/v1/datasets/me.people__birthdays/parquet").await.ok();
        reply.headers["etag"].to_str().expect("text").to_owned()
    };
    let before = generation().await;
    // Its second row breaks the schema.
    scratch.write("p/birthdays.csv", "name,born,height\nAda,1815-12-10,1.65\nBob,yesterday,1.8\nCy,2001-01-01,x\n");
    let second = uploaded(&server, &me, &spec).await;
    let failed = ended(&server, &second).await;
    assert_eq!(failed["state"], "FAILED", "{failed:#}");
    let of = |name: &str| failed["pipelines"][&format!("{second}{name}")].clone();
    assert_eq!(of("/validation_report")["status"], "SUCCEEDED", "the report itself succeeds");
    assert_eq!(of("/birthdays")["status"], "SUCCEEDED");
    for name in ["/birthdays_csv", "/birthdays_json"] {
        assert_eq!(of(name)["status"], "FAILED");
        let log = of(name)["error_log"].to_string();
        assert!(log.contains("birthdays") && log.contains("row 3, column 2") && !log.contains("yesterday"), "{log}");
        let told = server.get_with(&format!("/source/{second}"), &[("auth-token", &me)]).await.ok().json();
        let log = told["pipelines"][format!("{second}{name}")]["error_log"].to_string();
        assert!(log.contains("born") && log.contains("yesterday"), "values are for the owner alone: {log}");
    }
    let waits_for =
        |name: &str| format!("Dependency unsuccessful. Cannot run until dependency \"{second}{name}\" is successfully executed");
    assert_eq!(of("/birthdays_csv_preview")["error_log"], json!([waits_for("/birthdays_csv")]));
    for (name, cause) in [("/people_zip", "/birthdays_csv"), ("", "/birthdays_csv")] {
        assert_eq!(of(name)["status"], "FAILED");
        assert_eq!(of(name)["error_log"], json!([waits_for(cause)]), "{name}");
    }
    assert!(failed["error_log"].as_array().is_some_and(|log| !log.is_empty()), "{failed}");
    let report: Value = serde_json::from_slice(&file(&server, &me, &second, "data/validation_report.json").await).expect("JSON");
    assert_eq!(
        (&report[0]["valid"], &report[0]["error-count"], &report[0]["resource"]),
        (&json!(false), &json!(2), &json!("birthdays"))
    );
    let errors = report[0]["tables"][0]["errors"].as_array().expect("errors");
    let places: Vec<_> =
        errors.iter().map(|error| (error["code"].clone(), error["row-number"].clone(), error["column-number"].clone())).collect();
    assert_eq!(
        places,
        [(json!("type-or-format-error"), json!(3), json!(2)), (json!("type-or-format-error"), json!(4), json!(3))]
    );
    assert_eq!(status(&server, "me/people/latest").await["id"], second.as_str());
    assert_eq!(status(&server, "me/people/successful").await["id"], first.as_str());
    assert_eq!((generation().await, server.count("me.people__birthdays", json!([])).await), (before.clone(), 3));
    scratch.write("p/birthdays.csv", "name,born,height\nAda,1815-12-10,1.65\n");
    let third = uploaded(&server, &me, &spec).await;
    succeeded(&server, &third).await;
    assert_eq!(status(&server, "me/people/successful").await["id"], third.as_str());
    assert_eq!(server.count("me.people__birthdays", json!([])).await, 1);
    assert_ne!(generation().await, before);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    uploaded(&server, &token("me", 2), &of_birthdays(&scratch, "me", "people")).await;
    for path in [
        "me/people/2",
        "me/people/0",
        "me/people/-1",
        "me/people/x",
        "me/nope/1",
        "you/people/1",
        "me/people/01x",
        "me/people/99999999999999999999",
    ] {
        let reply = server.get(&format!("/source/{path}")).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
        assert_eq!(reply.json()["success"], false, "{path}");
    }
}
