//! Saved queries that outlive the process.

mod on_disk;
mod reuse;

use crate::testing::{Fixture, admin, bearer, reader};
use crate::{Ctx, Hidden, NewUser, OrganisationRoleOf, SavedQuery, SavedQueryRequest, Service, Settings, State, UserChange};
use datahall_catalog::{Dataset, List, Schedule};
use datahall_core::privilege::Role;
use datahall_core::{Code, Result};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const CONFIG: &str = "[[dataset]]\nname = 'E'\nsource = {kind='csv',location='ok'}\n";

async fn save(service: &Service, ctx: &Ctx, body: serde_json::Value) -> Result<SavedQuery> {
    let mut body = body;
    body["kind"] = "query".into();
    service.create_saved_query(ctx, SavedQueryRequest::from_json(body.to_string().as_bytes())?, true).await
}

fn files(fixture: &Fixture) -> Vec<String> {
    let folder = fixture.config.as_ref().unwrap().with_file_name("datasets.d");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn settings(fixture: &Fixture) -> Settings {
    Settings::load(fixture.config.as_ref().unwrap(), &crate::Environment::fixed(&[])).unwrap()
}

async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..800 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never held");
}

async fn rows(service: &Arc<Service>, name: &str) -> Option<u64> {
    service.count(&admin(), name, Default::default()).await.ok()
}

#[tokio::test]
async fn it_is_there_after_the_next_start_and_goes_when_it_is_deleted() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    let request = json!({"name": "Q", "sql": "e", "refresh": {"interval": "1h"}, "materialize": {"sort_by": ["kind"]}});
    let saved = save(service, &admin(), request).await.unwrap();
    assert_eq!(
        (saved.kind, saved.state, saved.rows, &saved.depends_on[..]),
        ("query", State::Published, Some(3), &["E".to_owned()][..])
    );
    save(service, &admin(), json!({"name": "a", "sql": "q"})).await.unwrap();
    assert_eq!(files(&fixture), ["Q.toml", "a.toml"]);
    let other = fixture.another_node_with(settings(&fixture), "other").await;
    // `a` reads `Q`, which is read from a later file.
    until(async || rows(&other, "a").await == Some(3)).await;
    until(async || other.status(&reader(), "q").await.unwrap().next_refresh_at.is_some()).await;
    let listed = other.list_saved_queries(&admin()).unwrap();
    assert_eq!(
        listed.iter().map(|query| (query.name.as_str(), query.kind)).collect::<Vec<_>>(),
        [("Q", "query"), ("a", "query")]
    );
    assert_eq!(save(service, &admin(), json!({"name": "q", "sql": "e"})).await.unwrap_err().code(), Code::Conflict);
    assert_eq!(service.delete_saved_query(&admin(), "q").await.unwrap_err().code(), Code::Conflict);
    assert_eq!(service.unregister(&admin(), "q").await.unwrap_err().code(), Code::Conflict);
    for name in ["a", "q"] {
        service.delete_saved_query(&admin(), name).await.unwrap();
    }
    assert!(files(&fixture).is_empty());
    let catalog = &service.catalog;
    assert!(catalog.list(&List::<Schedule>::all()).await.unwrap().items.is_empty());
    assert!(catalog.find(Dataset::by_name(crate::home::PROJECT, "q")).await.unwrap().is_none());
    save(service, &admin(), json!({"name": "q", "sql": "e"})).await.unwrap();
}

#[tokio::test]
async fn it_has_the_rights_that_its_maker_has_now() {
    let fixture = Fixture::with(&CONFIG.replace("source", "visibility = 'private'\nsource")).await;
    let service = &fixture.service;
    let roles = vec![OrganisationRoleOf { organisation: "default".into(), role: Role::Editor }];
    let password = Hidden("correct horse".to_owned());
    let ann = NewUser { login: "ann".into(), password: Some(password.clone()), roles, ..NewUser::default() };
    service.create_user(&admin(), ann).await.unwrap();
    let session = service.login(&reader(), "ann", &password).await.unwrap().secret.0;
    let ctx = bearer(service, &session).await.unwrap();
    save(service, &ctx, json!({"name": "q", "sql": "e"})).await.unwrap();
    let text = std::fs::read_to_string(fixture.config.as_ref().unwrap().with_file_name("datasets.d").join("q.toml")).unwrap();
    assert!(text.contains("ann") && !text.contains(&session), "{text}");
    // As private as what it reads, here and after the next start.
    assert_eq!(service.count(&reader(), "q", Default::default()).await.unwrap_err().code(), Code::NotFound);
    let change = UserChange { enabled: Some(false), ..UserChange::default() };
    service.update_user(&admin(), "ann", change).await.unwrap();
    let error = service.reload(&admin(), "q").await.unwrap_err();
    assert!(error.message().contains("'ann', who started this, is gone or disabled"), "{error}");
    let other = fixture.another_node_with(settings(&fixture), "other").await;
    until(async || other.status(&admin(), "q").await.unwrap().state == State::Failed).await;
    assert_eq!(other.count(&reader(), "q", Default::default()).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn it_is_loaded_anew_after_what_it_reads_and_by_its_schedule() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    let upstream = json!({"on_upstream_reload": true, "debounce": "1s"});
    save(service, &admin(), json!({"name": "after", "sql": "e", "refresh": upstream})).await.unwrap();
    let every = json!({"interval": "1h", "jitter": false});
    save(service, &admin(), json!({"name": "hourly", "sql": "e", "refresh": every})).await.unwrap();
    fixture.engine.set_rows(5);
    for _ in 0..3 {
        service.reload(&admin(), "e").await.unwrap();
    }
    until(async || rows(service, "after").await == Some(5)).await;
    assert_eq!(service.status(&admin(), "after").await.unwrap().refresh_source, Some("cascade"));
    // Three loads at the start, three of what is read, one after them.
    assert_eq!((rows(service, "hourly").await, service.stats().loads), (Some(3), 7));
    fixture.clock.advance(3600);
    until(async || rows(service, "hourly").await == Some(5)).await;
    assert_eq!(service.status(&admin(), "hourly").await.unwrap().refresh_source, Some("schedule"));
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_leaves_nothing() {
    let nowhere = Fixture::new().await;
    nowhere.register("e").await;
    let error = save(&nowhere.service, &admin(), json!({"name": "q", "sql": "e"})).await.unwrap_err();
    assert!(error.message().contains("needs a server with a configuration file"), "{error}");
    let fixture = Fixture::with(CONFIG).await;
    for (body, says) in [
        (json!({"name": "q", "sql": "nope"}), "unknown table: nope"),
        (json!({"name": "q", "sql": "e", "ttl": "1h"}), "ttl"),
        (json!({"name": "q", "sql": "e", "depends_on": ["x"]}), "depends_on"),
        (json!({"name": "q", "sql": "e", "refresh": {"interval": "soon"}}), "refresh.interval"),
        (json!({"name": "q", "sql": "e", "refresh": {"cron": "0 6 * *"}}), "refresh.cron"),
        (json!({"name": "q", "sql": "e", "materialize": {"residency": "disk"}}), "materialize.residency"),
        (json!({"name": "q", "sql": "e", "materialize": {"reuse_on_start": "yes"}}), "materialize.reuse_on_start"),
        (json!({"name": "q", "sql": "e", "materialize": {"sort_by": ["nope"]}}), "nope"),
        (json!({"name": "q", "sql": "e", "made_by": {"kind": "admin"}}), "made_by"),
    ] {
        let error = save(&fixture.service, &admin(), body.clone()).await.unwrap_err();
        assert!(error.code() == Code::Invalid && error.message().contains(says), "{body}: {error:?}");
    }
    assert!(files(&fixture).is_empty());
    let block = |text: &str| crate::DatasetBlock::from_json(text.as_bytes());
    let query = r#"{"name":"q","source":{"kind":"query","sql":"e"}}"#;
    assert!(fixture.register_block(block(query).unwrap()).await.is_err());
    assert!(block(&query.replace("\"name\"", r#""made_by":{"kind":"admin"},"name""#)).is_err());
    save(&fixture.service, &admin(), json!({"name": "q", "sql": "e"})).await.unwrap();
}

#[tokio::test]
async fn circles_and_files_with_others_are_told() {
    let query = |name: &str, sql: &str| format!("[[dataset]]\nname = '{name}'\nsource = {{kind='query',sql='{sql}'}}\n");
    let fixture = Fixture::with(&[query("b", "a"), query("lost", "nope"), CONFIG.to_owned(), query("a", "e")].concat()).await;
    assert_eq!(rows(&fixture.service, "b").await, Some(3));
    // What it would read is not there: nobody knows who may see it.
    let status = fixture.service.status(&admin(), "lost").await.unwrap();
    assert_eq!((status.state, status.last_error.as_deref()), (State::Failed, Some("invalid value: unknown table: nope")));
    assert_eq!(fixture.service.status(&reader(), "lost").await.unwrap_err().code(), Code::NotFound);
    let error = save(&fixture.service, &admin(), json!({"name": "nope", "sql": "lost"})).await.unwrap_err();
    assert!(error.message().contains("'lost', which it reads, reads 'nope'"), "{error}");
    let error = fixture.service.delete_saved_query(&admin(), "b").await.unwrap_err();
    assert!(error.code() == Code::Conflict && error.message().contains("remove it there"), "{error}");
    std::fs::write(fixture.config.as_ref().unwrap(), [query("x", "y"), query("y", "x")].concat()).unwrap();
    let error = fixture.service.reload_config(&admin()).await.unwrap_err();
    assert!(error.code() == Code::Invalid && error.message().contains("reads itself"), "{error}");
}
