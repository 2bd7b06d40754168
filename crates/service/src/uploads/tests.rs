//! Uploads over the fake engine: what becomes of them, and what is left when nothing does.

use super::{NewUpload, OnError, Purpose, Received, Refused, Uploaded};
use crate::testing::{Fixture, admin, reader};
use crate::{Ctx, MaskChange, MasksChange, PolicyChange, Principal};
use datahall_catalog::{Dataset, List};
use datahall_core::Code;
use datahall_formats::ingest::Hints;
use serde_json::json;
use std::path::PathBuf;

async fn receive(fixture: &Fixture, ctx: &Ctx, purpose: Purpose, name: &str, content: &[u8]) -> Received {
    let mut received = fixture.service.receive(ctx, purpose).await.unwrap();
    received.begin(name).await.unwrap();
    for piece in content.chunks(7) {
        received.write(piece).await.unwrap();
    }
    received.end().await.unwrap();
    received
}

async fn upload(fixture: &Fixture, new: NewUpload, content: &[u8]) -> Result<Uploaded, Refused> {
    let received = receive(fixture, &admin(), Purpose::Create, "people.csv", content).await;
    fixture.service.create_upload(&admin(), received, new).await
}

fn named(name: &str) -> NewUpload {
    NewUpload { name: name.into(), ..NewUpload::default() }
}

fn code(refused: &Refused) -> Code {
    refused.to_error().code()
}

/// What is on disk of uploads.
fn left(fixture: &Fixture) -> Vec<PathBuf> {
    let folder = fixture.service.exports_dir.with_file_name("uploads");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Nothing is on disk, and these are the only tables. What is dropped goes in tasks of its own.
async fn nothing_left(fixture: &Fixture, tables: usize) {
    fixture.until(async |_| left(fixture).is_empty() && fixture.engine.lake.names().len() == tables).await;
}

#[tokio::test]
async fn a_file_becomes_a_dataset_and_is_gone() {
    let fixture = Fixture::new().await;
    let new = NewUpload { friendly_name: Some("People".into()), ..named("people") };
    let uploaded = upload(&fixture, new, b"id,name\n1,Ada\n2,Grace\n").await.unwrap();
    let dataset = &uploaded.dataset;
    assert_eq!((dataset.kind.name(), dataset.row_count, uploaded.version), ("upload", Some(2), 0));
    let kinds: Vec<_> = dataset.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
    assert_eq!(kinds, [("id", "int64"), ("name", "string")]);
    let said = |key: &str| dataset.provenance.get(key).cloned();
    assert_eq!(said("file_name"), Some(json!("people.csv")));
    assert_eq!(
        (said("format"), said("delimiter"), said("encoding")),
        (Some(json!("csv")), Some(json!(",")), Some(json!("UTF-8")))
    );
    assert_eq!(fixture.service.count(&admin(), "people", datahall_core::query::Expr::default()).await.unwrap(), 2);
    nothing_left(&fixture, 1).await;
}

#[tokio::test]
async fn a_preview_keeps_nothing() {
    let fixture = Fixture::new().await;
    let content: String = "n\n".to_owned() + &(0..100).map(|n| format!("{n}\n")).collect::<String>();
    let received = receive(&fixture, &reader_known(&fixture).await, Purpose::Preview, "n.csv", content.as_bytes()).await;
    let preview = fixture.service.preview_upload(&admin(), received, Hints::default()).await.unwrap();
    assert_eq!((preview.found.rows, preview.head.iter().map(|batch| batch.num_rows()).sum::<usize>()), (100, 50));
    nothing_left(&fixture, 0).await;
}

/// Somebody who is known and may do nothing.
async fn reader_known(_: &Fixture) -> Ctx {
    let kind = crate::PrincipalKind::User { login: "ann".into() };
    Ctx { principal: Principal::bare(kind, datahall_core::access::Grants::default(), true), ..admin() }
}

#[tokio::test]
async fn who_may_not_make_datasets_sends_nothing() {
    let fixture = Fixture::new().await;
    let nobody = fixture.service.receive(&reader(), Purpose::Preview).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
    let ann = reader_known(&fixture).await;
    assert_eq!(fixture.service.receive(&ann, Purpose::Create).await.unwrap_err().code(), Code::Forbidden);
    let received = receive(&fixture, &ann, Purpose::Preview, "a.csv", b"a\n1\n").await;
    assert_eq!(code(&fixture.service.create_upload(&ann, received, named("a")).await.unwrap_err()), Code::Forbidden);
    nothing_left(&fixture, 0).await;
}

#[tokio::test]
async fn wrong_rows_refuse_the_file_or_are_left_out() {
    let fixture = Fixture::new().await;
    let content = b"id,name\n1,Ada\n2\n3,Eve\n";
    let Err(Refused::Rows(report)) = upload(&fixture, named("people"), content).await else { panic!("it was taken") };
    assert_eq!((report.total, report.first[0].line), (1, 3));
    nothing_left(&fixture, 0).await;
    let uploaded = upload(&fixture, NewUpload { on_error: OnError::Skip, ..named("people") }, content).await.unwrap();
    assert_eq!((uploaded.dataset.row_count, uploaded.found.report.total), (Some(2), 1));
}

#[tokio::test]
async fn a_taken_name_is_refused_and_one_of_two_at_once_wins() {
    let fixture = Fixture::new().await;
    let content = b"id\n1\n";
    let (first, second) = tokio::join!(upload(&fixture, named("people"), content), upload(&fixture, named("people"), content));
    let (won, lost) = if first.is_ok() { (first, second) } else { (second, first) };
    assert!(won.is_ok());
    assert_eq!(code(&lost.unwrap_err()), Code::Conflict);
    assert_eq!(code(&upload(&fixture, named("people"), content).await.unwrap_err()), Code::Conflict);
    nothing_left(&fixture, 1).await;
}

fn masks(column: &str) -> PolicyChange {
    let mask = MaskChange { strategy: Some(Some("full".into())), ..MaskChange::default() };
    PolicyChange { masks: Some(MasksChange::Replace([(column.to_owned(), mask)].into())), ..PolicyChange::default() }
}

#[tokio::test]
async fn a_replacement_is_the_next_version_and_masks_stay() {
    let fixture = Fixture::new().await;
    upload(&fixture, NewUpload { policy: Some(masks("name")), ..named("people") }, b"id,name\n1,Ada\n").await.unwrap();
    let replace = NewUpload { replace: true, ..named("people") };
    let uploaded = upload(&fixture, replace.clone(), b"name,age\nEve,3\nZoe,4\n").await.unwrap();
    assert_eq!((uploaded.version, uploaded.dataset.row_count, uploaded.dataset.generation > 0), (1, Some(2), true));
    assert!(uploaded.dataset.policy.unwrap().masks.contains_key("name"));
    assert_eq!(uploaded.dataset.friendly_name, None);
    let titled = NewUpload { friendly_name: Some("People".into()), ..replace.clone() };
    assert_eq!(
        upload(&fixture, titled, b"name,age\nEve,3\nZoe,4\n").await.unwrap().dataset.friendly_name.as_deref(),
        Some("People")
    );
    let again = upload(&fixture, replace.clone(), b"name,age\nEve,3\nZoe,4\n").await.unwrap();
    assert_eq!((again.version, again.dataset.friendly_name.as_deref()), (3, Some("People")));
    assert_eq!(fixture.service.count(&admin(), "people", datahall_core::query::Expr::default()).await.unwrap(), 2);
    // Without the column that is masked.
    let refused = upload(&fixture, replace.clone(), b"id\n1\n").await.unwrap_err();
    assert_eq!(code(&refused), Code::Invalid, "{refused:?}");
    for wrong in [
        NewUpload { policy: Some(masks("name")), ..replace.clone() },
        NewUpload { description: Some("x".repeat(1 << 20)), ..replace.clone() },
    ] {
        assert_eq!(code(&upload(&fixture, wrong, b"name,age\nEve,3\n").await.unwrap_err()), Code::Invalid);
    }
    let (table, now) = (fixture.engine.lake.names().remove(0), fixture.service.dataset(&admin(), "people").await.unwrap());
    assert_eq!((fixture.engine.lake.rows(&table, None).unwrap().num_rows(), now.row_count), (2, Some(2)));
    nothing_left(&fixture, 1).await;
}

#[tokio::test]
async fn a_policy_that_does_not_suit_leaves_nothing() {
    let fixture = Fixture::new().await;
    let refused = upload(&fixture, NewUpload { policy: Some(masks("nope")), ..named("people") }, b"id\n1\n").await.unwrap_err();
    assert_eq!(code(&refused), Code::Invalid);
    assert!(fixture.service.dataset(&admin(), "people").await.is_err());
    nothing_left(&fixture, 0).await;
}

#[tokio::test]
async fn files_beyond_the_limit_and_files_that_are_given_up_are_gone() {
    let fixture = Fixture::limited(|limits| limits.upload_mb = 1).await;
    let mut received = fixture.service.receive(&admin(), Purpose::Create).await.unwrap();
    received.begin("a.csv").await.unwrap();
    received.write(&vec![b'a'; 1 << 20]).await.unwrap();
    assert_eq!(received.write(b"a").await.unwrap_err().code(), Code::TooLarge);
    assert_eq!(left(&fixture).len(), 1);
    assert_eq!(received.begin("b.csv").await.unwrap_err().code(), Code::Invalid);
    drop(received);
    nothing_left(&fixture, 0).await;
    // Given up while it is written.
    let received = receive(&fixture, &admin(), Purpose::Create, "a.csv", b"a\n1\n").await;
    let caller = admin();
    let future = fixture.service.create_upload(&caller, received, named("a"));
    drop(future);
    nothing_left(&fixture, 0).await;
}

#[tokio::test]
async fn what_an_earlier_run_left_is_cleared_at_the_start() {
    let fixture = Fixture::new().await;
    upload(&fixture, named("kept"), b"id\n1\n").await.unwrap();
    let kept = fixture.engine.lake.names().remove(0);
    // Another table, which is still to become a dataset.
    upload(&fixture, named("lost"), b"id\n2\n").await.unwrap();
    let lost = fixture.engine.lake.names().into_iter().find(|table| *table != kept).unwrap();
    let mut change = fixture.service.catalog.change(&datahall_catalog::Actor::system()).await.unwrap();
    let record = change.list(&List::<Dataset>::all().only("name", "lost")).await.unwrap().items.remove(0);
    change.delete(&record).await.unwrap();
    change.commit(datahall_catalog::AuditEntry::new("test")).await.unwrap();
    let folder = fixture.service.exports_dir.with_file_name("uploads");
    for (name, table) in [("one", kept.as_str()), ("two", lost.as_str()), ("three", "default/never")] {
        std::fs::create_dir(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("file"), "x").unwrap();
        std::fs::write(folder.join(name).join("table"), table).unwrap();
    }
    let exports = fixture.service.exports_dir.clone();
    let data = exports.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap();
    fixture.service.shutdown().await;
    let _again = fixture.another_node_with(crate::Settings::default(), data).await;
    assert!(left(&fixture).is_empty());
    fixture.until(async |_| fixture.engine.lake.names() == [kept.clone()]).await;
}
