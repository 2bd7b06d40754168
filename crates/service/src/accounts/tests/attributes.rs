//! What is known of callers: users by their record, keys by their user or by themselves, and nobody gives what he has not.

use super::keys::viewer;
use crate::testing::{Fixture, admin, bearer};
use crate::{Ctx, Membership, NewKey, NewUser, Object, OrganisationRoleOf, Principal, PrincipalKind, UserChange, home};
use datahall_core::Code;
use datahall_core::access::{Grant, Grants, Place};
use datahall_core::privilege::Role;
use serde_json::json;
use std::sync::Arc;

fn object(value: serde_json::Value) -> Object {
    value.as_object().unwrap().clone()
}

async fn known(fixture: &Fixture, secret: &str) -> Option<Vec<String>> {
    let ctx = bearer(&fixture.service, secret).await.unwrap();
    ctx.principal.attributes.and_then(|attributes| attributes.get("region").cloned())
}

#[tokio::test]
async fn a_key_has_those_of_its_user_and_else_its_own() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let role = OrganisationRoleOf { organisation: "default".into(), role: Role::Viewer };
    let ann = NewUser {
        login: "ann".into(),
        roles: vec![role],
        attributes: object(json!({"region": ["EU", 7]})),
        ..NewUser::default()
    };
    service.create_user(&admin(), ann).await.unwrap();
    let of_ann = service.create_key(&admin(), NewKey { owner: Some("ann".into()), ..viewer("a") }).await.unwrap().secret.0;
    let attributes = object(json!({"region": "US"}));
    let own = service.create_key(&admin(), NewKey { attributes: attributes.clone(), ..viewer("b") }).await.unwrap();
    assert_eq!(own.info.attributes, attributes);
    assert_eq!(known(&fixture, &of_ann).await, Some(vec!["EU".into(), "7".into()]));
    assert_eq!(known(&fixture, &own.secret.0).await, Some(vec!["US".into()]));
    let change = UserChange { attributes: Some(Object::new()), ..UserChange::default() };
    service.update_user(&admin(), "ann", change).await.unwrap();
    assert_eq!(known(&fixture, &of_ann).await, None);
    let both = NewKey { owner: Some("ann".into()), attributes, ..viewer("c") };
    assert_eq!(service.create_key(&admin(), both).await.unwrap_err().code(), Code::Invalid);
}

#[tokio::test]
async fn nonsense_is_refused_and_nobody_gives_what_he_has_not() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let nested = object(json!({"region": {"a": 1}}));
    let odd = NewUser { login: "ann".into(), attributes: nested.clone(), ..NewUser::default() };
    let error = service.create_user(&admin(), odd).await.unwrap_err();
    assert!(error.code() == Code::Invalid && error.message().starts_with("attributes.region"), "{error:?}");
    assert!(service.create_key(&admin(), NewKey { attributes: nested, ..viewer("k") }).await.is_err());
    let organisation = Membership { organisation: home::ORGANISATION.into(), key: "default".into(), role: Role::Admin };
    let grants = Grants::new([Grant { at: Place::Organisation(home::ORGANISATION.into()), gives: Role::Admin.privileges() }]);
    let user = Principal {
        organisation: Some(organisation),
        attributes: Some(Arc::new([("region".to_owned(), vec!["EU".to_owned()])].into())),
        ..Principal::bare(PrincipalKind::User { login: "bob".into() }, grants, true)
    };
    let bob = Ctx { principal: user, ..admin() };
    let with = |region: &str| NewKey { attributes: object(json!({"region": region})), ..viewer("k") };
    assert!(service.create_key(&bob, with("EU")).await.is_ok());
    let error = service.create_key(&bob, with("US")).await.unwrap_err();
    assert!(error.code() == Code::Forbidden && error.message().contains("region"), "{error:?}");
}
