//! Real data: every table of vega-datasets, read by its own schema, where `DATAHALL_DATA` says that the data is there.

use super::*;
use std::path::PathBuf;

/// Resources whose data breaks their schema, how many rows do, how many errors they have, and why. frictionless 5.21 finds the same in the same rows.
const BROKEN: [(&str, u64, u64, &str); 9] = [
    ("cars", 139, 139, "Miles_per_Gallon is said to be an integer, and has values such as 17.5"),
    ("flights_2k", 2000, 2000, "date is said to be a datetime, and is written as 2001/01/01 06:55"),
    ("flights_5k", 5000, 5000, "the same"),
    ("flights_10k", 10_000, 10_000, "the same"),
    ("flights_20k", 20_000, 20_000, "the same"),
    ("movies", 3201, 3210, "Release Date is said to be a date, and is written as Jun 12 1998; some titles are numbers, not text"),
    ("political_contributions", 58, 58, "Coverage_End_Date is said to be a date, and is written as 12/31/2019"),
    ("sp500", 123, 123, "date is said to be a date, and is written as Jan 1 2000"),
    ("stocks", 560, 560, "the same"),
];

/// Rows of some others, by frictionless 5.21, and by pyarrow for Arrow and Parquet.
const WHOLE: [(&str, u64); 9] = [
    ("airports", 3376),
    ("birdstrikes", 10_000),
    ("flights_200k_arrow", 200_000),
    ("flights_200k_json", 200_000),
    ("flights_3m", 3_000_000),
    ("platformer_terrain", 7514),
    ("unemployment", 3218),
    ("windvectors", 4800),
    ("zipcodes", 42_049),
];

#[allow(clippy::disallowed_methods, reason = "whoever runs the tests says where the data is, and whether there is time")]
fn folder() -> Option<(PathBuf, bool)> {
    let folder = std::env::var_os("DATAHALL_DATA").filter(|folder| !folder.is_empty())?;
    Some((PathBuf::from(folder).join("vega-datasets"), std::env::var_os("DATAHALL_LONG").is_some()))
}

fn read_one(folder: &std::path::Path, resource: &Json, written: &mut [Vec<u8>; 2]) -> Totals {
    let text = |key: &str| resource[key].as_str().map(str::to_owned);
    let name = text("path").unwrap();
    let file = TableFile {
        path: folder.join("data").join(&name),
        name,
        format: text("format"),
        mediatype: text("mediatype"),
        dialect: Dialect::parse(&resource["dialect"]).unwrap(),
        encoding: text("encoding"),
    };
    let scratch = tempfile::tempdir().unwrap();
    let schema = TableSchema::parse(&resource["schema"]).unwrap();
    let reader = Reader::open(&file, &schema, &Reading::new(scratch.path().to_owned())).unwrap();
    let [csv, json] = written;
    let (mut csv, mut json) = (CsvWriter::new(&schema, csv).unwrap(), JsonRowsWriter::new(&schema, json).unwrap());
    let totals = reader.read(&mut |checked| {
        csv.write(&checked.batch).unwrap();
        json.write(&checked.batch).unwrap();
        ControlFlow::Continue(())
    });
    csv.finish().unwrap();
    json.finish().unwrap();
    totals.unwrap()
}

#[test]
fn every_table_is_what_its_schema_says_or_is_known_not_to_be() {
    let Some((folder, long)) = folder() else { return };
    let package: Json = serde_json::from_slice(&std::fs::read(folder.join("datapackage.json")).unwrap()).unwrap();
    let mut tables = 0;
    for resource in package["resources"].as_array().unwrap() {
        let name = resource["name"].as_str().unwrap();
        if !resource["schema"].is_object() || (name == "flights_3m" && !long) {
            continue;
        }
        tables += 1;
        let mut written = [Vec::new(), Vec::new()];
        let totals = read_one(&folder, resource, &mut written);
        let broken = BROKEN.iter().find(|broken| broken.0 == name).map_or((0, 0), |broken| (broken.1, broken.2));
        assert_eq!((totals.wrong_rows, totals.errors), broken, "{name}");
        if let Some((_, rows)) = WHOLE.iter().find(|whole| whole.0 == name) {
            assert_eq!(totals.rows, *rows, "{name}");
        }
        // What was written is the same rows, by the schema that goes with it.
        let normalised = TableSchema::parse(&resource["schema"]).unwrap().normalised();
        let [csv, json] = &written;
        for (name, bytes, dialect) in [("x.csv", csv, csv_dialect()), ("x.json", json, json!({}))] {
            let (_folder, file, reading) = super::file(name, bytes, dialect);
            let reader = Reader::open(&file, &TableSchema::parse(&normalised).unwrap(), &reading).unwrap();
            let again = reader.read(&mut |_| ControlFlow::Continue(())).unwrap();
            assert_eq!((again.rows, again.errors), (totals.rows, 0), "{name}");
        }
    }
    assert_eq!(tables, if long { 61 } else { 60 });
}
