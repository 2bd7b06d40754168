//! What was told when revisions ended, and to whom it is shown.

use super::*;

async fn of(registry: &Registry, path: &str, token: &str) -> Value {
    for _ in 0..1000 {
        let answer = registry.get(path, token).await.json();
        if answer["events"].as_array().is_some_and(|events| !events.is_empty()) {
            return answer["events"].clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no event at {path}");
}

#[tokio::test]
async fn one_a_revision_in_the_words_of_the_contract() {
    let registry = Registry::new().await;
    let me = token("me", 2);
    assert_eq!(registry.get("/source/me/d/events", &me).await.status, 404);
    let flow = registry.made(&me, &registry.spec("me", "d", "published")).await;
    let events = of(&registry, "/source/me/d/events", "").await;
    let [event] = &events.as_array().unwrap()[..] else { panic!("{events}") };
    for (name, value) in [
        ("entity", "flow"),
        ("action", "finish"),
        ("status", "OK"),
        ("findability", "published"),
        ("owner", "Somebody"),
        ("ownerid", "me"),
        ("dataset", "d"),
        ("flow_id", &flow),
    ] {
        assert_eq!(event[name], value, "{event}");
    }
    assert_eq!((&event["payload"], &event["deliveries"]), (&json!({"flow-id": flow, "errors": []}), &json!([])));
}

#[tokio::test]
async fn those_of_a_private_package_are_its_owners() {
    let registry = Registry::new().await;
    let me = token("me", 2);
    registry.made(&me, &registry.spec("me", "d", "private")).await;
    assert_eq!(of(&registry, "/source/me/d/events", &me).await[0]["findability"], "private");
    for (stranger, status) in [(String::new(), 404), (token("other", 1), 404), ("x".into(), 401)] {
        let answer = registry.get("/source/me/d/events", &stranger).await;
        assert_eq!((answer.status, &answer.json()["success"]), (status, &json!(false)), "{}", answer.text());
    }
}
