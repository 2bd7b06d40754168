//! Delta tables: versions, removed files, and everything that a log can name wrongly.

use super::*;
use datahall_core::Code;
use datahall_core::dataset::Source;
use serde_json::{Value, json};

struct Log<'a> {
    lab: &'a Lab,
    version: u64,
}

impl<'a> Log<'a> {
    fn begin(lab: &'a Lab, protocol: Value, fields: Value, configuration: Value) -> Self {
        let schema = json!({"type": "struct", "fields": fields}).to_string();
        let metadata = json!({"metaData": {"id": "00000000-0000-0000-0000-000000000001", "format": {"provider": "parquet", "options": {}},
            "schemaString": schema, "partitionColumns": [], "configuration": configuration, "createdTime": 1}});
        let mut log = Self { lab, version: 0 };
        log.commit(&[json!({"protocol": protocol}), metadata]);
        log
    }

    fn plain(lab: &'a Lab) -> Self {
        let field = json!({"name": "x", "type": "long", "nullable": true, "metadata": {}});
        Self::begin(lab, json!({"minReaderVersion": 1, "minWriterVersion": 2}), json!([field]), json!({}))
    }

    fn commit(&mut self, actions: &[Value]) {
        let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
        self.lab.write(&format!("t/_delta_log/{:020}.json", self.version), lines.join("\n"));
        self.version += 1;
    }

    fn add(&self, path: &str) -> Value {
        let size = std::fs::metadata(self.lab.path(&format!("t/{path}"))).unwrap().len();
        json!({"add": {"path": path, "size": size, "partitionValues": {}, "modificationTime": 1, "dataChange": true}})
    }
}

fn spec(lab: &Lab) -> DatasetSpec {
    let url = lab.folder.path().join("t").display().to_string();
    DatasetSpec {
        name: "t".into(),
        description: None,
        source: Source::Delta { location: Location { url, s3: S3Options::default() }, version: None },
        options: ReadOptions::default(),
    }
}

async fn opened(lab: &Lab) -> Result<Opened> {
    open(&lab.ways(), &spec(lab), &Access::default()).await
}

async fn refusal(lab: &Lab) -> String {
    let error = opened(lab).await.err().unwrap();
    lab.plain(&error)
}

#[tokio::test]
async fn the_rows_are_those_of_the_version_at_opening() {
    let lab = Lab::new();
    lab.parquet("t/a.parquet", &[("x", ints(&[1, 2]))]);
    lab.parquet("t/b.parquet", &[("x", ints(&[3]))]);
    let mut log = Log::plain(&lab);
    log.commit(&[log.add("a.parquet")]);
    let before = opened(&lab).await.unwrap();
    assert_eq!((before.rows, types(&before)), (Some(2), vec!["x Int64".to_owned()]));
    log.commit(&[log.add("b.parquet"), json!({"remove": {"path": "a.parquet", "dataChange": true, "deletionTimestamp": 2}})]);
    assert_eq!(lab.rows(&before, "SELECT x FROM t ORDER BY x").await.unwrap(), "1|2");
    let after = opened(&lab).await.unwrap();
    assert_eq!(lab.rows(&after, "SELECT x, count(*) FROM t WHERE x > 0 GROUP BY x").await.unwrap(), "3 1");
    assert_eq!(after.notes, ["Delta version 2"]);
    assert!(after.identity.is_some() && after.identity != before.identity);
    assert_eq!(opened(&lab).await.unwrap().identity, after.identity);
    lab.parquet("t/b.parquet", &[("x", ints(&[4]))]);
    let error = lab.rows(&after, "SELECT x FROM t").await.unwrap_err();
    assert_eq!(error.message(), "source changed since it was loaded: b.parquet; reload the dataset", "{error:?}");
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn columns_are_chosen_as_with_files() {
    let lab = Lab::new();
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind, "nullable": true, "metadata": {}});
    let protocol = json!({"minReaderVersion": 1, "minWriterVersion": 2});
    let mut log =
        Log::begin(&lab, protocol, json!([field("Id", "long"), field("name", "string"), field("z", "long")]), json!({}));
    lab.parquet("t/a.parquet", &[("Id", ints(&[1, 2])), ("name", texts(&["a", "b"])), ("z", ints(&[8, 9]))]);
    log.commit(&[log.add("a.parquet")]);
    let mut spec = spec(&lab);
    spec.options.columns = vec!["NAME".into(), "id".into()];
    let opened = open(&lab.ways(), &spec, &Access::default()).await.unwrap();
    assert_eq!(types(&opened), ["name Utf8", "Id Int64"]);
    assert_eq!(lab.rows(&opened, "SELECT * FROM t WHERE \"Id\" = 2").await.unwrap(), "b 2");
    spec.options.columns = vec!["nope".into()];
    assert_eq!(open(&lab.ways(), &spec, &Access::default()).await.err().unwrap().message(), "unknown column: nope");
}

#[tokio::test]
async fn nothing_is_created_where_there_is_no_table() {
    let lab = Lab::new();
    assert_eq!(refusal(&lab).await, "t: no such file or folder");
    assert!(!lab.folder.path().join("t").exists());
    std::fs::create_dir(lab.folder.path().join("t")).unwrap();
    assert_eq!(refusal(&lab).await, "t: no Delta table here (there is no _delta_log)");
    assert_eq!(std::fs::read_dir(lab.folder.path().join("t")).unwrap().count(), 0);
}

#[tokio::test]
async fn logs_that_name_what_is_outside_or_missing_are_refused() {
    let other = Lab::new();
    other.parquet("secret.parquet", &[("x", ints(&[666]))]);
    let secret = other.folder.path().join("secret.parquet");
    let size = std::fs::metadata(&secret).unwrap().len();
    let name = other.folder.path().file_name().unwrap().to_str().unwrap();
    let outside = "t: the Delta log names files by absolute paths or outside the table, which are not read";
    for path in [
        format!("file://{}", secret.display()),
        secret.display().to_string(),
        format!("../../{name}/secret.parquet"),
        format!("%2e%2e/../{name}/secret.parquet"),
        "s3://bucket/secret.parquet".to_owned(),
    ] {
        let lab = Lab::new();
        let mut log = Log::plain(&lab);
        log.commit(&[
            json!({"add": {"path": path, "size": size, "partitionValues": {}, "modificationTime": 1, "dataChange": true}}),
        ]);
        assert_eq!(refusal(&lab).await, outside, "{path}");
    }
    let lab = Lab::new();
    lab.parquet("t/a.parquet", &[("x", ints(&[1]))]);
    let mut log = Log::plain(&lab);
    log.commit(&[log.add("a.parquet")]);
    std::fs::write(lab.path("t/a.parquet"), b"short").unwrap();
    assert_eq!(refusal(&lab).await, "t: a.parquet is not of the size that the Delta log says");
    std::fs::remove_file(lab.path("t/a.parquet")).unwrap();
    assert_eq!(refusal(&lab).await, "t: a.parquet is missing, although the Delta log names it (vacuumed?)");
    std::os::unix::fs::symlink(&secret, lab.path("t/a.parquet")).unwrap();
    let access = Access { roots: Some(vec![lab.folder.path().to_owned()]), private_networks: false };
    let error = open(&lab.ways(), &spec(&lab), &access).await.err().unwrap();
    assert!(lab.plain(&error).contains("a.parquet is missing"), "{error:?}");
}

#[tokio::test]
async fn logs_that_need_more_than_is_known_or_are_corrupt_are_refused() {
    let lab = Lab::new();
    let field = json!({"name": "x", "type": "long", "nullable": true, "metadata": {}});
    let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["somethingNew"], "writerFeatures": ["somethingNew"]});
    Log::begin(&lab, protocol, json!([field]), json!({}));
    let text = refusal(&lab).await;
    assert_eq!(text, "t: the Delta table needs reader features that are not supported");
    lab.write("t/_delta_log/00000000000000000000.json", "{\"protocol\":");
    assert_eq!(refusal(&lab).await, "t: the Delta log cannot be read");
}

#[tokio::test]
async fn mapped_columns_are_read_by_their_physical_names() {
    let lab = Lab::new();
    let field = |name: &str, physical: &str, id: u32| json!({"name": name, "type": "long", "nullable": true, "metadata": {"delta.columnMapping.id": id, "delta.columnMapping.physicalName": physical}});
    let protocol = json!({"minReaderVersion": 2, "minWriterVersion": 5});
    let configuration = json!({"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"});
    // The logical names are those of each other's physical ones: whoever ignores the mapping reads them swapped.
    let mut log = Log::begin(&lab, protocol, json!([field("a", "b", 1), field("b", "a", 2)]), configuration);
    lab.parquet("t/f.parquet", &[("a", ints(&[1, 2])), ("b", ints(&[10, 20]))]);
    log.commit(&[log.add("f.parquet")]);
    let opened = opened(&lab).await.unwrap();
    assert_eq!(types(&opened), ["a Int64", "b Int64"]);
    assert_eq!(lab.rows(&opened, "SELECT a, b FROM t ORDER BY a").await.unwrap(), "10 1|20 2");
    assert_eq!(lab.rows(&opened, "SELECT b FROM t WHERE a = 20").await.unwrap(), "2");
    assert_eq!(lab.rows(&opened, "SELECT sum(a), max(b) FROM t WHERE b < 2").await.unwrap(), "10 1");
}

#[tokio::test]
async fn rows_in_deletion_vectors_are_gone() {
    let lab = Lab::new();
    let field = json!({"name": "x", "type": "long", "nullable": true, "metadata": {}});
    let features = ["deletionVectors"];
    let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features});
    let mut log = Log::begin(&lab, protocol, json!([field]), json!({"delta.enableDeletionVectors": "true"}));
    let values: Vec<i64> = (0..40).collect();
    lab.parquet("t/f.parquet", &[("x", ints(&values))]);
    let mut add = log.add("f.parquet");
    // The example of the protocol's description: an inline vector that deletes rows 3, 4, 7, 11, 18 and 29.
    add["add"]["deletionVector"] = json!({"storageType": "i", "pathOrInlineDv": "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L", "sizeInBytes": 44, "cardinality": 6});
    log.commit(&[add]);
    let opened = opened(&lab).await.unwrap();
    assert_eq!(opened.rows, Some(34));
    assert_eq!(lab.rows(&opened, "SELECT count(*), sum(x) FROM t").await.unwrap(), format!("34 {}", (0..40).sum::<i64>() - 72));
    assert_eq!(lab.rows(&opened, "SELECT x FROM t WHERE x IN (2, 3, 4, 7, 11, 18, 29)").await.unwrap(), "2");
    assert_eq!(lab.rows(&opened, "SELECT count(*) FROM t WHERE x >= 29").await.unwrap(), "10");
    let mut corrupt = log.add("f.parquet");
    corrupt["add"]["deletionVector"] =
        json!({"storageType": "i", "pathOrInlineDv": "^Bg9^0rr91", "sizeInBytes": 8, "cardinality": 6});
    let remove = json!({"remove": {"path": "f.parquet", "dataChange": true, "deletionTimestamp": 2}});
    log.commit(&[remove.clone(), corrupt]);
    assert_eq!(refusal(&lab).await, "t: a deletion vector is missing or corrupt");
    let mut absolute = log.add("f.parquet");
    absolute["add"]["deletionVector"] =
        json!({"storageType": "p", "pathOrInlineDv": "file:///etc/passwd", "offset": 1, "sizeInBytes": 44, "cardinality": 6});
    log.commit(&[remove, absolute]);
    assert!(refusal(&lab).await.contains("absolute paths"));
}

#[tokio::test]
async fn a_plan_outlives_the_table_it_was_made_from() {
    let lab = Lab::new();
    let mut log = Log::plain(&lab);
    for at in 0..5 {
        lab.parquet(&format!("t/{at}.parquet"), &[("x", ints(&[at]))]);
        log.commit(&[log.add(&format!("{at}.parquet"))]);
    }
    let opened = opened(&lab).await.unwrap();
    lab.context.register_table("t", opened.provider.clone()).unwrap();
    let frame = lab.context.sql("SELECT sum(x), count(*) FROM t WHERE x <> 3").await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    lab.context.deregister_table("t").unwrap();
    drop(opened);
    let rows = datafusion::physical_plan::execute_stream(plan, lab.context.task_ctx()).unwrap();
    let batches = datafusion::physical_plan::common::collect(rows).await.unwrap();
    assert_eq!(bare(&batches), "7 4");
}
