//! Made, listed, read, changed, tried, deleted: by whom, and of which organisation.

use super::*;
use crate::testing::reader;
use datahall_catalog::{AuditQuery, Connection as Record, Dataset};
use datahall_core::Code;

const PATH: &str = "/data/a.db";

#[tokio::test]
async fn a_connection_from_first_to_last() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let made = create(&fixture, &editor, "Sales", "SQLite3", json!({"path": PATH, "kept": [1]})).await.unwrap();
    assert_eq!((made.name.as_str(), made.kind.as_str(), made.version, made.trusted), ("Sales", "sqlite", 1, false));
    assert_eq!((&made.config, made.status.works), (&object(json!({"path": PATH, "kept": [1]})), Some(true)));
    for name in [made.id.as_str(), "Sales", "sALES"] {
        assert_eq!(service.read_connection(&editor, name).await.unwrap().id, made.id, "{name}");
    }
    let taken = create(&fixture, &editor, "sales", "sqlite", json!({"path": PATH})).await.unwrap_err();
    assert_eq!((taken.code(), taken.message()), (Code::Conflict, "the name is taken: sales"));
    let change = ConnectionChange {
        versions: Some(vec![1]),
        name: Some("Shop".into()),
        description: Some("what for".into()),
        kind: Some("sqlite".into()),
        ..ConnectionChange::default()
    };
    let changed = service.change_connection(&editor, "sales", change.clone()).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version, &changed.config), ("Shop", 2, &made.config));
    assert_eq!(service.change_connection(&editor, "shop", change).await.unwrap_err().code(), Code::Stale);
    let same = service.change_connection(&editor, "shop", merge(json!({"path": PATH}))).await.unwrap();
    assert_eq!(same.version, 2, "nothing changed");
    let other = ConnectionChange { kind: Some("mysql".into()), ..ConnectionChange::default() };
    assert!(service.change_connection(&editor, "shop", other).await.unwrap_err().message().starts_with("connector_type: cannot"));
    let schemas = service.outside_schemas(&service.use_connection(&editor, "shop").await.unwrap()).await.unwrap();
    assert_eq!(schemas, ["main", "sales"]);
    assert_eq!(service.delete_connection(&editor, "shop", Some(&[1])).await.unwrap_err().code(), Code::Stale);
    service.delete_connection(&editor, "shop", Some(&[2])).await.unwrap();
    assert_eq!(service.read_connection(&editor, "shop").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(service.connection(&made.id).await.unwrap_err().code(), Code::NotFound);
    let log = service.catalog.audit(&AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap().items;
    let actions: Vec<_> =
        log.iter().rev().map(|entry| entry.action.as_str()).filter(|action| action.starts_with("connection")).collect();
    assert_eq!(actions, ["connections.key.create", "connection.create", "connection.change", "connection.delete"]);
}

#[tokio::test]
async fn members_use_editors_change_and_others_know_nothing() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let viewer = member(&fixture, Role::Viewer, "default").await;
    let stranger = member(&fixture, Role::Admin, "other").await;
    let made = create(&fixture, &editor, "a", "sqlite", json!({"path": PATH})).await.unwrap();
    let config = || Some(Hidden(object(json!({"path": PATH}))));
    assert_eq!(service.connections(&viewer, None, 10, 0).await.unwrap().items[0].id, made.id);
    assert!(service.test_connection(&viewer, "a", None).await.unwrap().failure.is_none());
    assert!(service.use_connection(&viewer, "a").await.is_ok());
    for error in [
        create(&fixture, &viewer, "b", "sqlite", json!({"path": PATH})).await.unwrap_err(),
        service.change_connection(&viewer, "a", ConnectionChange::default()).await.unwrap_err(),
        service.delete_connection(&viewer, "a", None).await.unwrap_err(),
        service.test_connection(&viewer, "a", config()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::Forbidden);
    }
    let listed = service.connections(&stranger, None, 10, 0).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (0, Some(0)));
    for name in [made.id.as_str(), "a", "a\0"] {
        for error in [
            service.read_connection(&stranger, name).await.unwrap_err(),
            service.change_connection(&stranger, name, ConnectionChange::default()).await.unwrap_err(),
            service.delete_connection(&stranger, name, None).await.unwrap_err(),
            service.test_connection(&stranger, name, None).await.unwrap_err(),
            service.use_connection(&stranger, name).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), Code::NotFound);
        }
    }
    let own = create(&fixture, &stranger, "A", "lakehouse", json!({})).await.unwrap();
    assert_ne!(service.read_connection(&stranger, "a").await.unwrap().id, made.id);
    assert_eq!(service.read_connection(&stranger, "a").await.unwrap().id, own.id);
    assert_eq!(service.connections(&reader(), None, 10, 0).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(create(&fixture, &reader(), "x", "sqlite", json!({})).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn what_is_for_some_groups_is_for_nobody_else() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    create(&fixture, &editor, "a", "sqlite", json!({"path": PATH})).await.unwrap();
    let mut change = service.catalog.change(&admin().actor()).await.unwrap();
    let mut record = change.find(Record::by_name("default", "a")).await.unwrap().unwrap();
    (record.usable_by, record.allowed_groups) = (datahall_catalog::UsableBy::Allowed, vec!["finance".into()]);
    change.update(&mut record).await.unwrap();
    change.commit(datahall_catalog::AuditEntry::new("test")).await.unwrap();
    assert_eq!(service.connections(&editor, None, 10, 0).await.unwrap().total, Some(0));
    assert_eq!(service.use_connection(&editor, "a").await.unwrap_err().code(), Code::NotFound);
    let mut insider = editor.clone();
    insider.principal.groups = vec!["finance".into()];
    assert!(service.use_connection(&insider, "a").await.is_ok());
    assert!(service.use_connection(&admin(), "a").await.is_ok());
}

#[tokio::test]
async fn lists_are_cut_and_searched() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    for name in ["c", "A", "b"] {
        create(&fixture, &editor, name, "sqlite", json!({"path": PATH})).await.unwrap();
    }
    create(&fixture, &editor, "d", "filesystem", json!({"root": "/data"})).await.unwrap();
    let names = async |part, limit, offset| {
        let page = service.connections(&editor, part, limit, offset).await.unwrap();
        (page.items.into_iter().map(|one| one.name).collect::<Vec<_>>().concat(), page.total.unwrap())
    };
    assert_eq!(names(None, 2, 1).await, ("bc".into(), 4));
    assert_eq!(names(Some("SQL"), 10, 0).await, ("Abc".into(), 3));
    assert_eq!(names(None, 10, u64::MAX).await, (String::new(), 4));
}

#[tokio::test]
async fn what_is_wrong_makes_nothing() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    for (name, kind, config, why) in [
        ("", "sqlite", json!({"path": PATH}), "name: must not be empty"),
        ("a/b", "sqlite", json!({"path": PATH}), "name: must not hold"),
        ("Catalog", "sqlite", json!({"path": PATH}), "name: 'catalog' is reserved"),
        ("a", "oracle", json!({}), "connector_type: unknown: oracle"),
        ("a", "sqlite", json!({}), "config.path: is missing"),
        ("a", "postgresql", json!({"host": "h", "password": "••••••••"}), "config.password: bullets"),
    ] {
        let error = create(&fixture, &editor, name, kind, config).await.unwrap_err();
        assert!(error.code() == Code::Invalid && error.message().starts_with(why), "{error}");
    }
    assert_eq!(service.connections(&editor, None, 10, 0).await.unwrap().total, Some(0));
}

#[tokio::test]
async fn one_that_does_not_answer_is_made_and_says_so_and_answers_again() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let gone = create(&fixture, &editor, "a", "sqlite", json!({"path": "/data/gone.db"})).await.unwrap();
    assert_eq!((gone.status.works, gone.status.message.is_some()), (Some(false), true));
    let tested = service.test_connection(&editor, "a", None).await.unwrap();
    assert!(tested.failure.unwrap().contains("does not answer"));
    let config = Some(Hidden(object(json!({"path": PATH}))));
    assert_eq!(service.test_connection(&editor, "a", config).await.unwrap().failure, None);
    assert_eq!(service.read_connection(&editor, "a").await.unwrap().status.works, Some(false), "that was only tried");
    let usable = service.use_connection(&editor, "a").await.unwrap();
    assert_eq!(service.outside_schemas(&usable).await.unwrap_err().code(), Code::Unavailable);
    let back = service.change_connection(&editor, "a", replace(json!({"path": PATH}))).await.unwrap();
    assert_eq!(back.status.works, Some(true));
}

#[tokio::test]
async fn while_datasets_are_read_through_it_it_stays() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let made = create(&fixture, &editor, "a", "sqlite", json!({"path": PATH})).await.unwrap();
    let mut change = service.catalog.change(&admin().actor()).await.unwrap();
    let mut dataset =
        Dataset { project: "default".into(), name: "orders".into(), connection: Some(made.id.clone()), ..Dataset::default() };
    change.insert(&mut dataset).await.unwrap();
    change.commit(datahall_catalog::AuditEntry::new("test")).await.unwrap();
    let error = service.delete_connection(&editor, "a", None).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Conflict, "datasets are read through it: orders"));
    assert!(service.read_connection(&editor, "a").await.is_ok());
}
