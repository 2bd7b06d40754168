//! Rows of saved queries that are served again after a start, and those that are not.

use super::*;
use std::sync::atomic::Ordering;

/// A server that starts on what is there, once `q` has rows.
async fn restarted(fixture: &Fixture, data: &str) -> Arc<Service> {
    let other = fixture.another_node_with(settings(fixture), data).await;
    until(async || rows(&other, "q").await.is_some()).await;
    other
}

fn runs(fixture: &Fixture) -> usize {
    fixture.engine.runs.load(Ordering::Relaxed)
}

#[tokio::test]
async fn what_would_be_the_same_is_served_again() {
    for residency in ["memory", "lazy"] {
        let fixture = Fixture::with(CONFIG).await;
        let service = &fixture.service;
        let keep = json!({"reuse_on_start": true, "residency": residency});
        save(service, &admin(), json!({"name": "q", "sql": "e", "materialize": keep})).await.unwrap();
        save(service, &admin(), json!({"name": "r", "sql": "q", "materialize": {"reuse_on_start": true}})).await.unwrap();
        let made = service.status(&reader(), "q").await.unwrap().last_refresh_at;
        service.shutdown().await;
        let before = runs(&fixture);
        fixture.clock.advance(60);
        let other = restarted(&fixture, "again").await;
        until(async || rows(&other, "r").await == Some(3)).await;
        let status = other.status(&reader(), "q").await.unwrap();
        assert_eq!((status.residency, status.rows, status.last_refresh_at), (residency, Some(3), made));
        assert_eq!(runs(&fixture), before, "neither it nor what reads it ran again");
        // Whoever asks for new rows gets them.
        other.reload(&admin(), "q").await.unwrap();
        assert_eq!(runs(&fixture), before + 1);
    }
}

#[tokio::test]
async fn unless_that_is_asked_for_each_start_runs_it() {
    let fixture = Fixture::with(CONFIG).await;
    let service = &fixture.service;
    save(service, &admin(), json!({"name": "q", "sql": "e", "materialize": {"residency": "lazy"}})).await.unwrap();
    service.shutdown().await;
    restarted(&fixture, "again").await;
    assert_eq!(runs(&fixture), 2);
}

#[tokio::test]
async fn what_may_be_other_rows_by_now_is_made_anew() {
    let with = |rest: &str| format!("{CONFIG}[[dataset]]\nname = '{rest}'\nsource = {{kind='csv',location='ok'}}\n");
    let fixture = Fixture::with(&with("clock")).await;
    let service = &fixture.service;
    let keep = json!({"reuse_on_start": true});
    save(service, &admin(), json!({"name": "q", "sql": "e", "materialize": keep})).await.unwrap();
    save(service, &admin(), json!({"name": "t", "sql": "clock", "materialize": keep})).await.unwrap();
    service.shutdown().await;
    let again = async |data: &str| {
        let before = runs(&fixture);
        let other = restarted(&fixture, data).await;
        until(async || rows(&other, "t").await.is_some()).await;
        let found = rows(&other, "q").await;
        other.shutdown().await;
        // `t` asks what time it is, and so runs each time.
        (found, runs(&fixture) - before - 1)
    };
    assert_eq!(again("a").await, (Some(3), 0));
    fixture.engine.set_rows(5);
    assert_eq!(again("b").await, (Some(5), 1), "what it reads is other files");
    assert_eq!(again("c").await, (Some(5), 0));
    let file = fixture.config.as_ref().unwrap().with_file_name("datasets.d").join("q.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"e\"", "\"e,clock\"").replace("\"E\"", "\"E\", \"clock\"")).unwrap();
    assert_eq!(again("d").await, (Some(5), 1), "it is another statement");
    std::fs::write(&file, &text).unwrap();
    assert_eq!(again("e").await, (Some(5), 0), "the rows of before it was are still there");
    fixture.engine.lake.drop_table(&fixture.engine.lake.names()[0]);
    fixture.engine.lake.drop_table(&fixture.engine.lake.names()[0]);
    assert_eq!(again("f").await, (Some(5), 1), "they are gone");
    let untagged = with("clock").replace("location='ok'", "location='untagged'");
    std::fs::write(fixture.config.as_ref().unwrap(), untagged).unwrap();
    for data in ["g", "h"] {
        assert_eq!(again(data).await, (Some(5), 1), "whether it reads the same is not known");
    }
}

#[tokio::test]
async fn rows_that_its_maker_may_not_see_any_more_are_not_served_again() {
    let fixture = Fixture::with(&CONFIG.replace("source", "visibility = 'private'\nsource")).await;
    let service = &fixture.service;
    let roles = vec![OrganisationRoleOf { organisation: "default".into(), role: Role::Editor }];
    let password = Hidden("correct horse".to_owned());
    let ann = NewUser { login: "ann".into(), password: Some(password.clone()), roles, ..NewUser::default() };
    service.create_user(&admin(), ann).await.unwrap();
    let session = service.login(&reader(), "ann", &password).await.unwrap().secret.0;
    let ctx = bearer(service, &session).await.unwrap();
    save(service, &ctx, json!({"name": "q", "sql": "e", "materialize": {"reuse_on_start": true}})).await.unwrap();
    service.shutdown().await;
    let before = runs(&fixture);
    restarted(&fixture, "same").await.shutdown().await;
    assert_eq!(runs(&fixture), before);
    // A mask that she is under, where there was none.
    let masked = CONFIG.replace("source", "visibility = 'private'\nmasks = {kind={strategy='redact'}}\nsource");
    std::fs::write(fixture.config.as_ref().unwrap(), masked).unwrap();
    let other = fixture.another_node_with(settings(&fixture), "masked").await;
    until(async || other.status(&ctx, "q").await.is_ok_and(|status| status.state == State::Published)).await;
    other.shutdown().await;
    assert_eq!(runs(&fixture), before + 1);
    let change = UserChange { enabled: Some(false), ..UserChange::default() };
    service.update_user(&admin(), "ann", change).await.unwrap();
    let other = fixture.another_node_with(settings(&fixture), "gone").await;
    until(async || other.stats().load_failures == 1).await;
    assert_eq!(other.count(&reader(), "q", Default::default()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(runs(&fixture), before + 1);
}
