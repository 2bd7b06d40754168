//! CSV, TSV, JSON, NDJSON, Arrow IPC and workbooks.

use crate::support::*;
use serde_json::{Value, json};

async fn rows(server: &Server, name: &str, block: Value) -> Vec<Value> {
    let mut block = block;
    block["name"] = json!(name);
    server.register(&block).await.ok();
    server.query(name, &json!({})).await
}

#[tokio::test]
async fn text_files() {
    let scratch = Scratch::new();
    let csv = "id,name,score,joined,at,flag\n1,Ada,9.5,2020-01-01,2024-02-29T12:34:56,true\n2,\"Quoted, \"\"so\"\"\nand broken\",,2020-06-15,2024-02-29T00:00:00,false\n3,,-1.5,,,\n";
    scratch.write("a.csv", csv);
    scratch.write("crlf.csv", csv.replace('\n', "\r\n").replace("so\"\"\r\n", "so\"\"\n"));
    scratch.write("bom.csv", format!("\u{feff}{csv}"));
    scratch.write("semicolon.csv", "a;b\n1;x\n2;y\n");
    scratch.write("headless.csv", "1,x\n2,y\n");
    scratch.write("nulls.csv", "a,b\nNA,x\n2,-\n");
    scratch.write("a.tsv", "id\tname\n1\tAda\n2\tTab \"here\"\n");
    scratch.write("dir/1.csv", "a,b\n1,x\n");
    scratch.write("dir/2.csv", "a,b\n2,y\n");
    scratch.write("big.csv", "n\n9223372036854775807\n-9223372036854775808\n");
    scratch.write("mixed.csv", format!("n\n{}x\n", "1\n".repeat(3000)));
    let server = Server::builder().cwd(scratch.root()).start().await;
    let expected = [
        json!({"id": 1, "name": "Ada", "score": 9.5, "joined": "2020-01-01", "at": "2024-02-29T12:34:56", "flag": true}),
        json!({"id": 2, "name": "Quoted, \"so\"\nand broken", "score": null, "joined": "2020-06-15", "at": "2024-02-29T00:00:00", "flag": false}),
        json!({"id": 3, "name": null, "score": -1.5, "joined": null, "at": null, "flag": null}),
    ];
    for lazy in [false, true] {
        let block = |kind: &str, location: &str| json!({"lazy": lazy, "source": {"kind": kind, "location": location}});
        let with = |location: &str, options: Value| json!({"lazy": lazy, "source": {"kind": "csv", "location": location}, "options": options});
        for file in ["a.csv", "crlf.csv", "bom.csv"] {
            assert_eq!(rows(&server, &format!("{file}-{lazy}"), block("csv", file)).await, expected, "{file} lazy={lazy}");
        }
        let ab = [json!({"a": 1, "b": "x"}), json!({"a": 2, "b": "y"})];
        assert_eq!(rows(&server, &format!("semi-{lazy}"), with("semicolon.csv", json!({"delimiter": ";"}))).await, ab);
        let headless = rows(&server, &format!("headless-{lazy}"), with("headless.csv", json!({"header": false}))).await;
        let values: Vec<Vec<&Value>> = headless.iter().map(|row| row.as_object().expect("a row").values().collect()).collect();
        assert_eq!(values, [[&json!(1), &json!("x")], [&json!(2), &json!("y")]]);
        let nulls = rows(&server, &format!("nulls-{lazy}"), with("nulls.csv", json!({"null_values": ["NA", "-"]}))).await;
        assert_eq!(nulls, [json!({"a": null, "b": "x"}), json!({"a": 2, "b": null})]);
        let tsv = rows(&server, &format!("tsv-{lazy}"), block("tsv", "a.tsv")).await;
        assert_eq!(tsv[0], json!({"id": 1, "name": "Ada"}));
        let name = format!("dir-{lazy}");
        rows(&server, &name, block("csv", "dir")).await;
        assert_eq!(server.query(&name, &json!({"order_by": [{"col": "a"}]})).await, ab);
        let big = rows(&server, &format!("big-{lazy}"), block("csv", "big.csv")).await;
        assert_eq!(big, [json!({"n": i64::MAX}), json!({"n": i64::MIN})]);
        // A value that does not suit the type found at first: text throughout, or refused by name; never a wrong value.
        let mut mixed = block("csv", "mixed.csv");
        mixed["name"] = json!(format!("mixed-{lazy}"));
        let reply = server.register(&mixed).await;
        if reply.status == 200 {
            let found = server.query_reply(&format!("mixed-{lazy}"), &json!({"columns": ["n"], "page_size": 5000})).await;
            let kept = found.status == 200
                && found.json()["data"].as_array().is_some_and(|rows| rows.len() == 3001 && rows[3000]["n"] == "x");
            assert!(
                kept || (400..600).contains(&found.status) && found.message().contains("mixed.csv"),
                "lazy={lazy}: {}",
                found.status
            );
        } else {
            assert!(reply.error(400).contains("mixed.csv"));
        }
    }
}

#[tokio::test]
async fn json_files() {
    let scratch = Scratch::new();
    scratch.write(
        "list.json",
        r#"[{"a": 1, "b": {"c": [1, 2], "d": "x"}}, {"a": 9007199254740993, "b": null}, {"a": null, "e": true}]"#,
    );
    scratch.write("pretty.json", "[\n  {\"a\": 1},\n  {\"a\": 2}\n]\n");
    scratch.write("one.json", r#"{"a": 1}"#);
    scratch.write("lines.ndjson", "{\"a\": 1, \"t\": \"line\\nbreak\"}\n\n{\"a\": 2.5, \"t\": null}\n{\"t\": \"ünï\"}\n");
    let server = Server::builder().cwd(scratch.root()).start().await;
    for lazy in [false, true] {
        let block = |kind: &str, location: &str| json!({"lazy": lazy, "source": {"kind": kind, "location": location}});
        let list = rows(&server, &format!("list-{lazy}"), block("json", "list.json")).await;
        let expected = [
            json!({"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": null}),
            json!({"a": 9_007_199_254_740_993_i64, "b": null, "e": null}),
            json!({"a": null, "b": null, "e": true}),
        ];
        assert_eq!(list, expected, "lazy={lazy}");
        assert_eq!(
            rows(&server, &format!("pretty-{lazy}"), block("json", "pretty.json")).await,
            [json!({"a": 1}), json!({"a": 2})]
        );
        let lines = rows(&server, &format!("lines-{lazy}"), block("ndjson", "lines.ndjson")).await;
        let expected = [json!({"a": 1.0, "t": "line\nbreak"}), json!({"a": 2.5, "t": null}), json!({"a": null, "t": "ünï"})];
        assert_eq!(lines, expected, "lazy={lazy}");
    }
}

#[tokio::test]
async fn arrow_files_and_workbooks() {
    let scratch = Scratch::new();
    python::run("other_writers.py", &scratch.root(), &[]);
    let server = Server::builder().cwd(scratch.root()).start().await;
    for lazy in [false, true] {
        for file in ["file.arrow", "zstd.arrow", "lz4.feather", "stream.arrows"] {
            let name = format!("{file}-{lazy}");
            let block = json!({"name": name, "lazy": lazy, "source": {"kind": "arrow", "location": file}});
            assert_eq!(server.register(&block).await.ok().json()["rows"], 1000, "{file} lazy={lazy}");
            let found = server.query(&name, &json!({"predicates": [{"col": "id", "op": "eq", "val": 5}]})).await;
            let expected = json!({"id": 5, "name": "name 5", "price": "1.25", "ratio": 0.625, "flag": false, "day": "2024-01-06", "at": "2024-01-01T00:00:05", "tags": ["t2", "t2"]});
            assert_eq!(found, [expected], "{file} lazy={lazy}");
        }
        let book =
            |options: Value| json!({"lazy": lazy, "source": {"kind": "xlsx", "location": "book.xlsx"}, "options": options});
        let people = rows(&server, &format!("people-{lazy}"), book(json!({}))).await;
        assert_eq!(people.len(), 3);
        assert_eq!(people[0], json!({"id": 1, "name": "Ada", "score": 9.5, "joined": people[0]["joined"], "active": true}));
        assert!(people[0]["joined"].as_str().is_some_and(|day| day.starts_with("2020-01-01")), "{people:?}");
        assert_eq!((&people[1]["score"], &people[2]["name"], &people[2]["joined"]), (&Value::Null, &Value::Null, &Value::Null));
        for sheet in [json!("Numbers"), json!(2)] {
            let name = format!("numbers-{sheet}-{lazy}").replace('"', "");
            let numbers = rows(&server, &name, book(json!({"sheet": sheet}))).await;
            assert_eq!((numbers.len(), &numbers[19]), (20, &json!({"n": 19, "text": "row 19"})));
        }
        for sheet in [json!("Nope"), json!(9), json!("Empty")] {
            let mut block = book(json!({"sheet": sheet}));
            block["name"] = json!("bad");
            let message = server.register(&block).await.error(400);
            assert!(message.contains("sheet") || message.contains("Empty"), "{message}");
        }
    }
}
