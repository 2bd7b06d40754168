//! What is told when a flow ends: one event, kept and readable, sent to a web hook, and by mail when it failed; tried again until it is taken.

use super::*;
use std::process::{Child, Command, Stdio};

/// A listener that writes down what it is sent, and refuses the first few.
struct Listener {
    child: Child,
    folder: std::path::PathBuf,
    hook: String,
    mail: String,
}

impl Listener {
    fn start(scratch: &Scratch) -> Self {
        let folder = scratch.path("heard/x").parent().expect("a folder").to_owned();
        let python = std::env::var_os("DATAHALL_PYTHON").expect("DATAHALL_PYTHON is set");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/event_listener.py");
        let child = Command::new(python).arg(script).arg(&folder).stdin(Stdio::piped()).spawn().expect("Python runs");
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
            mail: format!("smtp://127.0.0.1:{}", ports[1]),
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
    let listener = Listener::start(&scratch);
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
