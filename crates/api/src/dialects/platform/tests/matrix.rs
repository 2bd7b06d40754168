//! Every route of every dialect for every kind of caller: who is let in, who is refused, who is nobody.

use crate::access_table::tables;
use crate::shared::route::Access;
use crate::testing::{ADMIN, Api, session, user};
use axum::body::Body;
use serde_json::json;

/// What a caller meets at a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    In,
    Refused,
    Nobody,
}
use Meets::{In, Nobody, Refused};

async fn token(api: &Api, body: serde_json::Value) -> (String, String) {
    let made = api.post_with("/api/auth/tokens", &[ADMIN], &body.to_string()).await.json();
    (made["token"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

/// The callers, each with what he presents.
async fn callers(api: &Api) -> Vec<(&'static str, Option<String>)> {
    let mut callers = vec![("nobody", None), ("instance admin", Some(ADMIN.1.to_owned()))];
    for role in ["viewer", "editor", "admin"] {
        callers.push((role, Some(token(api, json!({"name": "k", "role": role})).await.0)));
    }
    callers.push(("other organisation's admin", Some(token(api, json!({"name": "k", "role": "admin", "org": "other"})).await.0)));
    user(api, "ann", "correct horse").await;
    callers.push(("user without a role", Some(session(api, "ann", "correct horse").await)));
    callers.push(("wrong key", Some(format!("dh_00000000_{}", "0".repeat(64)))));
    let (revoked, id) = token(api, json!({"name": "k", "role": "admin"})).await;
    api.send("DELETE", &format!("/api/auth/tokens/{id}"), &[ADMIN], Body::empty()).await;
    callers.push(("revoked key", Some(revoked)));
    let expired = token(api, json!({"name": "k", "role": "admin", "expires_in": 1})).await.0;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    callers.push(("expired key", Some(expired)));
    callers
}

fn expected(who: &str, access: Access) -> Meets {
    match (who, access) {
        (_, Access::Open | Access::Asked) => In,
        ("wrong key" | "revoked key" | "expired key", _) => Nobody,
        (_, Access::Read) | ("instance admin", _) => In,
        // Where nobody in particular may be an administrator by X-Admin-Token, he is refused rather than asked who he is.
        ("nobody", Access::Admin | Access::Manage) => Refused,
        ("nobody", _) => Nobody,
        (_, Access::Known) => In,
        ("admin", _) | ("editor", Access::Manage | Access::Editor) => In,
        ("other organisation's admin", Access::OrganisationAdmin | Access::Editor) => In,
        _ => Refused,
    }
}

#[tokio::test]
async fn each_caller_meets_what_the_table_says() {
    let api = Api::new().await;
    for (who, secret) in callers(&api).await {
        for (method, path, access) in tables() {
            if *path == "/api/auth/logout" {
                // It lets in whoever comes, and ends his session.
                continue;
            }
            // What exists comes after who asks, and nothing here is to be changed.
            let steps = path.split('/').map(|step| if step.starts_with('{') { "nope" } else { step });
            let path = steps.collect::<Vec<_>>().join("/");
            let bearer = secret.as_ref().map(|secret| format!("Bearer {secret}")).unwrap_or_default();
            let mut headers = vec![("content-type", "application/json")];
            if secret.is_some() {
                headers.push(("authorization", &bearer));
            }
            // No JSON: a route that looked at it first would answer so.
            let answer = api.send(method, &path, &headers, Body::from("{")).await;
            let meets = match answer.status {
                401 => Nobody,
                403 => Refused,
                _ => In,
            };
            assert_eq!(
                meets,
                expected(who, *access),
                "{who}: {method} {path}: {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
    }
}
