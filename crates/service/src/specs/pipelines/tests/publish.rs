//! Tables as datasets: what a revision changes of them, and what it leaves as it is.

use super::Bench;
use crate::Ctx;
use crate::policies::{Kept, masks_of};
use crate::testing::reader;
use datahall_catalog::{Actor, AuditEntry, Dataset, List, Mask, Package, Visibility};
use serde_json::{Value as Json, json};

fn table(name: &str, fields: &[&str]) -> Json {
    let fields: Vec<Json> = fields.iter().map(|field| json!({"name": field, "type": "string"})).collect();
    json!({"name": name, "path": format!("{name}.csv"), "schema": {"fields": fields}})
}

async fn datasets(bench: &Bench) -> Vec<Dataset> {
    let list = List::<Dataset>::all().only("project", bench.project.meta.id.as_str()).order_by("name");
    bench.fixture.service.catalog.list(&list).await.unwrap().items
}

async fn package(bench: &Bench) -> Package {
    bench.fixture.service.catalog.get::<Package>(&bench.package.meta.id).await.unwrap().unwrap()
}

fn rows(bench: &Bench, dataset: &Dataset) -> usize {
    let table = dataset.source["table"].as_str().unwrap();
    bench.fixture.engine.lake.rows(table, None).unwrap().num_rows()
}

#[tokio::test]
async fn each_table_is_a_dataset_whose_rows_are_those_of_the_newest_revision() {
    let bench = Bench::new().await;
    bench.put("a-b.csv", "x\n1\n");
    let spec = bench.spec(&json!([table("a-b", &["x"])]), &json!({}));
    bench.run(1, &spec).await.made("");
    let first = datasets(&bench).await;
    let dataset = &first[0];
    assert_eq!((first.len(), dataset.name.as_str(), dataset.row_count, rows(&bench, dataset)), (1, "d__a_b", Some(1), 1));
    assert_eq!(
        (dataset.visibility, &dataset.provenance["flow"], &dataset.provenance["kind"]),
        (Visibility::Public, &json!("ann/d/1"), &json!("lakehouse"))
    );
    assert_eq!(package(&bench).await.body["tables"], json!({"a-b": dataset.meta.id}));
    let seen =
        async |ctx: &Ctx| bench.fixture.service.opened(ctx, "ann.d__a_b").await.map(|opened| opened.generation.table.info().rows);
    assert_eq!(seen(&reader()).await.unwrap(), Some(1));
    bench.put("a-b.csv", "x,y\n1,2\n3,4\n");
    bench.run(2, &bench.spec(&json!([table("a-b", &["x", "y"])]), &json!({}))).await.made("");
    let second = datasets(&bench).await;
    assert_eq!((second[0].meta.id.as_str(), second[0].row_count), (dataset.meta.id.as_str(), Some(2)));
    assert_eq!((second[0].generation, rows(&bench, &second[0])), (dataset.generation + 1, 2));
    assert_eq!(seen(&reader()).await.unwrap(), Some(2));
    // An older one that ends later changes nothing.
    bench.run(1, &spec).await.made("");
    assert_eq!(datasets(&bench).await, second);
    assert_eq!(package(&bench).await.body["published"], 2);
}

#[tokio::test]
async fn a_revision_that_fails_changes_no_dataset_and_one_done_twice_changes_them_once() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x\n1\n");
    let spec = bench.spec(&json!([table("a", &["x"])]), &json!({}));
    bench.run(1, &spec).await.made("");
    let first = datasets(&bench).await;
    bench.run(1, &spec).await.made("");
    assert_eq!(datasets(&bench).await, first);
    bench.put("a.csv", "z\n1\n");
    bench.run(2, &spec).await.reason("");
    assert_eq!((datasets(&bench).await, package(&bench).await.body["published"].clone()), (first, json!(1)));
}

#[tokio::test]
async fn who_sees_what_survives_and_what_can_not_be_kept_up_fails() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x,secret\n1,2\n");
    bench.run(1, &bench.spec(&json!([table("a", &["x", "secret"])]), &json!({}))).await.made("");
    let service = &bench.fixture.service;
    let mut change = service.catalog.change(&Actor::system()).await.unwrap();
    let mut mask =
        Mask { dataset: datasets(&bench).await[0].meta.id.clone(), column: "secret".into(), hidden: true, ..Mask::default() };
    mask.strategy = "none".into();
    change.insert(&mut mask).await.unwrap();
    let mut dataset = datasets_in(&mut change, &bench).await;
    dataset.visibility = Visibility::Private;
    change.update(&mut dataset).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    bench.put("a.csv", "x,secret\n1,2\n3,4\n");
    bench.run(2, &bench.spec(&json!([table("a", &["x", "secret"])]), &json!({}))).await.made("");
    let second = datasets(&bench).await;
    assert_eq!((second[0].visibility, second[0].row_count), (Visibility::Private, Some(2)));
    let mut change = service.catalog.change(&Actor::system()).await.unwrap();
    let masks = masks_of(&mut change, &second[0].meta.id).await.unwrap();
    assert!(Kept::of(&second[0], &masks).unwrap().mask_of("secret").is_some_and(|kept| kept.mask.hidden));
    drop(change);
    bench.put("a.csv", "x,hidden\n1,2\n");
    let failed = bench.run(3, &bench.spec(&json!([table("a", &["x", "hidden"])]), &json!({}))).await;
    assert!(failed.reason("").starts_with("table 'a': what is kept from callers of its dataset: "), "{}", failed.reason(""));
    assert_eq!(datasets(&bench).await, second);
    assert!(!bench.file(3, "datapackage.json").exists());
    // What the spec says of who may find it holds again once it says something else.
    bench.put("a.csv", "x,secret\n1,2\n");
    let private = json!({"meta": {"owner": "Ann", "ownerid": "ann", "dataset": "d", "findability": "private"}});
    bench.run(4, &bench.spec(&json!([table("a", &["x", "secret"])]), &private)).await.made("");
    bench.run(5, &bench.spec(&json!([table("a", &["x", "secret"])]), &json!({}))).await.made("");
    assert_eq!(datasets(&bench).await[0].visibility, Visibility::Public);
}

#[tokio::test]
async fn a_dataset_that_somebody_renamed_stays_the_tables() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x\n1\n");
    let spec = bench.spec(&json!([table("a", &["x"])]), &json!({}));
    bench.run(1, &spec).await.made("");
    let mut change = bench.fixture.service.catalog.change(&Actor::system()).await.unwrap();
    let mut dataset = datasets_in(&mut change, &bench).await;
    dataset.name = "mine".into();
    change.update(&mut dataset).await.unwrap();
    let mut mask = Mask { dataset: dataset.meta.id.clone(), column: "x".into(), strategy: "redact".into(), ..Mask::default() };
    change.insert(&mut mask).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    bench.put("a.csv", "x\n1\n2\n");
    bench.run(2, &spec).await.made("");
    let there = datasets(&bench).await;
    assert_eq!((there.len(), there[0].meta.id.as_str(), there[0].name.as_str()), (1, dataset.meta.id.as_str(), "mine"));
    assert_eq!((rows(&bench, &there[0]), package(&bench).await.body["tables"].clone()), (2, json!({"a": dataset.meta.id})));
}

#[tokio::test]
async fn a_plan_bounds_what_all_packages_of_an_owner_hold() {
    let bench = Bench::with_roots().await;
    bench.put("a.csv", "x\n1\n");
    let of = |findability: &str| {
        let meta = json!({"owner": "Ann", "ownerid": "ann", "dataset": "d", "findability": findability});
        bench.spec(&json!([table("a", &["x"])]), &json!({"meta": meta}))
    };
    let mut change = bench.fixture.service.catalog.change(&Actor::system()).await.unwrap();
    let (project, kind) = (bench.project.meta.id.clone(), bench.package.kind);
    let mut other = Package { project, kind, name: "other".into(), ..Package::default() };
    other.body.insert("holds".into(), json!({"bytes": 999_900, "public": true}));
    change.insert(&mut other).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    let ann = bench.ann_with(Some(1)).await;
    let why = "Max storage for user exceeded plan limit (1 MB)";
    for (number, findability) in [(1, "published"), (2, "unlisted")] {
        assert_eq!(bench.run_as(&ann, number, &of(findability)).await.reason(""), why);
    }
    assert_eq!((datasets(&bench).await, package(&bench).await.body.get("holds")), (vec![], None));
    let made = bench.run_as(&ann, 3, &of("private")).await.made("");
    assert_eq!(package(&bench).await.body["holds"], json!({"bytes": made.stats.bytes, "public": false}));
    // What he has himself is not there twice, and who has no plan has no bounds.
    let roomy = bench.ann_with(Some(2)).await;
    bench.run_as(&roomy, 4, &of("published")).await.made("");
    bench.run_as(&roomy, 5, &of("published")).await.made("");
    bench.run_as(&bench.ann().await, 6, &of("published")).await.made("");
    bench.put("a.csv", "x\n".repeat(600_000));
    let failed = bench.run_as(&ann, 7, &of("published")).await;
    assert_eq!(failed.reason("a"), format!("resource 'a': {why}"), "the source alone is too long");
}

#[tokio::test]
async fn the_audit_log_holds_no_spec() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x\n1\n");
    bench.run(1, &bench.spec(&json!([table("a", &["x"])]), &json!({}))).await.made("");
    let query = datahall_catalog::AuditQuery { action: Some("package.publish".into()), limit: 9, ..Default::default() };
    let said = bench.fixture.service.catalog.audit(&query).await.unwrap().items;
    assert_eq!(said.len(), 1);
    let detail = said[0].detail.clone().unwrap();
    assert_eq!(
        (&detail["flow"], &detail["revision"], &detail["datasets"]["a"]),
        (&json!("ann/d/1"), &json!(1), &json!(datasets(&bench).await[0].meta.id))
    );
    assert!(said[0].before.is_none() && said[0].after.is_none() && !detail.to_string().contains("inputs"), "{said:?}");
}

async fn datasets_in(change: &mut datahall_catalog::Change, bench: &Bench) -> Dataset {
    let found = change.find(Dataset::by_name(&bench.project.meta.id, "d__a")).await.unwrap();
    found.unwrap()
}

#[tokio::test]
async fn datasets_of_tables_that_are_no_more_go_and_others_names_are_theirs() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x\n1\n");
    bench.put("b.csv", "x\n1\n");
    bench.run(1, &bench.spec(&json!([table("a", &["x"]), table("b", &["x"])]), &json!({}))).await.made("");
    assert_eq!(datasets(&bench).await.len(), 2);
    bench.run(2, &bench.spec(&json!([table("b", &["x"])]), &json!({}))).await.made("");
    let names: Vec<_> = datasets(&bench).await.into_iter().map(|dataset| dataset.name).collect();
    assert_eq!(names, ["d__b"]);
    let mut change = bench.fixture.service.catalog.change(&Actor::system()).await.unwrap();
    let mut other = Dataset { project: bench.project.meta.id.clone(), name: "d__a".into(), ..Dataset::default() };
    change.insert(&mut other).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    let taken = bench.run(3, &bench.spec(&json!([table("a", &["x"])]), &json!({}))).await;
    assert_eq!(taken.reason(""), "table 'a': the name 'd__a' is taken by a dataset that is not of this package");
}

#[tokio::test]
async fn texts_are_the_packages_until_somebody_writes_others() {
    let bench = Bench::new().await;
    bench.put("a.csv", "x\n1\n");
    let spec = |title: &str| {
        let mut resource = table("a", &["x"]);
        resource["title"] = title.into();
        resource["schema"]["fields"][0]["description"] = title.into();
        bench.spec(&json!([resource]), &json!({}))
    };
    let title = async || datasets(&bench).await[0].metadata["friendly_name"].clone();
    bench.run(1, &spec("One")).await.made("");
    bench.run(2, &spec("Two")).await.made("");
    assert_eq!(title().await, "Two");
    let columns = async || datasets(&bench).await[0].settings["column_descriptions"].clone();
    assert_eq!(columns().await, json!({"x": "Two"}));
    let mut change = bench.fixture.service.catalog.change(&Actor::system()).await.unwrap();
    let mut dataset = datasets_in(&mut change, &bench).await;
    dataset.metadata.insert("friendly_name".into(), "Mine".into());
    dataset.settings.insert("column_descriptions".into(), json!({"X": "My own"}));
    change.update(&mut dataset).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    bench.run(3, &spec("Three")).await.made("");
    assert_eq!((title().await, columns().await), (json!("Mine"), json!({"X": "My own"})));
}

#[tokio::test]
async fn who_may_not_publish_makes_nothing_public() {
    let bench = Bench::with_roots().await;
    bench.put("a.csv", "x\n1\n");
    let (resources, edith) = (json!([table("a", &["x"])]), bench.editor().await);
    let of = |findability: &str| {
        let meta = json!({"owner": "Ann", "ownerid": "ann", "dataset": "d", "findability": findability});
        bench.spec(&resources, &json!({"meta": meta}))
    };
    let refused = bench.run_as(&edith, 1, &of("published")).await;
    assert_eq!(refused.reason(""), "forbidden: publishing needs WRITE_POLICY on the project");
    assert_eq!(datasets(&bench).await, []);
    bench.run_as(&edith, 2, &of("unlisted")).await.made("");
    assert_eq!(datasets(&bench).await[0].visibility, Visibility::Private);
    let refused = bench.run_as(&edith, 3, &of("published")).await;
    assert_eq!(refused.reason(""), "forbidden: publishing needs WRITE_POLICY on the project");
    bench.run_as(&bench.ann().await, 4, &of("published")).await.made("");
    assert_eq!(datasets(&bench).await[0].visibility, Visibility::Public);
}
