//! CSV, TSV, JSON, NDJSON.

use super::*;
use std::io::Write;

fn gzip(text: &str) -> Vec<u8> {
    let mut child = std::process::Command::new("gzip")
        .arg("-c")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

#[tokio::test]
async fn csv_types_are_found_over_the_whole_file() {
    let lab = Lab::new();
    let rows: String = (0..20_000).map(|at| format!("{at},{},\"q{at}\",\n", if at == 19_999 { "0.5" } else { "1" })).collect();
    lab.write("x.csv", format!("\u{feff}id,n,s,none\r\n{rows}"));
    let opened = lab.open(FileFormat::Csv, "x.csv").await.unwrap();
    assert_eq!(types(&opened), ["id Int64", "n Float64", "s Utf8", "none Utf8"]);
    assert_eq!(opened.rows, Some(20_000));
    assert_eq!(
        lab.rows(&opened, "SELECT count(*), sum(id), sum(n), count(none) FROM t").await.unwrap(),
        "20000 199990000 19999.5 0"
    );
    assert_eq!(lab.rows(&opened, "SELECT s, id FROM t WHERE id = 12345").await.unwrap(), "q12345 12345");
    assert_eq!(lab.rows(&opened, "SELECT count(*) FROM t").await.unwrap(), "20000");
}

#[tokio::test]
async fn csv_values_of_every_kind_are_read_as_they_are() {
    let lab = Lab::new();
    let text = "d,t,z,b,u,zip,q\n2024-02-29,2024-01-02 03:04:05.123456,2024-01-02T03:04:05+02:00,true,18446744073709551615,01001,\"a\"\"b,c\nd\"\n,,,,,,\n";
    lab.write("x.csv", text);
    let opened = lab.open(FileFormat::Csv, "x.csv").await.unwrap();
    let expected = ["d Date32", "t Timestamp(µs)", "z Timestamp(µs, \"UTC\")", "b Boolean", "u UInt64", "zip Utf8", "q Utf8"];
    assert_eq!(types(&opened), expected);
    let row = lab.rows(&opened, "SELECT d, t, z, b, u, zip, replace(q, chr(10), '/') FROM t LIMIT 1").await.unwrap();
    assert_eq!(row, "2024-02-29 2024-01-02T03:04:05.123456 2024-01-02T01:04:05Z true 18446744073709551615 01001 a\"b,c/d");
    assert_eq!(
        lab.rows(&opened, "SELECT count(d), count(t), count(z), count(b), count(u), count(zip), count(q) FROM t").await.unwrap(),
        "1 1 1 1 1 1 1"
    );
}

#[tokio::test]
async fn csv_options_and_packed_files() {
    let lab = Lab::new();
    lab.write("x.csv", "1;'a;b'\nNA;c\n");
    let mut spec = lab.spec(FileFormat::Csv, "x.csv");
    for (key, value) in [("delimiter", ";"), ("quote", "'"), ("header", "false"), ("null_values", "[\"NA\", \"-\"]")] {
        spec.options.format.insert(key.into(), value.into());
    }
    let opened = open(&lab.ways(), &spec, &Access::default()).await.unwrap();
    assert_eq!(types(&opened), ["column_1 Int64", "column_2 Utf8"]);
    assert_eq!(lab.all(&opened).await, sorted("1 a;b| c"));
    for (key, value) in [("delimiter", "ab"), ("header", "maybe"), ("skip", "1"), ("quote", ";")] {
        let mut spec = lab.spec(FileFormat::Csv, "x.csv");
        spec.options.format.insert(key.into(), value.into());
        spec.options.format.entry("delimiter".into()).or_insert(";".into());
        let error = open(&lab.ways(), &spec, &Access::default()).await.err().unwrap();
        assert!(error.message().contains(key), "{}", error.message());
    }
    lab.write("z/a.csv.gz", gzip("x,y\n1,2\n"));
    lab.write("z/b.csv", "y,x\n4,3\n");
    let opened = lab.open(FileFormat::Csv, "z").await.unwrap();
    assert_eq!(lab.rows(&opened, "SELECT x, y FROM t ORDER BY x").await.unwrap(), "1 2|3 4");
    lab.write("x.tsv", "a\tb\n1\t\"x\ty\"\n");
    let opened = lab.open(FileFormat::Tsv, "x.tsv").await.unwrap();
    assert_eq!(lab.rows(&opened, "SELECT a, replace(b, chr(9), '/') FROM t").await.unwrap(), "1 x/y");
}

#[tokio::test]
async fn csv_files_decide_their_types_together() {
    let lab = Lab::new();
    lab.write("d/y=1/a.csv", "x,only_a\n1,p\n");
    lab.write("d/y=2/b.csv", "x\n2.5\n");
    lab.write("d/y=3/c.csv", "");
    let opened = lab.open(FileFormat::Csv, "d").await.unwrap();
    assert_eq!(types(&opened), ["x Float64", "only_a Utf8", "y Int64"]);
    assert_eq!(lab.rows(&opened, "SELECT * FROM t ORDER BY x").await.unwrap(), "1.0 p 1|2.5  2");
    assert_eq!(opened.notes, ["y=3/c.csv is empty and left out"]);
}

#[tokio::test]
async fn csv_that_is_none_is_refused_with_file_and_line() {
    let lab = Lab::new();
    lab.write("ragged.csv", "a,b\n1,2\n3\n");
    lab.write("empty.csv", "");
    lab.write("twice.csv", "a,a\n1,2\n");
    lab.write("latin.csv", b"a\n\xe9\n");
    let packed = gzip(&"x,y\n1,2\n".repeat(10_000));
    lab.write("cut.csv.gz", &packed[..packed.len() / 2]);
    for (location, message) in [
        ("ragged.csv", "ragged.csv: line 3 has 1 fields, the first line has 2"),
        ("empty.csv", "empty.csv: the file is empty"),
        ("twice.csv", "twice.csv: the header names a twice"),
        ("latin.csv", "latin.csv: line 2 is not UTF-8 text"),
        ("cut.csv.gz", "cut.csv.gz: cannot be unpacked: the gzip data is cut off or corrupt"),
    ] {
        assert_eq!(lab.refusal(FileFormat::Csv, location).await, message);
    }
    lab.write("header.csv", "a,b\n");
    let opened = lab.open(FileFormat::Csv, "header.csv").await.unwrap();
    assert_eq!((opened.rows, lab.all(&opened).await), (Some(0), String::new()));
}

#[tokio::test]
async fn ndjson_keeps_structure_and_widens_over_all_lines() {
    let lab = Lab::new();
    let lines: String = (0..10_000).map(|at| format!("{{\"id\":{at},\"o\":{{\"z\":[{at}],\"a\":null}}}}\n")).collect();
    lab.write("x.ndjson", format!("{lines}\n{{\"late\":0.5,\"id\":1,\"o\":{{\"a\":true}}}}"));
    let opened = lab.open(FileFormat::Ndjson, "x.ndjson").await.unwrap();
    assert_eq!(opened.rows, Some(10_001));
    assert_eq!(types(&opened)[0], "id Int64");
    assert_eq!(lab.rows(&opened, "SELECT count(*), sum(id), sum(late) FROM t").await.unwrap(), "10001 49995001 0.5");
    assert_eq!(lab.rows(&opened, "SELECT o FROM t WHERE id = 77").await.unwrap(), "{z: [77], a: }");
}

#[tokio::test]
async fn values_of_several_kinds_become_text() {
    let lab = Lab::new();
    lab.write("x.ndjson", "{\"m\":1,\"k\":1}\n{\"m\":\"a\",\"k\":2}\n{\"m\":{\"q\":[1.5]},\"k\":3}\n{\"k\":4}\n");
    lab.write("x.json", "[{\"m\":1,\"k\":1},{\"m\":\"a\",\"k\":2},{\"m\":{\"q\":[1.5]},\"k\":3},{\"k\":4}]");
    lab.write("lines.json", "{\"m\":1,\"k\":1}\n{\"m\":\"a\",\"k\":2}\n{\"m\":{\"q\":[1.5]},\"k\":3}\n{\"k\":4}\n");
    for (format, location) in [(FileFormat::Ndjson, "x.ndjson"), (FileFormat::Json, "x.json"), (FileFormat::Json, "lines.json")] {
        let opened = lab.open(format, location).await.unwrap();
        assert_eq!(types(&opened), ["m Utf8", "k Int64"]);
        assert_eq!(lab.all(&opened).await, sorted("1 1|a 2|{\"q\":[1.5]} 3| 4"));
        assert_eq!(lab.rows(&opened, "SELECT k FROM t WHERE m = 'a'").await.unwrap(), "2");
        assert_eq!(lab.rows(&opened, "SELECT count(*) FROM t").await.unwrap(), "4");
        assert_eq!(opened.rows, Some(4));
    }
}

#[tokio::test]
async fn arrays_and_lines_may_lie_side_by_side() {
    let lab = Lab::new();
    lab.write("d/a.json", "[{\"x\": 1}]");
    lab.write("d/b.json", "{\"x\": 2.5}\n");
    lab.write("d/c.json.gz", gzip("[{\"y\": \"z\"}]"));
    let opened = lab.open(FileFormat::Json, "d").await.unwrap();
    assert_eq!(types(&opened), ["x Float64", "y Utf8"]);
    assert_eq!(lab.rows(&opened, "SELECT * FROM t ORDER BY x").await.unwrap(), "1.0 |2.5 | z");
    assert_eq!(opened.notes, ["JSON that is not one object a line is read as a whole and held in memory"]);
}

#[tokio::test]
async fn json_that_is_none_is_refused_with_its_line() {
    let lab = Lab::new();
    lab.write("a.ndjson", "{\"x\":1}\n{\"x\":\n");
    lab.write("b.ndjson", "{\"x\":1}\n[1]\n");
    lab.write("empty.ndjson", "\n\n");
    lab.write("c.json", "[{\"x\":1},2]");
    lab.write("d.json", "[{\"x\":1}");
    lab.write("e.json", "{}\n{}\n");
    lab.write("f.json", format!("[{{\"x\":{}1{}}}]", "[".repeat(10_000), "]".repeat(10_000)));
    for (format, location, message) in [
        (FileFormat::Ndjson, "a.ndjson", "a.ndjson: line 2 is not a JSON object: EOF while parsing a value"),
        (FileFormat::Ndjson, "b.ndjson", "b.ndjson: line 2 is not a JSON object: invalid type: sequence, expected an object"),
        (FileFormat::Ndjson, "empty.ndjson", "empty.ndjson: the file is empty"),
        (
            FileFormat::Json,
            "c.json",
            "c.json: not an array of objects: invalid type: integer `2`, expected an object at line 1 column 10",
        ),
        (FileFormat::Json, "d.json", "d.json: not an array of objects: EOF while parsing a list at line 1 column 8"),
        (FileFormat::Json, "e.json", "e.json: the rows have no columns"),
    ] {
        let refusal = lab.refusal(format, location).await;
        assert!(refusal.starts_with(message.split(" at line").next().unwrap()), "{refusal}");
    }
    assert!(lab.refusal(FileFormat::Json, "f.json").await.contains("recursion limit"));
    for (text, message) in [
        ("{\n  \"x\": 1\n", "one.json: not a JSON object: EOF while parsing an object at line 3"),
        ("{\n  \"x\": 1\n}\n7", "one.json: not a JSON object: invalid type: integer `7`, expected an object at line 4"),
        ("{\"x\":1}\n{\n\"x\":2}", "one.json: neither an array of objects nor one object a line: line 2 "),
        ("x,y\n1,2\n", "one.json: neither an array of objects nor one object a line: line 1 "),
    ] {
        lab.write("one.json", text);
        let refusal = lab.refusal(FileFormat::Json, "one.json").await;
        assert!(refusal.starts_with(message), "{refusal}");
    }
    lab.write("lines.ndjson", "{\n  \"x\": 1\n}\n");
    assert!(lab.refusal(FileFormat::Ndjson, "lines.ndjson").await.starts_with("lines.ndjson: line 1 is not a JSON object"));
}

#[tokio::test]
async fn an_object_over_many_lines_is_a_row() {
    let lab = Lab::new();
    for (text, expected) in [
        ("{\"b\":2,\"a\":{\"x\":\"y\"}}", "2 {x: y}"),
        ("\n{\n  \"b\": 2,\n  \"a\": {\"x\": \"y\"}\n}\n", "2 {x: y}"),
        ("{\"b\":1} {\"b\":2,\n\"a\":null}\n{\"b\":3}", "1 |2 |3 "),
    ] {
        lab.write("one.json", text);
        lab.write("d/one.json.gz", gzip(text));
        for location in ["one.json", "d"] {
            let opened = lab.open(FileFormat::Json, location).await.unwrap();
            assert_eq!(lab.all(&opened).await, sorted(expected), "{text}");
        }
    }
}
