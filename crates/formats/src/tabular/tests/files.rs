//! Files of every kind, and in every way in which they are laid out.

use super::*;
use crate::{Encoder, Format};
use ::arrow::array::*;
use ::arrow::datatypes::Int32Type;
use std::io::Write;
use std::sync::Arc;

fn two() -> Json {
    fields(&["a:integer", "b:string"])
}

fn rows() -> [Json; 2] {
    [json!({"a": 1, "b": "x"}), json!({"a": 2, "b": "y,z"})]
}

#[test]
fn delimited_text_in_every_dialect() {
    for (text, dialect) in [
        ("a,b\n1,x\n2,\"y,z\"\n", json!({})),
        ("a;b\r\n1;x\r\n2;y,z", json!({"delimiter": ";"})),
        // Nobody says what stands between fields; the names do.
        ("a|b\n1|x\n2|y,z\n", json!({})),
        ("a\tb\n1\tx\n2\ty,z\n", json!({"csv": {"delimiter": "\t"}})),
        ("a,b\n1,x\n2,'y,z'\n", json!({"quoteChar": "'"})),
        ("a,b\n1,x\n2,y\\,z\n", json!({"escapeChar": "\\", "quoteChar": ""})),
        ("a, b\n1, x\n2, \"y,z\"\n", json!({"skipInitialSpace": true})),
        ("# no\na,b\n1,x\n# \"no\n2,\"y,z\"\n", json!({"commentChar": "#"})),
        ("1,x\n2,\"y,z\"\n", json!({"header": false})),
        ("title\n\na,b\n1,x\n2,\"y,z\"\n", json!({"headerRows": [3]})),
        ("a,b\nno,no\n1,x\n2,\"y,z\"\n", json!({"commentRows": [2]})),
        ("no\na,b\n1,x\n2,\"y,z\"\n", json!({"commentRows": [1]})),
        ("A,B\n1,x\n2,\"y,z\"\n", json!({"caseSensitiveHeader": false})),
        ("a,b\n1,x\n,\n2,\"y,z\"\n\n", json!({"skipBlankRows": true})),
        ("\u{feff}a,b\n1,x\n2,\"y,z\"\n", json!({})),
    ] {
        let found = read("x.csv", text, dialect, two());
        assert_eq!((found.rows, found.wrong), (rows().to_vec(), vec![]), "{text}");
    }
    let joined = read("x.csv", "a,a\nx,y\n1,2\n", json!({"headerRows": [1, 2]}), fields(&["a x:integer", "a y:integer"]));
    assert_eq!((joined.rows, joined.wrong), (vec![json!({"a x": 1, "a y": 2})], vec![]));
}

#[test]
fn pipelines_lay_files_out_with_tabulator() {
    let (_folder, mut file, reading) = file("x.csv", b"no\nno\na,b\n1,x\n%\n2,\"y,z\"\n", json!({}));
    let tabulator = json!({"skip_rows": 2, "headers": 1});
    file.dialect = Dialect::default().with_tabulator(&tabulator).unwrap().with_tabulator(&json!({"skip_rows": ["%"]})).unwrap();
    let reader = Reader::open(&file, &TableSchema::parse(&two()).unwrap(), &reading).unwrap();
    let found = outcome(&reader);
    assert_eq!((found.rows, found.wrong), (rows().to_vec(), vec![]));
    file.dialect = Dialect::default().with_tabulator(&json!({"skip_rows": [1, 2, 3, "%"], "headers": ["a", "b"]})).unwrap();
    assert_eq!(outcome(&Reader::open(&file, &TableSchema::parse(&two()).unwrap(), &reading).unwrap()).rows, rows());
}

#[test]
fn rows_are_numbered_as_goodtables_numbers_them() {
    let schema = fields(&["a:integer", "b:integer"]);
    let csv = read("t.csv", "a,b\n1,2\nx,3\n\n,\n4,5,6\n7\n\"8\n\",9\ny,1\n", json!({}), schema.clone());
    let at = |code, row, column| (code, Some(row), column);
    let expected = [
        at("type-or-format-error", 3, Some(1)),
        at("blank-row", 4, None),
        at("blank-row", 5, None),
        at("extra-value", 6, Some(3)),
        at("missing-value", 7, Some(2)),
        at("type-or-format-error", 9, Some(1)),
    ];
    assert_eq!(csv.wrong, expected);
    let objects = read("t.json", r#"[{"a":"x","b":1},{"a":"2","b":2},{"a":null}]"#, json!({}), schema.clone());
    assert_eq!(objects.wrong, [at("type-or-format-error", 1, Some(1)), at("blank-row", 3, None)]);
    let lists = read("l.json", r#"[["a","b"],[1,1],["y",2]]"#, json!({}), schema);
    assert_eq!(lists.wrong, [at("type-or-format-error", 3, Some(1))]);
}

#[test]
fn json_in_every_form() {
    for (name, text, dialect) in [
        ("x.json", r#"[{"a":1,"b":"x"},{"b":"y,z","a":2,"c":3}]"#, json!({"json": {"keyed": true}})),
        ("x.json", r#"[["a","b"],[1,"x"],["2","y,z"]]"#, json!({})),
        ("x.json", r#"[[1,"x"],[2,"y,z"]]"#, json!({"header": false})),
        ("x.ndjson", "{\"a\":1,\"b\":\"x\"}\n\n{\"a\":2,\"b\":\"y,z\"}\n", json!({})),
        ("x.json", r#"{"n": [0], "d": {"r": [{"a":1,"b":"x"}, {"a":2,"b":"y,z"}]}}"#, json!({"json": {"property": "d.r"}})),
        ("x", r#" [{"a":1,"b":"x"},{"a":2,"b":"y,z"}] "#, json!({})),
    ] {
        let found = read(name, text, dialect, two());
        assert_eq!((found.rows, found.wrong), (rows().to_vec(), vec![]), "{text}");
    }
    let nested = json!({"fields": [{"name": "a", "type": "object"}, {"name": "b", "type": "array"}]});
    let found = read("x.json", r#"[{"a": {"z": 1, "y": [2.5]}, "b": []}]"#, json!({}), nested);
    assert_eq!(found.rows, [json!({"a": "{\"z\":1,\"y\":[2.5]}", "b": "[]"})]);
    let odd = read("x.json", "[{\"a\": 1}, 2, {\"a\": 3, }, {\"a\": \"\\ud800\"}]", json!({}), two());
    let row = |row| ("source-error", Some(row), None);
    assert_eq!((odd.rows.len(), odd.wrong), (1, vec![row(2), row(3), row(4)]));
}

#[test]
fn encodings_and_compression() {
    let schema = fields(&["name:string"]);
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("name\nZoë\n");
    let (folder, mut file, reading) = file("x.csv", &latin, json!({}));
    file.encoding = Some("latin1".to_owned());
    let schema_read = TableSchema::parse(&schema).unwrap();
    let reader = Reader::open(&file, &schema_read, &reading).unwrap();
    assert_eq!(outcome(&reader).rows, [json!({"name": "Zoë"})]);
    drop(reader);
    assert_eq!(std::fs::read_dir(folder.path().join("scratch")).unwrap().count(), 0);
    // What is said to be UTF-8 and is not is told cell by cell.
    file.encoding = Some("utf-8".to_owned());
    let wrong = outcome(&Reader::open(&file, &schema_read, &reading).unwrap());
    assert_eq!(wrong.wrong, [("encoding-error", Some(2), Some(1))]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all("name\nZoë\n".as_bytes()).unwrap();
    assert_eq!(read("x.csv.gz", packed.finish().unwrap(), json!({}), schema).rows, [json!({"name": "Zoë"})]);
}

#[test]
fn files_that_have_types() {
    let dictionary: DictionaryArray<Int32Type> = vec![Some("u"), None].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("day", Arc::new(TimestampNanosecondArray::from(vec![Some(86_400_000_000_000), None]))),
        ("whole", Arc::new(Float64Array::from(vec![3.0, 4.5]))),
        ("price", Arc::new(Decimal128Array::from(vec![125, 250]).with_precision_and_scale(5, 2).unwrap())),
        ("small", Arc::new(Int32Array::from(vec![Some(7), None]))),
        ("text", Arc::new(dictionary)),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None]))),
        ("moment", Arc::new(TimestampMillisecondArray::from(vec![1, 2]).with_timezone("Europe/Paris"))),
    ];
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let schema =
        fields(&["text:string", "day:date", "whole:integer", "price:number", "small:number", "list:array", "moment:datetime"]);
    for format in [Format::Parquet, Format::Arrow] {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(format, &batch.schema()).unwrap();
        encoder.encode(&batch, &mut bytes).unwrap();
        encoder.finish(&mut bytes).unwrap();
        let found = read("x", &bytes, json!({}), schema.clone());
        let first = json!({"text": "u", "day": "1970-01-02", "whole": 3, "price": 1.25, "small": 7.0, "list": "[1]",
            "moment": "1970-01-01T00:00:00.001000Z"});
        assert_eq!(found.rows, [first], "{format:?}");
        assert_eq!(found.wrong, [("type-or-format-error", Some(2), Some(2))], "{format:?}");
        let less = read("x", &bytes, json!({}), fields(&["text:string", "gone:string"]));
        assert_eq!(less.wrong.iter().filter(|wrong| wrong.0 == "missing-header").count(), 1);
        assert_eq!(less.wrong.iter().filter(|wrong| wrong.0 == "extra-header").count(), 6);
    }
}

#[test]
fn workbooks_sheet_by_sheet() {
    // 45292 is 2024-01-01; style 1 is a date.
    let sheet = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>A title</t></is></c></row>
        <row r="3"><c r="A3" t="inlineStr"><is><t>zip</t></is></c><c r="B3" t="inlineStr"><is><t>day</t></is></c></row>
        <row r="4"><c r="A4"><v>10115</v></c><c r="B4" s="1"><v>45292</v></c></row>
        <row r="6"><c r="A6" t="inlineStr"><is><t>N1</t></is></c><c r="B6" t="inlineStr"><is><t>soon</t></is></c></row>"#;
    let other = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>"#;
    let book = crate::xlsx::tests::book(&[("Notes", other), ("Data", sheet)]);
    let schema = json!({"fields": [{"name": "zip"}, {"name": "day", "type": "date", "format": "%d.%m.%Y"}]});
    for dialect in [json!({"excel": {"sheet": "Data"}, "headerRows": [3]}), json!({"excel": {"sheet": 2}, "commentRows": [1, 2]})]
    {
        let found = read("x.xlsx", &book, dialect, schema.clone());
        assert_eq!(found.rows, [json!({"zip": "10115", "day": "2024-01-01"})]);
        assert_eq!(found.wrong, [("type-or-format-error", Some(6), Some(2))]);
    }
    let unnamed = read("x.xlsx", &book, json!({"excel": {"sheet": "Notes"}, "header": false}), fields(&["v:string"]));
    assert_eq!(unnamed.rows, [json!({"v": "x"})]);
    let missing = fault("x.xlsx", &book, json!({"excel": {"sheet": "None"}}), schema);
    assert!(missing.contains("no sheet 'None'"), "{missing}");
}

#[test]
fn what_is_no_table_is_refused_in_words() {
    for (name, bytes, dialect, expected) in [
        ("x.csv", &b""[..], json!({}), "the file is empty"),
        ("x.csv", b"%PDF-1.7", json!({}), "the file is a PDF document"),
        ("x.parquet", b"a,b\n", json!({}), "the file is said to be Parquet, its content is not"),
        ("x.json", br#"{"a": {"b": [1]}, "c": 2"#, json!({}), "the file is one JSON object and no list of rows"),
        ("x.json", br#"{"a": {"b": [1]}}"#, json!({"property": "a.c"}), "the file has no list of rows below 'a.c'"),
        ("x.json", b"[{}, {", json!({}), "the file ends within the value that begins on line 1"),
        ("x.csv", b"a,b\n1,2\n", json!({"headerRows": [9]}), "the file ends before the row that names its columns"),
        ("x.csv", b"\"a,b\n1,2\n", json!({}), "row 1: a quote in the header is never closed"),
    ] {
        let words = fault(name, bytes, dialect, two());
        assert!(words.starts_with(expected), "{words}");
    }
    let open = read("x.csv", "a,b\n1,x\n2,\"y\n3,z\n", json!({}), two());
    assert_eq!((open.rows.len(), open.wrong), (1, vec![("source-error", Some(3), None)]));
}
