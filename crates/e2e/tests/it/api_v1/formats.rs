//! CSV, TSV, NDJSON and Parquet answers, and compression.

use super::arrow::{assert_same_values, rows_of};
use crate::support::*;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

async fn start() -> (Scratch, Server) {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let types = scratch.parquet("types.parquet", &types_table::table());
    let server = Server::builder()
        .config("[sql]\nenabled = true\n")
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .dataset("types", "parquet", &types)
        .start()
        .await;
    (scratch, server)
}

#[tokio::test]
async fn separated_values() {
    let (_scratch, server) = start().await;
    for name in ["people", "people_lazy"] {
        let body = json!({"order_by": [{"col": "id"}]});
        let csv = server.post(&format!("/api/v1/datasets/{name}/query?format=csv"), &body).await.ok();
        assert_eq!(csv.header("content-type").map(|kind| kind.contains("utf-8")), Some(true));
        insta::assert_snapshot!("people_csv", csv.text());
        let tsv = server.post(&format!("/api/v1/datasets/{name}/query?format=tsv"), &body).await.ok();
        insta::assert_snapshot!("people_tsv", tsv.text());
        let none = json!({"columns": ["id", "Name"], "predicates": [{"col": "id", "op": "lt", "val": 0}]});
        let none = server.post(&format!("/api/v1/datasets/{name}/query?format=csv"), &none).await.ok();
        assert_eq!(none.text().trim_end(), "id,Name", "an empty table has a header");
        let sql = json!({"sql": format!("SELECT id FROM {name} ORDER BY 1 LIMIT 2")});
        let csv = server.post_with("/api/v1/sql", &[("accept", "text/csv")], &sql).await.ok();
        assert_eq!(csv.text().replace("\r\n", "\n").trim_end(), "id\n1\n2");
    }
    let body = json!({"columns": ["text", "point", "list", "dec", "ts_utc", "i64"], "order_by": [{"col": "id"}]});
    let csv = server.post("/api/v1/datasets/types/query?format=csv", &body).await.ok();
    insta::assert_snapshot!("types_csv", csv.text());
}

#[tokio::test]
async fn lines_of_json() {
    let (_scratch, server) = start().await;
    for name in ["people", "people_lazy", "types"] {
        let body = json!({"order_by": [{"col": "id"}]});
        let rows = rows_of(&server.query_reply(name, &body).await.ok());
        let reply =
            server.post_with(&format!("/api/v1/datasets/{name}/query"), &[("accept", "application/x-ndjson")], &body).await.ok();
        assert!(reply.text().ends_with('\n'));
        let lines: Vec<Value> = reply.text().lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        assert_eq!(lines, rows, "{name}");
    }
}

#[tokio::test]
async fn a_page_as_parquet() {
    let (_scratch, server) = start().await;
    for (name, expected) in [("people", fixtures::people()), ("people_lazy", fixtures::people()), ("types", types_table::table())]
    {
        let body = json!({"order_by": [{"col": "id"}]});
        let reply = server.post(&format!("/api/v1/datasets/{name}/query?format=parquet"), &body).await.ok();
        assert_eq!(reply.media_type(), "application/vnd.apache.parquet");
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(reply.body.clone()).expect("a Parquet file").build().expect("a reader");
        let batches: Vec<_> = reader.map(|batch| batch.expect("a batch")).collect();
        assert_same_values(&concat_batches(&batches[0].schema(), &batches).expect("one schema"), &expected);
    }
}

#[tokio::test]
async fn answers_are_compressed_as_accepted() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 5000, 1));
    let server = Server::builder().dataset("rows", "parquet", &path).start().await;
    let query = "/api/v1/datasets/rows/query?format=";
    let body = json!({"page_size": 5000, "order_by": [{"col": "id"}]});
    for format in ["json", "ndjson", "csv"] {
        let path = format!("{query}{format}");
        let plain = server.post(&path, &body).await.ok();
        assert_eq!(plain.header("content-encoding"), None, "nothing was accepted");
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let reply = server.post_with(&path, &[("accept-encoding", coding)], &body).await.ok();
            assert_eq!(reply.header("content-encoding"), Some(coding), "{format}");
            assert!(reply.body.len() < plain.body.len() / 2, "{format} {coding}: {} of {}", reply.body.len(), plain.body.len());
            assert_eq!(compress::decode(coding, &reply.body), plain.body.to_vec(), "{format} {coding}");
            assert!(
                reply.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept-encoding")),
                "{format} {coding}"
            );
        }
        for none in ["identity", "gzip;q=0", "snappy"] {
            let reply = server.post_with(&path, &[("accept-encoding", none)], &body).await.ok();
            assert_eq!(reply.header("content-encoding"), None, "{format} {none}");
            assert_eq!(reply.body, plain.body);
        }
    }
    let off = Server::builder().config("[server]\ncompress = false\n").dataset("rows", "parquet", &path).start().await;
    let reply = off.post_with(&format!("{query}json"), &[("accept-encoding", "gzip")], &body).await.ok();
    assert_eq!(reply.header("content-encoding"), None);
}
