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

/// A gzip stream of zeros, made by the library and not by us.
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

/// A folder of real tables: those of vega-datasets where they are, else the extracts that the project carries.
fn real_data() -> PathBuf {
    let whole = std::env::var_os("DATAHALL_DATA").map(|folder| PathBuf::from(folder).join("vega-datasets/data"));
    let bundled = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../server/demo");
    whole.filter(|folder| folder.is_dir()).unwrap_or_else(bundled).canonicalize().expect("a folder")
}

#[tokio::test]
async fn real_files_have_the_rows_types_and_values_that_other_readers_find() {
    let (folder, scratch) = (real_data(), Scratch::new());
    let folder_text = folder.display().to_string();
    python::run("tables_truth.py", &scratch.root(), &[&folder_text]);
    let truth: Value = serde_json::from_slice(&std::fs::read(scratch.path("truth.json")).expect("the truth")).expect("JSON");
    let truth = truth.as_object().expect("files");
    assert!(truth.len() >= 4);
    let server = Server::builder().start().await;
    for (at, (file, expected)) in truth.iter().enumerate() {
        let content = std::fs::read(folder.join(file)).expect("a file");
        let name = format!("real_{at}");
        let reply = send(&server, UPLOAD, &[("name", name.as_str())], file, &content).await;
        assert_eq!(reply.status, 201, "{file}: {}", reply.text());
        let body = reply.json();
        assert_eq!(body["row_count"], expected["rows"], "{file}");
        assert_eq!(Value::Object(types(&body["schema"])), expected["columns"], "{file}");
        let count = server.admin_post(&format!("/api/v1/datasets/{name}/count"), &json!({})).await;
        assert_eq!(count.json()["count"], expected["rows"], "{file}");
        let download = server.admin(Method::GET, &format!("/api/v1/datasets/{name}/parquet")).await;
        assert_eq!(download.status, 200, "{file}: {}", download.text());
        scratch.write(&format!("down/{file}.parquet"), &download.body);
    }
    python::run("upload_compare.py", &scratch.path("down"), &[&folder_text]);
}

/// One caller of an organisation: the bearer of an API key.
async fn caller(server: &Server, role: &str, organisation: &str) -> String {
    let body = json!({"name": format!("{role} of {organisation}"), "role": role, "org": organisation});
    let reply = server.admin_post("/api/auth/tokens", &body).await.expect(201);
    reply.json()["token"].as_str().expect("a token").to_owned()
}

async fn send_as(server: &Server, token: Option<&str>, path: &str, texts: &[(&str, &str)], content: &[u8]) -> Reply {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = server.request(Method::POST, path).header("content-type", kind);
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    server.send(request.body(form(texts, "people.csv", content))).await
}

async fn get_as(server: &Server, token: &str, path: &str) -> Reply {
    server.send(server.request(Method::GET, path).bearer_auth(token)).await
}

#[tokio::test]
async fn who_may_upload_and_whose_the_dataset_is() {
    let scratch = Scratch::new();
    let server = Server::builder().data_dir(scratch.path("data")).start().await;
    let (viewer, editor) = (caller(&server, "viewer", "default").await, caller(&server, "editor", "default").await);
    let stranger = caller(&server, "editor", "elsewhere").await;
    let content = b"id,name\n1,Ada\n";
    let nobody = send_as(&server, Some("dh_wrong"), PREVIEW, &[], content).await;
    assert_eq!((nobody.status, &nobody.json()["error"]), (401, &json!("unauthorized")));
    for token in [&viewer, &editor, &stranger] {
        assert_eq!(send_as(&server, Some(token), PREVIEW, &[], content).await.status, 200);
    }
    let refused = send_as(&server, Some(&viewer), UPLOAD, &[], content).await;
    let body = refused.json();
    assert_eq!((refused.status, &body["error"]), (403, &json!("permission_denied")), "{body}");
    assert_eq!((&body["permission"], &body["target_id"]), (&json!("dataset.readwrite"), &Value::Null));
    assert!(files(&scratch.path("data/lake")).is_empty());
    assert_eq!(send_as(&server, Some(&editor), UPLOAD, &[], content).await.status, 201);
    assert_eq!(get_as(&server, &viewer, "/api/datasets/people/preview").await.json()["rows"], json!([{"id": 1, "name": "Ada"}]));
    // The same name somewhere else is another dataset.
    assert_eq!(get_as(&server, &stranger, "/api/datasets/people/preview").await.status, 404);
    let theirs = send_as(&server, Some(&stranger), UPLOAD, &[("replace", "true")], b"id\n7\n").await;
    assert_eq!((theirs.status, &theirs.json()["version"]), (201, &json!(0)), "{}", theirs.text());
    assert_eq!(get_as(&server, &stranger, "/api/datasets/people/preview").await.json()["rows"], json!([{"id": 7}]));
    assert_eq!(get_as(&server, &editor, "/api/datasets/people/preview").await.json()["rows"], json!([{"id": 1, "name": "Ada"}]));
    // A viewer does not replace either.
    assert_eq!(send_as(&server, Some(&viewer), UPLOAD, &[("replace", "true")], content).await.status, 403);
}

#[tokio::test]
async fn replacing_makes_versions_and_keeps_masks() {
    let server = Server::builder().start().await;
    let viewer = caller(&server, "viewer", "default").await;
    let settings = r#"{"masking":{"mail":{"strategy":"full","unmask_roles":[]}}}"#;
    let texts = [("name", "people"), ("friendly_name", "People"), ("settings", settings)];
    let made = send(&server, UPLOAD, &texts, "a.csv", b"id,mail\n1,ada@example.org\n").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["schema"][1]["masked"], json!(true));
    let replace = [("name", "people"), ("replace", "true")];
    let two = send(&server, UPLOAD, &replace, "b.csv", b"mail,age\nbob@example.org,30\neve@example.org,31\n").await;
    assert_eq!((two.status, &two.json()["version"], &two.json()["row_count"]), (201, &json!(1), &json!(2)), "{}", two.text());
    let detail = get(&server, "/api/datasets/people").await;
    assert_eq!((&detail["friendly_name"], &detail["provenance"]["file_name"]), (&json!("People"), &json!("b.csv")));
    let shown = get_as(&server, &viewer, "/api/datasets/people/preview").await.json();
    assert_eq!(shown["rows"], json!([{"mail": "***", "age": 30}, {"mail": "***", "age": 31}]));
    // What the masks cannot be put on changes nothing, nor does what is wrong otherwise.
    for (name, content, texts) in [
        ("c.csv", &b"id\n1\n"[..], &replace[..]),
        ("c.csv", b"mail,age\nx\n", &replace),
        ("c.csv", b"%PDF-1.7", &replace),
        ("c.csv", b"mail,age\nx,1\n", &[("name", "people"), ("replace", "true"), ("settings", "{}")]),
    ] {
        let refused = send(&server, UPLOAD, texts, name, content).await;
        assert!((400..500).contains(&refused.status), "{}", refused.text());
    }
    let history = get(&server, "/api/datasets/people/history").await;
    let versions: Vec<_> = history["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| (item["version"].clone(), item["row_count"].clone()))
        .collect();
    assert_eq!(versions, [(json!(1), json!(2)), (json!(0), json!(1))]);
    assert_eq!(get_as(&server, &viewer, "/api/datasets/people/preview").await.json()["rows"], shown["rows"]);
    let before = get_as(&server, &viewer, "/api/datasets/people/preview?version=0").await;
    // Columns that are no more have no policy of now, so where there is one they are not shown.
    assert_eq!(before.json()["rows"], json!([{"mail": "***"}]), "{}", before.text());
}

#[tokio::test]
async fn workbooks_and_bombs() {
    let scratch = Scratch::new();
    python::run("upload_files.py", &scratch.root(), &[]);
    let server = Server::builder().data_dir(scratch.path("data")).start().await;
    sheets(&server, &std::fs::read(scratch.path("book.xlsx")).expect("a book")).await;
    let tables = files(&scratch.path("data/lake")).len();
    let before = server.peak_memory();
    for (name, status, error) in [
        ("page.parquet", 413, "file_too_large"),
        ("cells.parquet", 413, "file_too_large"),
        ("columns.parquet", 413, "file_too_large"),
        ("nested.parquet", 413, "file_too_large"),
        ("strings.xlsx", 413, "file_too_large"),
        ("sheet.xlsx", 413, "file_too_large"),
        ("table.csv.zip", 413, "file_too_large"),
        ("two.zip", 415, "unsupported_file_type"),
    ] {
        let content = std::fs::read(scratch.path("bombs").join(name)).expect("a bomb");
        for path in [PREVIEW, UPLOAD] {
            let reply = send(&server, path, &[("name", "bomb")], name, &content).await;
            assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(error)), "{name}: {}", reply.text());
        }
    }
    let grown = server.peak_memory().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown} bytes were taken");
    assert_eq!(files(&scratch.path("data/lake")).len(), tables);
    assert!(files(&scratch.path("data/tmp/uploads")).is_empty());
}

/// A sheet by its name, by its place, and by default; dates; a title and merged headers.
async fn sheets(server: &Server, book: &[u8]) {
    let people = send(server, UPLOAD, &[("name", "people"), ("sheet", "People")], "book.xlsx", book).await;
    assert_eq!(people.status, 201, "{}", people.text());
    assert_eq!(
        Value::Object(types(&people.json()["schema"])),
        json!({
            "id": "int64", "Name": "string", "born": "date", "seen": "timestamp", "score": "float64", "active": "boolean",
        })
    );
    assert_eq!(
        get(server, "/api/datasets/people/preview").await["rows"],
        json!([
            {"id": 1, "Name": "Zoë", "born": "1999-12-31", "seen": "2024-02-29T13:05:00Z", "score": 9.5, "active": true},
            {"id": 2, "Name": null, "born": "1900-03-01", "seen": "2024-03-01T00:00:00Z", "score": -1.0, "active": false},
            {"id": 3, "Name": "x,\"y\"\nz", "born": null, "seen": null, "score": null, "active": null},
        ])
    );
    let first = send(server, PREVIEW, &[], "book.xlsx", book).await.json();
    assert_eq!((&first["sheet"], &first["sheets"]), (&json!("People"), &json!(["Notes", "People", "Sales", "Empty"])));
    let sales = send(server, UPLOAD, &[("name", "sales"), ("sheet", "3")], "book.xlsx", book).await;
    assert_eq!(sales.json()["warnings"].as_array().map(Vec::len), Some(2), "{}", sales.text());
    assert_eq!(
        get(server, "/api/datasets/sales/preview").await["rows"],
        json!([
            {"region": "north", "2023 q1": 1, "2023 q2": 2, "2024 q1": 3, "2024 q2": 4.5, "note": null},
            {"region": "south", "2023 q1": 5, "2023 q2": 6, "2024 q1": 7, "2024 q2": 8.0, "note": "late"},
        ])
    );
    let wrong = [("sheet", "3"), ("types", "{\"region\":\"int64\"}")];
    let wrong = send(server, PREVIEW, &wrong, "book.xlsx", book).await.json();
    assert_eq!((&wrong["reports"]["items"][1]["line"], &wrong["row_count"]), (&json!(6), &json!(0)), "{wrong}");
    for (sheet, error) in [("Nope", "invalid_request"), ("Empty", "invalid_file")] {
        let refused = send(server, UPLOAD, &[("sheet", sheet)], "book.xlsx", book).await;
        assert_eq!((refused.status, refused.json()["error"].as_str()), (422, Some(error)), "{}", refused.text());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_has_its_code() {
    let scratch = Scratch::new();
    let server = Server::builder().config("[limits]\nupload_mb = 1\n").data_dir(scratch.path("data")).start().await;
    let csv = &b"a,b\n1,x\n"[..];
    for (texts, file, content, status, error) in [
        (&[("name", "governance")][..], "a.csv", csv, 422, "invalid_request"),
        (&[("name", "9 lives")], "a.csv", csv, 422, "invalid_request"),
        (&[("name", "x'; DROP TABLE y --")], "a.csv", csv, 422, "invalid_request"),
        (&[], "../../2024.csv", csv, 422, "invalid_request"),
        (&[("delimiter", "::")], "a.csv", csv, 422, "invalid_request"),
        (&[("encoding", "klingon")], "a.csv", csv, 422, "invalid_request"),
        (&[("types", "{\"a\":\"money\"}")], "a.csv", csv, 422, "invalid_request"),
        (&[("types", "{\"nope\":\"int64\"}")], "a.csv", csv, 422, "invalid_request"),
        (&[("settings", "{\"masking\":{\"a\":{\"strategy\":\"shout\"}}}")], "a.csv", csv, 422, "invalid_request"),
        (&[("settings", "{\"masking\":{\"nope\":{\"strategy\":\"full\"}}}")], "a.csv", csv, 422, "invalid_request"),
        (&[("replace", "perhaps")], "a.csv", csv, 422, "invalid_request"),
        (&[("unknown", "x")], "a.csv", csv, 422, "invalid_request"),
        (&[("types", "{\"b\":\"int64\"}")], "a.csv", csv, 422, "invalid_file"),
        (&[], "a.csv", b"", 422, "invalid_file"),
        (&[], "a.json", b"[{\"a\":1},", 422, "invalid_file"),
        (&[], "a.json", b"a,b\n1,2\n", 415, "unsupported_file_type"),
        (&[], "a.csv", b"<!doctype html><p>Not found</p>", 415, "unsupported_file_type"),
        (&[], "a.csv", &vec![b'a'; (1 << 20) + 1], 413, "file_too_large"),
    ] {
        let reply = send(&server, UPLOAD, texts, file, content).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(error)), "{texts:?} {file}: {}", reply.text());
        assert!(reply.json()["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let plain = server.request(Method::POST, UPLOAD).header("content-type", "text/csv").bearer_auth(ADMIN_TOKEN);
    assert_eq!(server.send(plain.body("a\n1\n")).await.status, 415);
    assert!(files(&scratch.path("data/lake")).is_empty() && files(&scratch.path("data/tmp/uploads")).is_empty());
}

/// A CSV as long as the limit allows, made as it is sent: `megabytes` of rows with a number, a date, a text and a float each.
fn long_csv(megabytes: usize) -> (usize, impl Iterator<Item = Vec<u8>>) {
    let block: String = (0..10_000).map(|row| format!("{row},2024-02-{:02},name {row},{}.25\n", row % 28 + 1, row * 7)).collect();
    let blocks = (megabytes << 20) / block.len() - 1;
    (blocks * 10_000, std::iter::once(b"id,day,name,amount\n".to_vec()).chain(std::iter::repeat_n(block.into_bytes(), blocks)))
}

#[tokio::test]
async fn the_longest_file_is_taken_in_bounded_memory() {
    let megabytes = times(30, 200);
    let server = Server::builder().config(format!("[limits]\nupload_mb = {megabytes}\n")).start().await;
    // What the server holds once it has done one.
    assert_eq!(send(&server, UPLOAD, &[("name", "first")], "a.csv", b"id,day\n1,2024-02-29\n").await.status, 201);
    let before = server.peak_memory();
    let (rows, pieces) = long_csv(megabytes);
    let head =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"long.csv\"\r\n\r\n").into_bytes();
    let end = format!("\r\n--{BOUNDARY}--\r\n").into_bytes();
    let pieces = std::iter::once(head).chain(pieces).chain(std::iter::once(end));
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = server.request(Method::POST, UPLOAD).header("content-type", kind).bearer_auth(ADMIN_TOKEN);
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces.map(Ok::<_, std::io::Error>)));
    let reply = server.send(request.body(body)).await;
    assert_eq!((reply.status, &reply.json()["row_count"]), (201, &json!(rows)), "{}", reply.text());
    let grown = server.peak_memory().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown} bytes were taken");
    let sum =
        server.admin_post("/api/v1/datasets/long/query", &json!({"columns": ["id", "day"], "page_size": 1, "page": 3})).await;
    assert_eq!(sum.json()["data"], json!([{"id": 2, "day": "2024-02-03"}]));
}

#[tokio::test]
async fn a_server_that_is_killed_in_between_has_the_whole_upload_or_nothing_of_it() {
    let scratch = Scratch::new();
    let start = || Server::builder().data_dir(scratch.path("data")).start();
    let mut server = start().await;
    let (rows, pieces) = long_csv(times(20, 100));
    let body = form(&[("name", "cut_short")], "long.csv", &pieces.collect::<Vec<_>>().concat());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = server.request(Method::POST, UPLOAD).header("content-type", kind).bearer_auth(ADMIN_TOKEN).body(body);
    let client = Client::clone(&server);
    let call = tokio::spawn(async move { client.try_send(request).await });
    let folder = scratch.path("data/tmp/uploads");
    // The name of the table is noted there as long as it may be left behind.
    while !files(&folder).iter().any(|path| path.ends_with("table")) && !call.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.kill();
    let _ = call.await;
    let server = start().await;
    assert!(files(&folder).is_empty());
    let shown = server.admin(Method::GET, "/api/datasets/cut_short").await;
    if shown.status == 200 {
        assert_eq!(shown.json()["row_count"], json!(rows));
        return;
    }
    for _ in 0..200 {
        if files(&scratch.path("data/lake")).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("left behind: {:?}", files(&scratch.path("data/lake")));
}
