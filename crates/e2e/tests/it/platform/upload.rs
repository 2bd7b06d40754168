//! Files sent to the real server: previews, uploads, replacements, and what is left of those that are refused.

use crate::support::*;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const BOUNDARY: &str = "----datahall";
const PREVIEW: &str = "/api/datasets/file/preview";
const UPLOAD: &str = "/api/datasets/file/upload";

fn form(texts: &[(&str, &str)], name: &str, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(content.len() + 1024);
    for (field, value) in texts {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(server: &Server, path: &str, texts: &[(&str, &str)], name: &str, content: &[u8]) -> Reply {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = server.request(Method::POST, path).header("content-type", kind).bearer_auth(ADMIN_TOKEN);
    server.send(request.body(form(texts, name, content))).await
}

async fn get(server: &Server, path: &str) -> Value {
    let reply = server.admin(Method::GET, path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn types(columns: &Value) -> serde_json::Map<String, Value> {
    let columns = columns.as_array().expect("columns");
    columns.iter().map(|column| (column["name"].as_str().expect("a name").to_owned(), column["type"].clone())).collect()
}

#[tokio::test]
async fn an_upload_is_a_dataset_in_every_dialect() {
    let scratch = Scratch::new();
    let server = Server::builder().data_dir(scratch.path("data")).start().await;
    let csv = "id;when;amount;note\n1;2024-02-29;1.5;\"x; y\"\n2;2024-03-01;2;Zoë\n3;;;\n".as_bytes();
    let preview = send(&server, PREVIEW, &[], "Sales 2024.csv", csv).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    let preview = preview.json();
    assert_eq!((&preview["delimiter"], &preview["row_count"]), (&json!(";"), &json!(3)));
    assert!(files(&scratch.path("data/lake")).is_empty(), "a preview leaves something in the lake");
    let uploaded = send(&server, UPLOAD, &[], "Sales 2024.csv", csv).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    let uploaded = uploaded.json();
    assert_eq!(
        (&uploaded["name"], &uploaded["kind"], &uploaded["row_count"]),
        (&json!("sales_2024"), &json!("upload"), &json!(3))
    );
    assert_eq!(types(&uploaded["schema"]), types(&preview["columns"]));
    let shown = get(&server, "/api/datasets/sales_2024/preview").await;
    assert_eq!(shown["rows"], preview["rows"]);
    let query = server.admin_post("/api/v1/datasets/sales_2024/query", &json!({"columns": ["id", "amount", "note"]})).await;
    assert_eq!(
        query.json()["data"],
        json!([
            {"id": 1, "amount": 1.5, "note": "x; y"},
            {"id": 2, "amount": 2.0, "note": "Zoë"},
            {"id": 3, "amount": null, "note": null},
        ])
    );
    let taken = send(&server, UPLOAD, &[("name", "SALES-2024")], "a.csv", b"id\n1\n").await;
    assert_eq!((taken.status, &taken.json()["error"]), (409, &json!("dataset_name_taken")));
    let replaced = send(&server, UPLOAD, &[("name", "sales_2024"), ("replace", "true")], "b.csv", b"id,when\n7,x\n").await;
    assert_eq!((replaced.status, &replaced.json()["version"]), (201, &json!(1)), "{}", replaced.text());
    assert_eq!(get(&server, "/api/datasets/sales_2024/preview").await["rows"], json!([{"id": 7, "when": "x"}]));
    assert!(files(&scratch.path("data/tmp/uploads")).is_empty());
}

#[tokio::test]
async fn rows_in_are_rows_out_and_rows_told() {
    let server = Server::builder().start().await;
    let bad = b"id,n\n1,1\n2\n3,x\n4,\xff\xfe\n5,5,5\n6,6\n";
    let texts = [("name", "bad"), ("types", "{\"n\":\"int64\"}"), ("encoding", "utf-8")];
    let refused = send(&server, UPLOAD, &texts, "bad.csv", bad).await;
    assert_eq!((refused.status, &refused.json()["error"]), (422, &json!("invalid_file")), "{}", refused.text());
    let told = |reply: &Value| -> Vec<(u64, String)> {
        let items = reply["reports"]["items"].as_array().expect("items");
        items
            .iter()
            .map(|item| (item["line"].as_u64().expect("a line"), item["column"].as_str().unwrap_or("-").to_owned()))
            .collect()
    };
    let expected = [(3, "n".to_owned()), (4, "n".to_owned()), (5, "n".to_owned()), (6, "-".to_owned())];
    assert_eq!(told(&refused.json()), expected);
    assert_eq!(server.admin(Method::GET, "/api/datasets/bad/preview").await.status, 404);
    let taken = send(&server, UPLOAD, &[&texts[..], &[("on_error", "skip")]].concat(), "bad.csv", bad).await;
    assert_eq!((taken.status, &taken.json()["row_count"]), (201, &json!(2)), "{}", taken.text());
    assert_eq!(told(&taken.json()), expected);
    assert_eq!(get(&server, "/api/datasets/bad/preview").await["rows"], json!([{"id": 1, "n": 1}, {"id": 6, "n": 6}]));
}

#[tokio::test]
async fn one_of_two_uploads_of_a_name_wins() {
    let scratch = Scratch::new();
    let server = Server::builder().data_dir(scratch.path("data")).start().await;
    let rows: String = (0..20_000).map(|row| format!("{row},x{row}\n")).collect();
    let content = format!("id,name\n{rows}");
    for round in 0..5 {
        let name = format!("twice_{round}");
        let texts = [("name", name.as_str())];
        let (first, second) = tokio::join!(
            send(&server, UPLOAD, &texts, "a.csv", content.as_bytes()),
            send(&server, UPLOAD, &texts, "b.csv", content.as_bytes())
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", first.text(), second.text());
    }
    // The tables of those that lost are deleted in the background.
    for _ in 0..200 {
        let logs = files(&scratch.path("data/lake")).iter().filter(|path| path.ends_with("00000000000000000000.json")).count();
        if logs == 5 && files(&scratch.path("data/tmp/uploads")).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("something is left: {:?}", files(&scratch.path("data")));
}

/// A zip file or gzip stream of zeros, made by the library and not by us.
fn gzip_of_zeros(megabytes: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    (0..megabytes).for_each(|_| encoder.write_all(&zeros).expect("it is written"));
    encoder.finish().expect("it is written")
}

#[tokio::test]
async fn hostile_files_are_refused_and_leave_nothing() {
    let scratch = Scratch::new();
    let config = "[limits]\nupload_mb = 120\n";
    let server = Server::builder().config(config).data_dir(scratch.path("data")).start().await;
    let before = server.peak_memory();
    let long_line = [&b"a,b\n1,"[..], &vec![b'x'; 100 << 20]].concat();
    let unclosed = [&b"a,b\n1,\""[..], &b"x,y\n".repeat(10 << 20)].concat();
    let wide = vec![b','; 1 << 20];
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let too_long = vec![b'a'; 121 << 20];
    for (name, content, status, error) in [
        ("line.csv", &long_line[..], 413, "file_too_large"),
        ("quote.csv", &unclosed, 413, "file_too_large"),
        ("wide.csv", &wide, 413, "file_too_large"),
        ("deep.json", deep.as_bytes(), 422, "invalid_file"),
        ("bomb.csv.gz", &gzip_of_zeros(300), 413, "file_too_large"),
        ("long.csv", &too_long, 413, "file_too_large"),
        ("lies.parquet", b"a,b\n1,2\n", 415, "unsupported_file_type"),
        ("lies.csv", b"\x89PNG\r\n\x1a\n", 415, "unsupported_file_type"),
        ("cut.parquet", b"PAR1abcdefgh", 422, "invalid_file"),
        ("cut.xlsx", b"PK\x03\x04abcd", 422, "invalid_file"),
        ("empty.csv", b"", 422, "invalid_file"),
    ] {
        let reply = send(&server, UPLOAD, &[("name", "hostile")], name, content).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(error)), "{name}: {}", reply.text());
    }
    let grown = server.peak_memory().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown} bytes were taken");
    assert!(files(&scratch.path("data/lake")).is_empty() && files(&scratch.path("data/tmp/uploads")).is_empty());
    assert_eq!(server.admin(Method::GET, "/api/datasets/hostile/preview").await.status, 404);
}

#[tokio::test]
async fn a_caller_who_leaves_takes_his_file_along() {
    let scratch = Scratch::new();
    let server = Server::builder().data_dir(scratch.path("data")).start().await;
    let start = form(&[("name", "left")], "a.csv", &b"a,b\n1,2\n".repeat(1 << 16));
    let half = start[..start.len() / 2].to_vec();
    let sent = futures::stream::iter([Ok::<_, std::io::Error>(half)]).chain(futures::stream::pending());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = server.request(Method::POST, UPLOAD).header("content-type", kind).bearer_auth(ADMIN_TOKEN);
    let call = server.open(request.body(reqwest::Body::wrap_stream(sent)));
    let folder = scratch.path("data/tmp/uploads");
    tokio::select! {
        _ = call => panic!("half a form is no form"),
        () = async { while files(&folder).is_empty() { tokio::time::sleep(std::time::Duration::from_millis(10)).await } } => {}
    }
    for _ in 0..500 {
        if files(&folder).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("left behind: {:?}", files(&folder));
}

/// The files of vega-datasets, where they are.
fn real_data() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("DATAHALL_DATA")?).join("vega-datasets/data");
    folder.is_dir().then_some(folder)
}

#[tokio::test]
async fn real_files_have_the_rows_and_types_that_pyarrow_finds() {
    let Some(folder) = real_data() else { return };
    let scratch = Scratch::new();
    let folder_text = folder.display().to_string();
    python::run("tables_truth.py", &scratch.root(), &[&folder_text]);
    let truth: Value = serde_json::from_slice(&std::fs::read(scratch.path("truth.json")).expect("the truth")).expect("JSON");
    let server = Server::builder().start().await;
    for (at, (file, expected)) in truth.as_object().expect("files").iter().enumerate() {
        let content = std::fs::read(folder.join(file)).expect("a file");
        let name = format!("real_{at}");
        let reply = send(&server, UPLOAD, &[("name", name.as_str())], file, &content).await;
        assert_eq!(reply.status, 201, "{file}: {}", reply.text());
        let body = reply.json();
        assert_eq!(body["row_count"], expected["rows"], "{file}");
        assert_eq!(Value::Object(types(&body["schema"])), expected["columns"], "{file}");
        let count = server.admin_post(&format!("/api/v1/datasets/{name}/count"), &json!({})).await;
        assert_eq!(count.json()["count"], expected["rows"], "{file}");
    }
}
