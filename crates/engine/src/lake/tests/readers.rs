//! What other readers of Delta tables make of ours: PyPI `deltalake`, and DuckDB over the files that it names.

use super::*;
use arrow::array::{BooleanArray, Date32Array, Decimal128Array, DictionaryArray, TimestampNanosecondArray, UInt64Array};
use arrow::datatypes::Int32Type;
use std::process::Command;

const SCRIPT: &str = r#"
import json, sys
import deltalake, duckdb
table = deltalake.DeltaTable(sys.argv[1])
rows = duckdb.arrow(table.to_pyarrow_table())
files = table.file_uris()
def row(relation):
    return [str(value) for value in relation.aggregate('count(*), sum(id), max(name), sum(big), max(price), max(day), max("at"), max(epoch_us(utc)), count(ok)').fetchall()[0]]
first = table.history()[0]
print(json.dumps({
    "delta": row(rows), "files": row(duckdb.read_parquet(files)),
    "types": [str(field.type.type) if hasattr(field.type, "type") else str(field.type) for field in table.schema().fields],
    "version": table.version(), "user": first.get("userName"), "job": first.get("jobId"),
}))
"#;

/// The interpreter that the tests' Python packages are installed for.
#[allow(clippy::disallowed_methods, reason = "the tests are told by it where Python is")]
pub(super) fn python() -> String {
    std::env::var("DATAHALL_PYTHON").expect("DATAHALL_PYTHON names a Python with deltalake and duckdb; run `cargo xtask test`")
}

#[tokio::test(flavor = "multi_thread")]
async fn deltalake_and_duckdb_read_what_was_written() {
    let lab = Lab::new();
    let names: DictionaryArray<Int32Type> = vec![Some("ann"), None, Some("bob")].into_iter().collect();
    let moments = || TimestampNanosecondArray::from(vec![Some(1_577_934_245_123_456_789), None, Some(0)]);
    let prices = Decimal128Array::from(vec![Some(1250), Some(-5), None]).with_precision_and_scale(10, 2).unwrap();
    let columns: Vec<(&str, arrow::array::ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("name", Arc::new(names)),
        ("big", Arc::new(UInt64Array::from(vec![u64::MAX, 1, 0]))),
        ("price", Arc::new(prices)),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(18_262), None]))),
        ("at", Arc::new(moments())),
        ("utc", Arc::new(moments().with_timezone("UTC"))),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    lab.write(of(rows.clone()), WriteMode::Append, None).await.unwrap();
    lab.write(of(rows), WriteMode::Append, None).await.unwrap();
    let place = lab.folder.path().join("lake/default/t");
    let output = Command::new(python()).args(["-c", SCRIPT]).arg(&place).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = ["6", "12", "bob", "36893488147419103232", "12.50", "2020-01-01", "2020-01-02 03:04:05.123456"];
    for reader in ["delta", "files"] {
        let values: Vec<_> = read[reader].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect();
        assert_eq!(values[..7], expected, "{reader}");
        assert_eq!(values[7], "1577934245123456", "{reader}");
        assert_eq!(values[8], "4");
    }
    let types: Vec<_> = read["types"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    assert_eq!(types, ["long", "string", "decimal(20,0)", "decimal(10,2)", "date", "timestamp_ntz", "timestamp", "boolean"]);
    assert_eq!((&read["version"], &read["user"], &read["job"]), (&1.into(), &"user:ann".into(), &"j1".into()));
}
