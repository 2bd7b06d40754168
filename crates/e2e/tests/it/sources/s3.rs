//! `s3://` on a real S3 server: credentials, addressing, listing, and what goes wrong.

use crate::support::s3::{DOMAIN, KEY_ID, S3Server, SECRET};
use crate::support::*;
use serde_json::{Value, json};

fn options(s3: &S3Server) -> Value {
    json!({"region": "us-east-1", "endpoint": s3.endpoint, "addressing_style": "path", "allow_http": true,
        "access_key_id": KEY_ID, "secret_access_key": SECRET})
}

fn block(name: &str, location: &str, s3: Value) -> Value {
    json!({"name": name, "source": {"kind": "parquet", "location": location}, "s3": s3})
}

async fn lake() -> S3Server {
    let s3 = S3Server::start().await;
    for n in 0..3 {
        s3.put("lake", &format!("events/part-{n}.parquet"), &fixtures::parquet_bytes(&fixtures::versioned(n * 10, 10, n)));
        s3.put("lake", &format!("hive/year=202{n}/data.parquet"), &fixtures::parquet_bytes(&fixtures::versioned(n * 10, 10, n)));
    }
    s3.put("lake", "events/readme.txt", b"not data");
    s3.put("lake", "events/sub/part-9.parquet", &fixtures::parquet_bytes(&fixtures::versioned(90, 10, 9)));
    s3.put("lake", "people.parquet", &fixtures::parquet_bytes(&fixtures::people()));
    s3.put("lake", "people.csv", b"id,name\n1,Ada\n2,Eve\n");
    s3.put("lake", "bad.parquet", b"not Parquet, but long enough to have a footer");
    s3.bucket("empty");
    s3
}

#[tokio::test]
async fn objects_prefixes_and_globs() {
    let s3 = lake().await;
    let server = Server::builder().config("[sql]\nenabled = true\n[security]\nallow_private_networks = true\n").start().await;
    let cases = [
        ("s3://lake/people.parquet", 10),
        ("s3://lake/events/", 30),
        ("s3://lake/events", 30),
        ("s3://lake/events/*.parquet", 30),
        ("s3://lake/events/part-[02].parquet", 20),
        ("s3://lake/events/**/*.parquet", 40),
    ];
    for (at, (location, rows)) in cases.iter().enumerate() {
        for lazy in [false, true] {
            let name = format!("s{at}-{lazy}");
            let mut body = block(&name, location, options(&s3));
            body["lazy"] = json!(lazy);
            assert_eq!(server.register(&body).await.ok().json()["rows"], json!(rows), "{location} lazy={lazy}");
            assert_eq!(server.count(&name, json!([])).await, *rows, "{location} lazy={lazy}");
        }
    }
    for lazy in [false, true] {
        let name = format!("hive_{lazy}");
        let mut body = block(&name, "s3://lake/hive/", options(&s3));
        body["lazy"] = json!(lazy);
        body["s3"]["partitioning"] = json!("hive");
        server.register(&body).await.ok();
        assert_eq!(server.query(&name, &json!({"group_by": ["year"]})).await.len(), 3);
        let mut body = block(&format!("chosen_{lazy}"), "s3://lake/people.parquet", options(&s3));
        body["lazy"] = json!(lazy);
        body["columns"] = json!(["city", "id"]);
        server.register(&body).await.ok();
        let rows = server.query(&format!("chosen_{lazy}"), &json!({"predicates": [{"col": "id", "op": "eq", "val": 8}]})).await;
        assert_eq!(rows, [json!({"city": "Oslo", "id": 8})]);
    }
    let csv = json!({"name": "csv", "source": {"kind": "csv", "location": "s3://lake/people.csv"}, "s3": options(&s3)});
    server.register(&csv).await.ok();
    assert_eq!(server.query("csv", &json!({})).await, [json!({"id": 1, "name": "Ada"}), json!({"id": 2, "name": "Eve"})]);
    assert_eq!(server.sql("SELECT count(*) AS n FROM \"s0-true\" a JOIN csv b ON a.id = b.id").await, [json!({"n": 2})]);

    // An object replaced between registering and reading.
    s3.put("lake", "people.parquet", &fixtures::parquet_bytes(&fixtures::versioned(0, 7, 7)));
    assert_eq!(server.reload("s0-true").await.ok().json()["rows"], 7);
    assert_eq!(server.count("s0-true", json!([])).await, 7);
    assert_eq!(server.count("s0-false", json!([])).await, 10);
}

#[tokio::test]
async fn buckets_in_the_host_name() {
    let s3 = lake().await;
    // No name service knows these hosts: requests reach the store because it is the proxy for all of them.
    let server = Server::builder().env("HTTP_PROXY", &s3.endpoint).env("http_proxy", &s3.endpoint).start().await;
    let mut s3_options = options(&s3);
    s3_options["addressing_style"] = json!("virtual");
    s3_options["endpoint"] = json!(format!("http://{DOMAIN}"));
    let reply = server.register(&block("virtual", "s3://lake/people.parquet", s3_options.clone())).await;
    assert_eq!(reply.ok().json()["rows"], 10);
    // The bucket may be in the endpoint already.
    s3_options["endpoint"] = json!(format!("http://lake.{DOMAIN}"));
    for (at, known) in [json!("auto"), json!("true"), json!(true)].into_iter().enumerate() {
        let name = format!("known-{at}");
        s3_options["endpoint_bucket_in_host"] = known;
        let reply = server.register(&block(&name, "s3://lake/people.parquet", s3_options.clone())).await;
        assert_eq!(reply.ok().json()["rows"], 10, "{name}");
    }
    s3_options["endpoint_bucket_in_host"] = json!(false);
    server.register(&block("twice", "s3://lake/people.parquet", s3_options)).await.error(400);
}

#[tokio::test]
async fn credentials_come_from_the_block_or_the_environment() {
    let s3 = lake().await;
    let no_keys = || {
        let mut s3_options = options(&s3);
        s3_options.as_object_mut().expect("options").retain(|key, _| !key.contains("key"));
        s3_options
    };
    let extra = format!("[dataset.s3]\nendpoint = {:?}\naddressing_style = \"path\"\nallow_http = true\n", s3.endpoint);
    let server = Server::builder()
        .dataset_with("my-lake.1", "parquet", "s3://lake/people.parquet", &extra)
        .env("MY_LAKE_1_AWS_ACCESS_KEY_ID", KEY_ID)
        .env("MY_LAKE_1_AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_ACCESS_KEY_ID", "AKIDWRONGWRONGWR")
        .env("AWS_SECRET_ACCESS_KEY", "wrong")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .start()
        .await;
    assert_eq!(server.count("my-lake.1", json!([])).await, 10, "its own variables");
    server.register(&block("inline", "s3://lake/people.parquet", options(&s3))).await.ok();
    assert_eq!(server.count("inline", json!([])).await, 10, "the block goes before the general variables");
    server.register(&block("general", "s3://lake/people.parquet", no_keys())).await.error(400);

    let server = Server::builder()
        .env("AWS_ACCESS_KEY_ID", KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_REGION", "eu-west-3")
        .start()
        .await;
    server.register(&block("general", "s3://lake/people.parquet", no_keys())).await.ok();
    assert_eq!(server.count("general", json!([])).await, 10);
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_secrets() {
    let s3 = lake().await;
    let server = Server::builder().env("AWS_EC2_METADATA_DISABLED", "true").start().await;
    let with = |key: &str, value: Value| {
        let mut s3_options = options(&s3);
        s3_options[key] = value;
        s3_options
    };
    let closed = server::free_port();
    let cases = [
        ("a wrong secret", "s3://lake/people.parquet", with("secret_access_key", json!("WRONGSECRET"))),
        ("a wrong key", "s3://lake/people.parquet", with("access_key_id", json!("AKIDNOBODYNOBODY"))),
        ("no such bucket", "s3://nosuch/people.parquet", options(&s3)),
        ("no such object", "s3://lake/nosuch.parquet", options(&s3)),
        ("no such prefix", "s3://lake/nosuch/", options(&s3)),
        ("an empty bucket", "s3://empty/", options(&s3)),
        ("a glob of nothing", "s3://lake/events/*.nothing", options(&s3)),
        ("not Parquet", "s3://lake/bad.parquet", options(&s3)),
        ("nobody listens", "s3://lake/people.parquet", with("endpoint", json!(format!("http://127.0.0.1:{closed}")))),
        ("no such host", "s3://lake/people.parquet", with("endpoint", json!("http://nosuch.invalid:9000"))),
        ("http not allowed", "s3://lake/people.parquet", with("allow_http", json!(false))),
        ("no bucket", "s3:///people.parquet", options(&s3)),
        ("no endpoint", "s3://lake/people.parquet", with("endpoint", json!("not a url"))),
    ];
    let mut wrong = Vec::new();
    let attempts = cases.iter().flat_map(|(what, location, s3)| [false, true].map(|lazy| (*what, *location, s3.clone(), lazy)));
    let server = &server;
    let replies = futures::future::join_all(attempts.enumerate().map(|(at, (what, location, s3, lazy))| async move {
        let mut body = block(&format!("bad-{at}"), location, s3);
        body["lazy"] = json!(lazy);
        (what, lazy, server.register(&body).await)
    }));
    for (what, lazy, reply) in replies.await {
        let text = reply.text();
        let leaks =
            [SECRET, "WRONGSECRET", "Signature", "StringToSign", "CanonicalRequest"].iter().any(|secret| text.contains(secret));
        if reply.status != 400 || leaks || reply.message().len() > 600 {
            wrong.push(format!("{what} lazy={lazy}: {} {text}", reply.status));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(server.names().await, Vec::<String>::new());
    assert!(!server.log().contains(SECRET), "no secret is in the log");
    server.register(&block("good", "s3://lake/people.parquet", options(&s3))).await.ok();
    for path in ["/api/v1/datasets", "/api/v1/datasets/good/status", "/api/v1/datasets/good/schema"] {
        assert!(!server.get(path).await.text().contains(SECRET), "{path}");
    }
}

#[tokio::test]
async fn a_store_that_goes_away() {
    let s3 = lake().await;
    let server = Server::builder().start().await;
    for lazy in [false, true] {
        let mut body = block(&format!("set_{lazy}"), "s3://lake/people.parquet", options(&s3));
        body["lazy"] = json!(lazy);
        server.register(&body).await.ok();
    }
    drop(s3);
    assert_eq!(server.count("set_false", json!([])).await, 10);
    let reply = server.query_reply("set_true", &json!({})).await;
    assert!(reply.status == 503 || reply.status == 504, "{} {}", reply.status, reply.text());
    reply.message();
    server.reload("set_false").await.refused();
    assert_eq!(server.count("set_false", json!([])).await, 10);
}
