//! Saved queries whose rows are on disk, because they are to be or because they do not fit memory.

use super::*;
use datahall_core::dataset::Source;
use datahall_core::lake::Commit;

/// The id of the record of `q`.
async fn id(fixture: &Fixture) -> String {
    let found = fixture.service.catalog.find(Dataset::by_name(crate::home::PROJECT, "q")).await.unwrap();
    found.unwrap().meta.id
}

/// The versions of the table, the newest first.
fn commits(fixture: &Fixture, table: &str) -> Vec<Commit> {
    fixture.engine.lake.commits(&Source::Managed { table: table.to_owned(), version: None }).unwrap()
}

async fn residency(fixture: &Fixture) -> (&'static str, Option<u64>) {
    let status = fixture.service.status(&reader(), "q").await.unwrap();
    (status.residency, status.rows)
}

fn runs(fixture: &Fixture) -> usize {
    fixture.engine.runs.load(std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test]
async fn each_run_is_a_version_of_a_table_of_its_own_until_it_is_deleted() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    let lazy = json!({"residency": "lazy", "sort_by": ["kind"]});
    save(service, &admin(), json!({"name": "q", "sql": "e", "materialize": lazy})).await.unwrap();
    assert_eq!(residency(&fixture).await, ("lazy", Some(3)));
    let table = format!("queries/{}", id(&fixture).await);
    // Nothing is left to be finished.
    assert_eq!((fixture.engine.lake.names(), service.unfinished.all()), (vec![table.clone()], vec![]));
    fixture.engine.set_rows(5);
    service.reload(&admin(), "e").await.unwrap();
    let before = service.query(&reader(), "q", Default::default()).await.unwrap();
    service.reload(&admin(), "q").await.unwrap();
    assert_eq!(residency(&fixture).await, ("lazy", Some(5)));
    let old: Vec<_> = futures::TryStreamExt::try_collect(before.rows.await.unwrap().batches).await.unwrap();
    let old: usize = old.iter().map(arrow::array::RecordBatch::num_rows).sum();
    assert_eq!(old, 3, "who began with the rows of before goes on with them");
    let found = commits(&fixture, &table);
    // Those with an odd number are in order, and are served.
    let versions: Vec<_> = found.iter().map(|commit| (commit.version, commit.rows, commit.made_of.is_some())).collect();
    assert_eq!(versions, [(3, Some(5), true), (2, Some(5), false), (1, Some(3), true), (0, Some(3), false)]);
    assert_eq!(found[0].user.as_deref(), Some("admin"));
    assert!(found[0].made_of != found[2].made_of);
    fixture.until(async |_| fixture.engine.lake.times_vacuumed(&table) > 0).await;
    service.delete_saved_query(&admin(), "q").await.unwrap();
    fixture.until(async |service| fixture.engine.lake.names().is_empty() && service.unfinished.all().is_empty()).await;
}

#[tokio::test]
async fn what_does_not_fit_memory_goes_to_disk_unless_it_must_not() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    save(service, &admin(), json!({"name": "q", "sql": "e"})).await.unwrap();
    assert_eq!((residency(&fixture).await, runs(&fixture)), (("memory", Some(3)), 1));
    assert!(fixture.engine.lake.names().is_empty());
    fixture.engine.set_cramped(true);
    for (expected, rows) in [(3, 4), (4, 5)] {
        // Once it is known not to fit it runs but once.
        fixture.engine.set_rows(rows);
        service.reload(&admin(), "e").await.unwrap();
        service.reload(&admin(), "q").await.unwrap();
        assert_eq!((residency(&fixture).await, runs(&fixture)), (("lazy", Some(rows as u64)), expected));
    }
    fixture.engine.set_cramped(false);
    service.reload(&admin(), "q").await.unwrap();
    assert_eq!((residency(&fixture).await, runs(&fixture)), (("memory", Some(5)), 5));
    fixture.engine.set_cramped(true);
    for keep in [json!({"residency": "memory"}), json!({"residency": "memory", "reuse_on_start": true})] {
        let error = save(service, &admin(), json!({"name": "m", "sql": "e", "materialize": keep})).await.unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded, "{error:?}");
    }
    let own = format!("queries/{}", id(&fixture).await);
    fixture.until(async |service| fixture.engine.lake.names() == [own.clone()] && service.unfinished.all().is_empty()).await;
    assert_eq!(files(&fixture), ["q.toml"]);
}

#[tokio::test]
async fn what_is_refused_leaves_no_table() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    let keep = json!({"residency": "lazy", "sort_by": ["nope"]});
    let error = save(service, &admin(), json!({"name": "q", "sql": "e", "materialize": keep})).await.unwrap_err();
    assert!(error.code() == Code::Invalid && error.message().contains("nope"), "{error:?}");
    // Nor does one whose file cannot be written.
    std::fs::write(fixture.config.as_ref().unwrap().with_file_name("datasets.d"), "in the way").unwrap();
    assert!(save(service, &admin(), json!({"name": "q", "sql": "e", "materialize": {"residency": "lazy"}})).await.is_err());
    fixture.until(async |service| fixture.engine.lake.names().is_empty() && service.unfinished.all().is_empty()).await;
}

#[tokio::test]
async fn what_a_server_that_was_ended_left_is_deleted_and_what_has_a_record_is_not() {
    let fixture = Fixture::with(CONFIG).await;
    save(&fixture.service, &admin(), json!({"name": "q", "sql": "e", "materialize": {"residency": "lazy"}})).await.unwrap();
    let id = id(&fixture).await;
    let rows = fixture.engine.lake.rows(&format!("queries/{id}"), None).unwrap();
    let (schema, batches) = (rows.schema(), Box::pin(futures::stream::iter([Ok(rows)])));
    let write = datahall_core::lake::Write {
        mode: datahall_core::lake::WriteMode::Overwrite,
        provenance: datahall_core::lake::Provenance::default(),
    };
    let rows_left = datahall_core::engine::Rows { schema, batches };
    fixture.service.engine.write("queries/abandoned", rows_left, &write).await.unwrap();
    let data = fixture.config.as_ref().unwrap().with_file_name("other");
    let notes = data.join("tmp/queries");
    std::fs::create_dir_all(&notes).unwrap();
    for name in ["abandoned", &id] {
        std::fs::write(notes.join(name), "").unwrap();
    }
    let other = fixture.another_node_with(settings(&fixture), "other").await;
    until(async || other.unfinished.all().is_empty()).await;
    assert_eq!(fixture.engine.lake.names(), [format!("queries/{id}")]);
    until(async || rows_of(&other).await == Some(3)).await;
}

async fn rows_of(service: &Arc<Service>) -> Option<u64> {
    rows(service, "q").await
}
