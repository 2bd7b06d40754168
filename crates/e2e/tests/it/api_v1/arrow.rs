//! Answers as Arrow IPC streams, read back by arrow-rs and compared value by value.

use crate::support::*;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use arrow::ipc::reader::StreamReader;
use serde_json::{Value, json};

const ARROW: &str = "application/vnd.apache.arrow.stream";

/// Reads a whole stream.
pub(crate) fn read_stream(bytes: &[u8]) -> (SchemaRef, Vec<RecordBatch>) {
    let reader = StreamReader::try_new(bytes, None).expect("an Arrow stream");
    let schema = reader.schema();
    (schema, reader.map(|batch| batch.expect("a batch")).collect())
}

/// Reads a whole stream as one batch.
pub(crate) fn read_one(bytes: &[u8]) -> RecordBatch {
    let (schema, batches) = read_stream(bytes);
    concat_batches(&schema, &batches).expect("batches of one schema")
}

/// Demands that both hold the same values, however text is encoded.
pub(crate) fn assert_same_values(got: &RecordBatch, expected: &RecordBatch) {
    let names = |batch: &RecordBatch| batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    assert_eq!(names(got), names(expected));
    assert_eq!(got.num_rows(), expected.num_rows());
    for (at, field) in expected.schema().fields().iter().enumerate() {
        let (got, expected) = (plain(got.column(at)), plain(expected.column(at)));
        assert_eq!(got.data_type(), expected.data_type(), "{}", field.name());
        assert_eq!(got.as_ref(), expected.as_ref(), "{}", field.name());
    }
}

/// Text and binary in their plainest encoding; everything else as it is.
fn plain(array: &ArrayRef) -> ArrayRef {
    let target = match array.data_type() {
        DataType::Dictionary(_, value) => plain_type(value),
        other => plain_type(other),
    };
    cast(array, &target).expect("the same type in another encoding")
}

fn plain_type(of: &DataType) -> DataType {
    match of {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::List(field) => {
            DataType::List(std::sync::Arc::new(field.as_ref().clone().with_data_type(plain_type(field.data_type()))))
        }
        DataType::Struct(fields) => DataType::Struct(
            fields.iter().map(|field| field.as_ref().clone().with_data_type(plain_type(field.data_type()))).collect(),
        ),
        other => other.clone(),
    }
}

#[tokio::test]
async fn every_type_comes_back_exactly() {
    let scratch = Scratch::new();
    let table = types_table::table();
    let path = scratch.parquet("types.parquet", &table);
    let server = Server::builder()
        .config("[sql]\nenabled = true\n")
        .dataset("eager", "parquet", &path)
        .dataset_with("plain", "parquet", &path, "dict_encode = false\n")
        // An index over text works on a dictionary, which answers do not show.
        .dataset_with(
            "indexed",
            "parquet",
            &path,
            "dict_encode = false\n[dataset.index]\nmode = \"list\"\ncolumns = [\"text\"]\n",
        )
        .dataset_with("lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    for name in ["eager", "plain", "indexed", "lazy"] {
        let body = json!({"order_by": [{"col": "id"}]});
        let query = format!("/api/v1/datasets/{name}/query");
        let reply = server.post_with(&query, &[("accept", ARROW), ("accept-encoding", "gzip, br")], &body).await.ok();
        assert_eq!(reply.media_type(), ARROW);
        assert_eq!((reply.header("x-page"), reply.header("x-page-size")), (Some("1"), Some("1000")));
        assert!(reply.header("content-encoding").is_none_or(|coding| coding == "identity"), "Arrow is not compressed again");
        assert!(reply.header("x-dataset-refreshed-at").is_some());
        assert_same_values(&read_one(&reply.body), &table);

        let stream = server.post(&format!("{query}/stream"), &body).await.ok();
        assert_same_values(&read_one(&stream.body), &table);
        let sql = json!({"sql": format!("SELECT * FROM {name} ORDER BY id")});
        let sql = server.post_with("/api/v1/sql", &[("accept", ARROW)], &sql).await.ok();
        assert_same_values(&read_one(&sql.body), &table);
        assert_eq!(sql.header("x-max-rows"), Some("100000"));
    }
    let typed = async |name: &str| {
        let reply = server.post(&format!("/api/v1/datasets/{name}/query?format=ARROW"), &json!({"columns": ["text"]})).await.ok();
        read_stream(&reply.body).0.field(0).data_type().clone()
    };
    assert_eq!(typed("eager").await, DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)));
    let selected = async |name: &str| {
        let body = json!({"sql": format!("SELECT text, count(*) AS n FROM {name} GROUP BY text")});
        read_stream(&server.post("/api/v1/sql?format=arrow", &body).await.ok().body).0.field(0).data_type().clone()
    };
    for name in ["plain", "indexed"] {
        assert!(!matches!(typed(name).await, DataType::Dictionary(..)), "{name}");
        assert!(!matches!(selected(name).await, DataType::Dictionary(..)), "{name}");
    }
}

#[tokio::test]
async fn pages_nothing_and_errors() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder()
        .config("[sql]\nenabled = true\nmax_rows = 6\n")
        .dataset("people", "parquet", &people)
        .dataset_with("people_lazy", "parquet", &people, "lazy = true\n")
        .start()
        .await;
    for name in ["people", "people_lazy"] {
        let query = format!("/api/v1/datasets/{name}/query?format=arrow");
        let body = json!({"columns": ["id", "Name"], "order_by": [{"col": "id"}], "page": 3, "page_size": 4});
        let reply = server.post(&query, &body).await.ok();
        assert_eq!((reply.header("x-page"), reply.header("x-page-size")), (Some("3"), Some("4")));
        assert_same_values(&read_one(&reply.body), &fixtures::people().project(&[0, 1]).expect("two columns").slice(8, 2));

        let none = server.post(&query, &json!({"predicates": [{"col": "id", "op": "gt", "val": 99}]})).await.ok();
        let (schema, batches) = read_stream(&none.body);
        assert_eq!(schema.fields().len(), 7, "an empty answer has its columns");
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);

        let error = server.post(&query, &json!({"columns": ["nope"]})).await;
        assert_eq!(error.error(400), "unknown column: nope");

        let grouped = json!({"group_by": ["city"], "aggregations": [{"op": "avg", "col": "age", "alias": "mean"}], "order_by": [{"col": "mean"}]});
        let batch = read_one(&server.post(&query, &grouped).await.ok().body);
        assert_eq!(batch.column_by_name("mean").expect("an alias").data_type(), &DataType::Float64);

        // The cap of SQL holds whatever the select list does to the columns.
        for select in ["*", "\"Name\", id", "id", "id + 1 AS next, city"] {
            let sql = json!({"sql": format!("SELECT {select} FROM {name}")});
            let reply = server.post_with("/api/v1/sql", &[("accept", ARROW)], &sql).await.ok();
            assert_eq!(read_one(&reply.body).num_rows(), 6, "{select} of {name}");
            assert_eq!(reply.header("x-max-rows"), Some("6"));
        }
    }
}

#[tokio::test]
async fn what_accept_and_format_say() {
    let scratch = Scratch::new();
    let people = scratch.parquet("people.parquet", &fixtures::people());
    let server = Server::builder().dataset("people", "parquet", &people).start().await;
    let cases: &[(&str, &str, &str)] = &[
        ("", "*/*", "application/json"),
        ("", "application/json", "application/json"),
        ("", ARROW, ARROW),
        ("", "application/vnd.apache.arrow.stream;q=0.9, application/json;q=0.1", ARROW),
        ("", "text/csv", "text/csv"),
        ("", "text/tab-separated-values", "text/tab-separated-values"),
        ("", "application/x-ndjson", "application/x-ndjson"),
        ("", "application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("", "text/html, */*;q=0.1", "application/json"),
        ("?format=arrow", "*/*", ARROW),
        ("?format=Arrow", "text/csv", ARROW),
        ("?format=csv", ARROW, "text/csv"),
        ("?format=json", ARROW, "application/json"),
        ("?format=tsv", "*/*", "text/tab-separated-values"),
        ("?format=ndjson", "*/*", "application/x-ndjson"),
        ("?format=parquet", "*/*", "application/vnd.apache.parquet"),
    ];
    for (parameter, accept, expected) in cases {
        let path = format!("/api/v1/datasets/people/query{parameter}");
        let reply = server.post_with(&path, &[("accept", accept)], &json!({})).await.ok();
        assert_eq!(&reply.media_type(), expected, "{parameter} {accept}");
        assert!(reply.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept")), "{parameter} {accept}");
    }
    let unknown = server.post("/api/v1/datasets/people/query?format=yaml", &json!({})).await;
    assert!(unknown.error(400).contains("yaml"));
    let unknown = server.post("/api/v1/datasets/people/query?fromat=csv", &json!({})).await;
    assert!(unknown.status == 200 || unknown.error(400).contains("fromat"));
}

/// The integers of a column, for tests elsewhere.
pub(crate) fn column_of_ints(batch: &RecordBatch, name: &str) -> Vec<i64> {
    batch.column_by_name(name).expect("the column").as_primitive::<Int64Type>().values().to_vec()
}

/// The rows of a page as a list, for tests elsewhere.
pub(crate) fn rows_of(reply: &Reply) -> Vec<Value> {
    reply.json()["data"].as_array().expect("rows").clone()
}
