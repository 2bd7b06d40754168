//! How a revision goes: the shape of the answer, and what is not there.

use super::*;
use crate::testing::ADMIN;

#[tokio::test]
async fn all_of_it_is_there_before_and_after() {
    let registry = Registry::waiting().await;
    let me = token("me", 1);
    let mut spec = registry.spec("me", "d", "published");
    spec["inputs"][0]["parameters"]["resource-mapping"] = json!({"other": "https://user:pa55word@host.example/x"});
    let flow = registry.uploaded(&me, &spec).await;
    let answer = registry.api.get(&format!("/source/{flow}")).await;
    let status = answer.json();
    let keys: Vec<_> = status.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec!["id", "spec_contents", "modified", "state", "logs", "error_log", "stats", "pipelines", "certified"];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!((&status["id"], &status["state"], &status["certified"]), (&json!("me/d/1"), &json!("QUEUED"), &json!(false)));
    assert_eq!((&status["stats"], &status["error_log"], &status["logs"]), (&Value::Null, &Value::Null, &Value::Null));
    assert!(status["spec_contents"]["meta"]["update_time"].is_string() && status["modified"].is_string());
    let waiting = |title: &str| json!({"title": title, "status": "QUEUED", "stats": null, "error_log": []});
    let pipelines = json!({
        "me/d/1/icon": waiting("Copying source data"),
        "me/d/1/d_zip": waiting("Creating ZIP"),
        "me/d/1": waiting("Creating Package"),
    });
    assert_eq!(status["pipelines"], pipelines);
    for same in ["me/d/latest", "me/d/1"] {
        assert_eq!(registry.api.get(&format!("/source/{same}")).await.json(), status, "{same}");
    }
    // Keys to what it names are its owner's alone.
    assert!(!answer.text().contains("pa55word"));
    assert!(registry.get(&format!("/source/{flow}"), &me).await.text().contains("pa55word"));
    assert_eq!(registry.get(&format!("/source/{flow}"), "nonsense").await.json(), status, "whoever asks");
}

#[tokio::test]
async fn what_ended_tells_what_was_made() {
    let registry = Registry::new().await;
    let me = token("me", 1);
    let flow = registry.made(&me, &registry.spec("me", "d", "private")).await;
    let status = registry.get("/source/me/d/successful", &me).await.json();
    assert_eq!((&status["id"], &status["state"]), (&json!(flow), &json!("SUCCEEDED")));
    let stats = status["stats"].as_object().unwrap();
    assert!(["bytes", "count_of_rows", "dataset_name", "hash"].iter().all(|name| stats.contains_key(*name)), "{stats:?}");
    assert_eq!((&stats["dataset_name"], &status["error_log"]), (&json!("d"), &json!([])));
    assert!(status["logs"].is_array());
    // How far it is is open to all; what is in it is not.
    for stranger in ["", "nonsense", &token("other", 1)] {
        let theirs = registry.get("/source/me/d/successful", stranger).await.json();
        assert_eq!((&theirs["id"], &theirs["state"], &theirs["stats"]), (&json!(flow), &json!("SUCCEEDED"), &Value::Null));
        assert_eq!((&theirs["logs"], &theirs["pipelines"]["me/d/1/icon"]["stats"]), (&json!([]), &Value::Null));
        assert_eq!(theirs["pipelines"]["me/d/1/icon"]["status"], "SUCCEEDED");
    }
}

#[tokio::test]
async fn what_is_kept_of_a_table_is_kept_of_its_revisions() {
    let registry = Registry::new().await;
    let me = token("me", 1);
    let flow = registry.made(&me, &registry.table("me", "d", "published", &["Ada,1815-12-10", "Alan,1912-06-23"])).await;
    let before = registry.api.get(&format!("/source/{flow}")).await.json();
    assert_eq!(
        (&before["stats"]["count_of_rows"], &before["pipelines"]["me/d/1/people_csv"]["stats"]["count_of_rows"]),
        (&json!(2), &json!(2))
    );
    for policy in [
        json!({"masking": {"name": {"strategy": "redact", "unmask_roles": ["admin"]}}}),
        json!({"masking": {"name": {"hidden": true, "unmask_roles": ["admin"]}}}),
        json!({"masking": {"name": null}, "row_filter": "Name = caller('name')"}),
    ] {
        let headers = [ADMIN, ("content-type", "application/json")];
        let body = Body::from(policy.to_string());
        let changed = registry.api.send("PATCH", "/api/datasets/me.d__people/settings", &headers, body).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        for asks in ["", &me] {
            let now = registry.get(&format!("/source/{flow}"), asks).await;
            let said = now.json();
            assert_eq!((&said["state"], &said["stats"]), (&json!("SUCCEEDED"), &Value::Null), "{policy}");
            let told: Vec<_> = said["pipelines"].as_object().unwrap().values().filter(|one| !one["stats"].is_null()).collect();
            assert!(told.is_empty() && said["pipelines"].as_object().unwrap().len() == 7, "{told:?}");
            for word in ["rowcount", "count_of_rows", "born", "2 rows", before["stats"]["hash"].as_str().unwrap()] {
                assert!(!now.text().contains(word), "{policy}: {word}: {}", now.text());
            }
        }
        let admin = registry.api.send("GET", &format!("/source/{flow}"), &[ADMIN], Body::empty()).await.json();
        let lets_through = policy.get("row_filter").is_none();
        assert_eq!(admin["stats"] == before["stats"], lets_through, "{policy}");
    }
    // What breaks its schema is told to nobody from whom the table is kept.
    let flow = registry.uploaded(&me, &registry.table("me", "d", "published", &["Ada,SECRET"])).await;
    assert_eq!(registry.ended(&flow).await["state"], "FAILED");
    let mut said = registry.get(&format!("/source/{flow}"), &me).await.text();
    while registry.get("/source/me/d/events", &me).await.json()["events"].as_array().unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    said += &registry.get("/source/me/d/events", &me).await.text();
    assert!(!said.contains("SECRET") && !said.contains("row 2") && said.contains("kept from you"), "{said}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_the_dialects_words() {
    let registry = Registry::waiting().await;
    registry.uploaded(&token("me", 1), &registry.spec("me", "d", "published")).await;
    for path in [
        "me/d/2",
        "me/d/0",
        "me/d/-1",
        "me/d/x",
        "me/d/01",
        "me/d/1.0",
        "me/d/99999999999999999999",
        "me/d/successful",
        "me/D/1",
        "Me/d/1",
        "me/e/1",
        "you/d/1",
        "me/d/%00",
        "%2e%2e/d/1",
    ] {
        let answer = registry.api.get(&format!("/source/{path}?jwt=secret")).await;
        assert_eq!((answer.status, &answer.json()["success"]), (404, &json!(false)), "{path}: {}", answer.text());
        assert!(!answer.text().contains("secret") && !answer.header("x-request-id").is_empty());
    }
    for (method, path, status) in [
        ("GET", "/source/upload", 405),
        ("DELETE", "/source/me/d/1", 405),
        ("GET", "/source/me", 404),
        ("GET", "/source/me/d", 404),
        ("GET", "/source/me/d/%ff", 400),
    ] {
        let answer = registry.api.send(method, path, &[], Body::empty()).await;
        assert_eq!((answer.status, answer.json()["errors"].as_array().unwrap().len()), (status, 1), "{method} {path}");
    }
}
