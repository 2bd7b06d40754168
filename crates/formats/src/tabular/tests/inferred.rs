//! Tables without a schema: what is made of them, and that they fit it.

use super::*;

fn inferred(name: &str, bytes: impl AsRef<[u8]>, dialect: Json) -> Vec<(String, String)> {
    let (_folder, file, reading) = file(name, bytes.as_ref(), dialect);
    let schema = infer(&file, &reading).unwrap();
    let found = outcome(&Reader::open(&file, &schema, &reading).unwrap());
    assert_eq!(found.wrong, []);
    let fields = schema.normalised()["fields"].as_array().unwrap().clone();
    let text = |field: &Json, key: &str| field[key].as_str().unwrap().to_owned();
    fields.iter().map(|field| (text(field, "name"), text(field, "type"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

#[test]
fn delimited_text() {
    let text = "i,n,b,d,t,z,s,zip,m,big,w,e\n\
        1,1.5,true,2024-01-01,2024-01-01T00:00:00,2024-01-01T00:00:00Z,x,01067,2024-01-01,9223372036854775808,yEs,\n\
        ,-2,FALSE,2024-02-29,2024-01-01 00:00:01,2024-01-01T00:00:00+01:00,1,1,2024-01-01T00:00:00,1,TrUe,\n";
    let expected = [
        ("i", "integer"),
        ("n", "number"),
        ("b", "boolean"),
        ("d", "date"),
        ("t", "datetime"),
        ("z", "datetime"),
        ("s", "string"),
        ("zip", "string"),
        ("m", "string"),
        ("big", "string"),
        ("w", "string"),
        ("e", "string"),
    ];
    assert_eq!(inferred("x.csv", text, json!({})), pairs(&expected));
    assert_eq!(
        inferred("x.csv", "1;x\n2;y\n", json!({"header": false})),
        pairs(&[("column_1", "integer"), ("column_2", "string")])
    );
    assert_eq!(inferred("x.csv", "tRue\ntRuE\n", json!({})), pairs(&[("tRue", "string")]));
}

#[test]
fn json_and_files_with_types() {
    let text = r#"[{"a": 1, "b": "5", "c": [1], "d": {"x": 1}, "e": "2024-01-01", "f": 1, "g": 1}, {"a": 2, "f": "x", "g": 1.5, "h": true}]"#;
    let expected = [
        ("a", "integer"),
        ("b", "string"),
        ("c", "array"),
        ("d", "object"),
        ("e", "date"),
        ("f", "any"),
        ("g", "number"),
        ("h", "boolean"),
    ];
    assert_eq!(inferred("x.json", text, json!({})), pairs(&expected));
    assert_eq!(inferred("x.json", r#"[["a","b"],[1,"x"]]"#, json!({})), pairs(&[("a", "integer"), ("b", "string")]));
    assert_eq!(
        inferred("x.json", r#"[[1,"x"]]"#, json!({"header": false})),
        pairs(&[("column_1", "integer"), ("column_2", "string")])
    );
    let sheet = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>n</t></is></c><c r="B1" t="inlineStr"><is><t>d</t></is></c></row>
        <row r="2"><c r="A2"><v>1.5</v></c><c r="B2" s="1"><v>45292</v></c></row>"#;
    let book = crate::xlsx::tests::book(&[("Data", sheet)]);
    assert_eq!(inferred("x.xlsx", &book, json!({})), pairs(&[("n", "number"), ("d", "date")]));
}

#[test]
fn names_that_are_blank_or_come_twice_are_told() {
    let (_folder, file, reading) = file("x.csv", b"a,,a\n1,2,3\n", json!({}));
    let schema = infer(&file, &reading).unwrap();
    assert_eq!(schema.names().collect::<Vec<_>>(), ["a", "column_2", "a_2"]);
    let found = outcome(&Reader::open(&file, &schema, &reading).unwrap());
    assert!(
        found.wrong.iter().any(|wrong| wrong.0 == "blank-header")
            && found.wrong.iter().any(|wrong| wrong.0 == "duplicate-header")
    );
}
