//! Files as they are: fetched once, copied, put together, and what is told of sources that are not to be had.

use super::Bench;
use serde_json::json;
use std::io::Read;

// printf abc | md5sum
const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

#[tokio::test]
async fn what_is_no_table_is_copied_and_put_together() {
    let bench = Bench::new().await;
    bench.put("icon.png", "abc");
    let spec =
        bench.spec(&json!([{"name": "icon", "path": "icon.png", "bytes": 4, "hash": ABC, "title": "An icon"}]), &json!({}));
    let ended = bench.run(1, &spec).await;
    let copy = ended.made("icon");
    assert_eq!((copy.files[0].path.as_str(), copy.files[0].hash.as_str(), copy.stats.bytes), ("archive/icon.png", ABC, 3));
    assert!(ended.log("icon").contains("its descriptor states 4 bytes, the file has 3"), "{}", ended.log("icon"));
    assert_eq!(bench.read(1, "archive/icon.png"), b"abc");
    let zip = ended.made("d_zip").files[0].clone();
    let package = ended.made("");
    assert_eq!(
        (package.stats.bytes, package.stats.count_of_rows, package.stats.dataset_name.as_str()),
        (3 + zip.bytes, Some(0), "days")
    );
    let descriptor = bench.descriptor(1);
    let mut icon = json!({
        "name": "icon", "path": "archive/icon.png", "format": "png", "type": "file", "bytes": 3, "hash": ABC, "title": "An icon",
        "datahub": {"type": "original"},
    });
    assert_eq!(descriptor["resources"][0], icon.take());
    assert_eq!(descriptor["resources"][1]["path"], "data/d_zip.zip");
    assert_eq!((&descriptor["id"], &descriptor["name"], &descriptor["title"]), (&json!("ann/d"), &json!("days"), &json!("Days")));
    let of_hub = &descriptor["datahub"];
    assert_eq!(
        (&of_hub["owner"], &of_hub["flowid"], &of_hub["findability"]),
        (&json!("Ann"), &json!("ann/d/1"), &json!("published"))
    );
    assert_eq!(
        (&of_hub["created"], &of_hub["modified"]),
        (&json!("2023-11-14T22:13:20.000Z"), &json!("2023-11-14T22:15:00.000Z"))
    );
    assert_eq!(of_hub["stats"], json!({"bytes": 3 + zip.bytes, "rowcount": 0}));
}

#[tokio::test]
async fn the_zip_holds_the_sources_and_the_same_comes_out_each_time() {
    let bench = Bench::new().await;
    bench.put("icon.png", "abc");
    bench.put("text.txt", "x".repeat(100_000));
    let resources = json!([{"name": "icon", "path": "icon.png"}, {"name": "t", "path": "text.txt"}]);
    let spec = bench.spec(&resources, &json!({"outputs": [{"kind": "zip", "parameters": {"out-file": "All.zip"}}]}));
    let first = bench.run(1, &spec).await;
    assert_eq!(first.made("All_zip").files[0].path, "data/all_zip.zip");
    let packed = bench.read(1, "data/all_zip.zip");
    assert!(packed.len() < 10_000, "{}", packed.len());
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&packed)).unwrap();
    let names: Vec<_> = (0..zip.len()).map(|at| zip.by_index(at).unwrap().name().unwrap().into_owned()).collect();
    assert_eq!(names, ["README.md", "datapackage.json", "archive/icon.png", "archive/text.txt"]);
    let mut text = String::new();
    zip.by_name("archive/text.txt").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "x".repeat(100_000));
    let mut within = String::new();
    zip.by_name("datapackage.json").unwrap().read_to_string(&mut within).unwrap();
    let within: serde_json::Value = serde_json::from_str(&within).unwrap();
    assert_eq!(within["resources"].as_array().unwrap().len(), 2);
    // A worker that was lost is replaced: what is there is made again, and is the same.
    let (made, descriptor) = (first.made(""), bench.read(1, "datapackage.json"));
    std::fs::write(bench.sources.path().join("text.txt"), "changed since").unwrap();
    let again = bench.run(1, &spec).await;
    assert_eq!(
        (again.made(""), bench.read(1, "datapackage.json"), bench.read(1, "data/all_zip.zip")),
        (made, descriptor, packed)
    );
}

#[tokio::test]
async fn a_source_that_is_not_to_be_had_fails_what_reads_it_and_the_rest_goes_on() {
    let bench = Bench::new().await;
    bench.put("icon.png", "abc");
    let resources = json!([{"name": "icon", "path": "icon.png"}, {"name": "lost", "path": "lost.png"}]);
    let ended = bench.run(1, &bench.spec(&resources, &json!({}))).await;
    assert_eq!(ended.made("icon").stats.bytes, 3);
    assert!(ended.reason("lost").starts_with("resource 'lost': "), "{}", ended.reason("lost"));
    assert!(ended.reason("lost").ends_with("no such file or folder"));
    assert_eq!(ended.reason("d_zip"), ended.reason("lost"));
    assert!(!bench.file(1, "datapackage.json").exists() && !bench.file(1, "data/d_zip.zip").exists());
}

#[tokio::test]
async fn who_does_not_administer_reads_no_local_file_without_roots() {
    let bench = Bench::new().await;
    bench.put("icon.png", "abc");
    let spec = bench.spec(&json!([{"name": "icon", "path": "icon.png"}]), &json!({}));
    let ended = bench.run_as(&bench.ann().await, 1, &spec).await;
    assert!(ended.reason("icon").contains("outside the folders that may be read"), "{}", ended.reason("icon"));
}

#[tokio::test]
async fn a_source_that_is_too_long_is_no_source() {
    let bench = Bench::of(|specs| specs.max_source_mb = 1).await;
    bench.put("long.bin", vec![0; (1 << 20) + 1]);
    bench.put("fits.bin", vec![0; 1 << 20]);
    let resources = json!([{"name": "long", "path": "long.bin"}, {"name": "fits", "path": "fits.bin"}]);
    let ended = bench.run(1, &bench.spec(&resources, &json!({}))).await;
    let why = "resource 'long': the file is longer than 1 MiB, the most there may be ([specs] max_source_mb)";
    assert_eq!((ended.reason("long"), ended.made("fits").stats.bytes), (why, 1 << 20));
    assert!(!bench.file(1, "archive/long.bin").exists());
}

#[tokio::test]
async fn what_no_file_can_be_called_is_called_otherwise() {
    let bench = Bench::new().await;
    bench.put("x.png", "abc");
    let meta = json!({"owner": "Ann", "ownerid": "ann", "dataset": "Zo\u{eb}@home"});
    let mut spec = bench.spec(&json!([{"name": "x", "path": "x.png"}]), &json!({"meta": meta}));
    spec["inputs"][0]["parameters"]["descriptor"]["name"] = "\u{65e5}\u{672c}".into();
    let ended = bench.run(1, &spec).await;
    // The first digits of the names' SHA-256 keep them apart from others that differ in such letters alone.
    let zip = "zo__home_65b8584f_zip";
    assert_eq!(ended.made(zip).files[0].path, format!("data/{zip}.zip"));
    let descriptor = bench.descriptor(1);
    assert_eq!((&descriptor["name"], &descriptor["resources"][1]["name"]), (&json!("xcf2abf0c"), &json!(zip)));
}

#[tokio::test]
async fn what_another_server_made_elsewhere_is_waited_for_and_then_named() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x\n1\n");
    let spec = bench.spec(&json!([{"name": "a", "path": "a.csv"}, {"name": "b", "path": "a.csv"}]), &json!({}));
    bench.run(1, &spec).await.made("");
    // As where the ZIP was made by somebody whose folder is another.
    let place = bench.fixture.service.packages.place(&bench.package.meta.id, 1).unwrap();
    let made = crate::specs::pipelines::Made::file(
        "d",
        "data/d_zip.zip".into(),
        crate::specs::place::Whole { bytes: 7, hash: "aa".into() },
        None,
    );
    let made = std::collections::HashMap::from([("d_zip".to_owned(), made)]);
    let missing = crate::specs::pipelines::results::first_missing(&place, &made).await.unwrap();
    assert_eq!(missing.as_deref(), Some("data/d_zip.zip"), "it is of another length");
}
