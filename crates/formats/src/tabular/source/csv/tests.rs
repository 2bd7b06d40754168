//! Pieces of any size give the same rows, and rows are passed over wherever they are.

use super::super::super::tests::fields;
use super::super::{Source as _, plan};
use super::*;
use serde_json::json;

type Read = (Vec<u64>, Vec<(u64, ErrorCode)>, u64);

/// The numbers of the rows that fit and of the errors, and of all rows, in chunks of so many bytes.
fn read(text: &str, dialect: serde_json::Value, chunk: usize) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, text).unwrap();
    let dialect = Dialect::parse(&dialect).unwrap();
    let head = text.as_bytes().to_vec();
    let opened = Opened { path, mark: 0, format: FileFormat::Csv, head, _scratch: Vec::new() };
    let schema = TableSchema::parse(&fields(&["a:integer", "b:string"])).unwrap();
    let csv = Csv::open_in(&opened, &dialect, Some(&schema), &Limits::default(), chunk).unwrap();
    let (plan, _) = plan(&csv, &schema, &dialect);
    let (mut rows, mut wrong, mut before) = (Vec::new(), Vec::new(), 0);
    csv.read(&plan, &mut |part| {
        let fits = part.numbers.iter().zip(&part.fits).filter(|(_, fits)| **fits);
        rows.extend(fits.map(|(number, _)| before + u64::from(*number)));
        wrong.extend(part.wrong.iter().map(|found| (before + u64::from(found.row), found.code)));
        before += part.length;
        ControlFlow::Continue(())
    })
    .unwrap();
    (rows, wrong, before)
}

#[test]
fn chunks_may_end_anywhere() {
    let text = "# c\n\na,b\n1,\"x\ny\"\n\n2,\"\"\"\"\r\n#,\nx,3\n4,a b\n5,\\,\n,\n";
    let dialect = json!({"commentChar": "#", "escapeChar": "\\", "commentRows": [7, 10]});
    let whole = read(text, dialect.clone(), 1 << 20);
    let expected =
        (vec![4, 6, 9], vec![(5, ErrorCode::BlankRow), (8, ErrorCode::TypeOrFormatError), (11, ErrorCode::BlankRow)], 11);
    assert_eq!(whole, expected);
    for chunk in 1..text.len() {
        assert_eq!(read(text, dialect.clone(), chunk), whole, "{chunk}");
    }
}

#[test]
fn headers_may_be_further_down() {
    let text = format!("{}a,b\nno,no\n1,x\n", "title\n".repeat(50));
    for chunk in [1, 30, 1 << 20] {
        let found = read(&text, json!({"headerRows": [51], "commentRows": [52]}), chunk);
        assert_eq!(found, (vec![53], vec![], 53), "{chunk}");
    }
}
