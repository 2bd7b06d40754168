//! For looking at packages with other programs: made of a real one, into a folder that stays.

use super::Bench;
use crate::specs::contents::Spec;
use serde_json::{Value as Json, json};
use std::path::Path;

/// `DATAHALL_PACKAGE` names a datapackage.json, `DATAHALL_LEFT_OUT` resources of it that are left out, with commas between them,
/// `DATAHALL_MADE` the folder that the package is copied to. What fails is told.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a package from outside"]
async fn a_package_is_made_of_another() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (from, to, left_out) = (variable("DATAHALL_PACKAGE"), variable("DATAHALL_MADE"), variable("DATAHALL_LEFT_OUT"));
    let mut descriptor: Json = serde_json::from_slice(&std::fs::read(&from).unwrap()).unwrap();
    let left_out: Vec<&str> = left_out.split(',').collect();
    descriptor["resources"].as_array_mut().unwrap().retain(|entry| !left_out.contains(&entry["name"].as_str().unwrap()));
    let bench = Bench::new().await;
    let spec = json!({
        "meta": {"owner": "Ann", "ownerid": "ann", "dataset": "d", "findability": "published"},
        "inputs": [{"kind": "datapackage", "url": from, "parameters": {"descriptor": descriptor}}],
    });
    assert!(Spec::parse(spec.as_object().unwrap()).is_ok());
    let ended = bench.run(1, &spec).await;
    let mut reasons: Vec<_> = ended.activities.values().filter_map(|activity| activity.reason.clone()).collect();
    reasons.sort();
    reasons.iter().for_each(|reason| println!("{reason}"));
    let made = bench.file(1, "datapackage.json");
    copy(made.parent().unwrap(), Path::new(&to));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}
