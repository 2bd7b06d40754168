//! Files of every kind, from their bytes to their rows.

use super::{Fault, File, Hints, Limits, Result, Survey};
use crate::{Encoder, Format};
use arrow::array::record_batch;
use arrow::datatypes as arrow_schema;
use std::io::Write;
use std::ops::ControlFlow;

/// Hints from fields of a form.
pub(super) fn with(fields: &[(&str, &str)]) -> Hints {
    let mut hints = Hints::default();
    fields.iter().for_each(|(field, value)| hints.set(field, value).unwrap());
    hints
}

pub(super) fn survey_within(name: &str, bytes: &[u8], hints: &Hints, limits: &Limits) -> Result<Survey> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let file = File { path, name: name.to_owned(), scratch: folder.path().to_owned() };
    let survey = Survey::of(&file, hints, limits);
    if survey.is_err() {
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    }
    survey
}

pub(super) fn survey(name: &str, bytes: &[u8], hints: &Hints) -> Result<Survey> {
    survey_within(name, bytes, hints, &Limits::default())
}

/// The survey, and its rows as CSV without a header.
pub(super) fn read(name: &str, bytes: &[u8], hints: &Hints) -> (Survey, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let file = File { path, name: name.to_owned(), scratch: folder.path().to_owned() };
    let survey = Survey::of(&file, hints, &Limits::default()).unwrap();
    let mut encoder = Encoder::new(Format::Csv, &survey.schema).unwrap();
    let mut out = Vec::new();
    survey
        .read(&mut |batch| {
            encoder.encode(&batch, &mut out).unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    encoder.finish(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    (survey, text.split_once('\n').map_or(String::new(), |(_, rows)| rows.to_owned()))
}

fn encoded(format: Format) -> Vec<u8> {
    let batch = record_batch!(("id", Int64, [1, 2]), ("Name", Utf8, [Some("a"), None])).unwrap();
    let mut encoder = Encoder::new(format, &batch.schema()).unwrap();
    let mut out = Vec::new();
    encoder.encode(&batch, &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    out
}

#[test]
fn each_format_gives_the_same_rows() {
    let json = [b"[".to_vec(), encoded(Format::Json), b"]".to_vec()].concat();
    for (name, bytes, format) in [
        ("x.csv", encoded(Format::Csv), "csv"),
        ("x.tsv", encoded(Format::Tsv), "tsv"),
        ("x.json", json, "json"),
        ("x.ndjson", encoded(Format::Ndjson), "ndjson"),
        ("x.arrow", encoded(Format::Arrow), "arrow"),
        ("x.parquet", encoded(Format::Parquet), "parquet"),
    ] {
        let (survey, rows) = read(name, &bytes, &Hints::default());
        assert_eq!((&*rows, survey.rows, survey.told.format.name()), ("1,a\n2,\n", 2, format));
        let names: Vec<_> = survey.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["id", "Name"]);
        assert!(survey.told.warnings.is_empty(), "{:?}", survey.told.warnings);
        let declared = with(&[("types", r#"{"ID":"string","name":"int64"}"#)]);
        let (survey, rows) = read(name, &bytes, &declared);
        assert_eq!((&*rows, survey.rows, survey.report.total), ("2,\n", 1, 1), "{name}");
        let problem = &survey.report.first[0];
        assert_eq!(
            (problem.column.as_deref(), &*problem.message),
            (Some("Name"), "'a' is not a whole number of 64 bits (int64)")
        );
    }
}

#[test]
fn content_decides_and_a_name_that_says_otherwise_is_told() {
    let (survey, _) = read("x.csv", &encoded(Format::Parquet), &Hints::default());
    assert_eq!(survey.told.warnings, ["the file's name says CSV, its content is Parquet"]);
    for (name, bytes) in [
        ("x.parquet", &b"a,b\n1,2\n"[..]),
        ("x.xlsx", b"a,b\n1,2\n"),
        ("x.csv", b"%PDF-1.4"),
        ("x.csv", b"\0\x01\x02\x03binary"),
        ("x.json", b"a,b\n1,2\n"),
    ] {
        assert!(matches!(survey_err(name, bytes), Fault::Unsupported(_)), "{name}");
    }
}

fn survey_err(name: &str, bytes: &[u8]) -> Fault {
    survey(name, bytes, &Hints::default()).unwrap_err()
}

#[test]
fn what_is_cut_off_or_empty_is_broken() {
    for (name, bytes) in [
        ("x.csv", Vec::new()),
        ("x.csv", b"\n\n".to_vec()),
        ("x.json", b"[{\"a\":1}".to_vec()),
        ("x.json", b"[1,2]".to_vec()),
        ("x.json", b"[]".to_vec()),
        ("x.parquet", b"PAR1".to_vec()),
        ("x.parquet", encoded(Format::Parquet)[..200].to_vec()),
        ("x.parquet", [&encoded(Format::Parquet)[..40], b"\xff\xff\xff\x00PAR1"].concat()),
        ("x.arrow", b"ARROW1\0\0".to_vec()),
        ("x.arrow", encoded(Format::Arrow)[..60].to_vec()),
        ("x.xlsx", b"PK\x03\x04rest".to_vec()),
        ("x.csv.gz", b"\x1f\x8b\x08\0\0".to_vec()),
    ] {
        let fault = survey_err(name, &bytes);
        assert!(matches!(fault, Fault::Broken(_)), "{name}: {fault:?}");
    }
}

#[test]
fn packed_text_is_unpacked_and_nothing_else() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"a,b\n1,x\n").unwrap();
    let gzip = gzip.finish().unwrap();
    let (survey, rows) = read("x.csv.gz", &gzip, &Hints::default());
    assert_eq!((survey.told.compression, &*rows), (Some("gzip"), "1,x\n"));
    let twice = zstd::stream::encode_all(&gzip[..], 1).unwrap();
    assert!(matches!(survey_err("x.csv.gz.zst", &twice), Fault::Unsupported(_)));
    let parquet = zstd::stream::encode_all(&encoded(Format::Parquet)[..], 1).unwrap();
    assert!(matches!(survey_err("x.parquet.zst", &parquet), Fault::Unsupported(_)));
}

#[test]
fn json_rows_that_are_none_are_told_by_their_lines() {
    let text = b"{\"a\":1}\n\n{\"a\":}\n[1]\n{\"a\":2.5,\"b\":[1]}\n\xff\n";
    let (survey, rows) = read("x.ndjson", text, &Hints::default());
    assert_eq!((survey.rows, &*rows), (2, "1.0,\n2.5,[1]\n"));
    let told: Vec<_> = survey.report.first.iter().map(|problem| (problem.line, &*problem.message)).collect();
    assert_eq!(
        told,
        [
            (3, "not a JSON object: expected value (character 6)"),
            (4, "not a JSON object"),
            (6, "not readable in the file's encoding")
        ]
    );
    let (survey, rows) = read("x.json", b"[{\"a\":1},\n2,\n{\"a\":{\"b\":\n1}}]", &Hints::default());
    assert_eq!((survey.rows, survey.report.total, survey.report.first[0].line), (2, 1, 2));
    assert_eq!(rows, "1\n\"{\"\"b\"\":1}\"\n");
    let (survey, rows) = read("one.json", b"{\n \"a\": 1,\n \"b\": null\n}", &Hints::default());
    assert_eq!((survey.rows, &*rows), (1, "1,\n"));
}

#[test]
fn nesting_is_bounded() {
    let deep = |levels: usize| format!("{{\"a\":{}1{}}}\n", "[".repeat(levels), "]".repeat(levels));
    let text = deep(60) + &deep(70) + &deep(200);
    let survey = survey("x.ndjson", text.as_bytes(), &Hints::default()).unwrap();
    assert_eq!((survey.rows, survey.report.total), (1, 2));
    let many: Vec<String> = (0..10_001).map(|at| format!("\"k{at}\":1")).collect();
    let fault = survey_err("x.json", format!("[{{{}}}]", many.join(",")).as_bytes());
    assert!(matches!(fault, Fault::TooLarge(_)), "{fault:?}");
    let (survey, _) = read("x.json", format!("[{{\"o\":{{{}}}}}]", many.join(",")).as_bytes(), &Hints::default());
    assert_eq!(survey.schema.field(0).data_type().to_string(), "Utf8");
}

#[test]
fn the_first_rows_are_given_without_the_others() {
    let text = "a\n".to_owned() + &(0..100_000).map(|at| format!("{at}\n")).collect::<String>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, &text).unwrap();
    let file = File { path, name: "t.csv".into(), scratch: folder.path().to_owned() };
    let survey = Survey::of(&file, &Hints::default(), &Limits::default()).unwrap();
    let rows: usize = survey.head(50).unwrap().iter().map(|batch| batch.num_rows()).sum();
    assert_eq!((rows, survey.rows), (50, 100_000));
}
