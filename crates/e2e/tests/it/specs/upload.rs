//! Uploading: the order of checks, their words, and which ids are null (contract `specs`, 2), over HTTP.

use super::*;

#[tokio::test]
async fn a_spec_is_run_and_its_table_is_read_in_every_dialect() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 3);
    let said = upload(&server, &me, &of_birthdays(&scratch, "me", "people")).await;
    assert_eq!(said, json!({"success": true, "dataset_id": "me/people", "flow_id": "me/people/1", "errors": []}));
    let status = succeeded(&server, "me/people/1").await;
    assert_eq!(status["id"], "me/people/1");
    let titles: Vec<_> = [
        ("validation_report", "Validating package contents"),
        ("birthdays_csv", "Creating CSV"),
        ("birthdays_json", "Creating JSON"),
        ("people_zip", "Creating ZIP"),
        ("birthdays_csv_preview", "Generating views"),
        ("birthdays", "Copying source data"),
    ]
    .map(|(name, title)| (format!("me/people/1/{name}"), title))
    .into_iter()
    .chain([("me/people/1".to_owned(), "Creating Package")])
    .collect();
    let pipelines = status["pipelines"].as_object().expect("pipelines");
    assert_eq!(pipelines.len(), 7, "{pipelines:?}");
    for (id, title) in titles {
        assert_eq!((&pipelines[&id]["title"], &pipelines[&id]["status"]), (&json!(title), &json!("SUCCEEDED")), "{id}");
        assert_eq!(pipelines[&id]["error_log"], json!([]), "{id}");
    }
    let stats = status["stats"].as_object().expect("stats");
    assert_eq!((&stats["count_of_rows"], &stats["dataset_name"]), (&json!(3), &json!("people")));
    assert!(stats["bytes"].as_u64().is_some_and(|bytes| bytes > 0) && stats["hash"].is_string(), "{stats:?}");
    assert_eq!(status["spec_contents"]["meta"]["dataset"], "people");
    // The same table by SQL, as `v1` and as `platform`.
    let rows = server.sql("SELECT name, born, height FROM \"me.people__birthdays\" ORDER BY born").await;
    assert_eq!(
        rows,
        [
            json!({"name": "Ada", "born": "1815-12-10", "height": 1.65}),
            json!({"name": "Zoë", "born": "1990-02-28", "height": 1.7}),
            json!({"name": "O'Neil, P", "born": "2001-01-01", "height": null}),
        ]
    );
    assert_eq!(server.count("me.people__birthdays", json!([{"col": "height", "op": "is_null"}])).await, 1);
    let preview = server.admin(Method::GET, "/api/datasets/me.people__birthdays/preview").await;
    assert_eq!(preview.status, 200, "{}", preview.text());
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_order_and_the_words_of_the_contract() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let (me, other) = (token("me", 1), token("other", 1));
    let spec = of_birthdays(&scratch, "me", "people");
    let nothing = |error: &str| json!({"success": false, "dataset_id": null, "flow_id": null, "errors": [error]});
    let empty = "Received empty contents (make sure your content-type is correct)";
    for (kind, body) in [("application/json", ""), ("application/json", "{"), ("text/plain", "{\"meta\":{\"ownerid\":\"me\"}}")] {
        let request = server.request(Method::POST, "/source/upload").header("content-type", kind).header("auth-token", &me);
        let reply = server.send(request.body(body)).await;
        assert_eq!((reply.status, reply.json()), (200, nothing(empty)), "{kind} {body}");
    }
    for contents in [json!({}), json!({"meta": {}}), json!({"meta": {"ownerid": null}})] {
        assert_eq!(upload(&server, &me, &contents).await, nothing("Missing owner in spec"), "{contents}");
    }
    let refused = nothing("No token or token not authorised for owner");
    let expired = signed(&json!({"userid": "me", "exp": 1_000_000_000, "permissions": {"max_dataset_num": 9}}));
    for wrong in ["", "x", "a.b.c", other.as_str(), expired.as_str(), &me[..me.len() - 4]] {
        assert_eq!(upload(&server, wrong, &spec).await, refused, "{wrong}");
    }
    let hmac = oidc::sign(
        Algorithm::HS256,
        None,
        &json!({"userid": "me", "permissions": {"max_dataset_num": 9}}),
        &EncodingKey::from_secret(PUBLIC_KEY.as_bytes()),
    );
    assert_eq!(upload(&server, &hmac, &spec).await, refused);
    // By the query, too; and a plan that allows nothing.
    let none = format!("/source/upload?jwt={}", token("me", 0));
    let said = server.post(&none, &spec).await.json();
    let limit = |plan: u64| format!("Max datasets for user exceeded plan limit ({plan})");
    assert_eq!(said, json!({"success": false, "dataset_id": "me/people", "flow_id": null, "errors": [limit(0)]}));
    let mut scheduled = spec.clone();
    scheduled["schedule"] = json!("every 1s");
    let said = upload(&server, &me, &scheduled).await;
    let errors = ["Can't schedule tasks for less than one minute"];
    assert_eq!(said, json!({"success": false, "dataset_id": "me/people", "flow_id": null, "errors": errors}));
    assert_eq!(server.get("/source/me/people/latest").await.status, 404, "nothing was made of any of them");
    uploaded(&server, &me, &spec).await;
    let said = upload(&server, &me, &of_birthdays(&scratch, "me", "more")).await;
    assert_eq!(said, json!({"success": false, "dataset_id": "me/more", "flow_id": null, "errors": [limit(1)]}));
    assert_eq!(uploaded(&server, &me, &spec).await, "me/people/2", "revisions are always allowed");
}

#[tokio::test]
async fn what_no_package_can_be_made_of_is_refused_and_leaves_nothing() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").start().await;
    let me = token("me", 9);
    let good = of_birthdays(&scratch, "me", "people");
    let descriptor = "/inputs/0/parameters/descriptor/resources";
    let many: Vec<_> = (0..10_000).map(|n| json!({"name": format!("r{n}"), "path": "birthdays.csv"})).collect();
    for (at, value, says) in [
        ("/inputs", json!([]), "inputs"),
        ("/inputs", json!([good["inputs"][0], good["inputs"][0]]), "inputs"),
        ("/inputs/0/kind", json!("sql"), "datapackage"),
        (descriptor, json!([]), "at least one resource"),
        (descriptor, json!([{"name": "x", "path": "../../etc/passwd"}]), "out of the package"),
        (descriptor, json!([{"name": "x", "path": "/etc/passwd"}]), "relative"),
        (descriptor, json!([{"name": "../..", "path": "birthdays.csv"}]), "name"),
        (descriptor, json!([{"name": "a-b", "path": "birthdays.csv"}, {"name": "A b", "path": "birthdays.csv"}]), "once cleaned"),
        (descriptor, json!(many), "10000"),
        (
            descriptor,
            json!([{"name": "x", "path": "birthdays.csv", "schema": {"fields": [{"name": "a", "type": "nope"}]}}]),
            "nope",
        ),
        (
            descriptor,
            json!([{"name": "x", "path": "birthdays.csv", "schema": {"fields": [
                {"name": "a", "type": "integer", "constraints": {"minimum": 5, "maximum": 1}}]}}]),
            "maximum",
        ),
        ("/meta/findability", json!("secret"), "findability"),
        ("/meta/dataset", json!("a/b"), "dataset"),
    ] {
        let mut spec = good.clone();
        *spec.pointer_mut(at).expect("a place") = value.clone();
        let said = upload(&server, &me, &spec).await;
        assert_eq!((&said["success"], &said["flow_id"]), (&json!(false), &Value::Null), "{at}: {said}");
        let errors = said["errors"].as_array().expect("errors");
        assert_eq!(errors[0], "Validation failed for contents", "{said}");
        assert!(errors.iter().any(|error| error.as_str().is_some_and(|error| error.contains(says))), "{says}: {said}");
    }
    assert_eq!(server.get("/source/me/people/latest").await.status, 404);
    assert!(server.names().await.is_empty());
}
