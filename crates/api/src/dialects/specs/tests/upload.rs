//! Uploading: the order of checks, their words, which ids are null, and by what one may prove who he is.

use super::*;
use crate::testing::ADMIN;
use datahall_core::clock::{Clock, SystemClock};

const EMPTY: &str = "Received empty contents (make sure your content-type is correct)";
const REFUSED: &str = "No token or token not authorised for owner";

fn said(dataset: Option<&str>, errors: &[&str]) -> Value {
    json!({"success": false, "dataset_id": dataset, "flow_id": null, "errors": errors})
}

#[tokio::test]
async fn the_table_of_messages() {
    let registry = Registry::waiting().await;
    let me = token("me", 1);
    let good = registry.spec("me", "d", "published");
    let with = |at: &str, value: Value| {
        let mut spec = good.clone();
        match at {
            "schedule" => spec["schedule"] = value,
            at => *spec.pointer_mut(at).unwrap() = value,
        }
        spec
    };
    let none = token("me", 0);
    let (unplanned, other) = (signed(&json!({"userid": "me"})), token("other", 9));
    let limit = "Max datasets for user exceeded plan limit (0)";
    let everything_wrong = json!({"meta": {"dataset": "d"}, "schedule": "never"});
    for (token, spec, expected) in [
        (me.as_str(), json!(null), said(None, &[EMPTY])),
        ("", json!({}), said(None, &["Missing owner in spec"])),
        ("", everything_wrong, said(None, &["Missing owner in spec"])),
        ("", json!([]), said(None, &["Missing owner in spec"])),
        ("", json!("x"), said(None, &["Missing owner in spec"])),
        ("", with("/meta/ownerid", json!(7)), said(None, &["Missing owner in spec"])),
        ("", good.clone(), said(None, &[REFUSED])),
        ("x", good.clone(), said(None, &[REFUSED])),
        (&other, with("schedule", json!("never")), said(None, &[REFUSED])),
        (&none, with("schedule", json!("never")), said(Some("me/d"), &[limit])),
        (&unplanned, good.clone(), said(Some("me/d"), &[limit])),
        (&me, with("schedule", json!(5)), said(Some("me/d"), &["Schedule should be a string"])),
        (&me, with("schedule", json!("1d")), said(Some("me/d"), &["Schedule should start with 'every'"])),
        (
            &me,
            with("schedule", json!("every 1y")),
            said(Some("me/d"), &["Bad time unit for schedule, only s/m/h/d/w are allowed"]),
        ),
        (&me, with("schedule", json!("every 4.2w")), said(Some("me/d"), &["Failed to parse time number"])),
        (&me, with("schedule", json!("every 1s")), said(Some("me/d"), &["Can't schedule tasks for less than one minute"])),
    ] {
        let answer = registry.post("/source/upload", token, &spec).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{spec}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let answer = registry.post("/source/upload", &me, &with("/inputs", json!([]))).await.json();
    assert_eq!((&answer["dataset_id"], &answer["flow_id"]), (&json!("me/d"), &Value::Null));
    assert_eq!((&answer["errors"][0], answer["errors"].as_array().unwrap().len()), (&json!("Validation failed for contents"), 2));
    assert_eq!(registry.api.get("/source/me/d/latest").await.status, 404, "none of them left anything");
    let made = json!({"success": true, "dataset_id": "me/d", "flow_id": "me/d/1", "errors": []});
    assert_eq!(registry.post("/source/upload", &me, &good).await.json(), made);
    let more = registry.post("/source/upload", &me, &registry.spec("me", "e", "published")).await.json();
    assert_eq!(more, said(Some("me/e"), &["Max datasets for user exceeded plan limit (1)"]));
    assert_eq!(registry.uploaded(&none, &good).await, "me/d/2", "revisions are always allowed");
}

#[tokio::test]
async fn what_is_no_json_is_nothing_whoever_sends_it() {
    let registry = Registry::waiting().await;
    let me = token("me", 1);
    let good = registry.spec("me", "d", "published").to_string();
    for (kind, body) in [
        ("text/plain", good.as_str()),
        ("application/x-www-form-urlencoded", &good),
        ("", &good),
        ("application/json", ""),
        ("application/json", "{"),
        ("application/json", "null"),
    ] {
        for token in [me.as_str(), "x"] {
            let headers: Vec<_> =
                [("content-type", kind), ("auth-token", token)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let answer = registry.api.send("POST", "/source/upload", &headers, Body::from(body.to_owned())).await;
            assert_eq!((answer.status, answer.json()), (200, said(None, &[EMPTY])), "{kind} {body}");
        }
    }
    let long = vec![b' '; upload_limit() + 1];
    let headers = [("content-type", "application/json"), ("auth-token", me.as_str())];
    let answer = registry.api.send("POST", "/source/upload", &headers, Body::from(long)).await;
    assert_eq!((answer.status, &answer.json()["success"]), (413, &json!(false)));
    // Descriptors are longer than what else is sent.
    let padded = format!("{good}{}", " ".repeat(2 << 20));
    assert_eq!(registry.api.send("POST", "/source/upload", &headers, Body::from(padded)).await.json()["success"], true);
}

fn upload_limit() -> usize {
    super::super::upload::LONGEST
}

#[tokio::test]
async fn one_proves_who_he_is_as_everywhere_but_not_by_a_cookie() {
    let registry = Registry::waiting().await;
    let api = &registry.api;
    let spec = registry.spec("me", "d", "published").to_string();
    let upload = async |path: &str, headers: &[(&str, &str)]| {
        let answer = api.post_with(path, headers, &spec).await;
        answer.json()["success"].as_bool().unwrap()
    };
    let ends = SystemClock::new().now().timestamp() + 600;
    let me = signed(&json!({"userid": "me", "permissions": {"max_dataset_num": 1}, "exp": ends}));
    let endless = token("me", 1);
    let key = crate::testing::token(api, "editor").await.1;
    let viewer = crate::testing::token(api, "viewer").await.1;
    let secret = key.trim_start_matches("Bearer ");
    for headers in [
        &[("auth-token", endless.as_str())][..],
        &[("auth-token", ADMIN.1)],
        &[("auth-token", secret)],
        &[ADMIN],
        &[("authorization", &format!("Bearer {me}"))],
        &[("authorization", &me)],
        &[("authorization", &key)],
    ] {
        assert!(upload("/source/upload", headers).await, "{headers:?}");
    }
    assert!(upload(&format!("/source/upload?jwt={endless}"), &[]).await);
    let login = administrator(api).await;
    assert!(upload("/source/upload", &[("authorization", &format!("Bearer {login}"))]).await);
    let cookie = format!("datahall_session={login}");
    for headers in [
        &[][..],
        &[("auth-token", "")],
        &[("auth-token", &viewer)],
        &[("authorization", &format!("Bearer {endless}"))],
        &[("authorization", &viewer)],
        &[("cookie", &cookie), ("sec-fetch-site", "same-origin")],
        // A header that does not hold is not made good by another.
        &[("auth-token", "x"), ("authorization", &key)],
    ] {
        assert!(!upload("/source/upload", headers).await, "{headers:?}");
    }
}
