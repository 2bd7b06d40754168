//! Reports of outside runners, over the router.

use super::*;

#[tokio::test]
async fn a_flow_goes_by_what_is_reported() {
    let registry = Registry::waiting().await;
    let me = token("me", 1);
    registry.uploaded(&me, &registry.spec("me", "d", "published")).await;
    let report = async |body: Value| {
        let answer = registry.post("/source/update", &me, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.json()
    };
    let pending = json!({"success": "pending", "id": "me/d/1", "errors": []});
    assert_eq!(report(json!({"pipeline": "./me/d/1/icon", "event": "start"})).await, pending);
    let state = async || registry.api.get("/source/me/d/1").await.json()["state"].clone();
    assert_eq!(state().await, "INPROGRESS");
    assert_eq!(report(json!({"pipeline_id": "me/d/1/icon", "event": "queue"})).await, pending);
    assert_eq!(state().await, "QUEUED");
    for name in ["me/d/1/icon", "me/d/1/d_zip"] {
        assert_eq!(report(json!({"pipeline": name, "event": "finish", "success": true})).await, pending, "{name}");
    }
    assert_eq!(registry.api.get("/source/me/d/successful").await.status, 404);
    let last = report(json!({"pipeline": "me/d/1", "event": "finish", "success": true})).await;
    assert_eq!(last, json!({"success": "success", "id": "me/d/1", "errors": []}));
    assert_eq!(registry.api.get("/source/me/d/successful").await.json()["state"], "SUCCEEDED");
    let unknown = json!({"success": "fail", "id": null, "errors": ["pipeline not found"]});
    for pipeline in ["me/d/1/nope", "me/d/2", "me/e/1", "me/d", "", "x"] {
        assert_eq!(report(json!({"pipeline": pipeline, "event": "start"})).await, unknown, "{pipeline}");
    }
}

#[tokio::test]
async fn what_fails_takes_along_what_needs_it() {
    let registry = Registry::waiting().await;
    let me = token("me", 1);
    registry.uploaded(&me, &registry.spec("me", "d", "published")).await;
    let body = json!({"pipeline": "me/d/1/icon", "event": "finish", "success": false, "errors": ["no space", "left"]});
    registry.post("/source/update", &me, &body).await;
    let finish = json!({"pipeline": "me/d/1/d_zip", "event": "finish", "success": true});
    let answer = registry.post("/source/update", &me, &finish).await.json();
    assert_eq!((&answer["success"], &answer["id"]), (&json!("fail"), &json!("me/d/1")), "{answer}");
    let status = registry.api.get("/source/me/d/1").await.json();
    assert_eq!(
        (&status["state"], &status["pipelines"]["me/d/1/icon"]["error_log"]),
        (&json!("FAILED"), &json!(["no space", "left"]))
    );
    let waits = "Dependency unsuccessful. Cannot run until dependency \"me/d/1/icon\" is successfully executed";
    assert_eq!(status["pipelines"]["me/d/1"]["error_log"], json!([waits]));
}

#[tokio::test]
async fn reports_are_the_owners_unless_they_are_open_to_all() {
    let start = json!({"pipeline": "me/d/1/icon", "event": "start"});
    let registry = Registry::waiting().await;
    registry.uploaded(&token("me", 1), &registry.spec("me", "d", "published")).await;
    for (token, status) in [(String::new(), 401), ("x".into(), 401), (token("other", 9), 403)] {
        let answer = registry.post("/source/update", &token, &start).await;
        assert_eq!((answer.status, &answer.json()["success"]), (status, &json!(false)), "{}", answer.text());
    }
    assert_eq!(registry.api.get("/source/me/d/1").await.json()["state"], "QUEUED");
    for wrong in
        [json!({}), json!([]), json!({"pipeline": "me/d/1/icon"}), json!({"pipeline": "me/d/1/icon", "event": "explode"})]
    {
        let answer = registry.post("/source/update", &token("me", 1), &wrong).await;
        assert_eq!((answer.status, &answer.json()["success"]), (400, &json!(false)), "{wrong}");
    }
    let open = Registry::with(|settings| (settings.specs.run_pipelines, settings.specs.open_updates) = (false, true)).await;
    open.uploaded(&token("me", 1), &open.spec("me", "d", "published")).await;
    assert_eq!(open.post("/source/update", "", &start).await.json()["success"], "pending");
}
