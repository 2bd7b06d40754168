//! Parquet: pinned footers, drift, projections, partitions, what is refused.

use super::*;
use arrow::array::*;
use arrow::datatypes::{Field, Int32Type, Schema, TimestampMicrosecondType};

#[tokio::test]
async fn files_of_a_folder_are_one_table_in_the_order_of_their_names() {
    let lab = Lab::new();
    for at in 0..7 {
        lab.parquet(&format!("d/part-{at}.parquet"), &[("x", ints(&[at * 2, at * 2 + 1])), ("s", texts(&["a", "b"]))]);
    }
    let opened = lab.open(FileFormat::Parquet, "d").await.unwrap();
    assert_eq!(opened.rows, Some(14));
    assert!(opened.storage_bytes.unwrap() > 1000 && opened.notes.is_empty());
    assert_eq!(lab.rows(&opened, "SELECT x FROM t LIMIT 100").await.unwrap().split('|').count(), 14);
    assert_eq!(lab.rows(&opened, "SELECT count(*) FROM t").await.unwrap(), "14");
    assert_eq!(lab.rows(&opened, "SELECT s, x FROM t WHERE x = 5").await.unwrap(), "b 5");
    assert_eq!(lab.rows(&opened, "SELECT min(x), max(x), count(s) FROM t").await.unwrap(), "0 13 14");
    // Read one partition after the other, the rows are in the order of the files.
    let plan = opened.provider.scan(&lab.context.state(), Some(&vec![0]), &[], None).await.unwrap();
    let mut seen = Vec::new();
    for partition in 0..plan.properties().output_partitioning().partition_count() {
        let batches =
            datafusion::physical_plan::common::collect(plan.execute(partition, lab.context.task_ctx()).unwrap()).await.unwrap();
        seen.extend(
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()),
        );
    }
    assert_eq!(seen, (0..14).collect::<Vec<_>>());
}

#[tokio::test]
async fn drift_is_reconciled_when_nothing_is_lost() {
    let lab = Lab::new();
    let day: ArrayRef = Arc::new(Date32Array::from(vec![19_000]));
    let moment: ArrayRef = Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from(vec![1_000_001]));
    let int32: ArrayRef = Arc::new(Int32Array::from(vec![2]));
    let float: ArrayRef = Arc::new(Float64Array::from(vec![0.5]));
    lab.parquet("d/a.parquet", &[("i", ints(&[1])), ("f", int32.clone()), ("t", day), ("s", texts(&["x"]))]);
    lab.parquet("d/b.parquet", &[("s", texts(&["y"])), ("i", int32), ("n", ints(&[9])), ("t", moment), ("f", float)]);
    let opened = lab.open(FileFormat::Parquet, "d").await.unwrap();
    assert_eq!(types(&opened), ["i Int64", "f Float64", "t Timestamp(µs)", "s Utf8", "n Int64"]);
    assert_eq!(lab.all(&opened).await, sorted("1 2.0 2022-01-08T00:00:00 x |2 0.5 1970-01-01T00:00:01.000001 y 9"));
    assert_eq!(lab.rows(&opened, "SELECT i FROM t WHERE n IS NULL").await.unwrap(), "1");
    assert_eq!(lab.rows(&opened, "SELECT n FROM t WHERE f < 1 AND i = 2").await.unwrap(), "9");
    assert_eq!(lab.rows(&opened, "SELECT min(f), max(i), count(n) FROM t").await.unwrap(), "0.5 2 1");
}

#[tokio::test]
async fn drift_that_would_lose_something_is_refused_by_name() {
    let lab = Lab::new();
    lab.parquet("d/a.parquet", &[("x", ints(&[1]))]);
    lab.parquet("d/b.parquet", &[("x", texts(&["1"]))]);
    assert_eq!(lab.refusal(FileFormat::Parquet, "d").await, "d: column x is Int64 in a.parquet and Utf8 in b.parquet");
    lab.parquet("d/b.parquet", &[("X", ints(&[1]))]);
    assert_eq!(lab.refusal(FileFormat::Parquet, "d").await, "d: column x in a.parquet and X in b.parquet differ only in case");
}

#[tokio::test]
async fn nested_drift_is_reconciled_or_refused_and_never_misread() {
    let lab = Lab::new();
    let structs = |columns: &[(&str, ArrayRef)]| Arc::new(StructArray::from(batch(columns))) as ArrayRef;
    lab.parquet("d/a.parquet", &[("s", structs(&[("p", ints(&[1])), ("q", texts(&["a"]))]))]);
    lab.parquet("d/b.parquet", &[("s", structs(&[("q", texts(&["b"])), ("r", ints(&[2]))]))]);
    let opened = lab.open(FileFormat::Parquet, "d").await.unwrap();
    assert_eq!(lab.all(&opened).await, sorted("{p: 1, q: a, r: }|{p: , q: b, r: 2}"));
    let list = |array: ArrayRef| {
        let field = Arc::new(Field::new("item", array.data_type().clone(), true));
        Arc::new(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([array.len()]), array, None)) as ArrayRef
    };
    lab.parquet("l/a.parquet", &[("s", list(ints(&[1, 2])))]);
    lab.parquet("l/b.parquet", &[("s", list(Arc::new(Int32Array::from(vec![3]))))]);
    let opened = lab.open(FileFormat::Parquet, "l").await.unwrap();
    assert_eq!(lab.all(&opened).await, sorted("[1, 2]|[3]"));
    lab.parquet("l/b.parquet", &[("s", list(texts(&["x"])))]);
    assert!(lab.refusal(FileFormat::Parquet, "l").await.starts_with("l: column s is List("));
}

#[tokio::test]
async fn texts_are_utf8_however_they_were_written() {
    let lab = Lab::new();
    let dictionary: DictionaryArray<Int32Type> = vec!["d", "d"].into_iter().collect();
    lab.parquet(
        "x.parquet",
        &[
            ("large", Arc::new(LargeStringArray::from(vec!["a", "b"]))),
            ("view", Arc::new(StringViewArray::from(vec!["a longer text than twelve bytes", "c"]))),
            ("bytes", Arc::new(BinaryViewArray::from(vec![&b"a"[..], b"b"]))),
            ("dictionary", Arc::new(dictionary)),
        ],
    );
    let opened = lab.open(FileFormat::Parquet, "x.parquet").await.unwrap();
    assert_eq!(types(&opened), ["large Utf8", "view Utf8", "bytes Binary", "dictionary Dictionary(Int32, Utf8)"]);
    assert_eq!(lab.all(&opened).await, sorted("a a longer text than twelve bytes 61 d|b c 62 d"));
    assert_eq!(lab.rows(&opened, "SELECT view FROM t WHERE large = 'b' AND view >= 'b'").await.unwrap(), "c");
}

#[tokio::test]
async fn columns_are_chosen_in_their_order() {
    let lab = Lab::new();
    lab.parquet("x.parquet", &[("Id", ints(&[1, 2])), ("name", texts(&["a", "b"])), ("z", ints(&[8, 9]))]);
    let mut spec = lab.spec(FileFormat::Parquet, "x.parquet");
    spec.options.columns = vec!["Z".into(), "id".into()];
    let opened = open(&lab.context, &spec, (&lake(), &crate::sources::Hub::default()), &Access::default()).await.unwrap();
    assert_eq!(types(&opened), ["z Int64", "Id Int64"]);
    assert_eq!(lab.all(&opened).await, sorted("8 1|9 2"));
    assert_eq!(lab.rows(&opened, "SELECT \"Id\" FROM t WHERE z > 8").await.unwrap(), "2");
    assert_eq!(lab.rows(&opened, "SELECT count(*), max(z) FROM t").await.unwrap(), "2 9");
    assert!(lab.rows(&opened, "SELECT name FROM t").await.is_err());
    for (columns, message) in [(["nope"].to_vec(), "unknown column: nope"), (["id", "ID"].to_vec(), "column named twice: ID")] {
        spec.options.columns = columns.into_iter().map(str::to_owned).collect();
        assert_eq!(open(&lab.context, &spec, (&lake(), &crate::sources::Hub::default()), &Access::default()).await.err().unwrap().message(), message);
    }
}

#[tokio::test]
async fn partitions_are_columns_and_rule_files_out() {
    let lab = Lab::new();
    for (folder, x) in [("y=2020/c=a%20b", 1), ("y=2020/c=__HIVE_DEFAULT_PARTITION__", 2), ("y=2021/c=z", 3)] {
        lab.parquet(&format!("h/{folder}/f.parquet"), &[("x", ints(&[x]))]);
    }
    for location in ["h", "h/**/*.parquet", "h/y=*/*/f.parquet"] {
        let opened = lab.open(FileFormat::Parquet, location).await.unwrap();
        assert_eq!(types(&opened), ["x Int64", "y Int64", "c Utf8"]);
        assert_eq!(lab.rows(&opened, "SELECT * FROM t ORDER BY x").await.unwrap(), "1 2020 a b|2 2020 |3 2021 z");
        assert_eq!(lab.rows(&opened, "SELECT x FROM t WHERE y = 2021 AND x > 0").await.unwrap(), "3");
        assert_eq!(lab.rows(&opened, "SELECT x, c FROM t WHERE c IS NULL").await.unwrap(), "2 ");
        assert_eq!(lab.rows(&opened, "SELECT c FROM t WHERE y = 1").await.unwrap(), "");
        assert_eq!(lab.rows(&opened, "SELECT count(c), count(*), min(y), max(y) FROM t").await.unwrap(), "2 3 2020 2021");
    }
    // Files of a folder that has been left out are not even opened.
    let opened = lab.open(FileFormat::Parquet, "h").await.unwrap();
    lab.write("h/y=2021/c=z/f.parquet", b"gone bad");
    assert_eq!(lab.rows(&opened, "SELECT x FROM t WHERE y = 2020 AND c = 'a b'").await.unwrap(), "1");
    assert!(lab.rows(&opened, "SELECT x FROM t WHERE y = 2021").await.unwrap_err().message().contains("changed"));
}

#[tokio::test]
async fn a_column_in_path_and_file_comes_from_the_path() {
    let lab = Lab::new();
    lab.parquet("h/y=1/f.parquet", &[("y", texts(&["q"])), ("x", ints(&[1]))]);
    let opened = lab.open(FileFormat::Parquet, "h").await.unwrap();
    assert_eq!(types(&opened), ["x Int64", "y Int64"]);
    assert_eq!(lab.rows(&opened, "SELECT x, y FROM t WHERE y = 1").await.unwrap(), "1 1");
}

#[tokio::test]
async fn what_is_no_parquet_is_refused_in_words() {
    let lab = Lab::new();
    lab.parquet("good.parquet", &[("x", ints(&[1]))]);
    let good = std::fs::read(lab.path("good.parquet")).unwrap();
    lab.write("empty.parquet", b"");
    lab.write("short.parquet", b"PAR1");
    lab.write("garbage.parquet", b"garbage garbage garbage");
    lab.write("cut.parquet", &good[..good.len() - 20]);
    let mut broken = good.clone();
    let end = broken.len();
    broken[end - 40..end - 8].fill(0xff);
    lab.write("footer.parquet", &broken);
    lab.write("d/a.parquet", &good);
    lab.write("d/b.parquet", b"garbage garbage garbage");
    for (location, message) in [
        ("empty.parquet", "empty.parquet: the file is empty"),
        ("short.parquet", "short.parquet: not a Parquet file"),
        ("garbage.parquet", "garbage.parquet: not a Parquet file"),
        ("cut.parquet", "cut.parquet: the Parquet file is cut off: it has no footer"),
        ("footer.parquet", "footer.parquet: corrupt Parquet footer"),
        ("d", "d: b.parquet: not a Parquet file"),
        ("d/*.parquet", "d/*.parquet: b.parquet: not a Parquet file"),
    ] {
        assert_eq!(lab.refusal(FileFormat::Parquet, location).await, message);
    }
}

#[tokio::test]
async fn corrupt_pages_give_an_error_and_no_rows() {
    let lab = Lab::new();
    let many: Vec<i64> = (0..5000).map(|at| at * 7919 % 5003).collect();
    lab.parquet("x.parquet", &[("x", ints(&many))]);
    let mut bytes = std::fs::read(lab.path("x.parquet")).unwrap();
    bytes[10..400].fill(0xff);
    lab.write("x.parquet", &bytes);
    let opened = lab.open(FileFormat::Parquet, "x.parquet").await.unwrap();
    let error = lab.rows(&opened, "SELECT sum(x) FROM t").await.unwrap_err();
    assert_eq!(error.message(), "the source cannot be read: corrupt data", "{error:?}");
}

#[tokio::test]
async fn a_file_without_rows_has_none() {
    let lab = Lab::new();
    lab.parquet("x.parquet", &[("x", ints(&[]))]);
    let opened = lab.open(FileFormat::Parquet, "x.parquet").await.unwrap();
    assert_eq!((opened.rows, types(&opened)), (Some(0), vec!["x Int64".to_owned()]));
    assert_eq!(lab.all(&opened).await, "");
    let nothing = RecordBatch::new_empty(Arc::new(Schema::empty()));
    write_parquet(&lab.path("none.parquet"), &nothing);
    assert!(lab.refusal(FileFormat::Parquet, "none.parquet").await.contains("no columns"));
}

#[tokio::test]
async fn least_and_greatest_are_those_of_the_rows_with_nan_among_them() {
    let lab = Lab::new();
    lab.parquet("x.parquet", &[("f", Arc::new(Float64Array::from(vec![1.0, f64::NAN, -2.0])))]);
    let opened = lab.open(FileFormat::Parquet, "x.parquet").await.unwrap();
    assert_eq!(lab.rows(&opened, "SELECT min(f), max(f) FROM t").await.unwrap(), "-2.0 NaN");
}
