//! Arrow files and streams, spreadsheets, and what all files share.

use super::*;
use arrow::array::{DictionaryArray, StringViewArray};
use arrow::datatypes::Int32Type;
use arrow::ipc::writer::{FileWriter, StreamWriter};

fn example() -> RecordBatch {
    let dictionary: DictionaryArray<Int32Type> = vec!["p", "q"].into_iter().collect();
    let view = StringViewArray::from(vec!["a longer text than twelve bytes", "b"]);
    batch(&[("x", ints(&[1, 2])), ("d", Arc::new(dictionary)), ("v", Arc::new(view))])
}

fn as_file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn as_stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn arrow_files_and_streams_give_the_same_rows() {
    let lab = Lab::new();
    lab.write("file.arrow", as_file(&[example(), example()]));
    lab.write("stream.arrows", as_stream(&[example(), example()]));
    for location in ["file.arrow", "stream.arrows"] {
        let opened = lab.open(FileFormat::Arrow, location).await.unwrap();
        assert_eq!(opened.rows, Some(4));
        assert_eq!(types(&opened), ["x Int64", "d Dictionary(Int32, Utf8)", "v Utf8"]);
        assert_eq!(lab.rows(&opened, "SELECT d, x FROM t").await.unwrap(), "p 1|q 2|p 1|q 2");
        assert_eq!(lab.rows(&opened, "SELECT v, d, x FROM t WHERE d = 'q' LIMIT 1").await.unwrap(), "b q 2");
        assert_eq!(lab.rows(&opened, "SELECT count(*), sum(x) FROM t").await.unwrap(), "4 6");
        assert_eq!(lab.rows(&opened, "SELECT count(*) FROM t").await.unwrap(), "4");
    }
    lab.write("none.arrow", as_stream(&[example().slice(0, 0)]));
    let opened = lab.open(FileFormat::Arrow, "none.arrow").await.unwrap();
    assert_eq!((opened.rows, lab.all(&opened).await), (Some(0), String::new()));
}

#[tokio::test]
async fn arrow_that_is_cut_off_or_none_is_refused() {
    let lab = Lab::new();
    let (file, stream) = (as_file(&[example()]), as_stream(&[example()]));
    lab.write("a.arrow", &file[..file.len() - 4]);
    lab.write("b.arrow", &stream[..stream.len() - 100]);
    lab.write("c.arrow", b"this is no arrow at all, nor anything else");
    lab.write("d.arrow", b"");
    lab.write("e.arrow", b"ARROW1");
    for (location, words) in [
        ("a.arrow", "cut off or corrupt"),
        ("b.arrow", "cut off"),
        ("c.arrow", "not Arrow IPC"),
        ("d.arrow", "empty"),
        ("e.arrow", "cut off or corrupt"),
    ] {
        let refusal = lab.refusal(FileFormat::Arrow, location).await;
        assert!(refusal.starts_with(location) && refusal.contains(words), "{refusal}");
    }
}

#[tokio::test]
async fn spreadsheets_that_are_none_are_refused() {
    let lab = Lab::new();
    lab.write("a.xlsx", b"not a workbook");
    lab.write("b.xlsx", b"");
    assert!(lab.refusal(FileFormat::Xlsx, "a.xlsx").await.starts_with("a.xlsx: "));
    assert_eq!(lab.refusal(FileFormat::Xlsx, "b.xlsx").await, "b.xlsx: the file is empty");
    let mut spec = lab.spec(FileFormat::Xlsx, "a.xlsx");
    spec.options.format.insert("page".into(), "1".into());
    assert!(open(&lab.ways(), &spec, &Access::default()).await.err().unwrap().message().starts_with("unknown option: page"));
}

#[tokio::test]
async fn files_of_other_formats_and_unreadable_ones_are_refused() {
    let lab = Lab::new();
    lab.parquet("x.parquet", &[("x", ints(&[1]))]);
    std::fs::copy(lab.path("x.parquet"), lab.path("x.csv")).unwrap();
    assert!(lab.refusal(FileFormat::Csv, "x.csv").await.starts_with("x.csv: line "));
    assert!(lab.refusal(FileFormat::Ndjson, "x.csv").await.starts_with("x.csv: line 1 is not a JSON object"));
    assert!(lab.refusal(FileFormat::Arrow, "x.csv").await.starts_with("x.csv: not Arrow IPC"));
    let mut spec = lab.spec(FileFormat::Parquet, "x.parquet");
    spec.options.format.insert("sheet".into(), "1".into());
    assert!(open(&lab.ways(), &spec, &Access::default()).await.err().unwrap().message().starts_with("unknown option: sheet"));
    for location in ["gs://bucket/x", "http://127.0.0.1:1/x.parquet", "file://elsewhere/x"] {
        let error = lab.open(FileFormat::Parquet, location).await.err().unwrap();
        assert_eq!(error.code(), datahall_core::Code::Invalid);
    }
}

#[test]
fn secrets_in_urls_are_not_shown() {
    let shown = super::super::http::shown_location;
    assert_eq!(shown("https://user:hush@example.org/a.parquet?sig=hush#hush"), "https://example.org/a.parquet");
    assert_eq!(shown("https://[hush"), "the URL");
    assert_eq!(shown("/data/a?b#c.csv"), "/data/a?b#c.csv");
    assert_eq!(shown("s3://bucket/a?b"), "s3://bucket/a?b");
    let error = datafusion::error::DataFusionError::Plan("x".into());
    assert!(!super::super::explain_at_open("http://h/x?sig=hush", &error).message().contains("hush"));
}
