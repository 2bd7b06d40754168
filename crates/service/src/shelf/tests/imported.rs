//! Importing tables of outside systems, one by one and in batches.

use super::{connection, member};
use crate::testing::{Fixture, admin};
use crate::{
    BatchInfo, Ctx, ImportFault, JobState, MaskChange, MasksChange, NewBatch, NewImport, NewUser, OnConflict, OrganisationRoleOf,
    PolicyChange,
};
use datahall_core::Code;
use datahall_core::connection::Part;
use datahall_core::privilege::Role;
use datahall_core::query::{Expr, Query};
use futures::TryStreamExt;

fn import(name: &str, connection: &str, part: Part) -> NewImport {
    NewImport {
        name: name.into(),
        connection: connection.into(),
        part,
        rename: Default::default(),
        description: None,
        friendly_name: None,
        tags: vec![],
        policy: PolicyChange::default(),
        batch: None,
    }
}

fn table(name: &str) -> Part {
    Part::Table { schema: Some("main".into()), name: name.into() }
}

fn code(fault: ImportFault) -> (Code, String) {
    (fault.error().code(), fault.error().message().to_owned())
}

async fn ended(fixture: &Fixture, ctx: &Ctx, name: &str) -> BatchInfo {
    fixture.until(async |service| service.batch(ctx, name).await.unwrap().state.is_end()).await;
    fixture.service.batch(ctx, name).await.unwrap()
}

#[tokio::test]
async fn columns_are_called_by_their_new_names_everywhere() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let id = connection(&fixture, "default", "/tmp/a.db").await;
    let mut new = import("orders", &id, table("orders"));
    new.rename = [("kind".to_owned(), "sort".to_owned())].into();
    let mask = MaskChange { strategy: Some(Some("full".into())), unmask_roles: Some(Some(vec![])), ..MaskChange::default() };
    new.policy.masks = Some(MasksChange::Replace([("sort".to_owned(), mask)].into()));
    let info = service.import_dataset(&admin(), new).await.unwrap();
    assert_eq!(info.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["id", "sort", "v"]);
    assert_eq!(
        (info.provenance["source_table"].as_str(), info.provenance["imported_by"].as_str()),
        (Some("orders"), Some("admin"))
    );
    assert_eq!(info.provenance["column_map"]["kind"], "sort");
    let query = Query { select: vec!["sort".into()], ..Query::default() };
    let rows = service.query(&admin(), "orders", query).await.unwrap().rows.await.unwrap();
    let batches: Vec<_> = rows.batches.try_collect().await.unwrap();
    assert!(format!("{batches:?}").contains("***"));
    for (rename, why) in [
        (("nope", "x"), "rename: unknown column: nope"),
        (("kind", "ID"), "rename: a column would be there twice: id"),
        (("kind", " "), "rename.kind: must be"),
    ] {
        let mut wrong = import("other", &id, table("orders"));
        wrong.rename = [(rename.0.to_owned(), rename.1.to_owned())].into();
        let (code, message) = code(service.import_dataset(&admin(), wrong).await.unwrap_err());
        assert!(code == Code::Invalid && message.starts_with(why), "{message}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_for_what_it_is() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let id = connection(&fixture, "default", "/tmp/a.db").await;
    let gone = connection(&fixture, "default", "/tmp/gone.db").await;
    let edith = member(&fixture, "edith", "acme", Role::Editor).await;
    let refused = async |ctx: &Ctx, new: NewImport| service.import_dataset(ctx, new).await.unwrap_err();
    let unknown = refused(&admin(), import("a", &id, table("nope"))).await;
    assert!(matches!(&unknown, ImportFault::Source(error) if error.code() == Code::Invalid), "{unknown:?}");
    let writes = refused(&admin(), import("a", &id, Part::Query { sql: "DROP TABLE orders".into() })).await;
    assert!(matches!(&writes, ImportFault::Source(error) if error.code() == Code::Invalid), "{writes:?}");
    let away = refused(&admin(), import("a", &gone, table("orders"))).await;
    assert!(matches!(&away, ImportFault::Source(error) if error.code() == Code::Unavailable), "{away:?}");
    let others = refused(&edith, import("a", &id, table("orders"))).await;
    assert!(matches!(&others, ImportFault::Connection(error) if error.code() == Code::NotFound), "{others:?}");
    let viewer = member(&fixture, "vic", "default", Role::Viewer).await;
    assert_eq!(code(refused(&viewer, import("a", &id, table("orders"))).await).0, Code::Forbidden);
    service.import_dataset(&admin(), import("a", &id, Part::Query { sql: "SELECT 1".into() })).await.unwrap();
    assert_eq!(code(refused(&admin(), import("a", &id, table("orders"))).await).0, Code::Conflict);
}

#[tokio::test]
async fn a_batch_makes_a_dataset_of_each_table_that_matches() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let edith = member(&fixture, "edith", "acme", Role::Editor).await;
    let organisation = edith.home.organisation().to_owned();
    // Jobs have the rights that she has by her record.
    let roles = vec![OrganisationRoleOf { organisation: "acme".into(), role: Role::Editor }];
    let record = NewUser { login: "edith".into(), roles, ..NewUser::default() };
    service.create_user(&admin(), record).await.unwrap();
    let id = connection(&fixture, &organisation, "/tmp/a.db").await;
    let batch = |name: &str, pattern: &str, on_conflict| NewBatch {
        name: Some(name.into()),
        connection: id.clone(),
        schema: Some("main".into()),
        pattern: pattern.into(),
        prefix: "crm_".into(),
        on_conflict,
        ..NewBatch::default()
    };
    let started = service.start_batch(&edith, batch("first", "*", OnConflict::Fail)).await.unwrap();
    assert_eq!((started.total, started.name.as_str()), (2, "first"));
    let done = ended(&fixture, &edith, "first").await;
    assert_eq!((done.state, done.done, done.failed), (JobState::Done, 2, 0));
    assert_eq!(done.datasets, ["crm_orders", "crm_people"]);
    assert_eq!(service.count(&edith, "crm_orders", Expr::default()).await.unwrap(), 3);
    let info = service.dataset(&edith, "crm_people").await.unwrap();
    assert_eq!((info.provenance["import_batch"].as_str(), info.owner.as_deref()), (Some("first"), Some("edith")));
    service.start_batch(&edith, batch("again", "ord*", OnConflict::Skip)).await.unwrap();
    let skipped = ended(&fixture, &edith, "again").await;
    assert_eq!((skipped.state, skipped.skipped, skipped.datasets.len()), (JobState::Done, 1, 0));
    service.start_batch(&edith, batch("once more", "ord*", OnConflict::Fail)).await.unwrap();
    let failed = ended(&fixture, &edith, "once more").await;
    assert_eq!((failed.state, failed.failed, failed.errors[0].0.as_str()), (JobState::Failed, 1, "orders"));
    let none = service.start_batch(&edith, batch("none", "x*", OnConflict::Fail)).await.unwrap_err();
    assert_eq!(code(none).0, Code::Invalid);
    assert_eq!(service.batch(&edith, "none").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(service.batch(&admin(), "first").await.unwrap_err().code(), Code::NotFound, "another organisation's");
    assert_eq!(service.cancel_batch(&edith, "first").await.unwrap_err().code(), Code::Conflict);
}
