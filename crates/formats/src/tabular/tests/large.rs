//! Files of many pieces: numbers go on, values that come once are found again, and who has enough is left alone.

use super::*;
use std::fmt::Write;

fn text(rows: u64) -> String {
    let mut text = String::from("id,v\n");
    for row in 0..rows {
        // Every thousandth repeats one of long before; some rows are wrong.
        let id = if row % 1000 == 999 { row / 2 + 1 } else { row };
        let _ = writeln!(text, "{id},{}", if row % 50_000 == 7 { "x" } else { "1" });
    }
    text
}

fn schema() -> Json {
    json!({"fields": [{"name": "id", "type": "integer", "constraints": {"unique": true}}, {"name": "v", "type": "integer"}]})
}

#[test]
fn unique_values_take_no_more_memory_than_they_may() {
    let rows = 400_000;
    let (_folder, file, mut reading) = file("x.csv", text(rows).as_bytes(), json!({}));
    let schema = TableSchema::parse(&schema()).unwrap();
    // The header is row 1.
    let expected: Vec<u64> = (0..rows).filter(|row| row % 1000 == 999).map(|row| row + 2).collect();
    let mut all = Vec::new();
    for bytes in [64 << 20, 4 << 20] {
        reading.unique_bytes = bytes;
        let found = outcome(&Reader::open(&file, &schema, &reading).unwrap());
        let repeated: Vec<u64> =
            found.wrong.iter().filter(|wrong| wrong.0 == "unique-constraint").filter_map(|wrong| wrong.1).collect();
        assert_eq!(repeated, expected);
        assert_eq!(found.wrong.iter().filter(|wrong| wrong.0 == "type-or-format-error").count(), 8);
        assert_eq!(found.totals.wrong_rows, 408);
        all.push(found.messages);
    }
    assert_eq!(all[0], all[1]);
    assert!(all[0].contains(&"row 1001, column 1 (id): the value '500' stands in row 502 already".to_owned()));
}

#[test]
fn who_has_enough_is_left_alone() {
    let (_folder, file, reading) = file("x.csv", text(700_000).as_bytes(), json!({}));
    let reader = Reader::open(&file, &TableSchema::parse(&schema()).unwrap(), &reading).unwrap();
    let mut pieces = 0;
    let totals = reader.read(&mut |_| {
        pieces += 1;
        ControlFlow::Break(())
    });
    let totals = totals.unwrap();
    assert!(pieces == 1 && totals.stopped && totals.rows > 0 && totals.rows < 700_000);
}

#[test]
fn errors_that_are_told_are_bounded_and_their_number_is_not() {
    let text = format!("a\n{}", "x\n".repeat(5000));
    let (_folder, file, reading) = file("x.csv", text.as_bytes(), json!({}));
    let reader = Reader::open(&file, &TableSchema::parse(&fields(&["a:integer"])).unwrap(), &reading).unwrap();
    let mut told = 0;
    let totals = reader.read(&mut |checked| {
        told += checked.wrong.len();
        ControlFlow::Continue(())
    });
    assert_eq!((told, totals.unwrap().errors), (1000, 5000));
    let wide = format!("a\n1{}\n", ",".repeat(5000));
    let found = read("x.csv", wide, json!({}), fields(&["a:integer"]));
    assert_eq!((found.wrong.len(), found.totals.errors, found.totals.wrong_rows), (20, 5000, 1));
}

#[test]
fn a_row_that_is_too_long_ends_the_reading() {
    let (_folder, file, mut reading) = file("x.csv", format!("a\n1\n\"{}", "x".repeat(6 << 20)).as_bytes(), json!({}));
    reading.limits.row_bytes = 1 << 20;
    let reader = Reader::open(&file, &TableSchema::parse(&fields(&["a:string"])).unwrap(), &reading).unwrap();
    let fault = reader.read(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(&fault, Fault::TooLarge(words) if words.contains("is there a quote that is never closed?")), "{fault}");
}

#[test]
fn keys_of_several_fields_and_of_numbers() {
    let schema = json!({
        "fields": [{"name": "a", "type": "number"}, {"name": "b"}, {"name": "c", "constraints": {"unique": true}}],
        "primaryKey": ["a", "b"],
    });
    let text = "a,b,c\n1,x,\n1.0,y,\n1.00,x,1\n2,,2\nz,x,1\nNaN,q,3\nNaN,q,4\n";
    let found = read("x.csv", text, json!({}), schema);
    let at = |code, row, column| (code, Some(row), Some(column));
    let expected = [
        at("unique-constraint", 4, 1),
        at("required-constraint", 5, 2),
        at("type-or-format-error", 6, 1),
        at("unique-constraint", 6, 3),
    ];
    assert_eq!(found.wrong, expected);
}
