//! Logging in and out, throttling, cookies, and what has had its time.

use crate::config::Settings;
use crate::testing::{Fixture, admin, bearer, reader};
use crate::{Credentials, Ctx, Hidden, LoggedIn, NewUser, PrincipalKind, RequestPage, UserChange};
use datahall_catalog::{AuditQuery, List, Outcome, Session};
use datahall_core::{Code, Result};
use std::time::Duration;

const PASSWORD: &str = "correct horse";

async fn with_ann() -> Fixture {
    let fixture = Fixture::new().await;
    let new = NewUser { login: "ann".into(), password: Some(Hidden(PASSWORD.into())), ..NewUser::default() };
    fixture.service.create_user(&admin(), new).await.unwrap();
    fixture
}

async fn login(fixture: &Fixture, user: &str, password: &str) -> Result<LoggedIn> {
    fixture.service.login(&reader(), user, &Hidden(password.into())).await
}

async fn counts(fixture: &Fixture, session: &LoggedIn) -> bool {
    bearer(&fixture.service, &session.secret.0).await.is_ok()
}

async fn sessions(fixture: &Fixture) -> usize {
    fixture.service.catalog.list(&List::<Session>::all()).await.unwrap().items.len()
}

#[tokio::test]
async fn a_session_lasts_twelve_hours_or_until_something_ends_it() {
    let fixture = with_ann().await;
    let session = login(&fixture, "ANN", PASSWORD).await.unwrap();
    assert_eq!((session.expires_in, session.login.as_str()), (12 * 3600, "ann"));
    let ctx = bearer(&fixture.service, &session.secret.0).await.unwrap();
    assert_eq!(ctx.principal.kind, PrincipalKind::User { login: "ann".into() });
    assert!(!format!("{session:?}").contains("dhs_"));
    fixture.clock.advance(12 * 3600 - 1);
    assert!(counts(&fixture, &session).await);
    fixture.clock.advance(1);
    assert!(!counts(&fixture, &session).await);

    let session = login(&fixture, "ann", PASSWORD).await.unwrap();
    fixture.service.set_password(&admin(), "ann", &Hidden("another".into())).await.unwrap();
    assert!(!counts(&fixture, &session).await && login(&fixture, "ann", PASSWORD).await.is_err());
    let session = login(&fixture, "ann", "another").await.unwrap();
    let enable = |enabled| UserChange { enabled: Some(enabled), ..UserChange::default() };
    fixture.service.update_user(&admin(), "ann", enable(false)).await.unwrap();
    assert!(!counts(&fixture, &session).await && login(&fixture, "ann", "another").await.is_err());
    fixture.service.update_user(&admin(), "ann", enable(true)).await.unwrap();
    assert!(!counts(&fixture, &session).await, "it does not come back");
}

#[tokio::test]
async fn every_failure_is_the_same_and_in_the_log_without_what_was_typed() {
    let fixture = with_ann().await;
    fixture.service.create_user(&admin(), NewUser { login: "bob".into(), ..NewUser::default() }).await.unwrap();
    for (user, password) in
        [("ann", "hunter2"), ("ann", ""), ("nobody", PASSWORD), ("bob", ""), ("hunter2\0", "x"), (&"hunter2".repeat(1000), "x")]
    {
        let error = login(&fixture, user, password).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unauthenticated, "wrong user name or password"), "{user:.20}");
    }
    let session = login(&fixture, "ann", PASSWORD).await.unwrap();
    let query = AuditQuery { action: Some("login".into()), limit: 100, ..AuditQuery::default() };
    for _ in 0..200 {
        let log = fixture.service.audit(&admin(), query.clone()).await.unwrap();
        if log.total == Some(7) {
            let text = format!("{log:?}");
            assert!(!text.contains("hunter2") && !text.contains("nobody@") && !text.contains(&session.secret.0[4..]));
            let done: Vec<_> = log.items.iter().filter(|entry| entry.outcome == Outcome::Done).collect();
            assert_eq!((done.len(), done[0].principal.as_str()), (1, "user:ann"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not all were noted");
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_account_and_even_the_right_password_waits() {
    let fixture = with_ann().await;
    for _ in 0..10 {
        assert_eq!(login(&fixture, "ann", "x").await.unwrap_err().code(), Code::Unauthenticated);
    }
    let error = login(&fixture, "ann", PASSWORD).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after_secs()), (Code::Throttled, Some(10)));
    assert_eq!(login(&fixture, "bob", "x").await.unwrap_err().code(), Code::Unauthenticated, "others may go on");
    fixture.clock.advance(10);
    assert!(login(&fixture, "ann", PASSWORD).await.is_ok());
    for _ in 0..5 {
        assert!(login(&fixture, "ann", PASSWORD).await.is_ok(), "what succeeds does not count");
    }
}

#[tokio::test]
async fn an_address_is_slowed_down_whatever_names_it_tries() {
    let fixture = with_ann().await;
    let ctx = |last: u8| Ctx { address: Some([192, 0, 2, last].into()), ..reader() };
    let attempts = (0..50).map(|number| {
        let (service, ctx) = (fixture.service.clone(), ctx(1));
        async move { service.login(&ctx, &format!("user{number}"), &Hidden("x".into())).await }
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert!(outcomes.iter().all(Result::is_err));
    let password = Hidden(PASSWORD.to_owned());
    assert_eq!(fixture.service.login(&ctx(1), "ann", &password).await.unwrap_err().code(), Code::Throttled);
    assert!(fixture.service.login(&ctx(2), "ann", &password).await.is_ok());
}

#[tokio::test]
async fn a_cookie_counts_for_reading_and_for_this_servers_pages() {
    let fixture = with_ann().await;
    let session = login(&fixture, "ann", PASSWORD).await.unwrap().secret.0;
    let with = |cookie: &str, page: RequestPage| Credentials { cookie: Some(cookie.into()), page, ..Credentials::default() };
    let identify = async |credentials: Credentials| fixture.service.identify(&credentials).await;
    let page = |site: &str| RequestPage { changes: true, fetch_site: Some(site.into()), ..RequestPage::default() };
    let read = RequestPage::default();
    for (good, page) in [(true, read.clone()), (true, page("same-origin")), (false, page("cross-site"))] {
        let outcome = identify(with(&session, page)).await;
        assert_eq!(outcome.is_ok(), good);
        assert!(good || outcome.unwrap_err().code() == Code::Forbidden);
    }
    for wrong in ["", "x", "secret", &format!("dhs_{}", "0".repeat(64)), &session[..60], &session.replace('_', "%5F")] {
        let error = identify(with(wrong, read.clone())).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{wrong}");
    }
    let key = fixture.service.create_key(&admin(), super::keys::viewer("k")).await.unwrap().secret.0;
    assert_eq!(identify(with(&key, read.clone())).await.unwrap_err().code(), Code::Unauthenticated, "a key is no cookie");
    let both = Credentials { authorization: Some(format!("Bearer {key}")), ..with(&session, page("cross-site")) };
    assert!(matches!(identify(both).await.unwrap().kind, PrincipalKind::Key { .. }), "a header wins, and no page adds it");
    let proxys = Credentials { authorization: Some("Basic cHJveHk6cHJveHk=".into()), ..with(&session, read) };
    assert!(matches!(identify(proxys).await.unwrap().kind, PrincipalKind::User { .. }));
}

#[tokio::test]
async fn logging_out_ends_the_session_and_no_other_sites_page_does_it() {
    let fixture = with_ann().await;
    let session = login(&fixture, "ann", PASSWORD).await.unwrap();
    let cookie = |page| Credentials { cookie: Some(session.secret.0.clone()), page, ..Credentials::default() };
    let foreign = RequestPage { changes: true, fetch_site: Some("cross-site".into()), ..RequestPage::default() };
    let error = fixture.service.logout(&reader(), &cookie(foreign)).await.unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
    assert!(counts(&fixture, &session).await);
    let own = RequestPage { changes: true, fetch_site: Some("same-origin".into()), ..RequestPage::default() };
    for _ in 0..2 {
        fixture.service.logout(&reader(), &cookie(own.clone())).await.unwrap();
        assert!(!counts(&fixture, &session).await);
    }
    fixture.service.logout(&reader(), &Credentials::default()).await.unwrap();
}

#[tokio::test]
async fn what_has_had_its_time_is_cleared_up() {
    let mut settings = Settings::default();
    settings.limits.audit_retention_days = 30;
    let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await;
    let new = NewUser { login: "ann".into(), password: Some(Hidden(PASSWORD.into())), ..NewUser::default() };
    fixture.service.create_user(&admin(), new).await.unwrap();
    login(&fixture, "ann", PASSWORD).await.unwrap();
    fixture.clock.advance(29 * 86_400);
    login(&fixture, "ann", PASSWORD).await.unwrap();
    fixture.service.clear_up().await.unwrap();
    assert_eq!(sessions(&fixture).await, 1);
    let logins = AuditQuery { action: Some("login".into()), limit: 10, ..AuditQuery::default() };
    assert_eq!(fixture.service.audit(&admin(), logins.clone()).await.unwrap().total, Some(2));
    fixture.clock.advance(2 * 86_400);
    fixture.service.clear_up().await.unwrap();
    assert_eq!(sessions(&fixture).await, 0);
    let log = fixture.service.audit(&admin(), logins).await.unwrap();
    assert_eq!(log.total, Some(1));
    let kept = with_ann().await;
    kept.clock.advance(10_000 * 86_400);
    let before = kept.service.audit(&admin(), AuditQuery::default()).await.unwrap().total;
    kept.service.clear_up().await.unwrap();
    assert_eq!(kept.service.audit(&admin(), AuditQuery::default()).await.unwrap().total, before, "for ever, unless said");
}
