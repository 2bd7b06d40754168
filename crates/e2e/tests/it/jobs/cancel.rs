//! Callers who leave in the middle: the server stops working for them, whatever the shape of the plan.

use super::*;
use reqwest::RequestBuilder;
use serde_json::json;

/// Hundredths of a second of processor time in which two looks a second apart may differ while nothing is done.
const QUIET: u64 = 5;
/// What a server that was built to be fast may still spend on somebody who has left. Each shape would take minutes.
const SPENT: u64 = 800;
/// One that was not takes as much longer to give back the memory of large groups, and to come to its next pause.
const SPENT_IN_DEBUG: u64 = 2_400;

fn most() -> u64 {
    if long() { SPENT } else { SPENT_IN_DEBUG }
}
/// What it has spent on a query that is certainly under way.
const UNDER_WAY: u64 = 40;

/// Processor time so far, in hundredths of a second.
fn ticks(server: &Server) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("the process is alive");
    let after_name = text.rsplit_once(')').expect("a name in brackets").1;
    let fields: Vec<u64> = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse().expect("ticks")).collect();
    fields.iter().sum()
}

/// Waits until it does nothing, or has spent too much; gives what it spent until then.
async fn until_quiet(server: &Server) -> u64 {
    let from = ticks(server);
    let mut before = from;
    wait_for("an idle server", async || {
        server.get("/healthz").await.ok();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = ticks(server);
        let idle = now - std::mem::replace(&mut before, now) < QUIET;
        (idle || now - from > most()).then_some(now - from)
    })
    .await
}

/// Every pair of a large and a middling table, which nobody waits for.
const PAIRS: &str = "FROM rows a CROSS JOIN few b";

fn statements() -> Vec<(&'static str, String)> {
    let nested = "a.id % 97 + b.id % 89 = -1";
    vec![
        ("cross join", format!("SELECT a.id + b.id AS s {PAIRS} WHERE a.id % 7 = b.id % 5 ORDER BY a.id * b.id % 1000003, 1")),
        ("sort", format!("SELECT a.id {PAIRS} ORDER BY a.id * b.id % 1000003, a.label DESC")),
        (
            "wide group",
            format!(
                "SELECT a.id * b.id % 5000011 AS k, a.label, count(*) AS n, min(b.label) AS l, sum(b.id) AS s {PAIRS} GROUP BY 1, 2"
            ),
        ),
        (
            "window",
            format!(
                "SELECT max(r) AS m FROM (SELECT row_number() OVER (PARTITION BY a.id % 7 ORDER BY a.id * b.id) AS r {PAIRS}) t"
            ),
        ),
        ("distinct", format!("SELECT count(*) AS n FROM (SELECT DISTINCT a.id * 7919 + b.id AS k {PAIRS}) t")),
        ("union", format!("SELECT count(*) AS n FROM (SELECT a.id * b.id AS x {PAIRS} UNION SELECT a.id + b.id AS x {PAIRS}) t")),
        ("join that finds nothing", "SELECT count(*) AS n FROM rows a JOIN few b ON a.id % 97 + b.id % 89 = -1".to_owned()),
        (
            "recursive",
            "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT max(r.n) + 1 FROM r, rows a WHERE r.n < 9000 AND a.id % 7 * r.n >= 0) \
             SELECT count(*) AS n FROM r"
                .to_owned(),
        ),
        (
            "correlated exists",
            "SELECT count(*) AS n FROM rows a WHERE EXISTS (SELECT 1 FROM few b WHERE b.id > a.id + 1000000)".to_owned(),
        ),
        (
            "hash join that finds nothing",
            "SELECT count(*) AS n FROM rows a JOIN copies b ON a.id % 2 = b.id % 2 AND a.id + b.id < 0".to_owned(),
        ),
        (
            "join of lazy tables",
            format!("SELECT count(*) AS n FROM copies a JOIN copies b ON a.version = b.version WHERE {nested}"),
        ),
    ]
}

fn requests(server: &Server) -> Vec<(&'static str, RequestBuilder)> {
    let sql = |sql: String| server.request(Method::POST, "/api/v1/sql").json(&json!({"sql": sql}));
    let mut all: Vec<_> = statements().into_iter().map(|(shape, statement)| (shape, sql(statement))).collect();
    all.push(("export", server.request(Method::GET, "/api/v1/datasets/copies/parquet")));
    let stream = server.request(Method::POST, "/api/v1/datasets/copies/query/stream?format=ndjson");
    all.push(("stream", stream.json(&json!({"predicates": [{"col": "label", "op": "ilike", "val": "%7%7%7%7%"}]}))));
    all
}

async fn start(rows: &Path, few: &Path) -> Server {
    // Without a limit of time, so that what ends ends because its caller left.
    let config = "[server]\nrequest_timeout_ms = 0\n\n[sql]\nenabled = true\n\n[metrics]\nenabled = true\n\n\
                  [limits]\nquery_memory_mb = 2000\n\n";
    let builder = Server::builder().config(config).dataset("rows", "parquet", rows).dataset("few", "parquet", few);
    builder.dataset_with("copies", "parquet", rows.with_file_name("copies"), "lazy = true\n").start().await
}

/// Asks and leaves in the middle; `Err`: what is wrong then.
async fn leave(server: &Server, shape: &str, request: RequestBuilder) -> Result<(), String> {
    let client = Client::new(server.url(""));
    let before = ticks(server);
    let caller = tokio::spawn(async move { client.try_send(request).await });
    wait_for(shape, async || {
        server.get("/healthz").await.ok();
        (caller.is_finished() || ticks(server) - before > UNDER_WAY).then_some(())
    })
    .await;
    if caller.is_finished() {
        let reply =
            caller.await.expect("the caller").map(|reply| (reply.status, reply.text().chars().take(300).collect::<String>()));
        return Err(format!("{shape}: nobody could leave, it was answered: {reply:?}"));
    }
    caller.abort();
    let _ = caller.await;
    let spent = until_quiet(server).await;
    eprintln!("{shape}: {spent} hundredths of a second after its caller had left");
    if spent > most() {
        Err(format!("{shape}: {spent} hundredths of a second were spent on nobody, and more to come"))
    } else {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_for_somebody_who_has_left() {
    let scratch = Scratch::new();
    let rows = scratch.parquet("rows.parquet", &fixtures::versioned(0, 300_000, 1));
    let few = scratch.parquet("few.parquet", &fixtures::versioned(0, 20_000, 1));
    for number in 0..200 {
        std::fs::hard_link(&rows, scratch.path(&format!("copies/{number}.parquet"))).expect("a link");
    }
    let mut server = start(&rows, &few).await;
    let mut wrong = Vec::new();
    for number in 0..requests(&server).len() {
        let (shape, request) = requests(&server).swap_remove(number);
        until_quiet(&server).await;
        let Err(why) = leave(&server, shape, request).await else { continue };
        wrong.push(why);
        // What goes on for nobody would be taken for the next one's.
        server = start(&rows, &few).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let metrics = server.get("/metrics").await.text();
    assert!(metrics.lines().any(|line| line == "datapress_queries_running 0"), "{metrics}");
    assert_eq!(server.query("rows", &json!({"predicates": [{"col": "id", "op": "eq", "val": 77}]})).await.len(), 1);
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "leaving is no error:\n{log}");
}
