//! Any text: rows in = rows out + rows told, whatever the chunks; and what is well-formed comes out as it went in.

use super::super::hints::Hints;
use super::super::{Limits, Result};
use super::survey::{Csv, survey_in};
use super::{Dialect, More};
use crate::texts;
use arrow::array::Array;
use proptest::prelude::*;
use std::ops::ControlFlow;

const DIALECT: Dialect = Dialect { delimiter: b',', quote: b'"', header: true, more: More::NONE };

fn surveyed(text: &[u8], chunk: usize) -> Result<Csv> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut csv = survey_in((file.path(), 0), DIALECT, &Hints::default(), &Limits::default(), (chunk, &mut Vec::new()))?;
    // It is read again, so it has to stay.
    csv.path = file.into_temp_path().keep().unwrap();
    Ok(csv)
}

type Rows = Vec<Vec<Option<String>>>;

fn rows(csv: &Csv) -> Rows {
    let mut rows = Vec::new();
    csv.read(&mut |batch| {
        let columns: Vec<_> = batch.columns().iter().map(|column| texts(column)).collect();
        let text = |column: &arrow::array::StringArray, row| column.is_valid(row).then(|| column.value(row).to_owned());
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| text(column, row)).collect()));
        ControlFlow::Continue(())
    })
    .unwrap();
    std::fs::remove_file(&csv.path).unwrap();
    rows
}

/// How a reader without chunks would count: one character after the other.
fn counted(text: &[u8]) -> u64 {
    let (mut rows, mut at, mut field_start, mut in_row) = (0, 0, true, false);
    while at < text.len() {
        match text[at] {
            b'"' if field_start => {
                at += 1;
                while at < text.len() {
                    if text[at] == b'"' {
                        if text.get(at + 1) == Some(&b'"') {
                            at += 1;
                        } else {
                            break;
                        }
                    }
                    at += 1;
                }
                (in_row, field_start) = (true, false);
            }
            b'\n' | b'\r' => {
                rows += u64::from(in_row);
                (in_row, field_start) = (false, true);
            }
            b',' => (in_row, field_start) = (true, true),
            _ => (in_row, field_start) = (true, false),
        }
        at += 1;
    }
    rows + u64::from(in_row)
}

fn quoted(cell: &str, always: bool) -> String {
    if always || cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

proptest! {
    #[test]
    fn no_row_is_lost_whatever_the_text_and_the_chunks(
        pieces in prop::collection::vec(prop::sample::select(vec!["a", "1", ",", "\"", "\"\"", "\n", "\r\n", "\r", "é", " ", "x,y\n", "\u{ff}"]), 1..60),
        broken in prop::option::of(0usize..60),
        chunk in 1usize..40,
    ) {
        let mut bytes: Vec<u8> = b"h,i\n".iter().copied().chain(pieces.concat().into_bytes()).collect();
        if let Some(at) = broken {
            let at = (4 + at).min(bytes.len());
            bytes.insert(at, 0xff);
        }
        let (small, large) = (surveyed(&bytes, chunk).unwrap(), surveyed(&bytes, 1 << 20).unwrap());
        prop_assert_eq!(&small.report, &large.report);
        prop_assert_eq!(&small.schema, &large.schema);
        prop_assert_eq!(small.rows + small.report.total + 1, counted(&bytes));
        let (of_small, of_large) = (rows(&small), rows(&large));
        prop_assert_eq!(of_small.len() as u64, small.rows);
        prop_assert_eq!(of_small, of_large);
    }

    #[test]
    fn what_is_well_formed_comes_out_as_it_went_in(
        table in (1usize..5).prop_flat_map(|width| prop::collection::vec(prop::collection::vec(("[a-zé\",\n\r ]{0,8}", any::<bool>()), width), 1..20)),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        chunk in 1usize..64,
    ) {
        let width = table[0].len();
        let header: Vec<String> = (0..width).map(|at| format!("c{at}")).collect();
        let mut text = header.join(",") + end;
        for row in &table {
            // Alone in its row, what is empty would be a blank line.
            let cells: Vec<String> = row.iter().map(|(cell, always)| quoted(cell, *always || width == 1)).collect();
            text.push_str(&cells.join(","));
            text.push_str(end);
        }
        let csv = surveyed(text.as_bytes(), chunk).unwrap();
        let expected: Rows = table.iter().map(|row| row.iter().map(|(cell, _)| Some(cell.clone()).filter(|cell| !cell.is_empty())).collect()).collect();
        prop_assert_eq!(csv.report.total, 0);
        prop_assert_eq!(rows(&csv), expected);
    }
}
