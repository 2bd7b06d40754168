//! Files made to exhaust memory, and files that are damaged, are refused.

use super::*;

#[test]
fn a_cell_astray_in_the_last_corner_is_too_large() {
    let error = refusal(book(&[("S", &cells(&["A1=x", "XFD1048576=#1"]))]));
    assert_eq!(error.code(), Code::TooLarge);
    assert_eq!(
        error.message(),
        "sheet 'S': too large: its cells span 1048576 rows and 16384 columns; 20000000 cells are the most"
    );
}

#[test]
fn repeated_opendocument_cells_are_counted_before_they_are_written_out() {
    let wide = "<table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"16384\"/>";
    let tall = format!("<table:table-row table:number-rows-repeated=\"1048576\">{wide}</table:table-row>");
    assert_eq!(refusal(ods(&tall)).code(), Code::TooLarge);
    let many = format!("<table:table-row>{wide}</table:table-row>").repeat(1_300);
    assert_eq!(refusal(ods(&many)).code(), Code::TooLarge);
}

#[test]
fn what_is_no_spreadsheet_is_invalid() {
    let files: [bytes::Bytes; 4] = [
        bytes::Bytes::new(),
        bytes::Bytes::from_static(b"a,b\n1,2\n"),
        packed(&[("readme.txt", "hello".to_owned())]),
        bytes::Bytes::from_static(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more"),
    ];
    for file in files {
        assert_eq!(refusal(file).code(), Code::Invalid);
    }
    assert_eq!(read_path(Path::new("does-not-exist.xlsx"), None).unwrap_err().code(), Code::Invalid);
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_and_no_panic() {
    let whole = book(&[("S", &cells(&["A1=x", "A2=#1"]))]);
    for length in (0..whole.len()).step_by(37) {
        assert_eq!(refusal(whole.slice(..length)).code(), Code::Invalid, "{length}");
    }
}

#[test]
fn an_empty_book_is_invalid() {
    assert_eq!(refusal(book(&[("S", "")])).message(), "the spreadsheet is empty");
    assert_eq!(refusal(book(&[])).message(), "the spreadsheet is empty");
}

/// An xls file with one sheet of number cells (row, column, value); its last is the last of its kind.
fn xls(numbers: &[(u16, u16, f64)], rows: u32) -> bytes::Bytes {
    let record = |kind: u16, data: &[u8]| [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat();
    let begin = |kind: u16| record(0x0809, &[&0x0600u16.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 12]].concat());
    let end = record(0x000a, &[]);
    let sheet = |offset: u32| record(0x0085, &[&offset.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
    let globals = begin(0x0005).len() + sheet(0).len() + end.len();
    let mut stream = [begin(0x0005), sheet(globals as u32), end.clone(), begin(0x0010)].concat();
    stream.extend(record(0x0200, &[&0u32.to_le_bytes()[..], &rows.to_le_bytes(), &[0, 0, 1, 0, 0, 0]].concat()));
    for (row, column, value) in numbers {
        let place = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
        stream.extend(record(0x0203, &[&place[..], &value.to_le_bytes()].concat()));
    }
    stream.extend(end);
    stream.resize(stream.len().max(4096), 0);
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook").unwrap().write_all(&stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner().into()
}

#[test]
fn xls_files_are_read_and_their_places_checked() {
    let (schema, rows) = read(xls(&[(0, 0, 2001.0), (0, 1, 2002.0), (1, 0, 1.0), (1, 1, 2.5)], 2)).unwrap();
    assert_eq!((schema.as_str(), rows.as_str()), ("2001: Int64, 2002: Float64", "1,2.5\n"));
    let error = refusal(xls(&[(0, 0, 1.0), (0, 300, 1.0)], 2));
    assert!(error.message().contains("beyond the last column"), "{error}");
    let error = refusal(xls(&[(0, 0, 1.0)], u32::MAX));
    assert!(error.message().contains("more rows than there can be"), "{error}");
}
