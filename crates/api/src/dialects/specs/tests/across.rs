//! Pages of other sites: they may send requests and read the answers, and what their browsers send unasked counts for nothing.

use super::*;

const PAGE: (&str, &str) = ("origin", "https://page.example");

#[tokio::test]
async fn a_browser_that_asks_before_is_told_what_may_be_sent() {
    let registry = Registry::waiting().await;
    let asks = [PAGE, ("access-control-request-method", "POST"), ("access-control-request-headers", "auth-token,content-type")];
    for path in ["/source/upload", "/source/update", "/source/a/b/1", "/source/a/b/events", "/source/a/b/1/data/x.csv"] {
        let answer = registry.api.send("OPTIONS", path, &asks, Body::empty()).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, PAGE.1), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        let allowed = answer.header("access-control-allow-headers").to_lowercase();
        assert!(allowed.contains("auth-token") && allowed.contains("content-type"), "{allowed}");
        assert!(answer.header("access-control-allow-methods").contains("POST"));
    }
    assert_eq!(registry.api.send("OPTIONS", "/source/upload", &[], Body::empty()).await.status, 405);
}

#[tokio::test]
async fn every_answer_may_be_read_by_the_page_that_asked() {
    let registry = Registry::waiting().await;
    let spec = registry.spec("me", "d", "published").to_string();
    let upload = registry.api.post_with("/source/upload", &[PAGE, ("auth-token", &token("me", 1))], &spec).await;
    assert_eq!((upload.json()["success"].clone(), upload.header("access-control-allow-origin")), (json!(true), PAGE.1));
    for path in ["/source/me/d/1", "/source/me/d/7", "/source/me/d/1/nope", "/source/me", "/source/upload"] {
        let answer = registry.api.send("GET", path, &[PAGE], Body::empty()).await;
        assert_eq!(answer.header("access-control-allow-origin"), PAGE.1, "{path}: {}", answer.status);
        assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"), "{path}");
        let without = registry.api.get(path).await;
        assert_eq!(without.header("access-control-allow-origin"), "", "{path}");
        assert!(without.headers.get_all("vary").iter().any(|value| value == "Origin"), "{path}");
    }
    let refused = registry.api.send("GET", "/source/me/d/1/nope", &[PAGE, ("auth-token", "x")], Body::empty()).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, PAGE.1));
    // The other dialects know cookies, and no page of another site.
    for path in ["/healthz", "/api/v1/datasets", "/api/me"] {
        let answer = registry.api.send("GET", path, &[PAGE], Body::empty()).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn what_a_browser_sends_unasked_opens_nothing() {
    let registry = Registry::new().await;
    let flow = registry.made(&token("me", 1), &registry.spec("me", "d", "private")).await;
    let path = format!("/source/{flow}/datapackage.json");
    let login = administrator(&registry.api).await;
    let bearer = format!("Bearer {login}");
    assert_eq!(registry.api.send("GET", &path, &[PAGE, ("authorization", &bearer)], Body::empty()).await.status, 200);
    let cookie = format!("datahall_session={login}");
    // Basic, of the administrator's token and no password.
    let basic = "Basic czNjcmV0Og==";
    assert_eq!(registry.api.send("GET", &path, &[("authorization", basic)], Body::empty()).await.status, 200);
    for headers in [&[PAGE, ("authorization", basic)][..], &[PAGE, ("cookie", &cookie)], &[("cookie", &cookie)]] {
        assert_eq!(registry.api.send("GET", &path, headers, Body::empty()).await.status, 404, "{headers:?}");
    }
}
