//! Nobody gives what he does not hold, and an organisation's administrator stays within it.

use super::keys::viewer;
use crate::testing::{Fixture, admin, bearer, reader};
use crate::{Ctx, NewGroup, NewKey, NewUser, OrganisationRoleOf, Service};
use datahall_catalog::{AuditQuery, Object};
use datahall_core::privilege::Role;
use datahall_core::{Code, Result};
use serde_json::{Value, json};

async fn with_role(service: &Service, organisation: &str, role: Role) -> Ctx {
    let new = NewKey { organisation: Some(organisation.into()), role: Some(role), ..viewer(role.name()) };
    bearer(service, &service.create_key(&admin(), new).await.unwrap().secret.0).await.unwrap()
}

fn code<T>(outcome: Result<T>) -> Option<Code> {
    outcome.err().map(|error| error.code())
}

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

fn user(login: &str, organisation: &str) -> NewUser {
    let roles = vec![OrganisationRoleOf { organisation: organisation.into(), role: Role::Viewer }];
    NewUser { login: login.into(), roles, ..NewUser::default() }
}

#[tokio::test]
async fn an_organisations_administrator_gives_what_is_his_and_nothing_else() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let boss = with_role(service, "acme", Role::Admin).await;
    with_role(service, "other", Role::Admin).await;
    service.create_group(&admin(), NewGroup { name: "root".into(), admin: true, ..NewGroup::default() }).await.unwrap();
    service.create_user(&admin(), user("inside", "acme")).await.unwrap();
    service.create_user(&admin(), user("outside", "other")).await.unwrap();
    let fine = object(json!({"projects": {"default": {"privileges": ["ADMIN"]}}}));
    for role in Role::ALL {
        let made = service.create_key(&boss, NewKey { role: Some(role), ..viewer("k") }).await.unwrap();
        assert_eq!(made.info.organisation.as_deref(), Some("acme"));
    }
    assert!(service.create_key(&boss, NewKey { owner: Some("inside".into()), ..viewer("k") }).await.is_ok());
    let made = service.create_key(&boss, NewKey { grants: fine.clone(), ..viewer("k") }).await.unwrap();
    let his = bearer(service, &made.secret.0).await.unwrap();
    assert_eq!(code(service.require_admin(&his)), Some(Code::Forbidden), "`default` is his organisation's own project");
    let everything = object(json!({"globalPermissions": {"admin": true}}));
    let run_code = object(json!({"globalPermissions": {"privileges": ["RUN_CODE"]}}));
    for (what, new) in [
        ("another organisation", NewKey { organisation: Some("other".into()), ..viewer("k") }),
        ("one that is not there", NewKey { organisation: Some("new".into()), ..viewer("k") }),
        ("no organisation", NewKey { role: None, grants: fine.clone(), ..viewer("k") }),
        ("everything", NewKey { grants: everything, ..viewer("k") }),
        ("code", NewKey { grants: run_code, ..viewer("k") }),
        ("a group", NewKey { groups: vec!["root".into()], ..viewer("k") }),
        ("somebody else's name", NewKey { owner: Some("outside".into()), ..viewer("k") }),
        ("nobody's name", NewKey { owner: Some("later".into()), ..viewer("k") }),
    ] {
        assert_eq!(code(service.create_key(&boss, new).await), Some(Code::Forbidden), "{what}");
    }
    assert!(service.organisation_by_key("new").await.unwrap().is_none());
}

#[tokio::test]
async fn no_key_makes_another_that_outlives_it() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let everything = object(json!({"globalPermissions": {"admin": true}}));
    let ending = |seconds, new: NewKey| NewKey { expires_in: Some(seconds), ..new };
    for maker in [
        NewKey { role: Some(Role::Admin), organisation: Some("acme".into()), ..viewer("boss") },
        NewKey { grants: everything, ..viewer("root") },
    ] {
        let made = service.create_key(&admin(), ending(3600, maker.clone())).await.unwrap();
        let short = bearer(service, &made.secret.0).await.unwrap();
        fixture.clock.advance(600);
        let before = service.list_keys(&admin(), 1, 0).await.unwrap().total;
        let error = service.create_key(&short, ending(3001, viewer("longer"))).await.unwrap_err();
        assert_eq!(error.code(), Code::Forbidden);
        assert!(error.message().contains("a longer life than that of your own key, which ends at "), "{error}");
        assert_eq!(service.list_keys(&admin(), 1, 0).await.unwrap().total, before);
        // As long as its maker it may live, less, and as long where nothing is asked for; and so do those that it makes.
        let same = service.create_key(&short, ending(3000, viewer("as long"))).await.unwrap();
        assert_eq!(same.info.expires_at, made.info.expires_at);
        let less = service.create_key(&short, ending(2999, viewer("shorter"))).await.unwrap();
        assert!(less.info.expires_at < made.info.expires_at);
        let untold = service.create_key(&short, NewKey { role: Some(Role::Admin), ..viewer("untold") }).await.unwrap();
        assert_eq!(untold.info.expires_at, made.info.expires_at);
        let second = bearer(service, &untold.secret.0).await.unwrap();
        assert_eq!(code(service.create_key(&second, ending(3001, viewer("longer"))).await), Some(Code::Forbidden));
        fixture.clock.advance(3000);
        assert_eq!(code(bearer(service, &untold.secret.0).await), Some(Code::Unauthenticated));
        // Who has no end gives none.
        let lasting = service.create_key(&admin(), NewKey { expires_in: None, ..maker }).await.unwrap();
        let lasting = bearer(service, &lasting.secret.0).await.unwrap();
        assert_eq!(service.create_key(&lasting, viewer("for ever")).await.unwrap().info.expires_at, None);
    }
}

#[tokio::test]
async fn he_sees_and_revokes_only_his_own_and_reads_only_his_log() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let boss = with_role(service, "acme", Role::Admin).await;
    let foreign = service.create_key(&admin(), NewKey { organisation: Some("other".into()), ..viewer("foreign") }).await.unwrap();
    let mine = service.create_key(&boss, viewer("mine")).await.unwrap();
    let listed = service.list_keys(&boss, 10, 0).await.unwrap();
    assert!(listed.items.iter().all(|key| key.organisation.as_deref() == Some("acme")), "{listed:?}");
    assert_eq!(listed.total, Some(2));
    assert_eq!(code(service.revoke_key(&boss, &foreign.info.id).await), Some(Code::NotFound));
    assert!(service.revoke_key(&boss, &mine.info.id).await.is_ok());
    let all = AuditQuery { limit: 100, ..AuditQuery::default() };
    let log = service.audit(&boss, all.clone()).await.unwrap();
    let acme = service.organisation_by_key("acme").await.unwrap().unwrap().meta.id;
    assert!(log.items.iter().all(|entry| entry.organisation.as_deref() == Some(&acme)));
    assert!(log.items.iter().any(|entry| entry.action == "key.revoke"));
    let other = service.organisation_by_key("other").await.unwrap().unwrap().meta.id;
    let asked = service.audit(&boss, AuditQuery { organisation: Some(other), ..all.clone() }).await.unwrap();
    assert_eq!(asked.total, log.total, "asking for another's gives his own");
    assert!(service.audit(&admin(), all).await.unwrap().total > log.total);
}

#[tokio::test]
async fn others_change_no_accounts() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let boss = with_role(service, "acme", Role::Admin).await;
    let editor = with_role(service, "acme", Role::Editor).await;
    let viewer_of_home = with_role(service, "default", Role::Viewer).await;
    for (ctx, expected) in [(&editor, Code::Forbidden), (&viewer_of_home, Code::Forbidden), (&reader(), Code::Unauthenticated)] {
        assert_eq!(code(service.create_key(ctx, viewer("k")).await), Some(expected));
        assert_eq!(code(service.list_keys(ctx, 1, 0).await), Some(expected));
        assert_eq!(code(service.revoke_key(ctx, "x").await), Some(expected));
        assert_eq!(code(service.audit(ctx, AuditQuery::default()).await), Some(expected));
    }
    for (ctx, expected) in [(&boss, Code::Forbidden), (&editor, Code::Forbidden), (&reader(), Code::Unauthenticated)] {
        let password = crate::Hidden("x".to_owned());
        let outcomes = [
            code(service.create_user(ctx, NewUser { login: "a".into(), ..NewUser::default() }).await),
            code(service.list_users(ctx, 1, 0).await),
            code(service.get_user(ctx, "a").await),
            code(service.update_user(ctx, "a", crate::UserChange::default()).await),
            code(service.set_password(ctx, "a", &password).await),
            code(service.delete_user(ctx, "a").await),
            code(service.create_group(ctx, NewGroup { name: "g".into(), ..NewGroup::default() }).await),
            code(service.list_groups(ctx, 1, 0).await),
            code(service.get_group(ctx, "g").await),
            code(service.group_members(ctx, "g").await),
            code(service.update_group(ctx, "g", crate::GroupChange::default()).await),
            code(service.delete_group(ctx, "g").await),
        ];
        assert!(outcomes.iter().all(|outcome| *outcome == Some(expected)), "{outcomes:?}");
    }
}
