//! Spreadsheets written by hand, part by part, and what is read from them.

mod hostile;

use super::*;
use crate::{Encoder, Format};
use datahall_core::{Code, Error};
use std::io::{Cursor, Write};

/// A packed file of `parts`.
fn packed(parts: &[(&str, String)]) -> bytes::Bytes {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner().into()
}

/// An xlsx file of sheets: name, and the content of `sheetData`. Styles: 1 date, 2 date and time, 3 time, 4 duration.
pub(crate) fn book(sheets: &[(&str, &str)]) -> bytes::Bytes {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PARTS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let numbered = || sheets.iter().enumerate().map(|(at, (name, data))| (at + 1, name, data));
    let list: String =
        numbered().map(|(at, name, _)| format!("<sheet name=\"{name}\" sheetId=\"{at}\" r:id=\"rId{at}\"/>")).collect();
    let links: String = numbered()
        .map(|(at, ..)| format!("<Relationship Id=\"rId{at}\" Type=\"{LINKS}/worksheet\" Target=\"worksheets/sheet{at}.xml\"/>"))
        .collect();
    let styles: String = [0, 14, 22, 21, 46].iter().map(|format| format!("<xf numFmtId=\"{format}\"/>")).collect();
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), "<Types/>".to_owned()),
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{PARTS}\"><Relationship Id=\"rId1\" Type=\"{LINKS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{LINKS}\"><sheets>{list}</sheets></workbook>"),
        ),
        ("xl/_rels/workbook.xml.rels".to_owned(), format!("<Relationships xmlns=\"{PARTS}\">{links}</Relationships>")),
        (
            "xl/styles.xml".to_owned(),
            format!("<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"5\">{styles}</cellXfs></styleSheet>"),
        ),
    ];
    for (at, _, data) in numbered() {
        let sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{data}</sheetData></worksheet>");
        parts.push((format!("xl/worksheets/sheet{at}.xml"), sheet));
    }
    let parts: Vec<_> = parts.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    packed(&parts)
}

/// The same with one sheet, of which these cells are merged.
fn merged(data: &str, places: &[&str]) -> bytes::Bytes {
    let merged: String = places.iter().map(|place| format!("<mergeCell ref=\"{place}\"/>")).collect();
    book(&[("S", &format!("{data}</sheetData><mergeCells>{merged}</mergeCells><sheetData>"))])
}

/// Rows of cells written as `A1=text`, `B2=#5` (number), `B2=1#5` (number with style 1), `B2=?1` (boolean), `B2=!` (error).
fn cells(lines: &[&str]) -> String {
    let cell = |cell: &str| {
        let (place, value) = cell.split_once('=').unwrap();
        if let Some((style, number)) = value.split_once('#') {
            format!("<c r=\"{place}\" s=\"{}\"><v>{number}</v></c>", if style.is_empty() { "0" } else { style })
        } else if let Some(truth) = value.strip_prefix('?') {
            format!("<c r=\"{place}\" t=\"b\"><v>{truth}</v></c>")
        } else if value == "!" {
            format!("<c r=\"{place}\" t=\"e\"><v>#DIV/0!</v></c>")
        } else {
            format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{value}</t></is></c>")
        }
    };
    lines.iter().map(|line| format!("<row>{}</row>", line.split(' ').map(cell).collect::<String>())).collect()
}

fn read(bytes: bytes::Bytes) -> Result<(String, String)> {
    let sheet = read_bytes(bytes, None)?;
    let fields = sheet.schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type()));
    let mut encoder = Encoder::new(Format::Csv, &sheet.schema)?;
    let mut out = Vec::new();
    for batch in &sheet.batches {
        encoder.encode(batch, &mut out)?;
    }
    encoder.finish(&mut out)?;
    let text = String::from_utf8(out).unwrap();
    Ok((fields.collect::<Vec<_>>().join(", "), text.split_once('\n').unwrap().1.to_owned()))
}

fn one(lines: &[&str]) -> (String, String) {
    read(book(&[("Sheet1", &cells(lines))])).unwrap()
}

fn refusal(bytes: bytes::Bytes) -> Error {
    read_bytes(bytes, None).unwrap_err()
}

#[test]
fn each_type_is_told_from_all_the_cells_of_its_column() {
    let (schema, rows) = one(&[
        "A1=b B1=i C1=f D1=d E1=t F1=s G1=none",
        "A2=?1 B2=#3 C2=#1 D2=1#45351 E2=2#45351.5 F2=x",
        "A3=?0 B3=#-4 C3=#2.5 D3=1#1 E3=1#45352 F3=#7",
        "A4=! C4=! D4=! F4=?1",
    ]);
    assert_eq!(schema, "b: Boolean, i: Int64, f: Float64, d: Date32, t: Timestamp(µs), s: Utf8, none: Utf8");
    assert_eq!(
        rows,
        "true,3,1.0,2024-02-29,2024-02-29T12:00:00,x,\nfalse,-4,2.5,1900-01-01,2024-03-01T00:00:00,7,\n,,,,,true,\n"
    );
}

#[test]
fn whole_numbers_beyond_2_to_the_53_are_floats() {
    assert_eq!(one(&["A1=n", "A2=#9007199254740992", "A3=#1"]).0, "n: Int64");
    assert_eq!(one(&["A1=n", "A2=#9007199254740994", "A3=#1"]).0, "n: Float64");
}

#[test]
fn kinds_that_do_not_mix_are_text() {
    let (schema, rows) = one(&["A1=a B1=b C1=c", "A2=1#45351 B2=?1 C2=#1.5", "A3=#5 B3=#1 C3=2#45351.25"]);
    assert_eq!(schema, "a: Utf8, b: Utf8, c: Utf8");
    assert_eq!(rows, "2024-02-29,true,1.5\n5,1,2024-02-29T06:00:00\n");
}

#[test]
fn times_of_day_and_durations_are_text() {
    let (schema, rows) = one(&["A1=time B1=duration", "A2=3#0.5 B2=4#1.5", "A3=3#0.000005787037037037037 B3=4#0"]);
    assert_eq!((schema.as_str(), rows.as_str()), ("time: Utf8, duration: Utf8", "12:00:00,PT36H\n00:00:00.500000,PT0S\n"));
}

#[test]
fn headers_are_named_once_and_never_blank() {
    let (schema, _) = one(&["B3=x C3=x F3=#2001 G3=x_2", "B4=#1 C4=#2 E4=#3 F4=#4"]);
    assert_eq!(schema, "x: Int64, x_2: Int64, column_4: Int64, 2001: Int64, x_2_2: Utf8");
}

#[test]
fn blank_rows_and_blank_columns_are_left_out() {
    let (schema, rows) = one(&["A1=a C1=c", "A3=#1", "C6=#2"]);
    assert_eq!((schema.as_str(), rows.as_str()), ("a: Int64, c: Int64", "1,\n,2\n"));
    assert_eq!(one(&["A1=a B1=b"]), ("a: Utf8, b: Utf8".to_owned(), String::new()));
}

#[test]
fn sheets_are_chosen_by_name_or_as_the_first_with_anything_in_it() {
    let bytes = book(&[("Empty", ""), ("Data", &cells(&["A1=x", "A2=#1"])), ("More", &cells(&["A1=y", "A2=#1"]))]);
    let mut book = Workbook::from_bytes(bytes).unwrap();
    assert_eq!(book.sheets(), ["Empty", "Data", "More"]);
    assert_eq!(book.read(None, Header::First).unwrap().name, "Data");
    assert_eq!(book.read(Some("More"), Header::First).unwrap().schema.field(0).name(), "y");
    assert_eq!(book.read(Some("more"), Header::First).unwrap().name, "More");
    assert_eq!(book.read(Some("Empty"), Header::First).unwrap_err().message(), "sheet 'Empty' is empty");
    assert_eq!(book.read(Some("Nope"), Header::First).unwrap_err().message(), "no sheet 'Nope' (there are: Empty, Data, More)");
}

#[test]
fn merged_headers_are_found_when_asked_for() {
    let data = cells(&["A1=Sales", "A3=region B3=2023 D3=n", "B4=q1 C4=q2", "A5=north B5=#1 C5=#2 D5=#3"]);
    let bytes = merged(&data, &["A1:D1", "A3:A4", "B3:C3", "D3:D4"]);
    let read = |header| Workbook::from_bytes(bytes.clone()).unwrap().read(None, header).unwrap();
    let names = |sheet: &Sheet| sheet.schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let found = read(Header::Found);
    assert_eq!(names(&found), ["region", "2023 q1", "2023 q2", "n"]);
    assert_eq!((found.places.clone(), found.warnings.len(), found.batches[0].num_rows()), (vec![4], 2, 1));
    assert_eq!(found.schema.field(1).data_type(), &arrow::datatypes::DataType::Int64);
    assert_eq!(names(&read(Header::First)), ["Sales", "column_2", "column_3", "column_4"]);
    let without = read(Header::Rows(0));
    assert_eq!((names(&without)[0].as_str(), without.batches[0].num_rows()), ("column_1", 4));
}

#[test]
fn merged_cells_that_make_no_sense_do_no_harm() {
    let data = cells(&["A1=a", "A2=#1 B2=#2"]);
    for places in [&["B2:A1"][..], &["A1:XFD1048576"], &["A1:B1", "A1:B1", "A1:A2"], &["Z99:ZZ9999999"], &["x"]] {
        let sheet = Workbook::from_bytes(merged(&data, places)).unwrap().read(None, Header::Found);
        if let Ok(sheet) = sheet {
            assert!(sheet.schema.fields().len() <= 2, "{places:?}");
        }
    }
}

#[test]
fn files_are_read_from_their_path_whatever_their_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), book(&[("S", &cells(&["A1=x", "A2=#1"]))])).unwrap();
    let sheet = read_path(file.path(), None).unwrap();
    assert_eq!((sheet.name.as_str(), sheet.batches[0].num_rows()), ("S", 1));
}

/// An OpenDocument file whose one sheet has `rows`.
fn ods(rows: &str) -> bytes::Bytes {
    const OASIS: &str = "urn:oasis:names:tc:opendocument:xmlns";
    let content = format!(
        "<office:document-content xmlns:office=\"{OASIS}:office:1.0\" xmlns:table=\"{OASIS}:table:1.0\" xmlns:text=\"{OASIS}:text:1.0\">\
         <office:body><office:spreadsheet><table:table table:name=\"S\">{rows}</table:table></office:spreadsheet></office:body>\
         </office:document-content>"
    );
    let kind = "application/vnd.oasis.opendocument.spreadsheet".to_owned();
    packed(&[("mimetype", kind), ("META-INF/manifest.xml", "<manifest/>".to_owned()), ("content.xml", content)])
}

fn ods_cell(kind: &str, value: &str, text: &str) -> String {
    format!("<table:table-cell office:value-type=\"{kind}\" {value}><text:p>{text}</text:p></table:table-cell>")
}

#[test]
fn opendocument_spreadsheets() {
    let header = ["n", "d", "s"].map(|name| ods_cell("string", "", name)).concat();
    let row = ods_cell("float", "office:value=\"2.5\"", "2.5")
        + &ods_cell("date", "office:date-value=\"2024-02-29\"", "29.2.24")
        + &ods_cell("string", "", "x");
    let filler = "<table:table-cell table:number-columns-repeated=\"16000\"/>";
    let rows = format!(
        "<table:table-row>{header}{filler}</table:table-row><table:table-row table:number-rows-repeated=\"3\">{row}</table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048000\">{filler}</table:table-row>"
    );
    let (schema, rows) = read(ods(&rows)).unwrap();
    assert_eq!(schema, "n: Float64, d: Date32, s: Utf8");
    assert_eq!(rows, "2.5,2024-02-29,x\n".repeat(3));
}
