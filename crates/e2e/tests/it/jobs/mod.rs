//! Work that outlives a request, and what holds when there is too much of it: schedules, kept queries, two servers, kills, callers who leave.

mod abort;
mod cancel;
mod kept_queries;
mod killed;
mod overload;
mod refresh;
mod rows_on_disk;
mod spill;
mod two_servers;

use crate::support::*;
use reqwest::Method;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a test waits for what must come; leases of the dead take half a minute.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until there is something; `what` is said if it never comes.
async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Jobs as the administrator sees them, newest first; `filter` is a query string.
async fn jobs(server: &Server, filter: &str) -> Vec<Value> {
    let reply = server.admin(Method::GET, &format!("/api/jobs?limit=200&{filter}")).await.ok();
    reply.json()["items"].as_array().expect("a list").clone()
}

/// One job with its activities.
async fn job(server: &Server, id: &str) -> Value {
    server.admin(Method::GET, &format!("/api/jobs/{id}")).await.ok().json()
}

fn id(job: &Value) -> &str {
    job["id"].as_str().expect("an id")
}

fn has_ended(job: &Value) -> bool {
    ["DONE", "FAILED", "ABORTED"].contains(&job["state"].as_str().expect("a state"))
}

/// `rows` lines `id,part,text` with ids from `from`.
fn lines(from: usize, rows: usize) -> String {
    (from..from + rows).map(|id| format!("{id},{},text-{id}\n", id % 7)).collect()
}

/// Puts a CSV file of that many rows at `path` in one step.
fn put_rows(path: &Path, rows: usize) {
    fixtures::replace(path, format!("id,part,text\n{}", lines(0, rows)).as_bytes());
}

/// `datahall ARGUMENTS`: whether it went well, and what it said.
fn run(folder: &Path, arguments: &[&str], data: Option<&Path>) -> (bool, String) {
    let mut command = server::command(folder);
    command.args(arguments);
    if let Some(data) = data {
        command.arg("--data-dir").arg(data);
        if let Some(url) = modes::database(data) {
            command.env("DATABASE_URL", url);
        }
    }
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), said.concat())
}
