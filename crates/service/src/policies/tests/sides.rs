//! What each caller sees, and what nothing beside the rows may tell.

use super::{filter, guarded, kinds, merge, user, viewer};
use crate::testing::{Fixture, admin, bearer, block, reader};
use crate::{Ctx, Hidden, NewUser, OrganisationRoleOf, SavedQueryRequest, UserChange, home};
use datahall_core::privilege::Role;
use datahall_core::query::Query;
use datahall_core::{Code, query::Expr};
use serde_json::json;

async fn by_kind(fixture: &Fixture) {
    let body = json!({"name": "e", "source": {"kind": "csv", "location": "ok"}, "row_filter": "kind = caller('kind')"});
    fixture.register_block(block(&body.to_string())).await.unwrap();
}

#[tokio::test]
async fn each_caller_gets_what_his_roles_and_attributes_let_him_see() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    assert_eq!(kinds(&fixture, &viewer(), "e").await, ["***"; 3]);
    assert_eq!(kinds(&fixture, &reader(), "e").await, ["***"; 3]);
    assert_eq!(kinds(&fixture, &admin(), "e").await, ["k0", "k1", "k2"]);
    let columns = async |ctx: &Ctx| fixture.service.schema(ctx, "e").await.unwrap().fields.fields().len();
    assert_eq!((columns(&admin()).await, columns(&viewer()).await), (2, 2));
    let mut payroll = viewer();
    payroll.principal.groups = vec!["payroll".into()];
    assert_eq!(columns(&payroll).await, 3);
    let unknown = fixture.service.query(&viewer(), "e", Query { select: vec!["v".into()], ..Query::default() }).await;
    assert_eq!(unknown.err().unwrap().message(), "unknown column: v");
}

#[tokio::test]
async fn rows_are_those_of_the_caller_wherever_they_are_counted() {
    let fixture = Fixture::new().await;
    by_kind(&fixture).await;
    let service = &fixture.service;
    for (ctx, expected) in [(user("a", Role::Viewer, &[("kind", "k1")]), 1), (viewer(), 0), (reader(), 0), (admin(), 0)] {
        assert_eq!(service.count(&ctx, "e", Expr::default()).await.unwrap(), expected);
        assert_eq!(service.status(&ctx, "e").await.unwrap().rows, Some(expected));
        assert_eq!(service.list(&ctx).await.unwrap()[0].rows, Some(expected));
        assert_eq!(service.schema(&ctx, "e").await.unwrap().rows, Some(expected));
        assert_eq!(kinds(&fixture, &ctx, "e").await.len() as u64, expected);
    }
    assert_eq!(service.reload(&admin(), "e").await.unwrap().rows, Some(0));
    let body = json!({"name": "f", "source": {"kind": "csv", "location": "ok"}, "row_filter": "kind = caller('kind')"});
    assert_eq!(fixture.register_block(block(&body.to_string())).await.unwrap().rows, Some(0));
}

#[tokio::test]
async fn size_indexes_and_history_are_not_told_to_whom_something_is_kept_from() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    fixture.register("open").await;
    let service = &fixture.service;
    let status = service.status(&viewer(), "e").await.unwrap();
    assert_eq!((status.rows, status.columns, status.storage_bytes), (Some(3), 2, None));
    assert!(status.notes.is_empty() && status.last_refresh_duration_ms.is_none());
    assert!(service.schema(&viewer(), "e").await.unwrap().indexed.is_empty());
    let open = service.status(&viewer(), "open").await.unwrap();
    assert!(open.storage_bytes.is_some() && !open.notes.is_empty() && open.last_refresh_duration_ms.is_some());
    assert_eq!(service.stats().memory_bytes, 100, "of the open one alone");
    fixture.engine.set_broken(true);
    assert!(service.reload(&admin(), "e").await.is_err());
    let why = async |ctx: &Ctx| service.status(ctx, "e").await.unwrap().last_error.unwrap();
    assert!(why(&admin()).await.contains("no such file") && !why(&viewer()).await.contains("no such file"));
}

#[tokio::test]
async fn exports_and_tags_are_of_one_view() {
    let fixture = Fixture::new().await;
    by_kind(&fixture).await;
    let export = async |kind: &str| fixture.service.export(&user("a", Role::Viewer, &[("kind", kind)]), "e").await.unwrap();
    let (one, two, again) = (export("k1").await, export("k2").await, export("k1").await);
    assert_ne!((&one.path, &one.etag), (&two.path, &two.etag));
    assert_eq!((&one.path, &one.etag), (&again.path, &again.etag));
    let etag = async |kind: &str| {
        let ctx = user("a", Role::Viewer, &[("kind", kind), ("other", kind)]);
        fixture.service.query(&ctx, "e", Query::default()).await.unwrap().etag
    };
    assert_ne!(etag("k1").await, etag("k2").await);
}

fn saved(name: &str, sql: &str) -> SavedQueryRequest {
    SavedQueryRequest::from_json(json!({"name": name, "sql": sql}).to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_saved_query_over_what_is_not_the_same_for_all_is_its_makers_alone() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    let service = &fixture.service;
    let edith = super::kept_editor(&fixture).await;
    service.create_saved_query(&edith, saved("q", "e"), true).await.unwrap();
    service.create_saved_query(&edith, saved("r", "q"), true).await.unwrap();
    for name in ["q", "r"] {
        assert_eq!(kinds(&fixture, &edith, name).await, ["***"; 3]);
        for other in [admin(), viewer(), reader(), user("eve", Role::Editor, &[])] {
            assert_eq!(service.status(&other, name).await.unwrap_err().code(), Code::NotFound);
            assert_eq!(service.count(&other, name, Expr::default()).await.unwrap_err().code(), Code::NotFound);
        }
    }
    assert_eq!(service.list_saved_queries(&admin()).unwrap().len(), 0);
    let error = service.unregister(&admin(), "e").await.unwrap_err();
    assert!(error.code() == Code::Conflict && error.message().ends_with("saved queries: some of somebody else"), "{error:?}");
    assert_eq!(service.list_saved_queries(&edith).unwrap().len(), 2);
}

#[tokio::test]
async fn saved_rows_do_not_outlive_the_policy_they_were_read_under() {
    let fixture = Fixture::new().await;
    fixture.register("e").await;
    let service = &fixture.service;
    let edith = super::kept_editor(&fixture).await;
    service.create_saved_query(&edith, saved("q", "e"), true).await.unwrap();
    service.create_saved_query(&edith, saved("r", "q"), true).await.unwrap();
    assert_eq!(kinds(&fixture, &reader(), "r").await, ["k0", "k1", "k2"]);
    fixture.engine.set_slow(true);
    service.change_policy(&admin(), "e", super::mask("kind", "full")).await.unwrap();
    for name in ["q", "r"] {
        assert_eq!(service.count(&reader(), name, Expr::default()).await.unwrap_err().code(), Code::NotFound);
    }
    fixture.until(async |service| service.count(&edith, "r", Expr::default()).await.is_ok()).await;
    assert_eq!(kinds(&fixture, &edith, "r").await, ["***"; 3]);
    service.change_policy(&admin(), "e", merge("kind", None)).await.unwrap();
    fixture.until(async |service| service.count(&reader(), "r", Expr::default()).await.is_ok()).await;
    assert_eq!(kinds(&fixture, &reader(), "r").await, ["k0", "k1", "k2"]);
    let private = crate::PolicyChange { visibility: Some(crate::Visibility::Private), ..Default::default() };
    service.change_policy(&admin(), "e", private).await.unwrap();
    fixture.until(async |service| service.count(&edith, "r", Expr::default()).await.is_ok()).await;
    assert_eq!(service.count(&reader(), "r", Expr::default()).await.unwrap_err().code(), Code::NotFound);
    service.change_policy(&admin(), "e", filter(Some("kind = caller('kind')"))).await.unwrap();
    fixture.until(async |service| service.count(&edith, "r", Expr::default()).await.is_ok_and(|rows| rows == 0)).await;
}

#[tokio::test]
async fn saved_rows_do_not_outlive_what_their_maker_could_see() {
    let fixture = Fixture::new().await;
    by_kind(&fixture).await;
    let service = &fixture.service;
    let of_kind = |kind: &str| json!({"kind": kind}).as_object().unwrap().clone();
    let roles = vec![OrganisationRoleOf { organisation: home::ORGANISATION.into(), role: Role::Editor }];
    let password = Hidden("correct horse".to_owned());
    let (given, attributes) = (Some(password.clone()), of_kind("k1"));
    let new = NewUser { login: "edith".into(), password: given, roles, attributes, ..NewUser::default() };
    service.create_user(&admin(), new).await.unwrap();
    let session = service.login(&reader(), "edith", &password).await.unwrap().secret.0;
    let edith = async || bearer(service, &session).await.unwrap();
    let before = edith().await;
    service.create_saved_query(&before, saved("z", "e"), true).await.unwrap();
    // It reads the other, and comes first by its name.
    service.create_saved_query(&before, saved("a", "z"), true).await.unwrap();
    for name in ["z", "a"] {
        assert_eq!(kinds(&fixture, &before, name).await, ["k1"]);
    }
    for kind in ["k2", "k0"] {
        let change = UserChange { attributes: Some(of_kind(kind)), ..UserChange::default() };
        service.update_user(&admin(), "edith", change).await.unwrap();
        let now = edith().await;
        for name in ["z", "a"] {
            // Whoever is answered gets the rows of now, from the very first moment, and by an older credential, too.
            fixture.until(async |service| service.count(&now, name, Expr::default()).await.is_ok()).await;
            assert_eq!(kinds(&fixture, &now, name).await, [kind]);
            assert_eq!(kinds(&fixture, &before, name).await, [kind]);
            assert_eq!(service.status(&now, name).await.unwrap().rows, Some(1));
        }
    }
    // Changes that policies do not go by, and those of others, make nothing anew; nor does going away for a while.
    let loads = service.stats().loads;
    let set = async |change: UserChange| service.update_user(&admin(), "edith", change).await.unwrap();
    set(UserChange { display_name: Some("Edith".into()), ..UserChange::default() }).await;
    service.create_user(&admin(), NewUser { login: "eve".into(), ..NewUser::default() }).await.unwrap();
    set(UserChange { enabled: Some(false), ..UserChange::default() }).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(service.status(&before, "z").await.unwrap().rows, None, "disabled, she sees nothing of them");
    set(UserChange { enabled: Some(true), ..UserChange::default() }).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!((kinds(&fixture, &before, "a").await, service.stats().loads), (vec!["k0".to_owned()], loads));
}
