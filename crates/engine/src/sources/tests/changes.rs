//! Files that change between opening and reading: an error that says so, and never rows of two times.

use super::*;
use datahall_core::Code;
use futures::StreamExt;

fn assert_changed(error: &Error, file: &str) {
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert_eq!(error.message(), format!("source changed since it was loaded: {file}; reload the dataset"));
}

fn content(format: FileFormat, x: i64) -> Vec<u8> {
    match format {
        FileFormat::Parquet => {
            let mut bytes = Vec::new();
            let batch = batch(&[("x", ints(&[x, x]))]);
            let mut writer = ::parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            bytes
        }
        FileFormat::Arrow => {
            let batch = batch(&[("x", ints(&[x, x]))]);
            let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
            writer.write(&batch).unwrap();
            writer.into_inner().unwrap()
        }
        FileFormat::Csv => format!("x\n{x}\n{x}\n").into_bytes(),
        FileFormat::Ndjson => format!("{{\"x\":{x}}}\n{{\"x\":{x}}}\n").into_bytes(),
        other => panic!("{other:?}"),
    }
}

const FORMATS: [FileFormat; 4] = [FileFormat::Parquet, FileFormat::Arrow, FileFormat::Csv, FileFormat::Ndjson];

#[tokio::test]
async fn a_rewritten_or_deleted_file_is_noticed_in_every_format() {
    for format in FORMATS {
        let lab = Lab::new();
        let (one, two) = (format!("d/part-0.{}", format.name()), format!("d/part-1.{}", format.name()));
        lab.write(&one, content(format, 1));
        lab.write(&two, content(format, 2));
        let opened = lab.open(format, "d").await.unwrap();
        assert_eq!(lab.rows(&opened, "SELECT sum(x) FROM t").await.unwrap(), "6");
        // The same length, in place.
        lab.write(&two, content(format, 3));
        assert_changed(&lab.rows(&opened, "SELECT sum(x) FROM t").await.unwrap_err(), two.trim_start_matches("d/"));
        let again = lab.open(format, "d").await.unwrap();
        assert_eq!(lab.rows(&again, "SELECT sum(x) FROM t").await.unwrap(), "8");
        std::fs::remove_file(lab.path(&one)).unwrap();
        assert_changed(&lab.rows(&again, "SELECT sum(x) FROM t").await.unwrap_err(), one.trim_start_matches("d/"));
    }
}

#[tokio::test]
async fn the_same_files_have_the_same_identity_and_others_another() {
    for format in FORMATS {
        let lab = Lab::new();
        let (one, two) = (format!("d/part-0.{}", format.name()), format!("d/part-1.{}", format.name()));
        lab.write(&one, content(format, 1));
        let identity = async || lab.open(format, "d").await.unwrap().identity.unwrap();
        let first = identity().await;
        assert_eq!(identity().await, first);
        lab.write(&two, content(format, 2));
        let more = identity().await;
        // The same length, in place.
        lab.write(&two, content(format, 3));
        let rewritten = identity().await;
        std::fs::remove_file(lab.path(&two)).unwrap();
        assert_eq!(identity().await, first);
        assert!(first != more && more != rewritten, "{format:?}");
    }
}

#[tokio::test]
async fn files_that_come_later_are_not_part_of_it() {
    for format in FORMATS {
        let lab = Lab::new();
        lab.write(&format!("d/b.{}", format.name()), content(format, 1));
        let opened = lab.open(format, "d").await.unwrap();
        lab.write(&format!("d/a.{}", format.name()), content(format, 5));
        lab.write(&format!("d/c.{}", format.name()), content(format, 5));
        assert_eq!(lab.rows(&opened, "SELECT sum(x), count(*) FROM t").await.unwrap(), "2 2");
    }
}

#[tokio::test]
async fn versions_of_one_path_do_not_share_what_is_remembered() {
    let lab = Lab::new();
    for x in 1..20 {
        lab.write("x.parquet", content(FileFormat::Parquet, x));
        let opened = lab.open(FileFormat::Parquet, "x.parquet").await.unwrap();
        let sums = lab.rows(&opened, "SELECT sum(x), min(x), max(x) FROM t WHERE x > 0").await.unwrap();
        assert_eq!(sums, format!("{} {x} {x}", 2 * x));
    }
}

#[tokio::test]
async fn a_scan_under_way_stops_when_its_file_changes() {
    let lab = Lab::new();
    let text: String = (0..900_000).map(|at| format!("{at}\n")).collect();
    lab.write("x.csv", format!("x\n{text}"));
    let opened = lab.open(FileFormat::Csv, "x.csv").await.unwrap();
    let plan = opened.provider.scan(&lab.context.state(), None, &[], None).await.unwrap();
    let mut rows = plan.execute(0, lab.context.task_ctx()).unwrap();
    rows.next().await.unwrap().unwrap();
    lab.write("x.csv", format!("x\n{}", text.replace('1', "2")));
    let mut last = None;
    while let Some(batch) = rows.next().await {
        last = Some(batch);
    }
    let error = last.unwrap().unwrap_err();
    assert_changed(&super::super::explain(&error).unwrap(), "x.csv");
}

#[tokio::test]
async fn a_plan_outlives_the_table_it_was_made_from() {
    for format in FORMATS {
        let lab = Lab::new();
        lab.write(&format!("x.{}", format.name()), content(format, 4));
        let opened = lab.open(format, &format!("x.{}", format.name())).await.unwrap();
        let plan = opened.provider.scan(&lab.context.state(), None, &[], None).await.unwrap();
        drop(opened);
        let batches = datafusion::physical_plan::collect(plan, lab.context.task_ctx()).await.unwrap();
        assert_eq!(bare(&batches), "4|4");
    }
}

#[tokio::test]
async fn what_is_registered_goes_with_the_table() {
    let lab = Lab::new();
    lab.write("x.parquet", content(FileFormat::Parquet, 1));
    let remembered = lab.context.runtime_env().cache_manager.get_file_metadata_cache();
    let before = remembered.len();
    let opened = lab.open(FileFormat::Parquet, "x.parquet").await.unwrap();
    assert_eq!(remembered.len(), before + 1);
    let _ = lab.all(&opened).await;
    lab.context.deregister_table("t").unwrap();
    drop(opened);
    assert_eq!(remembered.len(), before);
}
