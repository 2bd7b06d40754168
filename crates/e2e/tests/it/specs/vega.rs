//! A real data package: 73 resources of the Vega data sets, uploaded whole and without those whose data break their own schema.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Resources whose data truly break the schema that the package states for them, and why.
const BROKEN: &[(&str, &str)] = &[
    ("cars", "Miles_per_Gallon is said to be an integer, and has values such as 17.5"),
    ("flights_2k", "date is said to be a datetime, and is written as 2001/01/01 06:55"),
    ("flights_5k", "date is said to be a datetime, and is written as 2001/01/01 06:55"),
    ("flights_10k", "date is said to be a datetime, and is written as 2001/01/01 06:55"),
    ("flights_20k", "date is said to be a datetime, and is written as 2001/01/01 06:55"),
    ("movies", "Release Date is said to be a date, and is written as Jun 12 1998; some titles are numbers, not text"),
    ("political_contributions", "Coverage_End_Date is said to be a date, and is written as 12/31/2019"),
    ("sp500", "date is said to be a date, and is written as Jan 1 2000"),
    ("stocks", "date is said to be a date, and is written as Jan 1 2000"),
];

/// Where the package is, if it is on this machine.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("DATAHALL_DATA")?).join("vega-datasets");
    folder.join("datapackage.json").exists().then_some(folder)
}

/// The spec of those resources that `keep` says.
fn vega(folder: &Path, keep: impl Fn(&str) -> bool) -> Value {
    let text = std::fs::read_to_string(folder.join("datapackage.json")).expect("a descriptor");
    let mut descriptor: Value = serde_json::from_str(&text).expect("JSON");
    let resources = descriptor["resources"].as_array_mut().expect("resources");
    // The large one takes its time.
    resources.retain(|one| one["name"].as_str().is_some_and(|name| keep(name) && (long() || name != "flights_3m")));
    json!({
        "meta": {"owner": "vega", "ownerid": "vega", "dataset": "datasets", "version": 1, "findability": "published"},
        "inputs": [{"kind": "datapackage", "url": folder.join("data/datapackage.json"), "parameters": {"descriptor": descriptor}}],
    })
}

async fn start(scratch: &Scratch, folder: &Path) -> Server {
    let key = scratch.write("key.pem", PUBLIC_KEY);
    let config = format!(
        "[sql]\nenabled = true\n[server]\nmax_body_bytes = 8388608\n[security]\nallowed_roots = [{folder:?}]\n[auth.jwt]\npublic_key_file = {key:?}\n"
    );
    Server::builder().config(config).start().await
}

fn tables(spec: &Value) -> BTreeSet<String> {
    let resources = spec["inputs"][0]["parameters"]["descriptor"]["resources"].as_array().expect("resources").clone();
    resources
        .iter()
        .filter(|one| one.get("schema").is_some())
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn whole_it_fails_where_its_data_break_their_schema_and_nowhere_else() {
    let Some(folder) = folder() else { return };
    let scratch = Scratch::new();
    let server = start(&scratch, &folder).await;
    let spec = vega(&folder, |_| true);
    let flow = uploaded(&server, &token("vega", 1), &spec).await;
    let end = ended(&server, &flow).await;
    assert_eq!(end["state"], "FAILED");
    let failed: BTreeSet<String> = end["pipelines"]
        .as_object()
        .expect("pipelines")
        .iter()
        .filter(|(_, pipeline)| pipeline["status"] == "FAILED")
        .map(|(id, _)| id.strip_prefix(&flow).expect("an id").trim_start_matches('/').to_owned())
        .collect();
    let mut expected: BTreeSet<String> = ["".to_owned(), "datasets_zip".to_owned()].into();
    for (name, _) in BROKEN {
        expected.extend(["csv", "json", "csv_preview"].map(|kind| format!("{name}_{kind}")));
    }
    assert_eq!(failed, expected);
    assert_eq!(server.get("/source/vega/datasets/successful").await.status, 404);
    assert!(server.names().await.is_empty());
}

#[tokio::test]
async fn without_them_every_table_is_there_with_all_its_rows() {
    let Some(folder) = folder() else { return };
    let scratch = Scratch::new();
    let server = start(&scratch, &folder).await;
    let spec = vega(&folder, |name| BROKEN.iter().all(|(broken, _)| *broken != name));
    let me = token("vega", 1);
    let flow = uploaded(&server, &me, &spec).await;
    let end = succeeded(&server, &flow).await;
    let truth: BTreeMap<String, u64> =
        serde_json::from_str(&python::run("vega_truth.py", &folder, &[])).expect("row counts as JSON");
    let package = download(&server, &me, &flow, &scratch.path("out")).await;
    let mut sum = 0;
    for name in tables(&spec) {
        let rows = truth[&name];
        sum += rows;
        assert_eq!(server.count(&format!("vega.datasets__{name}"), json!([])).await, rows, "{name}");
        let csv = package["resources"].as_array().expect("resources").iter().find(|one| one["name"] == format!("{name}_csv"));
        assert_eq!(csv.expect("a CSV file")["rowcount"], rows, "{name}");
    }
    assert_eq!(end["stats"]["count_of_rows"], sum);
    let said = python::run("validate_package.py", &scratch.path("out"), &[]);
    let found: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(found["errors"], json!([]), "{found:#}");
    assert_eq!(found["whole_zip"], true);
}
