//! Tables: typed and normalised, in files and in the lake, and what becomes of rows that do not fit.

use super::Bench;
use crate::JobState;
use serde_json::{Value as Json, json};

const DAYS: &str = "day;n;ok\n02/01/2020;1,5;yes\n03/01/2020;;no\n";

fn days() -> Json {
    json!({"name": "days", "path": "days.csv", "title": "Days", "dialect": {"delimiter": ";"}, "schema": {"fields": [
        {"name": "day", "type": "date", "format": "%d/%m/%Y"},
        {"name": "n", "type": "number", "decimalChar": ","},
        {"name": "ok", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]},
    ]}})
}

#[tokio::test]
async fn a_table_is_typed_and_normalised_in_every_form() {
    let bench = Bench::new().await;
    bench.put("days.csv", DAYS);
    let ended = bench.run(1, &bench.spec(&json!([days()]), &json!({"outputs": [{"kind": "parquet"}]}))).await;
    let csv = "day,n,ok\r\n2020-01-02,1.5,true\r\n2020-01-03,,false\r\n";
    assert_eq!(String::from_utf8(bench.read(1, "data/days_csv.csv")).unwrap(), csv);
    let rows: Json = serde_json::from_slice(&bench.read(1, "data/days_json.json")).unwrap();
    let expected = json!([{"day": "2020-01-02", "n": 1.5, "ok": true}, {"day": "2020-01-03", "n": null, "ok": false}]);
    assert_eq!(rows, expected);
    assert!(bench.read(1, "data/days_parquet.parquet").starts_with(b"PAR1"));
    assert!(!bench.file(1, "data/days_csv_preview.json").exists());
    let made = ended.made("days_csv");
    assert_eq!((made.stats.count_of_rows, made.stats.bytes), (Some(2), csv.len() as u64));
    let table = made.table.unwrap();
    assert_eq!((table.rows, bench.fixture.engine.lake.rows(&table.name, None).unwrap().num_rows()), (2, 2));
    assert_eq!(ended.made("").stats.count_of_rows, Some(2));
    let descriptor = bench.descriptor(1);
    let listed: Vec<_> = descriptor["resources"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(
        listed,
        [
            ("validation_report", "data/validation_report.json", "derived/report", None),
            ("days_csv", "data/days_csv.csv", "derived/csv", Some(2)),
            ("days_json", "data/days_json.json", "derived/json", Some(2)),
            ("days_parquet", "data/days_parquet.parquet", "derived/parquet", Some(2)),
            ("days", "archive/days.csv", "source/tabular", Some(2)),
            ("d_zip", "data/d_zip.zip", "derived/zip", None),
        ]
    );
    let typed = &descriptor["resources"][1];
    assert_eq!((&typed["schema"]["fields"][0]["type"], &typed["title"]), (&json!("date"), &json!("Days")));
    assert_eq!((&typed["schema"]["fields"][1].get("decimalChar"), &typed["datahub"]["derivedFrom"]), (&None, &json!(["days"])));
    let source = &descriptor["resources"][4];
    assert_eq!((&source["schema"], &source["dialect"]), (&days()["schema"], &days()["dialect"]));
    let report: Json = serde_json::from_slice(&bench.read(1, "data/validation_report.json")).unwrap();
    assert_eq!(
        (&report[0]["resource"], &report[0]["valid"], &report[0]["tables"][0]["row-count"]),
        (&json!("days"), &json!(true), &json!(2))
    );
}

fn told(entry: &Json) -> (&str, &str, &str, Option<u64>) {
    let text = |value: &'static str| entry[value].as_str().unwrap();
    let kind = entry["datahub"]["type"].as_str().unwrap();
    (text("name"), text("path"), kind, entry["rowcount"].as_u64())
}

#[tokio::test]
async fn rows_that_do_not_fit_fail_what_is_made_of_them_and_stand_in_the_report() {
    let bench = Bench::new().await;
    bench.put("days.csv", "day;n;ok\n02/01/2020;x;yes\n03/01/2020;1;no\n31/02/2020;2;maybe\n");
    bench.put("fine.csv", "a\n1\n");
    let fine = json!({"name": "fine", "path": "fine.csv", "schema": {"fields": [{"name": "a", "type": "integer"}]}});
    let ended = bench.run(1, &bench.spec(&json!([days(), fine]), &json!({}))).await;
    for pipeline in ["days_csv", "days_json"] {
        let reason = ended.reason(pipeline);
        assert!(reason.starts_with("resource 'days': rows do not fit its schema, 3 errors: "), "{reason}");
        assert!(reason.contains("row 2, column 2 (n)") && reason.contains("row 4, column 3 (ok)"), "{reason}");
    }
    assert_eq!((ended.made("fine_csv").stats.count_of_rows, ended.made("days").stats.bytes), (Some(1), 61));
    assert!(ended.activities["d_zip"].state == JobState::Failed && ended.activities[""].state == JobState::Failed);
    assert!(!bench.file(1, "data/days_csv.csv").exists() && !bench.file(1, "data/days_json.json").exists());
    assert_eq!(bench.fixture.engine.lake.names().len(), 1);
    let report: Json = serde_json::from_slice(&bench.read(1, "data/validation_report.json")).unwrap();
    assert_eq!((&report[0]["valid"], &report[0]["error-count"], &report[1]["valid"]), (&json!(false), &json!(3), &json!(true)));
    let errors = &report[0]["tables"][0]["errors"];
    assert_eq!(
        (&errors[0]["code"], &errors[0]["row-number"], &errors[0]["column-number"]),
        (&json!("type-or-format-error"), &json!(2), &json!(2))
    );
    assert_eq!(report[0]["tables"][0]["row-count"], 3);
    assert!(ended.made("validation_report").files[0].bytes > 0);
}

#[tokio::test]
async fn what_is_no_table_at_all_is_in_the_report_and_what_is_not_there_is_not() {
    let bench = Bench::new().await;
    bench.put("days.csv", b"\x89PNG\r\n\x1a\n\0\0\0");
    let ended = bench.run(1, &bench.spec(&json!([days()]), &json!({}))).await;
    assert!(ended.reason("days_csv").starts_with("resource 'days': "), "{}", ended.reason("days_csv"));
    let report: Json = serde_json::from_slice(&bench.read(1, "data/validation_report.json")).unwrap();
    assert_eq!((&report[0]["valid"], &report[0]["tables"][0]["errors"][0]["code"]), (&json!(false), &json!("source-error")));
    std::fs::remove_file(bench.sources.path().join("days.csv")).unwrap();
    let lost = bench.run(2, &bench.spec(&json!([days()]), &json!({}))).await;
    for pipeline in ["validation_report", "days_csv", "days_json", "days"] {
        assert!(lost.reason(pipeline).ends_with("no such file or folder"), "{pipeline}: {}", lost.reason(pipeline));
    }
}

#[tokio::test]
async fn a_report_tells_a_thousand_errors_and_counts_them_all() {
    let bench = Bench::new().await;
    bench.put("n.csv", format!("n\n{}", "x\n".repeat(1_500)));
    let table = json!({"name": "n", "path": "n.csv", "schema": {"fields": [{"name": "n", "type": "integer"}]}});
    let ended = bench.run(1, &bench.spec(&json!([table]), &json!({}))).await;
    let report: Json = serde_json::from_slice(&bench.read(1, "data/validation_report.json")).unwrap();
    let table = &report[0]["tables"][0];
    assert_eq!((&report[0]["error-count"], table["errors"].as_array().unwrap().len()), (&json!(1_500), 1_000));
    assert_eq!(report[0]["warnings"][0], "Table archive/n.csv inspection has reached 1000 error(s) limit");
    assert!(
        ended.reason("n_csv").contains("1500 errors: row 2, column 1 (n)") && ended.reason("n_csv").ends_with("; and 1495 more")
    );
}

#[tokio::test]
async fn long_tables_have_previews() {
    let bench = Bench::new().await;
    let long: String = std::iter::once("n\n".to_owned()).chain((0..2_001).map(|n| format!("{n}\n"))).collect();
    bench.put("long.csv", &long);
    bench.put("short.csv", long.strip_suffix("2000\n").unwrap());
    let table = |name: &str| json!({"name": name, "path": format!("{name}.csv"), "schema": {"fields": [{"name": "n", "type": "integer"}]}});
    let ended = bench.run(1, &bench.spec(&json!([table("long"), table("short")]), &json!({}))).await;
    assert_eq!(ended.made("short_csv_preview").files, vec![]);
    assert!(!bench.file(1, "data/short_csv_preview.json").exists());
    let preview: Json = serde_json::from_slice(&bench.read(1, "data/long_csv_preview.json")).unwrap();
    let preview = preview.as_array().unwrap();
    assert_eq!((preview.len(), &preview[0], &preview[1_999]), (2_000, &json!({"n": 0}), &json!({"n": 1_999})));
    let descriptor = bench.descriptor(1);
    let names: Vec<_> = descriptor["resources"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"long_csv_preview") && !names.contains(&"short_csv_preview"), "{names:?}");
    assert_eq!(
        descriptor["views"],
        json!([{
            "name": "datahub-preview-long_csv_preview", "specType": "table", "datahub": {"type": "preview"}, "resources": ["long_csv_preview"],
        }])
    );
    assert_eq!(ended.made("").stats.count_of_rows, Some(2_001 + 2_000));
}

#[tokio::test]
async fn processing_makes_a_table_of_what_has_no_schema() {
    let bench = Bench::new().await;
    bench.put("notes.csv", "made by hand\nday,n\n2020-01-02,7\n");
    let more = json!({"processing": [{"input": "notes", "output": "clean", "tabulator": {"headers": 2}}]});
    let ended = bench.run(1, &bench.spec(&json!([{"name": "notes", "path": "notes.csv"}]), &more)).await;
    let made = ended.made("clean_csv");
    assert_eq!(String::from_utf8(bench.read(1, "data/clean_csv.csv")).unwrap(), "day,n\r\n2020-01-02,7\r\n");
    let types: Vec<_> = made.schema.unwrap()["fields"].as_array().unwrap().iter().map(|field| field["type"].clone()).collect();
    assert_eq!(types, [json!("date"), json!("integer")]);
    let descriptor = bench.descriptor(1);
    let source = descriptor["resources"].as_array().unwrap().iter().find(|entry| entry["name"] == "notes").unwrap();
    assert_eq!((&source["type"], &source["datahub"]["type"]), (&json!("file"), &json!("source/tabular")));
}

#[tokio::test]
async fn columns_that_differ_in_case_alone_are_kept_apart_in_the_lake() {
    let bench = Bench::new().await;
    bench.put("x.csv", "a,A\n1,2\n");
    let fields = json!([{"name": "a", "type": "integer"}, {"name": "A", "type": "integer"}]);
    let ended =
        bench.run(1, &bench.spec(&json!([{"name": "x", "path": "x.csv", "schema": {"fields": fields}}]), &json!({}))).await;
    let table = ended.made("x_csv").table.unwrap();
    let schema = bench.fixture.engine.lake.rows(&table.name, None).unwrap().schema();
    assert_eq!(schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["a", "A_2"]);
    assert_eq!(String::from_utf8(bench.read(1, "data/x_csv.csv")).unwrap(), "a,A\r\n1,2\r\n");
}

#[tokio::test]
async fn what_a_cell_holds_begins_no_line_of_its_own() {
    let bench = Bench::new().await;
    bench.put("days.csv", "day;n;ok\n\"02/01\nof 1990\";1,5;yes\n");
    let ended = bench.run(1, &bench.spec(&json!([days()]), &json!({}))).await;
    let reason = ended.reason("days_csv");
    assert!(reason.contains("'02/01\u{fffd}of 1990'") && !reason.contains('\n'), "{reason}");
}

#[tokio::test]
async fn steps_are_done_to_the_rows_and_not_to_the_report() {
    let bench = Bench::new().await;
    let lines: String = (0..3_000).map(|n| format!("{n},{}\n", ["b", "a", "c"][n % 3])).collect();
    bench.put("n.csv", format!("n,s\n{lines}"));
    let schema = json!({"fields": [{"name": "n", "type": "integer"}, {"name": "s", "type": "string"}]});
    let processing = |dpp: Json| json!({"processing": [{"input": "n", "output": "t", "schema": schema, "dpp": dpp}]});
    let steps = json!([
        {"run": "sort", "parameters": {"sort-by": "n", "reverse": true}},
        {"run": "filter", "parameters": {"out": [{"s": "c"}]}},
        {"run": "sort", "parameters": {"sort-by": "s"}},
    ]);
    let resources = json!([{"name": "n", "path": "n.csv", "schema": schema}]);
    let ended = bench.run(1, &bench.spec(&resources, &processing(steps))).await;
    assert_eq!((ended.made("t_csv").stats.count_of_rows, ended.made("n_csv").stats.count_of_rows), (Some(2_000), Some(3_000)));
    let rows: Vec<Json> = serde_json::from_slice(&bench.read(1, "data/t_json.json")).unwrap();
    let said: Vec<_> = rows.iter().map(|row| (row["s"].as_str().unwrap(), row["n"].as_i64().unwrap())).collect();
    let of = |s: &'static str, rest: i64| (0..3_000).rev().filter(move |n| n % 3 == rest).map(move |n| (s, n));
    assert_eq!(said, of("a", 1).chain(of("b", 0)).collect::<Vec<_>>());
    let csv = String::from_utf8(bench.read(1, "data/t_csv.csv")).unwrap();
    assert!(csv.starts_with("n,s\r\n2998,a\r\n2995,a\r\n") && csv.ends_with("3,b\r\n0,b\r\n"), "{}", &csv[..40]);
    let report: Json = serde_json::from_slice(&bench.read(1, "data/validation_report.json")).unwrap();
    assert_eq!((&report[1]["resource"], &report[1]["tables"][0]["row-count"]), (&json!("t"), &json!(3_000)));
    // A field that there is not is told when the spec is, and where columns are inferred when they are known.
    let inferred =
        json!({"processing": [{"input": "n", "output": "t", "dpp": [{"run": "sort", "parameters": {"sort-by": "x"}}]}]});
    let failed = bench.run(2, &bench.spec(&resources, &inferred)).await;
    assert_eq!(failed.reason("t_csv"), "resource 't': dpp: there is no field 'x'");
}
