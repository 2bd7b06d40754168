//! Forms with files in them: previews and uploads, and whatever may be wrong with them.

use crate::testing::{ADMIN, Answer, Api, token};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const PREVIEW: &str = "/api/datasets/file/preview";
const UPLOAD: &str = "/api/datasets/file/upload";
const BOUNDARY: &str = "xXx";

/// A form with these texts, then a file.
fn form(texts: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in texts {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((name, content)) = file {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(api: &Api, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [&[("content-type", kind.as_str())], headers].concat();
    api.send("POST", path, &headers, body.into()).await
}

#[tokio::test]
async fn a_preview_tells_what_the_file_holds() {
    let api = Api::new().await;
    let viewer = token(&api, "viewer").await;
    let viewer = [(viewer.0, viewer.1.as_str())];
    let content = b"id;at;n\n1;2024-02-29T13:05:00;12345678901234567\n2;2024-03-01;\n3\n";
    let answer = send(&api, PREVIEW, &viewer, form(&[("null_values", "-")], Some(("../x.csv", content)))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.json(),
        json!({
            "file_name": "x.csv", "format": "csv", "encoding": "UTF-8", "delimiter": ";", "quote": "\"", "header": true,
            "columns": [
                {"name": "id", "type": "int64", "nullable": true},
                {"name": "at", "type": "timestamp", "nullable": true},
                {"name": "n", "type": "int64", "nullable": true},
            ],
            "rows": [
                {"id": 1, "at": "2024-02-29T13:05:00Z", "n": 12_345_678_901_234_567_i64},
                {"id": 2, "at": "2024-03-01T00:00:00Z", "n": null},
            ],
            "row_count": 2,
            "warnings": [],
            "reports": {"total": 1, "items": [{"line": 4, "column": "at", "field": 2, "message": "the row has 1 field, the file 3 columns"}]},
        })
    );
}

#[tokio::test]
async fn an_upload_becomes_a_dataset() {
    let api = Api::new().await;
    let texts = [("friendly_name", "My people"), ("tags", "a,b"), ("settings", r#"{"masking":{"Name":{"strategy":"full"}}}"#)];
    let answer = send(&api, UPLOAD, &[ADMIN], form(&texts, Some(("My People.csv", b"id,Name\n1,Ada\n")))).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    assert_eq!((&body["name"], &body["kind"], &body["version"]), (&json!("my_people"), &json!("upload"), &json!(0)));
    assert_eq!((&body["friendly_name"], &body["tags"]), (&json!("My people"), &json!(["a", "b"])));
    assert_eq!(body["settings"]["masking"]["Name"]["strategy"], "full");
    assert_eq!((&body["provenance"]["file_name"], &body["provenance"]["format"]), (&json!("My People.csv"), &json!("csv")));
    assert_eq!(body["reports"], json!({"total": 0, "items": []}));
    let again = send(&api, UPLOAD, &[ADMIN], form(&[], Some(("my people.tsv", b"id\n1\n")))).await;
    assert_eq!((again.status, again.error().as_str()), (409, "dataset_name_taken"));
    let early = form(&[("name", "MY_PEOPLE"), ("replace", "false")], Some(("a.csv", b"id\n1\n")));
    assert_eq!(send(&api, UPLOAD, &[ADMIN], early).await.error(), "dataset_name_taken");
}

#[tokio::test]
async fn who_may_not_upload_is_told_before_his_file_is_read() {
    let api = Api::new().await;
    let viewer = token(&api, "viewer").await;
    let answer = send(&api, UPLOAD, &[(viewer.0, viewer.1.as_str())], form(&[], Some(("a.csv", b"a\n1\n")))).await;
    assert_eq!(answer.status, 403);
    let body: Value = answer.json();
    assert_eq!(
        (&body["error"], &body["permission"], &body["target_id"]),
        (&json!("permission_denied"), &json!("dataset.readwrite"), &Value::Null)
    );
    assert_eq!(send(&api, PREVIEW, &[], form(&[], Some(("a.csv", b"a\n1\n")))).await.status, 401);
}

#[tokio::test]
async fn what_is_wrong_has_its_code() {
    let api = Api::with(|settings| settings.limits.upload_mb = 1).await;
    let csv: Option<(&str, &[u8])> = Some(("a.csv", b"a\n1\n"));
    let long = vec![b'a'; (1 << 20) + 1];
    for (texts, file, status, error) in [
        (&[("name", "available")][..], csv, 422, "invalid_request"),
        (&[("name", "1st")], csv, 422, "invalid_request"),
        (&[], Some(("1.csv", &b"a\n1\n"[..])), 422, "invalid_request"),
        (&[], None, 422, "invalid_request"),
        (&[("colour", "red")], csv, 422, "invalid_request"),
        (&[("name", "a"), ("name", "b")], csv, 422, "invalid_request"),
        (&[("replace", "maybe")], csv, 422, "invalid_request"),
        (&[("on_error", "shrug")], csv, 422, "invalid_request"),
        (&[("encoding", "klingon")], csv, 422, "invalid_request"),
        (&[("types", "{\"nope\":\"int64\"}")], csv, 422, "invalid_request"),
        (&[("types", "{\"a\":\"colour\"}")], csv, 422, "invalid_request"),
        (&[("settings", "{\"masking\":{\"nope\":{\"strategy\":\"full\"}}}")], csv, 422, "invalid_request"),
        (&[("settings", "[")], csv, 422, "invalid_request"),
        (&[], Some(("a.csv", b"")), 422, "invalid_file"),
        (&[], Some(("a.csv", b"a,b\n1\n")), 422, "invalid_file"),
        (&[], Some(("a.json", b"[{\"a\":1}")), 422, "invalid_file"),
        (&[], Some(("a.csv", b"%PDF-1.7")), 415, "unsupported_file_type"),
        (&[], Some(("a.parquet", b"a\n1\n")), 415, "unsupported_file_type"),
        (&[], Some(("a.csv", &long)), 413, "file_too_large"),
    ] {
        let answer = send(&api, UPLOAD, &[ADMIN], form(texts, file)).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{texts:?} {}", answer.text());
    }
    let wrong = send(&api, UPLOAD, &[ADMIN], form(&[], Some(("a.csv", b"a,b\n1\n")))).await.json();
    assert_eq!((&wrong["reports"]["total"], &wrong["reports"]["items"][0]["line"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn bodies_that_are_no_forms_are_refused() {
    let api = Api::with(|settings| settings.limits.upload_mb = 1).await;
    let plain = api.send("POST", UPLOAD, &[ADMIN, ("content-type", "text/csv")], Body::from("a\n1\n")).await;
    assert_eq!((plain.status, plain.error().as_str()), (415, "unsupported_media_type"));
    assert_eq!(api.send("POST", UPLOAD, &[ADMIN], Body::from("a")).await.status, 415);
    let whole = form(&[("name", "a")], Some(("a.csv", b"a\n1\n")));
    for end in [0, 10, 60, whole.len() - 6] {
        let answer = send(&api, UPLOAD, &[ADMIN], whole[..end].to_vec()).await;
        assert_eq!((answer.status, answer.error().as_str()), (422, "invalid_request"), "{end}: {}", answer.text());
    }
    let two = [&form(&[], Some(("a.csv", b"a\n")))[..], b""].concat();
    let two = [&two[..two.len() - 9], &form(&[], Some(("b.csv", b"a\n")))[..]].concat();
    assert_eq!(send(&api, UPLOAD, &[ADMIN], two).await.status, 422);
    // What says itself that it is too long is not waited for.
    let request = Request::post(UPLOAD)
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("content-length", "1000000000")
        .header(ADMIN.0, ADMIN.1)
        .body(Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>()))
        .unwrap();
    let answer = api.request(request).await;
    assert_eq!((answer.status, answer.error().as_str()), (413, "file_too_large"));
}
