//! How a revision goes: the shape of the answer, and what is not there.

use super::*;

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
    let flow = registry.made(&token("me", 1), &registry.spec("me", "d", "private")).await;
    let status = registry.api.get("/source/me/d/successful").await.json();
    assert_eq!((&status["id"], &status["state"]), (&json!(flow), &json!("SUCCEEDED")));
    let stats = status["stats"].as_object().unwrap();
    assert!(["bytes", "count_of_rows", "dataset_name", "hash"].iter().all(|name| stats.contains_key(*name)), "{stats:?}");
    assert_eq!((&stats["dataset_name"], &status["error_log"]), (&json!("d"), &json!([])));
    assert!(status["logs"].is_array());
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
