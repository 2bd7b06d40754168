//! `GET` and `HEAD /api/v1/datasets/{name}/parquet`, `/all.parquet`: the whole dataset as one file.

use super::arrow::{assert_same_values, column_of_ints};
use crate::support::*;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

/// Reads a Parquet file from memory.
pub(crate) fn read_parquet(bytes: bytes::Bytes) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("a Parquet file");
    let schema = builder.schema().clone();
    let batches: Vec<_> = builder.build().expect("a reader").map(|batch| batch.expect("a batch")).collect();
    concat_batches(&schema, &batches).expect("one schema")
}

#[tokio::test]
async fn every_type_is_in_the_file() {
    let scratch = Scratch::new();
    let table = types_table::table();
    let path = scratch.parquet("types.parquet", &table);
    let server = Server::builder()
        .dataset("eager", "parquet", &path)
        .dataset_with("lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    for name in ["eager", "lazy"] {
        for file in ["parquet", "all.parquet"] {
            let reply = server.get(&format!("/api/v1/datasets/{name}/{file}")).await.ok();
            assert_eq!(reply.media_type(), "application/vnd.apache.parquet");
            assert_eq!(reply.header("accept-ranges"), Some("bytes"));
            assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
            assert_same_values(&read_parquet(reply.body), &table);
        }
    }
    server.get("/api/v1/datasets/nope/parquet").await.error(404);
}

#[tokio::test]
async fn ranges_and_heads_as_http_has_them() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 3000, 1));
    let server = Server::builder().dataset("rows", "parquet", &path).start().await;
    let url = "/api/v1/datasets/rows/parquet";
    let whole = server.get(url).await.ok();
    let (len, etag) = (whole.body.len(), whole.header("etag").expect("an entity tag").to_owned());
    assert!(etag.starts_with('"'), "strong, as ranges need it: {etag}");
    let modified = whole.header("last-modified").map(str::to_owned);
    let total = len.to_string();

    let head = server.head_with(url, &[("accept-encoding", "gzip")]).await.ok();
    assert!(head.body.is_empty());
    assert_eq!((head.header("content-length"), head.header("etag")), (Some(total.as_str()), Some(etag.as_str())));
    let accepted = server.get_with(url, &[("accept-encoding", "gzip, br, zstd")]).await.ok();
    assert_eq!((accepted.header("content-encoding"), &accepted.body), (None, &whole.body), "never compressed again");

    let parts: Vec<(String, usize, usize)> = vec![
        ("bytes=0-3".into(), 0, 4),
        ("bytes=4-99".into(), 4, 100),
        (format!("bytes={}-", len - 8), len - 8, len),
        ("bytes=-8".into(), len - 8, len),
        (format!("bytes=-{}", len * 2), 0, len),
        (format!("bytes=10-{}", len * 2), 10, len),
        ("bytes=0-0".into(), 0, 1),
    ];
    for (range, from, to) in parts {
        let part = server.get_with(url, &[("range", &range)]).await.expect(206);
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{}/{len}", to - 1).as_str()), "{range}");
        assert_eq!(part.body, whole.body.slice(from..to), "{range}");
        assert_eq!(part.header("etag"), Some(etag.as_str()));
    }
    for range in [format!("bytes={len}-"), format!("bytes={}-{}", len + 5, len + 9), "bytes=-0".into()] {
        let out = server.get_with(url, &[("range", &range)]).await.expect(416);
        assert_eq!(out.header("content-range"), Some(format!("bytes */{len}").as_str()), "{range}");
    }
    // What is no range of bytes is as if it were not there.
    for range in ["bytes=9-3", "bytes=a-b", "items=0-3", "bytes=", "0-3", "bytes=--5"] {
        let reply = server.get_with(url, &[("range", range)]).await.ok();
        assert_eq!(reply.body.len(), len, "{range}");
    }
    let several = server.get_with(url, &[("range", "bytes=0-3, 8-9")]).await;
    assert!(
        several.status == 200 || (several.status == 206 && several.body[..] == whole.body[..4]),
        "the first of a list, or all"
    );

    let fresh = server.get_with(url, &[("range", "bytes=0-3"), ("if-range", &etag)]).await.expect(206);
    assert_eq!(&fresh.body[..], b"PAR1");
    let stale = server.get_with(url, &[("range", "bytes=0-3"), ("if-range", "\"something-else\"")]).await.ok();
    assert_eq!(stale.body.len(), len);
    if let Some(modified) = modified {
        server.get_with(url, &[("range", "bytes=0-3"), ("if-range", &modified)]).await.expect(206);
    }
    let unchanged = server.get_with(url, &[("if-none-match", &etag)]).await.expect(304);
    assert!(unchanged.body.is_empty());
    server.head_with(url, &[("if-none-match", &etag)]).await.expect(304);
    server.get_with(url, &[("if-none-match", "\"other\"")]).await.ok();
}

#[tokio::test]
async fn a_reload_makes_another_file_and_downloads_in_pieces_notice() {
    let scratch = Scratch::new();
    let path = scratch.parquet("rows.parquet", &fixtures::versioned(0, 1000, 1));
    let server = Server::builder()
        .dataset("rows", "parquet", &path)
        .dataset_with("rows_lazy", "parquet", &path, "lazy = true\n")
        .start()
        .await;
    for name in ["rows", "rows_lazy"] {
        let url = format!("/api/v1/datasets/{name}/parquet");
        fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 1000, 1)));
        server.reload(name).await.ok();
        let first = server.get(&url).await.ok();
        let etag = first.header("etag").expect("an entity tag").to_owned();
        fixtures::replace(&path, &fixtures::parquet_bytes(&fixtures::versioned(0, 500, 2)));
        server.reload(name).await.ok();
        let second = server.get_with(&url, &[("if-none-match", &etag)]).await.ok();
        assert_ne!(second.header("etag"), Some(etag.as_str()));
        let rest = server.get_with(&url, &[("range", "bytes=100-"), ("if-range", &etag)]).await.ok();
        assert_eq!(rest.body, second.body, "{name}: the whole of the new file");
        let read = read_parquet(second.body);
        assert_eq!((read.num_rows(), column_of_ints(&read, "version")), (500, vec![2; 500]), "{name}");
    }
}

#[tokio::test]
async fn an_empty_selection_of_columns_and_many_rows() {
    let scratch = Scratch::new();
    let rows = times(60_000, 1_000_000) as i64;
    let path = scratch.write("rows.parquet", fixtures::parquet_bytes_grouped(&fixtures::versioned(0, rows, 1), 10_000));
    let server = Server::builder()
        .dataset_with("rows", "parquet", &path, "columns = [\"label\", \"id\"]\n")
        .dataset_with("rows_lazy", "parquet", &path, "columns = [\"label\", \"id\"]\nlazy = true\n")
        .start()
        .await;
    for name in ["rows", "rows_lazy"] {
        let file = read_parquet(server.get(&format!("/api/v1/datasets/{name}/all.parquet")).await.ok().body);
        assert_eq!(file.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["label", "id"]);
        let mut ids = column_of_ints(&file, "id");
        ids.sort_unstable();
        assert!(ids.into_iter().eq(0..rows), "{name}");
        assert_eq!(server.count(name, json!([])).await, rows as u64);
    }
}
