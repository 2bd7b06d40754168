//! Secrets: kept by bullets, never sent elsewhere, in no answer, log of changes or file.

use super::*;
use crate::connections::secrets::BULLETS;
use datahall_catalog::{AuditQuery, Connection as Record};
use datahall_core::Code;

#[tokio::test]
async fn bullets_keep_secrets_at_any_depth_and_new_ones_replace_them() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let made = postgresql(&fixture, &editor).await;
    assert_eq!((&made.config["password"], &made.config["extra"]), (&json!(BULLETS), &json!({"token": BULLETS})));
    let back = replace(Value::Object(made.config.clone()));
    assert_eq!(service.change_connection(&editor, "pg", back).await.unwrap().version, 1, "all as it was");
    let mut sent = made.config.clone();
    sent.insert("database".into(), "e".into());
    let changed = service.change_connection(&editor, "pg", replace(Value::Object(sent))).await.unwrap();
    assert_eq!((changed.version, &changed.config["extra"]["token"]), (2, &json!(BULLETS)));
    assert_eq!(password(&fixture, &made.id).await.as_deref(), Some("hunter2"));
    service.change_connection(&editor, "pg", merge(json!({"user": "v"}))).await.unwrap();
    assert_eq!(password(&fixture, &made.id).await.as_deref(), Some("hunter2"));
    service.change_connection(&editor, "pg", merge(json!({"password": "swordfish"}))).await.unwrap();
    assert_eq!(password(&fixture, &made.id).await.as_deref(), Some("swordfish"));
    let all = service.settings_of(&record(&fixture).await).unwrap();
    assert_eq!((&all["extra"]["token"], &all["database"], &all["user"]), (&json!("hunter3"), &json!("e"), &json!("v")));
    service.change_connection(&editor, "pg", merge(json!({"password": null}))).await.unwrap();
    assert_eq!(password(&fixture, &made.id).await, None);
    let error = service.change_connection(&editor, "pg", merge(json!({"password": BULLETS}))).await.unwrap_err();
    assert!(error.message().starts_with("config.password: bullets"), "{error}");
}

async fn record(fixture: &Fixture) -> Record {
    fixture.service.catalog.find(Record::by_name("default", "pg")).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_kept_secret_goes_nowhere_else_whoever_asks() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let made = postgresql(&fixture, &editor).await;
    for ctx in [&editor, &admin()] {
        for change in [
            merge(json!({"host": "evil.example.com"})),
            merge(json!({"port": 5433})),
            merge(json!({"sslmode": "disable"})),
            merge(json!({"host": "evil.example.com", "password": "given", "extra": {"token": BULLETS}})),
            merge(json!({"host": null, "hostname": "evil.example.com"})),
            replace(json!({"host": "evil.example.com", "database": "d", "user": "u", "password": BULLETS})),
            replace(json!({"url": "postgres://u@evil.example.com/d", "password": BULLETS})),
        ] {
            let before = record(&fixture).await;
            let error = service.change_connection(ctx, "pg", change.clone()).await.unwrap_err();
            assert!(error.code() == Code::Invalid && error.message().contains("must be given anew"), "{change:?}: {error}");
            assert_eq!(record(&fixture).await, before);
            let Some(ConfigChange::Replace(config)) = change.config else { continue };
            let error = service.test_connection(ctx, "pg", Some(config)).await.unwrap_err();
            assert!(error.message().starts_with("config.password: must be given anew"), "{error}");
        }
    }
    let all = json!({"host": "new.example.com", "database": "d", "user": "u", "password": "other"});
    service.change_connection(&editor, "pg", replace(all)).await.unwrap();
    assert_eq!(password(&fixture, &made.id).await.as_deref(), Some("other"));
}

#[tokio::test]
async fn no_secret_is_in_any_file_answer_or_log() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let made = postgresql(&fixture, &editor).await;
    let changed = service.change_connection(&editor, "pg", merge(json!({"password": "hunter4", "user": "v"}))).await.unwrap();
    service.test_connection(&editor, "pg", Some(Hidden(changed.config.clone()))).await.unwrap();
    let listed = service.connections(&editor, None, 10, 0).await.unwrap();
    let usable = service.use_connection(&editor, "pg").await.unwrap();
    let log = service.catalog.audit(&AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
    let said = format!("{made:?} {changed:?} {listed:?} {usable:?} {log:?} {:?}", record(&fixture).await);
    assert!(!said.contains("hunter"), "{said}");
    let change = log.items.iter().find(|entry| entry.action == "connection.change").unwrap();
    assert_eq!(change.detail.as_ref().unwrap()["settings"], json!(["password", "user"]));
    service.delete_connection(&editor, "pg", None).await.unwrap();
    postgresql(&fixture, &editor).await;
    let folder = std::path::Path::new(fixture.url.strip_prefix("sqlite:").unwrap()).parent().unwrap();
    let file = folder.join("all.backup");
    service.catalog.backup(&file).await.unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"hunter"), "{:?}", entry.path());
        files += 1;
    }
    assert!(files >= 2, "the catalog and its backup");
}
