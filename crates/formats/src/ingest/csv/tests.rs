//! Delimited text from file to batches.

use super::super::tests::{read, survey, with};
use super::super::{Fault, Limits};
use crate::ingest::Hints;

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
fn types_are_those_that_all_rows_fit() {
    let text = "id,zip,phone,price,ok,day,at,zoned,note,empty\n\
                1,01234,+49 1,1,true,2024-02-29,2024-02-29 13:05:00,2024-02-29T13:05:00Z,a,\n\
                2,99999,+49 2,2.50,FALSE,2024-03-01,2024-03-01,2024-03-01T00:00:00+01:00,\"x, y\",\n";
    let (survey, rows) = read("t.csv", text.as_bytes(), &Hints::default());
    let types: Vec<String> = survey.schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(
        types,
        ["Int64", "Utf8", "Utf8", "Float64", "Boolean", "Date32", "Timestamp(µs)", "Timestamp(µs, \"UTC\")", "Utf8", "Utf8"]
    );
    assert_eq!(
        lines(&rows),
        [
            "1,01234,+49 1,1.0,true,2024-02-29,2024-02-29T13:05:00,2024-02-29T13:05:00Z,a,",
            "2,99999,+49 2,2.5,false,2024-03-01,2024-03-01T00:00:00,2024-02-29T23:00:00Z,\"x, y\","
        ]
    );
}

#[test]
fn moments_may_leave_their_seconds_out() {
    let text = b"a,b\n2024-02-29 13:05,2024-02-29T13:05Z\n2024-03-01 00:00:30,2024-03-01 01:00+01:00\n";
    let (survey, rows) = read("t.csv", text, &Hints::default());
    let types: Vec<String> = survey.schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(types, ["Timestamp(µs)", "Timestamp(µs, \"UTC\")"]);
    assert_eq!(lines(&rows), ["2024-02-29T13:05:00,2024-02-29T13:05:00Z", "2024-03-01T00:00:30,2024-03-01T00:00:00Z"]);
    let (survey, rows) = read("t.csv", b"a\n2024-02-29 13:05\nnoon\n", &Hints::default());
    assert_eq!((survey.schema.field(0).data_type().to_string().as_str(), &*rows), ("Utf8", "2024-02-29 13:05\nnoon\n"));
}

#[test]
fn types_widen_wherever_the_wide_value_stands() {
    let mut text = "n\n".to_owned() + &"1\n".repeat(2_000_000);
    text.push_str("2.5\n");
    let found = survey("t.csv", text.as_bytes(), &Hints::default()).unwrap();
    assert_eq!((found.schema.field(0).data_type().to_string(), found.rows), ("Float64".to_owned(), 2_000_001));
    text.push_str("x\n");
    let found = survey("t.csv", text.as_bytes(), &Hints::default()).unwrap();
    assert_eq!(found.schema.field(0).data_type().to_string(), "Utf8");
}

#[test]
fn digits_are_never_lost() {
    let (survey, rows) = read("t.csv", b"a,b,c\n18446744073709551615,2024-01-01T00:00:00.123456789,1e400\n", &Hints::default());
    assert_eq!(survey.told.warnings, ["kept as text, for int64 and microseconds would lose digits: a, b"]);
    assert!(rows.starts_with("18446744073709551615,2024-01-01T00:00:00.123456789,"), "{rows}");
}

#[test]
fn wrong_rows_are_told_with_line_and_column() {
    let text = b"a,b\n1,2\n3\n\n4,5,6\n\"x\ny\",7\n8,\xff\xfe\n9,10\n\"z";
    let found = survey("t.csv", text, &Hints::default()).unwrap();
    let told: Vec<_> = found
        .report
        .first
        .iter()
        .map(|problem| (problem.line, problem.column.as_deref(), problem.field, &*problem.message))
        .collect();
    assert_eq!(
        told,
        [
            (3, Some("b"), Some(2), "the row has 1 field, the file 2 columns"),
            (5, None, Some(3), "the row has 3 fields, the file 2 columns"),
            (8, Some("b"), Some(2), "not readable in the file's encoding"),
            (10, Some("a"), Some(1), "a quote is opened here and never closed"),
        ]
    );
    assert_eq!((found.rows, found.report.total), (3, 4));
}

#[test]
fn rows_that_break_a_declared_type_are_told() {
    let hints = with(&[("types", r#"{"n":"int64","D":"date","p":"decimal(5,2)"}"#)]);
    let text = "n,d,p\n007,2024-02-29,1.5\nx,2024-01-01,1\n1,2023-02-29,1\n1,,1.234\n,,\n";
    let (found, rows) = read("t.csv", text.as_bytes(), &hints);
    assert_eq!(lines(&rows), ["7,2024-02-29,1.50", ",,"]);
    let told: Vec<_> =
        found.report.first.iter().map(|problem| (problem.line, problem.column.clone().unwrap(), &*problem.message)).collect();
    assert_eq!(
        told,
        [
            (3, "n".to_owned(), "'x' is not a whole number of 64 bits (int64)"),
            (4, "d".to_owned(), "'2023-02-29' is not a date as 2024-02-29"),
            (5, "p".to_owned(), "'1.234' is not a decimal(5,2)"),
        ]
    );
    let unknown = survey("t.csv", text.as_bytes(), &with(&[("types", r#"{"q":"int64"}"#)])).unwrap_err();
    assert_eq!(unknown.to_string(), "types names a column that the file does not have: 'q'");
}

#[test]
fn encodings_delimiters_and_quotes_are_found() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("näme;x\r\n'a;b';1\r\n'c;d';2\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let (found, rows) = read("t.txt", &utf16, &Hints::default());
    let told = &found.told;
    assert_eq!((told.encoding, told.delimiter, told.quote, told.header), (Some("UTF-16LE"), Some(';'), Some('\''), Some(true)));
    assert_eq!(found.schema.field(0).name(), "näme");
    assert_eq!(lines(&rows), ["a;b,1", "c;d,2"]);
    let (found, rows) = read("t.csv", b"\xef\xbb\xbfa\tb\n1\tcaf\xc3\xa9\n", &Hints::default());
    assert_eq!((found.schema.field(0).name().as_str(), found.told.format.name(), &*rows), ("a", "tsv", "1,café\n"));
    let (found, rows) = read("t.csv", b"a,b\n1,caf\xe9\n", &Hints::default());
    assert_eq!((found.told.encoding, &*rows), (Some("windows-1252"), "1,café\n"));
}

#[test]
fn one_endless_line_is_refused_within_bounded_memory() {
    let limits = Limits { row_bytes: 3 << 20, ..Limits::default() };
    let text = "a,b\n1,".to_owned() + &"x".repeat(20 << 20);
    let fault = super::super::tests::survey_within("t.csv", text.as_bytes(), &Hints::default(), &limits).unwrap_err();
    assert_eq!(fault.to_string(), "the row that begins on line 2 is longer than 3 MiB, the most that is taken");
    let text = "a,b\n1,\"".to_owned() + &"x\n".repeat(10 << 20);
    let fault = super::super::tests::survey_within("t.csv", text.as_bytes(), &Hints::default(), &limits).unwrap_err();
    assert!(fault.to_string().ends_with("is there a quote that is never closed?"), "{fault}");
}

#[test]
fn too_many_columns_are_refused() {
    let header: Vec<String> = (0..10_001).map(|at| format!("c{at}")).collect();
    let fault = survey("t.csv", (header.join(",") + "\n").as_bytes(), &Hints::default()).unwrap_err();
    assert_eq!(fault.to_string(), "the file has 10001 columns; 10000 are the most");
    assert!(matches!(fault, Fault::TooLarge(_)));
    let found = survey("t.csv", (header[1..].join(",") + "\n").as_bytes(), &Hints::default()).unwrap();
    assert_eq!((found.schema.fields().len(), found.rows), (10_000, 0));
}

#[test]
fn null_spellings_are_those_that_are_named() {
    let (found, rows) = read("t.csv", b"a,b\nNA,NA\n1,x\n", &with(&[("null_values", "NA")]));
    assert_eq!((found.schema.field(0).data_type().to_string(), &*rows), ("Int64".to_owned(), ",\n1,x\n"));
    let (found, _) = read("t.csv", b"a,b\nNA,NA\n1,x\n", &Hints::default());
    assert_eq!(found.schema.field(0).data_type().to_string(), "Utf8");
}

#[test]
fn names_are_unique_and_files_without_them_get_some() {
    let (found, _) = read("t.csv", b"A,a,,\n1,2,3,4\n", &Hints::default());
    let names: Vec<_> = found.schema.fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["A", "a_2", "column_3", "column_4"]);
    let (found, rows) = read("t.csv", b"1,2\n3,4\n", &Hints::default());
    assert_eq!((found.schema.field(0).name().as_str(), &*rows), ("column_1", "1,2\n3,4\n"));
    assert!(found.told.warnings[0].contains("header=true"));
    let (_, rows) = read("t.csv", b"1,2\n3,4\n", &with(&[("header", "true")]));
    assert_eq!(rows, "3,4\n");
}
