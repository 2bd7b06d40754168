//! Every credential in every wrong form: a 4xx, or nobody in particular, and never anything else.

use crate::testing::{ADMIN, Api, session, user};
use axum::body::Body;
use serde_json::json;

#[tokio::test]
async fn malformed_credentials_prove_nobody() {
    let api = Api::new().await;
    let made = api.post_with("/api/auth/tokens", &[ADMIN], &json!({"name": "k", "role": "admin"}).to_string()).await.json();
    let key = made["token"].as_str().unwrap().to_owned();
    user(&api, "ann", "correct horse").await;
    let session = session(&api, "ann", "correct horse").await;
    let encoded = |secret: &str| secret.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let long = "a".repeat(64 << 10);
    for secret in [key.as_str(), &session, ADMIN.1] {
        let twice = encoded(&encoded(secret));
        for (header, value) in [
            ("authorization", format!("Bearer {}", encoded(secret))),
            ("authorization", format!("Bearer {twice}")),
            ("authorization", format!("Bearer {secret}x")),
            ("authorization", format!("Bearer x{secret}")),
            ("authorization", format!("Bearer {secret}{long}")),
            ("authorization", format!("Bearer Bearer {secret}")),
            ("authorization", format!("Digest {secret}")),
            ("authorization", format!("Basic {secret}")),
            ("authorization", format!("Bearer \"{secret}\"")),
            ("authorization", long.clone()),
            ("x-admin-token", encoded(secret)),
            ("x-admin-token", format!("{secret}{long}")),
            ("x-admin-token", format!("Bearer {secret}")),
            ("x-api-key", secret.to_owned()),
            ("auth-token", secret.to_owned()),
            ("cookie", format!("datahall_session={}", encoded(secret))),
            ("cookie", format!("datahall_session={secret}{long}")),
            ("cookie", format!("datahall_session={secret}; datahall_session=x")),
            ("cookie", format!("session={secret}")),
        ] {
            let answer = api.send("GET", "/api/me", &[(header, &value)], Body::empty()).await;
            assert_eq!(answer.status, 401, "{header}: {value:.100}");
            assert_eq!(answer.error(), "unauthorized");
            assert!(!answer.text().contains(secret));
            let answer = api.send("POST", "/api/v1/datasets/small/reload", &[(header, &value)], Body::empty()).await;
            assert!([401, 403].contains(&answer.status), "{header}: {value:.100}: {}", answer.status);
        }
        let in_query = api.get(&format!("/api/me?access_token={secret}&token={secret}")).await;
        assert_eq!(in_query.status, 401);
    }
    for (header, secret) in [("x-admin-token", key.as_str()), ("x-admin-token", &session)] {
        assert_eq!(api.send("GET", "/api/me", &[(header, secret)], Body::empty()).await.status, 401, "swapped");
    }
    for cookie in [key.as_str(), ADMIN.1] {
        let cookie = format!("datahall_session={cookie}");
        assert_eq!(api.send("GET", "/api/me", &[("cookie", &cookie)], Body::empty()).await.status, 401, "swapped");
    }
}
