//! What is written, letter by letter. frictionless 5.21 reads all of it by its normalised schema and finds nothing.

use super::super::{CsvWriter, JsonRowsWriter, TableSchema};
use arrow::array::*;
use arrow::datatypes::{Field, Schema};
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn batch(schema: &TableSchema, columns: Vec<ArrayRef>) -> RecordBatch {
    let fields = schema.names().zip(&columns).map(|(name, column)| Field::new(name, column.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).unwrap()
}

fn written(schema: &Json, columns: Vec<ArrayRef>) -> (String, String) {
    let schema = TableSchema::parse(schema).unwrap();
    let batch = batch(&schema, columns);
    let mut csv = CsvWriter::new(&schema, Vec::new()).unwrap();
    let mut json = JsonRowsWriter::new(&schema, Vec::new()).unwrap();
    for part in [batch.slice(0, 1), batch.slice(1, batch.num_rows() - 1)] {
        csv.write(&part).unwrap();
        json.write(&part).unwrap();
    }
    (String::from_utf8(csv.finish().unwrap()).unwrap(), String::from_utf8(json.finish().unwrap()).unwrap())
}

#[test]
fn each_type_as_table_schema_has_it() {
    let types = ["integer", "number", "boolean", "date", "datetime", "string", "object", "geopoint", "time"];
    let fields: Vec<Json> = types.iter().map(|kind| json!({ "name": kind, "type": kind })).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![Some(-1), None])),
        Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NEG_INFINITY)])),
        Arc::new(BooleanArray::from(vec![Some(true), None])),
        Arc::new(Date32Array::from(vec![Some(-1), None])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None]).with_timezone("UTC")),
        Arc::new(StringArray::from(vec![Some("say \"hi\", you\n"), None])),
        Arc::new(StringArray::from(vec![Some(r#"{"a":[1,"x"]}"#), None])),
        Arc::new(StringArray::from(vec![Some("1.5,2"), None])),
        Arc::new(Time64MicrosecondArray::from(vec![Some(3_600_000_000), None])),
    ];
    let (csv, json) = written(&json!({ "fields": fields }), columns);
    let expected = "integer,number,boolean,date,datetime,string,object,geopoint,time\r\n\
        -1,0.1,true,1969-12-31,1970-01-01T00:00:01.500000Z,\"say \"\"hi\"\", you\n\",\"{\"\"a\"\":[1,\"\"x\"\"]}\",\"1.5,2\",01:00:00\r\n\
        ,-INF,,,,,,,\r\n";
    assert_eq!(csv, expected);
    let expected = "[\n{\"integer\":-1,\"number\":0.1,\"boolean\":true,\"date\":\"1969-12-31\",\"datetime\":\"1970-01-01T00:00:01.500000Z\",\
        \"string\":\"say \\\"hi\\\", you\\n\",\"object\":{\"a\":[1,\"x\"]},\"geopoint\":\"1.5,2\",\"time\":\"01:00:00\"},\n\
        {\"integer\":null,\"number\":\"-INF\",\"boolean\":null,\"date\":null,\"datetime\":null,\"string\":null,\"object\":null,\
        \"geopoint\":null,\"time\":null}\n]\n";
    assert_eq!(json, expected);
}

#[test]
fn null_and_empty_text_differ_where_both_are_values() {
    let schema = json!({"fields": [{"name": "a", "missingValues": ["NA", "-"]}, {"name": "b,c"}, {"name": "d", "type": "integer", "missingValues": ["NA"]}]});
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![Some(""), None])),
        Arc::new(StringArray::from(vec![Some("x"), Some("y")])),
        Arc::new(Int64Array::from(vec![Some(1), None])),
    ];
    let (csv, _) = written(&schema, columns);
    assert_eq!(csv, "a,\"b,c\",d\r\n,x,1\r\nNA,y,\r\n");
}

#[test]
fn no_rows_and_lone_blanks() {
    let schema = TableSchema::parse(&json!({"fields": [{"name": "a"}]})).unwrap();
    assert_eq!(CsvWriter::new(&schema, Vec::new()).unwrap().finish().unwrap(), b"a\r\n");
    assert_eq!(JsonRowsWriter::new(&schema, Vec::new()).unwrap().finish().unwrap(), b"[]\n");
    let mut csv = CsvWriter::new(&schema, Vec::new()).unwrap();
    csv.write(&batch(&schema, vec![Arc::new(StringArray::from(vec![None, Some("x")]))])).unwrap();
    assert_eq!(csv.finish().unwrap(), b"a\r\n\"\"\r\nx\r\n");
    let two = batch(
        &TableSchema::parse(&json!({"fields": [{"name": "a"}, {"name": "b"}]})).unwrap(),
        vec![Arc::new(Int64Array::from(vec![1])), Arc::new(Int64Array::from(vec![1]))],
    );
    assert!(CsvWriter::new(&schema, Vec::new()).unwrap().write(&two).is_err());
}
