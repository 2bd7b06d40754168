//! `POST /api/v1/datasets/{name}/query/stream`: all rows at once.

use super::arrow::read_stream;
use crate::support::*;
use serde_json::json;

#[tokio::test]
async fn all_rows_come_whatever_page_is_asked_for() {
    let scratch = Scratch::new();
    let rows = times(30_000, 300_000);
    let path = scratch.write("rows.parquet", fixtures::parquet_bytes_grouped(&fixtures::versioned(0, rows as i64, 1), 4096));
    let server = Server::builder()
        .config("[server]\nmax_page_size = 10\n")
        .dataset("rows", "parquet", &path)
        .dataset_with("rows_lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    for name in ["rows", "rows_lazy"] {
        let stream = format!("/api/v1/datasets/{name}/query/stream");
        let reply = server.post(&stream, &json!({"page": 3, "page_size": 2})).await.ok();
        assert_eq!(reply.header("x-query-mode"), Some("stream"));
        assert_eq!(reply.media_type(), "application/vnd.apache.arrow.stream");
        let (_, batches) = read_stream(&reply.body);
        let mut ids: Vec<i64> = batches.iter().flat_map(ids).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..rows as i64).collect::<Vec<_>>(), "{name}");

        let limited = server
            .post(&stream, &json!({"limit": 12_345, "order_by": [{"col": "id", "dir": "desc"}], "columns": ["id"]}))
            .await
            .ok();
        let (schema, batches) = read_stream(&limited.body);
        assert_eq!(schema.fields().len(), 1);
        let expected: Vec<i64> = (0..rows as i64).rev().take(12_345).collect();
        assert_eq!(batches.iter().flat_map(ids_of).collect::<Vec<_>>(), expected, "{name}");

        let none = server.post(&stream, &json!({"predicates": [{"col": "id", "op": "lt", "val": 0}]})).await.ok();
        let (schema, batches) = read_stream(&none.body);
        assert_eq!(schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["id", "label", "version"]);
        assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 0);

        for (format, kind) in [("ndjson", "application/x-ndjson"), ("csv", "text/csv"), ("json", "application/json")] {
            let reply = server
                .post(&format!("{stream}?format={format}"), &json!({"predicates": [{"col": "id", "op": "lt", "val": 25}]}))
                .await
                .ok();
            assert_eq!((reply.media_type(), reply.header("x-query-mode")), (kind, Some("stream")));
            assert_eq!(reply.text().matches("row-").count(), 25, "{format}");
        }
    }
    server.post("/api/v1/datasets/nope/query/stream", &json!({})).await.error(404);
    let refused = server.post("/api/v1/datasets/rows/query/stream", &json!({"columns": ["nope"]})).await;
    assert_eq!(refused.error(400), "unknown column: nope");
}

fn ids(batch: &arrow::array::RecordBatch) -> Vec<i64> {
    use arrow::array::AsArray;
    let ids = batch.column_by_name("id").expect("ids").as_primitive::<arrow::datatypes::Int64Type>();
    // Each row is whole: the label and the id belong together.
    let labels =
        arrow::compute::cast(batch.column_by_name("label").expect("labels"), &arrow::datatypes::DataType::Utf8).expect("text");
    for (id, label) in ids.values().iter().zip(labels.as_string::<i32>()) {
        assert_eq!(label, Some(format!("row-{id}").as_str()));
    }
    ids.values().to_vec()
}

fn ids_of(batch: &arrow::array::RecordBatch) -> Vec<i64> {
    use arrow::array::AsArray;
    batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
}
