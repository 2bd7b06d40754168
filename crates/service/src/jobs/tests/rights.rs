//! As whom work runs, and who sees it.

use super::*;
use crate::auth::Starter;
use crate::testing::{bearer, reader};
use crate::{Hidden, JobFilter, Membership, NewKey, NewUser, OrganisationRoleOf, Principal, PrincipalKind, UserChange};
use datahall_core::Code;
use datahall_core::access::{Grant, Grants};
use datahall_core::privilege::Role;

fn in_home(role: Role) -> Vec<OrganisationRoleOf> {
    vec![OrganisationRoleOf { organisation: "default".into(), role }]
}

/// A new user with that role, who is logged in.
async fn user(service: &Service, login: &str, role: Role) -> Ctx {
    let password = Hidden("correct horse".to_owned());
    let new = NewUser { login: login.into(), password: Some(password.clone()), roles: in_home(role), ..NewUser::default() };
    service.create_user(&admin(), new).await.unwrap();
    let session = service.login(&reader(), login, &password).await.unwrap().secret.0;
    bearer(service, &session).await.unwrap()
}

/// Starts a job of two activities as `ctx`, does something while the first runs, and gives what became of the second.
async fn meanwhile(ctx: &Ctx, fixture: &Fixture, seen: &Seen, act: impl AsyncFnOnce()) -> (JobState, String) {
    let started = fixture.service.start_job(ctx, job(&["a:wait", "b <- a"])).await.unwrap();
    begun(seen, 1).await;
    act().await;
    seen.open_gate();
    let (_, activities) = ended(&fixture.service, &started.id).await;
    assert_eq!(activities[0].state, JobState::Done);
    (activities[1].state, activities[1].reason.clone().unwrap_or_default())
}

#[tokio::test]
async fn a_disabled_user_does_nothing_more() {
    let (fixture, seen) = fixture().await;
    let ann = user(&fixture.service, "ann", Role::Editor).await;
    let change = UserChange { enabled: Some(false), ..UserChange::default() };
    let disable = async || drop(fixture.service.update_user(&admin(), "ann", change).await.unwrap());
    let (state, reason) = meanwhile(&ann, &fixture, &seen, disable).await;
    assert_eq!(state, JobState::Failed);
    assert_eq!(reason, "forbidden: the user 'ann', who started this, is gone or disabled");
    assert_eq!(*seen.begun.lock(), [("a".to_owned(), "ann".to_owned())]);
}

#[tokio::test]
async fn a_role_that_was_withdrawn_stops_the_next_activity() {
    let (fixture, seen) = fixture().await;
    let ann = user(&fixture.service, "ann", Role::Editor).await;
    let change = UserChange { roles: Some(in_home(Role::Viewer)), ..UserChange::default() };
    let demote = async || drop(fixture.service.update_user(&admin(), "ann", change).await.unwrap());
    let (state, reason) = meanwhile(&ann, &fixture, &seen, demote).await;
    assert_eq!((state, reason.as_str()), (JobState::Failed, "forbidden: this needs RUN_JOBS on the project"));
}

#[tokio::test]
async fn a_revoked_or_expired_key_does_nothing_more() {
    for revoke in [true, false] {
        let (fixture, seen) = fixture().await;
        let service = &fixture.service;
        let new = NewKey { name: "k".into(), role: Some(Role::Editor), expires_in: Some(5), ..NewKey::default() };
        let key = service.create_key(&admin(), new).await.unwrap();
        let ctx = bearer(service, &key.secret.0).await.unwrap();
        let act = async || match revoke {
            true => service.revoke_key(&admin(), &key.info.id).await.unwrap(),
            false => fixture.clock.advance(6),
        };
        let (state, reason) = meanwhile(&ctx, &fixture, &seen, act).await;
        let says = if revoke { "was revoked" } else { "has expired" };
        assert!(state == JobState::Failed && reason.contains(says), "{reason}");
        // The key itself is nowhere in what was kept.
        let kept = fixture.service.catalog.jobs(&datahall_catalog::JobQuery { limit: 9, ..Default::default() }).await.unwrap();
        assert!(!format!("{kept:?}").contains(&key.secret.0[12..]));
    }
}

#[tokio::test]
async fn whose_rights_do_not_change_goes_on() {
    let (fixture, seen) = fixture().await;
    let ann = user(&fixture.service, "ann", Role::Editor).await;
    let (state, _) = meanwhile(&ann, &fixture, &seen, async || {}).await;
    assert_eq!(state, JobState::Done);
    assert_eq!(seen.begun.lock()[1].1, "ann");
}

#[tokio::test]
async fn of_a_web_token_the_claims_that_gave_rights_are_kept() {
    let (fixture, seen) = fixture().await;
    let membership = Membership { organisation: "default".into(), key: "default".into(), role: Role::Editor };
    let kind = PrincipalKind::Token { subject: "sub".into(), scopes: vec!["datasets:manage".into()], tenant: None };
    let grant = Grant { at: home::place(), gives: Role::Editor.privileges() };
    let principal = Principal {
        organisation: Some(membership),
        groups: vec!["g".into()],
        ..Principal::bare(kind, Grants::new([grant]), true)
    };
    let anew = fixture.service.authenticator.anew(&Starter::of(&principal).unwrap()).await.unwrap();
    assert_eq!((&anew.kind, &anew.groups, &anew.organisation), (&principal.kind, &principal.groups, &principal.organisation));
    let ctx = Ctx { principal, ..admin() };
    let (state, _) = meanwhile(&ctx, &fixture, &seen, async || {}).await;
    assert_eq!((state, seen.begun.lock()[1].1.as_str()), (JobState::Done, "sub"));
    let kept = Starter::of(&ctx.principal).unwrap().to_object().unwrap();
    assert_eq!(Starter::from_object(&kept).unwrap().label(), "token:sub");
}

#[tokio::test]
async fn who_started_it_or_watches_the_project_sees_it_and_to_others_it_is_not_there() {
    let (fixture, seen) = fixture().await;
    let service = &fixture.service;
    let (ann, eve) = (user(service, "ann", Role::Editor).await, user(service, "eve", Role::Viewer).await);
    let outside = NewUser { login: "out".into(), password: Some(Hidden("correct horse".into())), ..NewUser::default() };
    service.create_user(&admin(), outside).await.unwrap();
    let session = service.login(&reader(), "out", &Hidden("correct horse".into())).await.unwrap().secret.0;
    let out = bearer(service, &session).await.unwrap();
    let started = service.start_job(&ann, job(&["a:wait"])).await.unwrap();
    begun(&seen, 1).await;
    for ctx in [&ann, &eve, &admin()] {
        assert!(service.job(ctx, &started.id, true).await.is_ok());
        assert_eq!(service.jobs(ctx, JobFilter::default(), 10, 0).await.unwrap().total, Some(1));
    }
    let missing = service.job(&out, "none", true).await.unwrap_err();
    let hidden = service.job(&out, &started.id, true).await.unwrap_err();
    assert_eq!((missing.code(), hidden.message()), (Code::NotFound, missing.message().replace("none", &started.id).as_str()));
    assert_eq!(service.jobs(&out, JobFilter::default(), 10, 0).await.unwrap().total, Some(0));
    assert_eq!(service.job_log(&out, &started.id, "a", 0).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(service.abort_job(&out, &started.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(service.abort_job(&eve, &started.id).await.unwrap_err().code(), Code::Forbidden);
    assert_eq!(service.start_job(&eve, job(&["a"])).await.unwrap_err().code(), Code::Forbidden);
    assert_eq!(service.start_job(&out, job(&["a"])).await.unwrap_err().code(), Code::NotFound);
    for nobody in [service.job(&reader(), &started.id, true).await.err(), service.abort_job(&reader(), &started.id).await.err()] {
        assert_eq!(nobody.unwrap().code(), Code::Unauthenticated);
    }
    service.abort_job(&ann, &started.id).await.unwrap();
}
