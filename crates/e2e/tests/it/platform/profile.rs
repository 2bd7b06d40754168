//! Profiles of a dataset and of a window of time, compared with what DuckDB says of the same file.

use super::asking::*;
use super::explore::{same, start, start_real, told};
use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

const FIGURES: [&str; 8] = ["count", "null_count", "cardinality", "min", "max", "mean", "stddev", "top_values"];

/// Holds the columns of an answer against those of `expected`.
fn compare(found: &Value, expected: &Value, what: &str) {
    assert_eq!(found["row_count"], expected["row_count"], "{what}");
    let columns = found["columns"].as_array().expect("columns");
    assert_eq!(columns.len(), expected["columns"].as_object().expect("columns").len(), "{what}");
    for column in columns {
        let name = column["name"].as_str().expect("a name");
        for figure in FIGURES {
            let (found, expected) = (&column[figure], &expected["columns"][name][figure]);
            assert!(same(found, expected), "{what}: {figure} of {name} is {found}, not {expected}");
        }
        let rows = column["count"].as_f64().expect("a count") + column["null_count"].as_f64().expect("a count");
        let rate = column["null_count"].as_f64().expect("a count") / rows.max(1.0);
        assert!((column["null_rate"].as_f64().expect("a rate") - rate).abs() < 1e-12);
        assert_eq!((&column["masked"], column.get("approximate")), (&json!(false), None), "{what}: {name}");
    }
}

#[tokio::test]
async fn a_profile_says_what_duckdb_says() {
    let (scratch, server) = start().await;
    let expected = told(&scratch, "profile.json");
    for name in ["eager", "lazy"] {
        let profile = server.admin(Method::GET, &format!("/api/datasets/{name}/profile")).await.ok().json();
        compare(&profile, &expected, name);
        assert_eq!(profile["sampled"], json!(false));
        let again = server.admin(Method::GET, &format!("/api/datasets/{name}/profile")).await.ok().json();
        assert_eq!(profile, again, "kept as long as the rows are");
    }
    let before = server.admin(Method::GET, "/api/datasets/eager/profile").await.ok().json();
    server.reload("eager").await.ok();
    let after = server.admin(Method::GET, "/api/datasets/eager/profile").await.ok().json();
    assert_eq!((&before["columns"], &before["row_count"]), (&after["columns"], &after["row_count"]));
}

#[tokio::test]
async fn a_window_says_what_duckdb_says_of_it_and_of_its_days() {
    let (scratch, server) = start().await;
    let expected = told(&scratch, "window.json");
    for (name, window) in [("eager", "window=3d"), ("lazy", "days=3"), ("eager", "window=72h")] {
        let path = format!("/api/datasets/{name}/column-stats?{window}&until=2024-02-10T06:00:00Z&time_column=moment");
        let found = server.admin(Method::GET, &path).await.ok().json();
        compare(&found, &expected["whole"], name);
        assert_eq!(found["window"]["from"], json!("2024-02-07T06:00:00Z"));
        assert_eq!((&found["window"]["to"], &found["window"]["time_column"]), (&json!("2024-02-10T06:00:00Z"), &json!("moment")));
        let series = found["series"].as_array().expect("days");
        assert_eq!(series.len(), 3);
        for (day, expected) in series.iter().zip(expected["days"].as_array().expect("days")) {
            assert_eq!((&day["from"], &day["to"]), (&expected["from"], &expected["to"]));
            compare(day, expected, name);
        }
    }
    // The first date or timestamp unless said; nothing in the last month of now.
    let now = server.admin(Method::GET, "/api/datasets/eager/column-stats").await.ok().json();
    assert_eq!(
        (&now["row_count"], &now["window"]["time_column"], now["series"].as_array().map(Vec::len)),
        (&json!(0), &json!("day"), Some(30))
    );
    for (query, parameter) in [
        ("window=7", "window"),
        ("window=9999d", "window"),
        ("days=0", "days"),
        ("until=now", "until"),
        ("time_column=kind", "time_column"),
        ("time_column=nope", "time_column"),
        ("windw=7d", "windw"),
    ] {
        let reply = server.admin(Method::GET, &format!("/api/datasets/eager/column-stats?{query}")).await;
        assert_eq!((reply.status, &reply.json()["detail"]["parameter"]), (422, &json!(parameter)), "{query}: {}", reply.text());
    }
}

#[tokio::test]
async fn more_than_a_million_values_are_estimated_and_it_says_so() {
    let scratch = Scratch::new();
    let ids = fixtures::int64(0..1_500_000);
    let texts = arrow::compute::cast(&ids, &arrow::datatypes::DataType::Utf8).expect("text");
    let path = scratch.parquet("many.parquet", &fixtures::batch(vec![("id", ids), ("text", texts)]));
    let server = Server::builder().dataset_with("many", "parquet", &path, "lazy = true\n").start().await;
    let profile = server.admin(Method::GET, "/api/datasets/many/profile").await.ok().json();
    for column in profile["columns"].as_array().expect("columns") {
        assert_eq!((&column["count"], &column["approximate"]), (&json!(1_500_000), &json!(true)));
        let about = column["cardinality"].as_f64().expect("a number");
        assert!((about - 1_500_000.0).abs() < 1_500_000.0 * 0.03, "{about}");
        assert_eq!(column["top_values"], json!([]), "none is more frequent than the others");
    }
    assert_eq!((&profile["columns"][0]["min"], &profile["columns"][0]["max"]), (&json!(0), &json!(1_499_999)));
}

#[tokio::test]
async fn profiles_of_real_files_are_what_python_adds_up() {
    let (scratch, server) = start_real().await;
    let truth = told(&scratch, "profile.json");
    for (table, expected) in truth.as_object().expect("tables") {
        compare(&get(&server, &format!("/api/datasets/{table}/profile")).await, expected, table);
    }
    compare(&get(&server, "/api/datasets/flights_lazy/profile").await, &truth["flights"], "not in memory");
}

#[tokio::test]
async fn who_sees_fewer_rows_has_a_profile_of_those() {
    let scratch = Scratch::new();
    let path = scratch.parquet("numbers.parquet", &fixtures::batch(vec![("id", fixtures::int64(0..1000))]));
    let server = Server::builder()
        .dataset_with("few", "parquet", &path, "row_filter = \"id < 10\"\n")
        .dataset("all", "parquet", &path)
        .start()
        .await;
    let viewer = caller(&server, "viewer").await;
    for (name, rows, most) in [("few", 10, 9), ("all", 1000, 999)] {
        let profile = get_as(&server, &viewer, &format!("/api/datasets/{name}/profile")).await.ok().json();
        assert_eq!((&profile["row_count"], &profile["columns"][0]["max"]), (&json!(rows), &json!(most)), "{name}");
    }
}

#[tokio::test]
async fn a_profile_is_of_the_rows_there_are() {
    let server = Server::builder().start().await;
    let rows = |range: std::ops::Range<u64>| range.fold("n\n".to_owned(), |text, n| format!("{text}{n}\n"));
    upload(&server, "up", rows(0..10).as_bytes(), false).await;
    let first = get(&server, "/api/datasets/up/profile").await;
    assert_eq!((&first["row_count"], &first["columns"][0]["mean"]), (&json!(10), &json!(4.5)));
    upload(&server, "up", rows(0..21).as_bytes(), true).await;
    let second = get(&server, "/api/datasets/up/profile").await;
    assert_eq!((&second["row_count"], &second["columns"][0]["mean"]), (&json!(21), &json!(10.0)));
    upload(&server, "none", b"a,b\n", false).await;
    let none = get(&server, "/api/datasets/none/profile").await;
    assert_eq!(none["row_count"], json!(0));
    for column in none["columns"].as_array().expect("columns") {
        assert_eq!(
            (&column["null_rate"], &column["cardinality"], &column["min"], &column["top_values"]),
            (&json!(0.0), &json!(0), &json!(null), &json!([]))
        );
    }
}
