//! Who may call what, route by route, and that it is judged before the body is read.

use crate::dialects::v1::access_table::TABLE;
use crate::shared::route::Access;
use crate::testing::{ADMIN, Api};
use axum::body::Body;

#[tokio::test]
async fn nobody_reaches_what_the_table_gives_to_others() {
    let api = Api::new().await;
    for (method, path, access) in TABLE {
        let path = path.replace("{name}", "small");
        // No JSON at all: a route that looked at it first would answer 400.
        let answer = api.send(method, &path, &[("content-type", "application/json")], Body::from("{")).await;
        match access {
            Access::Open | Access::Read => assert!(![401, 403].contains(&answer.status), "{method} {path}: {}", answer.status),
            Access::Admin => assert_eq!(answer.status, 403, "{method} {path}"),
            Access::Asked | Access::Known | Access::Editor | Access::OrganisationAdmin => {
                unreachable!("no route of this dialect")
            }
            Access::Manage => assert!([401, 403, 404].contains(&answer.status), "{method} {path}: {}", answer.status),
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_as_none_and_the_right_one_opens_admin_routes() {
    let api = Api::new().await;
    for headers in [&[("x-admin-token", "wrong")][..], &[("x-admin-token", "")], &[]] {
        let answer = api.send("POST", "/api/v1/datasets/small/reload", headers, Body::empty()).await;
        assert_eq!(answer.status, 403);
        assert!(answer.error().starts_with("forbidden"), "{}", answer.error());
    }
    let answer = api.send("POST", "/api/v1/datasets/small/reload", &[ADMIN], Body::empty()).await;
    assert_eq!((answer.status, &answer.json()["dataset"]), (200, &"small".into()));
    let answer = api.send("POST", "/api/v1/datasets/reload-all", &[ADMIN], Body::empty()).await;
    assert_eq!(answer.status, 202);
}

#[tokio::test]
async fn a_large_body_of_somebody_who_may_not_is_refused_for_that() {
    let api = Api::new().await;
    let large = "x".repeat(3 << 20);
    assert_eq!(api.post("/api/v1/datasets", &large).await.status, 403);
    assert_eq!(api.post_with("/api/v1/datasets", &[ADMIN], &large).await.status, 413);
}
