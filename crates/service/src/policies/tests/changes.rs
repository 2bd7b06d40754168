//! Who may change a policy, what is refused, and that other nodes take over what was changed.

use super::{editor, filter, guarded, kinds, mask, merge, user, viewer};
use crate::testing::{Fixture, admin, reader};
use crate::{Ctx, MaskChange, PolicyChange, SavedQueryRequest, Visibility};
use datahall_catalog::{AuditQuery, Outcome};
use datahall_core::Code;
use datahall_core::privilege::Role;
use serde_json::json;

async fn refusal(fixture: &Fixture, ctx: &Ctx, change: PolicyChange) -> datahall_core::Error {
    let before = fixture.service.policy(&admin(), "e").await.unwrap();
    let error = fixture.service.change_policy(ctx, "e", change).await.unwrap_err();
    assert_eq!(fixture.service.policy(&admin(), "e").await.unwrap(), before, "nothing has changed");
    error
}

#[tokio::test]
async fn tightening_is_an_editors_and_loosening_takes_the_privilege() {
    let fixture = Fixture::new().await;
    fixture.register("e").await;
    let (service, edith) = (&fixture.service, editor());
    assert!(refusal(&fixture, &viewer(), mask("kind", "full")).await.message().contains("needs WRITE_CONF"));
    assert_eq!(refusal(&fixture, &reader(), mask("kind", "full")).await.code(), Code::Forbidden);
    service.change_policy(&edith, "e", mask("kind", "full")).await.unwrap();
    assert_eq!(kinds(&fixture, &viewer(), "e").await, ["***"; 3]);
    let nobody = MaskChange { unmask_roles: Some(Some(vec![])), ..MaskChange::default() };
    service.change_policy(&edith, "e", merge("KIND", Some(nobody))).await.unwrap();
    assert_eq!(kinds(&fixture, &admin(), "e").await, ["***"; 3]);
    let roles = MaskChange { unmask_roles: Some(Some(vec!["editor".into()])), ..MaskChange::default() };
    let private = PolicyChange { visibility: Some(Visibility::Private), ..PolicyChange::default() };
    service.change_policy(&edith, "e", private).await.unwrap();
    let public = PolicyChange { visibility: Some(Visibility::Public), ..PolicyChange::default() };
    for loosening in [merge("kind", None), mask("kind", "hash"), merge("kind", Some(roles)), public.clone()] {
        let error = refusal(&fixture, &edith, loosening.clone()).await;
        assert!(error.code() == Code::Forbidden && error.message().contains("needs WRITE_POLICY"), "{error:?}");
    }
    service.change_policy(&edith, "e", filter(Some("id = caller('id')"))).await.unwrap();
    assert!(refusal(&fixture, &edith, filter(None)).await.message().contains("WRITE_POLICY"));
    assert!(refusal(&fixture, &edith, filter(Some("v = caller('id')"))).await.message().contains("WRITE_POLICY"));
    for change in [public, filter(None), merge("kind", None)] {
        service.change_policy(&admin(), "e", change).await.unwrap();
    }
    assert_eq!(kinds(&fixture, &reader(), "e").await, ["k0", "k1", "k2"]);
}

#[tokio::test]
async fn rows_are_not_chosen_by_what_one_does_not_see() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    for column in ["kind", "v"] {
        let error = refusal(&fixture, &editor(), filter(Some(&format!("{column} = caller('a')")))).await;
        assert!(error.code() == Code::Forbidden && error.message().contains("WRITE_POLICY"), "{error:?}");
    }
    fixture.service.change_policy(&editor(), "e", filter(Some("id = caller('a')"))).await.unwrap();
}

#[tokio::test]
async fn nonsense_is_refused_with_words_and_versions_count() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    for (change, why) in [
        (mask("x", "full"), "unknown column: x"),
        (mask("kind", "scramble"), "masking.kind.strategy: unknown masking strategy"),
        (filter(Some("nonsense")), "row_filter: not understood"),
        (filter(Some("x = caller('a')")), "row_filter: unknown column: x"),
        (filter(Some(" ")), "row_filter: must not be empty"),
    ] {
        let error = refusal(&fixture, &admin(), change).await;
        assert!(error.code() == Code::Invalid && error.message().contains(why), "{error:?}");
    }
    let version = fixture.service.policy(&admin(), "e").await.unwrap().version;
    let stale = PolicyChange { versions: Some(vec![version + 1]), ..mask("id", "hash") };
    assert_eq!(refusal(&fixture, &admin(), stale).await.code(), Code::Stale);
    let fresh = PolicyChange { versions: Some(vec![version]), ..mask("id", "hash") };
    let after = fixture.service.change_policy(&admin(), "e", fresh.clone()).await.unwrap();
    assert_eq!(after.version, version + 1);
    assert_eq!(refusal(&fixture, &admin(), fresh).await.code(), Code::Stale);
    let same = fixture.service.change_policy(&admin(), "e", mask("id", "hash")).await.unwrap();
    assert_eq!(same.version, after.version, "nothing to change");
    let body = json!({"name": "q", "sql": "e"}).to_string();
    let saved = SavedQueryRequest::from_json(body.as_bytes()).unwrap();
    fixture.service.create_saved_query(&admin(), saved, true).await.unwrap();
    let error = fixture.service.change_policy(&admin(), "q", mask("id", "hash")).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

#[tokio::test]
async fn changes_and_refusals_are_in_the_audit_log() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    fixture.service.change_policy(&admin(), "e", merge("kind", None)).await.unwrap();
    assert!(fixture.service.change_policy(&editor(), "e", merge("v", None)).await.is_err());
    let query = AuditQuery { limit: 10, ..AuditQuery::default() };
    fixture
        .until(async |service| {
            let log = service.catalog.audit(&query).await.unwrap().items;
            let refused = log.iter().any(|entry| entry.action == "policy.change" && entry.outcome == Outcome::Refused);
            let done = log.iter().find(|entry| entry.action == "policy.change" && entry.outcome == Outcome::Done).unwrap();
            assert_eq!(done.detail.as_ref().unwrap()["before"]["masks"]["kind"]["strategy"], "full");
            assert_eq!(done.detail.as_ref().unwrap()["loosened"], true);
            refused && log.iter().any(|entry| entry.action == "mask.delete")
        })
        .await;
}

#[tokio::test]
async fn hidden_columns_are_named_to_those_alone_who_see_or_manage_them() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    let named = async |ctx: &Ctx| fixture.service.policy(ctx, "e").await.unwrap().masks.contains_key("v");
    let mut payroll = viewer();
    payroll.principal.groups = vec!["payroll".into()];
    assert!(!named(&viewer()).await && named(&editor()).await && named(&payroll).await);
    let mut elsewhere = user("eve", Role::Admin, &[]);
    elsewhere.principal.organisation.as_mut().unwrap().organisation = "other".into();
    assert_eq!(fixture.service.policy(&elsewhere, "e").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn another_node_takes_it_over() {
    let text = "[[dataset]]\nname = 'e'\nsource = {kind='csv',location='ok'}\n";
    let fixture = Fixture::with(text).await;
    let other = fixture.another_node_loaded(text).await;
    let seen = async || {
        let answer = other.schema(&viewer(), "e").await.unwrap();
        answer.fields.fields().len()
    };
    assert_eq!(seen().await, 3);
    let hidden = MaskChange { hidden: Some(Some(true)), ..MaskChange::default() };
    fixture.service.change_policy(&admin(), "e", merge("v", Some(hidden))).await.unwrap();
    fixture.until(async |_| seen().await == 2).await;
    let private = PolicyChange { visibility: Some(Visibility::Private), ..PolicyChange::default() };
    fixture.service.change_policy(&admin(), "e", private).await.unwrap();
    fixture.until(async |_| other.schema(&reader(), "e").await.is_err()).await;
}
