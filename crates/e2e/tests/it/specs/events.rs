//! What is told when a flow ends: one event, kept and readable, sent to a web hook, and by mail when it failed; tried again until it is taken.

use super::*;
use std::process::{Child, Command, Stdio};

const PASSWORD: &str = "hunter2-hunter2";

/// A listener that writes down what it is sent, and refuses the first few.
struct Listener {
    child: Child,
    folder: std::path::PathBuf,
    hook: String,
    mail: String,
}

impl Listener {
    fn start(scratch: &Scratch, way: &str) -> Self {
        let folder = scratch.path("heard/x").parent().expect("a folder").to_owned();
        let python = std::env::var_os("DATAHALL_PYTHON").expect("DATAHALL_PYTHON is set");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/event_listener.py");
        let child = Command::new(python)
            .arg(script)
            .arg(&folder)
            .arg(way)
            .env("MAIL_PASSWORD", PASSWORD)
            .stdin(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let until = Instant::now() + PATIENCE;
        let ports = loop {
            match std::fs::read_to_string(folder.join("ports.json")) {
                Ok(text) if text.ends_with('\n') => break serde_json::from_str::<Vec<u16>>(&text).expect("JSON"),
                _ => assert!(Instant::now() < until, "the listener does not start"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        Self {
            child,
            folder,
            hook: format!("http://127.0.0.1:{}/hook", ports[0]),
            mail: format!("{}://127.0.0.1:{}", if way == "smtps" { "smtps" } else { "smtp" }, ports[1]),
        }
    }

    fn heard(&self, what: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join(what)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn each_flow_is_told_once_and_failures_by_mail() {
    let scratch = Scratch::new();
    let listener = Listener::start(&scratch, "plain");
    let config = format!(
        "[specs]\nevents_url = {:?}\n[specs.mail]\nserver = {:?}\nfrom = \"datahall@example.org\"\nto = [\"ops@example.org\"]\n",
        listener.hook, listener.mail
    );
    let server = builder(&scratch, &config).start().await;
    let me = token("me", 3);
    let spec = of_birthdays(&scratch, "me", "people");
    let good = uploaded(&server, &me, &spec).await;
    succeeded(&server, &good).await;
    scratch.write("p/birthdays.csv", "name,born,height\nAda,never,1\n");
    let bad = uploaded(&server, &me, &spec).await;
    assert_eq!(ended(&server, &bad).await["state"], "FAILED");
    let events = wait_for("both events", async || {
        let said = server.get_with("/source/me/people/events", &[("auth-token", &me)]).await.ok().json();
        let events = said["events"].as_array().or(said.as_array()).expect("a list").clone();
        (events.len() == 2).then_some(events)
    })
    .await;
    let of = |flow: &str| events.iter().find(|event| event.to_string().contains(flow)).expect("an event").clone();
    for (flow, status, findability) in [(&good, "OK", "published"), (&bad, "FAIL", "private")] {
        let event = of(flow);
        assert_eq!((&event["status"], &event["findability"]), (&json!(status), &json!(findability)), "{event}");
        assert_eq!((&event["ownerid"], &event["dataset"]), (&json!("me"), &json!("people")), "{event}");
        assert_eq!(event["payload"]["flow-id"], **flow, "{event}");
    }
    // The listener refuses the first of each; what it took it was sent once.
    let heard = wait_for("both at the hook", async || Some(listener.heard("hook.jsonl")).filter(|heard| heard.len() >= 2)).await;
    let told: std::collections::BTreeSet<_> = heard.iter().map(|one| one["payload"]["flow-id"].to_string()).collect();
    assert_eq!((heard.len(), told.len()), (2, 2), "{heard:?}");
    let mails = wait_for("a mail", async || Some(listener.heard("mail.jsonl")).filter(|heard| !heard.is_empty())).await;
    let text = mails[0]["text"].as_str().expect("text");
    assert!(text.contains(&bad) && text.contains("birthdays"), "{text}");
    assert_eq!(mails[0]["to"], json!(["ops@example.org"]));
    assert_eq!(mails.len(), 1, "none of what succeeded");
}

#[tokio::test]
async fn mail_goes_encrypted_and_by_password_and_only_to_whom_the_certificate_names() {
    for way in ["starttls", "smtps"] {
        let scratch = Scratch::new();
        let listener = Listener::start(&scratch, way);
        let start = async |scratch: &Scratch, trusted: bool| {
            let config = format!(
                "[specs.mail]\nserver = {:?}\nstarttls = {}\nfrom = \"datahall@example.org\"\nto = [\"ops@example.org\"]\nuser = \"u\"\n\
                 password = \"env:MAIL_PASSWORD\"\n",
                listener.mail,
                way == "starttls"
            );
            let server = builder(scratch, &config).env("MAIL_PASSWORD", PASSWORD);
            let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls/test-only-ca.pem");
            let server = if trusted { server.env("SSL_CERT_FILE", authority.to_str().expect("text")) } else { server };
            server.start().await
        };
        let mut server = start(&scratch, false).await;
        let me = token("me", 1);
        let mut spec = of_birthdays(&scratch, "me", "people");
        scratch.write("p/birthdays.csv", "name,born,height\nAda,never,1\n");
        spec["meta"]["findability"] = json!("published");
        let flow = uploaded(&server, &me, &spec).await;
        assert_eq!(ended(&server, &flow).await["state"], "FAILED");
        // Nobody known vouches for that server: nothing is said to it.
        let way_of = async |server: &Server| {
            let said = server.get_with("/source/me/people/events", &[("auth-token", &me)]).await.ok().json();
            said["events"][0]["deliveries"][0].clone()
        };
        let refused = wait_for("a try", async || Some(way_of(&server).await).filter(|way| way["error"].is_string())).await;
        assert!(refused["delivered_at"].is_null() && !refused.to_string().contains(PASSWORD), "{refused}");
        assert!(listener.heard("mail.jsonl").is_empty());
        let log = server.log();
        server.kill();
        server = start(&scratch, true).await;
        let mails = wait_for("a mail", async || Some(listener.heard("mail.jsonl")).filter(|heard| !heard.is_empty())).await;
        assert_eq!((&mails[0]["encrypted"], &mails[0]["to"]), (&json!(true), &json!(["ops@example.org"])), "{way}");
        assert!(mails[0]["user"] != json!(false) && mails[0]["text"].as_str().expect("text").contains(&flow), "{mails:?}");
        let taken = wait_for("its end", async || Some(way_of(&server).await).filter(|way| way["delivered_at"].is_string())).await;
        assert!(taken["attempts"].as_i64().is_some_and(|tries| tries >= 2) && taken["next_at"].is_null(), "{taken}");
        assert!(!log.contains(PASSWORD) && !server.log().contains(PASSWORD));
    }
}
