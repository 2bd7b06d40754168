//! The end at any instant while records are written: what was acknowledged is in the audit log afterwards.

use crate::support::catalogs::Place;
use crate::support::*;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_registration_is_missing_from_the_audit_log() {
    for place in Place::both() {
        let scratch = Scratch::new();
        let rows = scratch.write("rows.csv", "a\n1\n");
        let data = scratch.path("data");
        let mut acknowledged = Vec::new();
        for round in 0..times(3, 20) {
            let builder = Server::builder().data_dir(&data);
            let builder = place.url.iter().fold(builder, |builder, url| builder.env("DATABASE_URL", url.clone()));
            let mut server = builder.start().await;
            let client = Client::new(format!("http://127.0.0.1:{}", server.port));
            let location = rows.clone();
            let writer = tokio::spawn(async move {
                let mut names = Vec::new();
                for number in 0..200 {
                    let name = format!("d{round}_{number}");
                    let body = json!({"name": name, "source": {"kind": "csv", "location": location, }, "lazy": true});
                    let request = client.request(reqwest::Method::POST, "/api/v1/datasets").json(&body);
                    match client.try_send(request.header("x-admin-token", ADMIN_TOKEN)).await {
                        Ok(reply) if reply.status == 200 => names.push(name),
                        _ => break,
                    }
                }
                names
            });
            tokio::time::sleep(Duration::from_millis(150 + 61 * round as u64 % 300)).await;
            server.kill();
            acknowledged.extend(writer.await.expect("the writer"));
        }
        assert!(!acknowledged.is_empty());
        let file = scratch.path("backup.ndjson");
        let mut command = server::command(&scratch.path("."));
        command.args(["catalog", "backup"]).arg(&file).arg("--data-dir").arg(&data);
        command.envs(place.url.iter().map(|url| ("DATABASE_URL", url.clone())));
        assert!(command.output().expect("it runs").status.success());
        let text = std::fs::read_to_string(&file).expect("the backup");
        let registered: Vec<String> = text.lines().filter_map(registration).collect();
        for name in acknowledged {
            assert!(registered.contains(&name), "{name} was acknowledged");
        }
    }
}

/// The name of the dataset whose registration a line of a backup tells of.
fn registration(line: &str) -> Option<String> {
    let values: Value = serde_json::from_str(line).ok()?;
    let values = values.as_array()?.iter().flat_map(|value| match value {
        Value::Array(inner) => inner.clone(),
        other => vec![other.clone()],
    });
    let texts: Vec<String> = values.filter_map(|value| value.as_str().map(str::to_owned)).collect();
    if !texts.iter().any(|text| text == "dataset.register") {
        return None;
    }
    let images = texts.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
    images.filter_map(|image| image["name"].as_str().map(str::to_owned)).next()
}
