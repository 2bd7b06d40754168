//! Tokens of owners over restarts: with the authentication server away, and with another key; and what is never written down.

use super::*;
use crate::support::http_files::FileServer;

const OTHER_KEY: &str = include_str!("../../../../service/src/auth/testdata/test-only-other-rsa.pem");
const OTHER_PUBLIC_KEY: &str = include_str!("../../../../service/src/auth/testdata/test-only-other-rsa.pub.pem");
const REFUSED: &str = "No token or token not authorised for owner";

/// A server that asks `auth` for its key.
fn asking(scratch: &Scratch, auth: &str) -> server::Builder {
    let roots = scratch.root();
    let config = format!("[security]\nallow_private_networks = true\nallowed_roots = [{roots:?}]\n[auth.jwt]\n");
    Server::builder().config(config).data_dir(scratch.path("data")).env("AUTH_SERVER", auth)
}

fn of_other_key(owner: &str) -> String {
    let claims = json!({"userid": owner, "permissions": {"max_dataset_num": 3}});
    oidc::sign(Algorithm::RS256, None, &claims, &EncodingKey::from_rsa_pem(OTHER_KEY.as_bytes()).expect("a key"))
}

#[tokio::test]
async fn restarted_without_the_authentication_server_all_is_there_and_nobody_passes_for_an_owner() {
    let scratch = Scratch::new();
    let web = FileServer::start(scratch.path("web")).await;
    scratch.write("web/auth/public-key", PUBLIC_KEY);
    let me = token("me", 3);
    let spec = of_birthdays(&scratch, "me", "people");
    let host = web.base.strip_prefix("http://").expect("a URL").to_owned();
    let mut server = asking(&scratch, &host).start().await;
    let first = uploaded(&server, &me, &spec).await;
    succeeded(&server, &first).await;
    server.kill();
    drop(web);
    let mut server = asking(&scratch, &host).start().await;
    assert_eq!(status(&server, &first).await["state"], "SUCCEEDED", "how it went is open to all");
    assert_eq!(server.get(&format!("/source/{first}/datapackage.json")).await.status, 200);
    // By no key there is neither a good token nor a bad one: come again.
    for token in [&me, &of_other_key("me")] {
        let reply = server.post_with("/source/upload", &[("auth-token", token)], &spec).await;
        assert_eq!((reply.status, &reply.json()["success"]), (503, &json!(false)), "{}", reply.text());
        assert!(reply.headers.contains_key("retry-after") && !reply.text().contains(&host), "{}", reply.text());
    }
    assert_eq!(upload(&server, ADMIN_TOKEN, &spec).await["success"], true, "his secret is judged here");
    assert_eq!(upload(&server, "", &spec).await["errors"], json!([REFUSED]));
    server.kill();
    // It is back, on another address and with another key.
    let web = FileServer::start(scratch.path("web")).await;
    scratch.write("web/auth/public-key", json!({"public_key": OTHER_PUBLIC_KEY}).to_string());
    let server = asking(&scratch, &web.base).start().await;
    assert_eq!(upload(&server, &me, &spec).await["errors"], json!([REFUSED]), "what the old key signed is nobody's");
    let flow = uploaded(&server, &of_other_key("me"), &spec).await;
    succeeded(&server, &flow).await;
    assert_eq!(flow, "me/people/3", "numbers go on");
}

#[tokio::test]
async fn a_key_that_changes_is_asked_for_when_a_signature_does_not_fit() {
    let scratch = Scratch::new();
    let web = FileServer::start(scratch.path("web")).await;
    scratch.write("web/auth/public-key", PUBLIC_KEY);
    let server = asking(&scratch, &web.base).start().await;
    let (me, other) = (token("me", 3), of_other_key("me"));
    let spec = of_birthdays(&scratch, "me", "people");
    uploaded(&server, &me, &spec).await;
    scratch.write("web/auth/public-key", OTHER_PUBLIC_KEY);
    // It is not asked at every word of a stranger, so this may take as long as the pause between two questions.
    let flow = wait_for("the new key", async || {
        let said = upload(&server, &other, &spec).await;
        said["flow_id"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(flow, "me/people/2");
    assert_eq!(upload(&server, &me, &spec).await["errors"], json!([REFUSED]), "the old one is not good any more");
}

#[tokio::test]
async fn a_token_in_the_query_is_written_down_nowhere() {
    let scratch = Scratch::new();
    let server = builder(&scratch, "").env("DATAHALL_LOG", "trace").start().await;
    let me = token("me", 1);
    let mut spec = of_birthdays(&scratch, "me", "people");
    spec["meta"]["findability"] = json!("private");
    let said = server.post(&format!("/source/upload?jwt={me}"), &spec).await.ok().json();
    let flow = said["flow_id"].as_str().expect("a flow").to_owned();
    succeeded(&server, &flow).await;
    server.get(&format!("/source/{flow}/datapackage.json?jwt={me}")).await.ok();
    server.get(&format!("/source/{flow}?jwt={me}")).await.ok();
    let forged = format!("{}x", &me[..me.len() - 9]);
    for path in [
        format!("/source/{flow}/nope?jwt={me}"),
        format!("/source/{flow}/datapackage.json?jwt={forged}"),
        format!("/source/nope?jwt={me}"),
    ] {
        let reply = server.get(&path).await;
        assert!((400..500).contains(&reply.status) && !reply.text().contains(&me[..60]), "{}", reply.text());
    }
    assert_eq!(server.post(&format!("/source/update?jwt={me}"), &json!({})).await.status, 400);
    let log = server.log();
    assert!(log.contains(&flow), "it writes what it does");
    // Neither the claims nor the signature, whole or in part.
    for part in me.split('.').skip(1).chain([&forged[forged.len() - 40..]]) {
        assert!(!log.contains(&part[..40]), "{part}");
    }
    let audit = server.admin(Method::GET, "/api/audit?limit=200").await;
    assert!(audit.status == 200 && !audit.text().contains(&me[..60]), "{}: {}", audit.status, audit.text());
}
