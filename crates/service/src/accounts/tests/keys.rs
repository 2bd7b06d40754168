//! API keys: what counts, what does not, and from when on.

use crate::testing::{Fixture, admin, bearer, block};
use crate::{Credentials, NewKey, NewUser, PrincipalKind, UserChange};
use datahall_catalog::{AuditQuery, Key};
use datahall_core::privilege::Role;
use datahall_core::{Code, Result};
use serde_json::json;
use std::time::Duration;

pub(super) fn viewer(name: &str) -> NewKey {
    NewKey { name: name.into(), role: Some(Role::Viewer), ..NewKey::default() }
}

fn code<T>(outcome: Result<T>) -> Option<Code> {
    outcome.err().map(|error| error.code())
}

fn basic(user: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:")))
}

#[tokio::test]
async fn a_key_counts_in_its_three_forms_and_proves_what_it_was_given() {
    let fixture = Fixture::new().await;
    let created = fixture.service.create_key(&admin(), NewKey { owner: Some("robot".into()), ..viewer("a key") }).await.unwrap();
    let secret = created.secret.0.clone();
    for header in [format!("Bearer {secret}"), secret.clone(), basic(&secret)] {
        let credentials = Credentials { authorization: Some(header.clone()), ..Credentials::default() };
        let principal = fixture.service.identify(&credentials).await.unwrap();
        let kind = PrincipalKind::Key { id: created.info.id.clone(), owner: Some("robot".into()), name: "a key".into() };
        assert_eq!(principal.kind, kind, "{header}");
        let organisation = principal.organisation.unwrap();
        assert_eq!((organisation.key.as_str(), organisation.role, principal.reads_public), ("default", Role::Viewer, true));
    }
    let as_admin = Credentials { admin_token: Some(secret.clone()), ..Credentials::default() };
    assert_eq!(fixture.service.identify(&as_admin).await.unwrap().kind, PrincipalKind::Nobody);
    let log = fixture.service.audit(&admin(), AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
    let kept = fixture.service.catalog.get::<Key>(&created.info.id).await.unwrap().unwrap();
    assert!(!format!("{log:?}").contains(&secret[12..]) && !format!("{log:?}").contains(&kept.hash.0));
    assert!(!format!("{created:?} {kept:?}").contains("dh_"), "no log can print it");
}

#[tokio::test]
async fn whatever_looks_like_a_key_is_judged_and_the_rest_does_not_close_reading() {
    let fixture = Fixture::new().await;
    let secret = fixture.service.create_key(&admin(), viewer("k")).await.unwrap().secret.0;
    let other = fixture.service.create_key(&admin(), viewer("other")).await.unwrap().secret.0;
    let swapped = format!("{}{}", &secret[..12], &other[12..]);
    for bad in [
        "dh_",
        "dh_00000000",
        &format!("dh_00000000_{}", "0".repeat(64)),
        &swapped,
        &secret[..75],
        &format!("{secret}0"),
        &secret.to_uppercase().replace("DH_", "dh_"),
        &secret.replace("dh_", "dhs_"),
        &format!("dhs_{}", "0".repeat(64)),
        &format!("{secret}%00"),
        &format!("dh_{}", "a".repeat(64 << 10)),
        &format!("{secret}, {secret}"),
        "dh_\u{202e}",
    ] {
        assert_eq!(code(bearer(&fixture.service, bad).await), Some(Code::Unauthenticated), "{bad:.100}");
    }
    for foreign in [secret.replace('_', "%5F"), secret.replace('_', "%255F"), "x".repeat(64 << 10), "eyJ.eyJ.x".into()] {
        let ctx = bearer(&fixture.service, &foreign).await.unwrap();
        assert_eq!(ctx.principal.kind, PrincipalKind::Nobody, "{foreign:.100}");
    }
    assert!(bearer(&fixture.service, &secret).await.is_ok());
}

#[tokio::test]
async fn a_key_ends_when_it_expires_is_revoked_or_its_user_goes() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let short = service.create_key(&admin(), NewKey { expires_in: Some(60), ..viewer("short") }).await.unwrap();
    fixture.clock.advance(59);
    assert!(bearer(service, &short.secret.0).await.is_ok());
    fixture.clock.advance(1);
    assert_eq!(code(bearer(service, &short.secret.0).await), Some(Code::Unauthenticated));
    let revoked = service.create_key(&admin(), viewer("revoked")).await.unwrap();
    assert!(bearer(service, &revoked.secret.0).await.is_ok());
    service.revoke_key(&admin(), &revoked.info.id).await.unwrap();
    assert_eq!(code(bearer(service, &revoked.secret.0).await), Some(Code::Unauthenticated));
    for id in [revoked.info.id.as_str(), "nope", "", "a\0b"] {
        assert_eq!(code(service.revoke_key(&admin(), id).await), Some(Code::NotFound), "{id:?}");
    }
    let names = |page: datahall_catalog::Page<crate::KeyInfo>| page.items.into_iter().map(|key| key.name).collect::<Vec<_>>();
    assert_eq!(names(service.list_keys(&admin(), 10, 0).await.unwrap()), ["short"]);

    service.create_user(&admin(), NewUser { login: "Ann".into(), ..NewUser::default() }).await.unwrap();
    let hers = service.create_key(&admin(), NewKey { owner: Some("ann".into()), ..viewer("hers") }).await.unwrap();
    assert_eq!(hers.info.owner.as_deref(), Some("Ann"));
    let enable = |enabled| UserChange { enabled: Some(enabled), ..UserChange::default() };
    assert!(bearer(service, &hers.secret.0).await.is_ok());
    service.update_user(&admin(), "ann", enable(false)).await.unwrap();
    assert_eq!(code(bearer(service, &hers.secret.0).await), Some(Code::Unauthenticated));
    service.update_user(&admin(), "ann", enable(true)).await.unwrap();
    assert!(bearer(service, &hers.secret.0).await.is_ok());
    service.delete_user(&admin(), "ANN").await.unwrap();
    assert_eq!(code(bearer(service, &hers.secret.0).await), Some(Code::Unauthenticated));
    service.create_user(&admin(), NewUser { login: "Ann".into(), ..NewUser::default() }).await.unwrap();
    assert_eq!(code(bearer(service, &hers.secret.0).await), Some(Code::Unauthenticated), "not hers any more");
}

#[tokio::test]
async fn fine_grained_grants_hold_on_what_is_named_and_at_once_when_it_comes() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let grants = json!({"projects": {"default": {"localDatasets": [{"datasets": ["Mine"], "privileges": ["READ_DATA"]}]}}});
    let new = NewKey { name: "fine".into(), grants: grants.as_object().unwrap().clone(), ..NewKey::default() };
    let created = service.create_key(&admin(), new).await.unwrap();
    assert_eq!(created.info.grants, *grants.as_object().unwrap());
    let private =
        |name: &str| block(&format!(r#"{{"name":"{name}","source":{{"kind":"csv","location":"ok"}},"visibility":"private"}}"#));
    let count = async || {
        let ctx = bearer(service, &created.secret.0).await.unwrap();
        let names: Vec<String> = service.list(&ctx).await.unwrap().into_iter().map(|status| status.name).collect();
        names.join(" ")
    };
    assert_eq!(count().await, "");
    fixture.register_block(private("mine")).await.unwrap();
    fixture.register_block(private("yours")).await.unwrap();
    assert_eq!(count().await, "mine");
    service.unregister(&admin(), "mine").await.unwrap();
    fixture.register_block(private("mine")).await.unwrap();
    assert_eq!(count().await, "mine", "another dataset of that name");
    let ctx = bearer(service, &created.secret.0).await.unwrap();
    assert_eq!(code(service.require_admin(&ctx)), Some(Code::Forbidden));
    assert_eq!(code(service.require_organisation_admin(&ctx)), Some(Code::Forbidden));
    let whole = json!({"globalPermissions": {"admin": true}}).as_object().unwrap().clone();
    let whole = service.create_key(&admin(), NewKey { name: "all".into(), grants: whole, ..NewKey::default() }).await.unwrap();
    assert!(service.require_instance_admin(&bearer(service, &whole.secret.0).await.unwrap()).is_ok());
}

#[tokio::test]
async fn what_no_key_can_be_is_refused_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let key = || viewer("k");
    let unknown = json!({"projects": {"P": {"privileges": ["READ_DATA", "FLY"]}}}).as_object().unwrap().clone();
    for (what, new) in [
        ("name", NewKey { name: " ".into(), ..key() }),
        ("name", NewKey { name: "a\u{202e}b".into(), ..key() }),
        ("name", NewKey { name: "a\0".into(), ..key() }),
        ("org", NewKey { organisation: Some("a/b".into()), ..key() }),
        ("sub", NewKey { owner: Some(String::new()), ..key() }),
        ("groups", NewKey { groups: vec!["a\n".into()], ..key() }),
        ("groups", NewKey { groups: vec!["a".into(); 101], ..key() }),
        ("description", NewKey { description: "\0".into(), ..key() }),
        ("expires_in", NewKey { expires_in: Some(0), ..key() }),
        ("expires_in", NewKey { expires_in: Some(u64::MAX), ..key() }),
        ("unknown privilege: FLY", NewKey { grants: unknown, organisation: Some("new".into()), ..key() }),
    ] {
        let error = fixture.service.create_key(&admin(), new).await.unwrap_err();
        assert_eq!(error.code(), Code::Invalid);
        assert!(error.message().contains(what), "{error} {what}");
    }
    assert_eq!(fixture.service.list_keys(&admin(), 10, 0).await.unwrap().total, Some(0));
    assert!(fixture.service.organisation_by_key("new").await.unwrap().is_none());
}

#[tokio::test]
async fn the_last_use_is_noted_in_the_background() {
    let fixture = Fixture::new().await;
    let created = fixture.service.create_key(&admin(), viewer("k")).await.unwrap();
    bearer(&fixture.service, &created.secret.0).await.unwrap();
    for _ in 0..200 {
        let key = fixture.service.catalog.get::<Key>(&created.info.id).await.unwrap().unwrap();
        if key.last_used_at.is_some() {
            assert_eq!(key.meta.version, 1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was never noted");
}
