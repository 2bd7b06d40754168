//! Users and groups: their records, and what they give.

use crate::testing::{Fixture, admin, bearer, reader};
use crate::{GroupChange, Hidden, NewGroup, NewUser, OrganisationRoleOf, UserChange};
use datahall_catalog::{AuditQuery, User};
use datahall_core::access::Scope;
use datahall_core::privilege::{Privilege, Role};
use datahall_core::{Code, Result};

fn code<T>(outcome: Result<T>) -> Option<Code> {
    outcome.err().map(|error| error.code())
}

fn ann() -> NewUser {
    NewUser {
        login: "Ann".into(),
        password: Some(Hidden("correct horse".into())),
        groups: vec!["readers".into(), "New Group".into()],
        roles: vec![OrganisationRoleOf { organisation: "default".into(), role: Role::Editor }],
        ..NewUser::default()
    }
}

#[tokio::test]
async fn a_user_is_made_read_changed_and_deleted() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let made = service.create_user(&admin(), ann()).await.unwrap();
    assert_eq!((made.login.as_str(), made.has_password, made.enabled, made.admin), ("Ann", true, true, false));
    assert_eq!(made.groups, ["New Group", "readers"]);
    assert_eq!(made.roles, ann().roles);
    assert_eq!(service.get_user(&admin(), "ANN").await.unwrap(), made);
    assert_eq!(
        code(service.create_user(&admin(), NewUser { login: "ann".into(), ..NewUser::default() }).await),
        Some(Code::Conflict)
    );
    let change = UserChange {
        version: Some(1),
        email: Some("ann@example.com".into()),
        groups: Some(vec!["readers".into(), "Readers".into()]),
        roles: Some(Vec::new()),
        ..UserChange::default()
    };
    let changed = service.update_user(&admin(), "ann", change.clone()).await.unwrap();
    assert_eq!(
        (changed.email.as_str(), changed.groups.as_slice(), changed.roles.len()),
        ("ann@example.com", &["readers".to_owned()][..], 0)
    );
    assert_eq!(code(service.update_user(&admin(), "ann", change).await), Some(Code::Conflict), "the version moved on");
    let nowhere = OrganisationRoleOf { organisation: "nowhere".into(), role: Role::Viewer };
    for bad in [
        UserChange { roles: Some(vec![nowhere]), ..UserChange::default() },
        UserChange { roles: Some([ann().roles, ann().roles].concat()), ..UserChange::default() },
        UserChange { groups: Some(vec!["a/b".into()]), ..UserChange::default() },
    ] {
        assert_eq!(code(service.update_user(&admin(), "ann", bad).await), Some(Code::Invalid));
    }
    assert_eq!(service.list_users(&admin(), 10, 0).await.unwrap().total, Some(1));
    service.delete_user(&admin(), "ann").await.unwrap();
    assert_eq!(code(service.get_user(&admin(), "ann").await), Some(Code::NotFound));
    assert_eq!(code(service.delete_user(&admin(), "ann").await), Some(Code::NotFound));
    assert!(service.group_members(&admin(), "readers").await.unwrap().is_empty());
    let about_users = AuditQuery { object_type: Some("user".into()), limit: 100, ..AuditQuery::default() };
    let log = service.audit(&admin(), about_users).await.unwrap();
    let actions: Vec<&str> = log.items.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["user.delete", "user.update", "user.create"]);
    assert!(!format!("{log:?}").contains("argon2") && !format!("{log:?}").contains("horse"));
}

#[tokio::test]
async fn roles_and_groups_give_what_they_say_and_no_longer_than_they_last() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    service.create_user(&admin(), ann()).await.unwrap();
    let session = service.login(&reader(), "ann", &Hidden("correct horse".into())).await.unwrap().secret.0;
    let ctx = bearer(service, &session).await.unwrap();
    let home = Scope { organisation: Some("default"), ..Scope::default() };
    assert!(
        ctx.principal.grants.allow(Privilege::WriteData, &home) && !ctx.principal.grants.allow(Privilege::WritePolicy, &home)
    );
    assert_eq!(ctx.principal.organisation.map(|own| (own.key, own.role)), Some(("default".into(), Role::Editor)));
    assert!(ctx.principal.groups.contains(&"New Group".to_owned()));
    // The group is made after somebody was put into it.
    service.create_group(&admin(), NewGroup { name: "READERS".into(), admin: true, ..NewGroup::default() }).await.unwrap();
    let is_admin = async || {
        let ctx = bearer(service, &session).await.unwrap();
        service.require_instance_admin(&ctx).is_ok()
    };
    assert!(is_admin().await);
    assert_eq!(service.group_members(&admin(), "readers").await.unwrap(), ["Ann"]);
    let less = GroupChange { admin: Some(false), version: Some(1), ..GroupChange::default() };
    assert_eq!(service.update_group(&admin(), "readers", less.clone()).await.unwrap().source, "LOCAL");
    assert_eq!(code(service.update_group(&admin(), "readers", less).await), Some(Code::Conflict));
    assert!(!is_admin().await);
    service.update_user(&admin(), "ann", UserChange { admin: Some(true), ..UserChange::default() }).await.unwrap();
    assert!(is_admin().await);
    service.delete_group(&admin(), "readers").await.unwrap();
    assert_eq!(service.get_user(&admin(), "ann").await.unwrap().groups, ["New Group"]);
    assert_eq!(service.list_groups(&admin(), 10, 0).await.unwrap().total, Some(0));
    assert_eq!(code(service.get_group(&admin(), "readers").await), Some(Code::NotFound));
}

#[tokio::test]
async fn names_that_cannot_be_logins_are_refused() {
    let fixture = Fixture::new().await;
    for login in ["", " a", "a\0b", "a/b", "a\u{202e}b", &"x".repeat(201)] {
        let new = NewUser { login: login.into(), ..NewUser::default() };
        assert_eq!(code(fixture.service.create_user(&admin(), new).await), Some(Code::Invalid), "{login:?}");
        let group = NewGroup { name: login.into(), ..NewGroup::default() };
        assert_eq!(code(fixture.service.create_group(&admin(), group).await), Some(Code::Invalid), "{login:?}");
    }
    let empty = NewUser { login: "a".into(), password: Some(Hidden(String::new())), ..NewUser::default() };
    assert_eq!(code(fixture.service.create_user(&admin(), empty).await), Some(Code::Invalid));
    assert!(fixture.service.catalog.find(User::by_login("a")).await.unwrap().is_none());
}
