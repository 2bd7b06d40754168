//! Making, finding, reading, replacing and deleting datasets.

use super::{connected, connection, member, uploaded, write};
use crate::testing::{Fixture, admin, reader};
use crate::{MaskChange, MasksChange, NewRows, Object, PolicyChange, Visibility};
use datahall_catalog::{AuditQuery, Dataset};
use datahall_core::Code;
use datahall_core::privilege::Role;
use datahall_core::query::{Expr, Query};

#[tokio::test]
async fn what_is_made_is_read_by_its_organisation_and_nobody_else() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let edith = member(&fixture, "edith", "acme", Role::Editor).await;
    let vic = member(&fixture, "vic", "acme", Role::Viewer).await;
    let eve = member(&fixture, "eve", "other", Role::Admin).await;
    let new = uploaded(&fixture, "sales").await;
    assert_eq!(service.add_dataset(&vic, new.clone()).await.unwrap_err().code(), Code::Forbidden);
    assert_eq!(service.add_dataset(&reader(), new.clone()).await.unwrap_err().code(), Code::Unauthenticated);
    let made = service.add_dataset(&edith, new.clone()).await.unwrap();
    assert_eq!((made.name.as_str(), made.row_count, made.owner.as_deref()), ("sales", Some(3), Some("edith")));
    assert_eq!(made.columns.iter().map(|column| column.kind.as_str()).collect::<Vec<_>>(), ["int64", "string"]);
    assert_eq!(service.count(&vic, "SALES", Expr::default()).await.unwrap(), 3);
    for stranger in [&eve, &admin(), &reader()] {
        assert_eq!(service.count(stranger, "sales", Expr::default()).await.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(service.add_dataset(&edith, new).await.unwrap_err().code(), Code::Conflict);
    let own = uploaded(&fixture, "Sales").await;
    service.add_dataset(&eve, own).await.unwrap();
    write(&fixture, "t_Sales", 5).await;
    assert_eq!(service.count(&eve, "sales", Expr::default()).await.unwrap(), 5);
    assert_eq!(service.count(&edith, "sales", Expr::default()).await.unwrap(), 3);
}

#[tokio::test]
async fn in_the_default_project_it_is_read_by_the_flat_dialect_too() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let new = uploaded(&fixture, "sales").await;
    service.add_dataset(&admin(), new.clone()).await.unwrap();
    assert_eq!(service.count(&reader(), "sales", Expr::default()).await.unwrap_err().code(), Code::NotFound);
    let publish = PolicyChange { visibility: Some(Visibility::Public), ..PolicyChange::default() };
    service.change_policy(&admin(), "sales", publish).await.unwrap();
    assert_eq!(service.count(&reader(), "sales", Expr::default()).await.unwrap(), 3);
    service.sql(&reader(), "sales", None).await.unwrap();
    let taken = fixture
        .register_block(crate::testing::block(r#"{"name":"Sales","source":{"kind":"csv","location":"ok"}}"#))
        .await
        .unwrap_err();
    assert_eq!(taken.message(), "invalid value: dataset 'Sales' already exists");
    fixture.register("events").await;
    let mut clash = new;
    clash.name = "EVENTS".into();
    assert_eq!(service.add_dataset(&admin(), clash).await.unwrap_err().code(), Code::Conflict);
}

#[tokio::test]
async fn it_outlives_the_process_and_other_nodes_see_what_changes() {
    let fixture = Fixture::new().await;
    let (service, other) = (&fixture.service, fixture.another_node().await);
    service.add_dataset(&admin(), uploaded(&fixture, "sales").await).await.unwrap();
    assert_eq!(other.count(&admin(), "sales", Expr::default()).await.unwrap(), 3);
    let before = service.query(&admin(), "sales", Query::default()).await.unwrap();
    write(&fixture, "t_sales", 7).await;
    assert_eq!(service.count(&admin(), "sales", Expr::default()).await.unwrap(), 3, "readers keep what they opened");
    let rows =
        NewRows { schema: super::rows(0).schema(), row_count: Some(7), provenance: Object::new(), details: Default::default() };
    let info = service.replace_rows(&admin(), "sales", rows).await.unwrap();
    assert_eq!((info.row_count, info.generation), (Some(7), 1));
    assert_eq!(service.count(&admin(), "sales", Expr::default()).await.unwrap(), 7);
    assert_ne!(service.query(&admin(), "sales", Query::default()).await.unwrap().etag, before.etag);
    fixture.until(async |_| other.count(&admin(), "sales", Expr::default()).await.unwrap() == 7).await;
    let mask = MaskChange { strategy: Some(Some("full".into())), unmask_roles: Some(Some(vec![])), ..MaskChange::default() };
    let masks = Some(MasksChange::Merge([("kind".to_owned(), Some(mask))].into()));
    service.change_policy(&admin(), "sales", PolicyChange { masks, ..PolicyChange::default() }).await.unwrap();
    assert!(service.dataset(&admin(), "sales").await.unwrap().columns[1].masked);
    fixture
        .until(async |_| {
            other.schema(&admin(), "sales").await.unwrap().sample[0].column(1).as_ref().data_type().is_string()
                && format!("{:?}", other.schema(&admin(), "sales").await.unwrap().sample).contains("***")
        })
        .await;
    service.remove_dataset(&admin(), "sales", None).await.unwrap();
    assert_eq!(service.count(&admin(), "sales", Expr::default()).await.unwrap_err().code(), Code::NotFound);
    fixture.until(async |_| other.count(&admin(), "sales", Expr::default()).await.is_err()).await;
    assert!(fixture.engine.lake.names().is_empty());
    let log = service.catalog.audit(&AuditQuery { limit: 50, ..AuditQuery::default() }).await.unwrap().items;
    let actions: Vec<&str> = log.iter().map(|entry| entry.action.as_str()).collect();
    for action in ["dataset.create", "dataset.replace", "policy.change", "dataset.delete"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_unavailable_until_it_does() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let id = connection(&fixture, "default", "/tmp/gone.db").await;
    service.add_dataset(&admin(), connected("orders", &id, "orders")).await.unwrap();
    assert_eq!(service.count(&admin(), "orders", Expr::default()).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(service.dataset(&admin(), "orders").await.unwrap().source_table.as_deref(), Some("orders"));
    let mut change = service.catalog.change(&datahall_catalog::Actor::system()).await.unwrap();
    let mut record = change.get::<datahall_catalog::Connection>(&id).await.unwrap().unwrap();
    record.config.0.insert("path".into(), "/tmp/back.db".into());
    change.update(&mut record).await.unwrap();
    change.commit(datahall_catalog::AuditEntry::new("test")).await.unwrap();
    assert_eq!(service.count(&admin(), "orders", Expr::default()).await.unwrap(), 3);
    let live = service.query(&admin(), "orders", Query::default()).await.unwrap();
    assert_eq!(live.etag, None, "rows of an outside system may be others at any moment");
}

#[tokio::test]
async fn whether_a_source_answers_is_asked_before_reading_and_known_for_three_seconds() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let id = connection(&fixture, "default", "/tmp/a.db").await;
    service.add_dataset(&admin(), connected("orders", &id, "orders")).await.unwrap();
    let count = async || service.count(&admin(), "orders", Expr::default()).await;
    assert_eq!(count().await.unwrap(), 3);
    fixture.engine.set_away(true);
    assert_eq!(count().await.unwrap(), 3, "it answered a moment ago");
    fixture.clock.advance(4);
    let away = count().await.unwrap_err();
    assert_eq!((away.code(), away.is_of_source()), (Code::Unavailable, true));
    assert_eq!(service.view(&admin(), "orders").await.err().unwrap().code(), Code::Unavailable);
    fixture.engine.set_away(false);
    assert_eq!(count().await.unwrap_err().code(), Code::Unavailable, "it did not a moment ago");
    fixture.clock.advance(4);
    assert_eq!(count().await.unwrap(), 3);
    let (uploaded, _) =
        (service.add_dataset(&admin(), uploaded(&fixture, "sales").await).await.unwrap(), fixture.engine.set_away(true));
    fixture.clock.advance(4);
    assert_eq!(service.count(&admin(), &uploaded.name, Expr::default()).await.unwrap(), 3, "what is kept here needs nobody");
}

#[tokio::test]
async fn what_was_registered_is_taken_off_and_what_is_kept_is_not() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    service.add_dataset(&admin(), uploaded(&fixture, "sales").await).await.unwrap();
    for _ in 0..2 {
        assert_eq!(service.unregister(&admin(), "sales").await.unwrap_err().code(), Code::Conflict);
        assert_eq!(service.count(&admin(), "sales", Expr::default()).await.unwrap(), 3, "also once it is open");
    }
    assert!(service.catalog.find(Dataset::by_name("default", "sales")).await.unwrap().is_some());
}

#[tokio::test]
async fn what_does_not_suit_is_refused_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let new = uploaded(&fixture, "sales").await;
    let mask = |column: &str| {
        let mask = MaskChange { strategy: Some(Some("full".into())), ..MaskChange::default() };
        Some(MasksChange::Replace([(column.to_owned(), mask)].into()))
    };
    let mut wrong = new.clone();
    wrong.policy.masks = mask("nope");
    assert!(service.add_dataset(&admin(), wrong).await.unwrap_err().message().contains("nope"));
    let mut unnamed = new.clone();
    unnamed.name = "a/b".into();
    assert_eq!(service.add_dataset(&admin(), unnamed).await.unwrap_err().code(), Code::Invalid);
    let editor = member(&fixture, "edith", "default", Role::Editor).await;
    let public = crate::NewDataset { visibility: Visibility::Public, ..new.clone() };
    assert_eq!(service.add_dataset(&editor, public).await.unwrap_err().code(), Code::Forbidden);
    assert!(service.catalog.find(Dataset::by_name("default", "sales")).await.unwrap().is_none());
    let mut masked = new;
    masked.policy.masks = mask("kind");
    let made = service.add_dataset(&editor, masked).await.unwrap();
    assert!(made.columns[1].masked && !made.columns[0].masked);
}

#[tokio::test]
async fn a_policy_is_judged_before_anybody_has_read_the_dataset() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let (there, gone) =
        (connection(&fixture, "default", "/tmp/a.db").await, connection(&fixture, "default", "/tmp/gone.db").await);
    service.add_dataset(&admin(), connected("orders", &there, "orders")).await.unwrap();
    service.add_dataset(&admin(), connected("away", &gone, "orders")).await.unwrap();
    let masks = |column: &str| {
        let mask = MaskChange { strategy: Some(Some("full".into())), unmask_roles: Some(Some(vec![])), ..MaskChange::default() };
        PolicyChange { masks: Some(MasksChange::Merge([(column.to_owned(), Some(mask))].into())), ..PolicyChange::default() }
    };
    // Also where the source does not answer: the record knows the columns.
    for name in ["away", "orders"] {
        let refused = service.change_policy(&admin(), name, masks("nope")).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::Invalid, "a mask names an unknown column: nope"), "{name}");
        service.change_policy(&admin(), name, masks("kind")).await.unwrap();
    }
    assert!(service.dataset(&admin(), "orders").await.unwrap().columns[1].masked);
    service.add_dataset(&admin(), connected("unread", &there, "orders")).await.unwrap();
    let filter = PolicyChange { row_filter: Some(Some("no filter".into())), ..PolicyChange::default() };
    assert_eq!(service.change_policy(&admin(), "unread", filter).await.unwrap_err().code(), Code::Invalid);
    assert_eq!(service.count(&admin(), "unread", Expr::default()).await.unwrap(), 3, "nothing was changed");
}
