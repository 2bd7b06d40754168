//! Servers with another key: they say so, break nothing, and what they cannot open stays as it is.

use super::*;
use crate::connections::secrets::BULLETS;
use datahall_catalog::Connection as Record;
use datahall_core::Code;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn the_key_file_is_made_with_the_first_secret_for_its_owner_alone() {
    let fixture = fixture().await;
    let editor = editor(&fixture).await;
    let file = fixture.service.connections.data_dir.join("secret.key");
    create(&fixture, &editor, "a", "sqlite", json!({"path": "/data/a.db"})).await.unwrap();
    assert!(!file.exists(), "there was no secret");
    postgresql(&fixture, &editor).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_server_with_another_key_says_so_and_destroys_nothing() {
    let fixture = fixture().await;
    let editor = editor(&fixture).await;
    let made = postgresql(&fixture, &editor).await;
    let record = async || fixture.service.catalog.get::<Record>(&made.id).await.unwrap().unwrap();
    let before = record().await;
    let other = fixture.another_node().await;
    let seen = other.read_connection(&editor, "pg").await.unwrap();
    assert_eq!((&seen.config["host"], seen.config.get("password")), (&json!("db.example.com"), None));
    assert!(seen.status.works == Some(false) && seen.status.message.unwrap().contains("DATAHALL_SECRET_KEY"));
    let test = other.test_connection(&editor, "pg", None).await.unwrap();
    assert!(test.failure.unwrap().contains("DATAHALL_SECRET_KEY"));
    for error in [
        other.connection(&made.id).await.unwrap_err(),
        other.use_connection(&editor, "pg").await.unwrap_err(),
        other.change_connection(&editor, "pg", merge(json!({"user": "v"}))).await.unwrap_err(),
        other.change_connection(&editor, "pg", replace(json!({"host": "h", "password": BULLETS}))).await.unwrap_err(),
    ] {
        assert!(error.code() == Code::Unavailable && error.message().contains("DATAHALL_SECRET_KEY"), "{error}");
    }
    assert_eq!(record().await, before);
    let renamed = ConnectionChange { description: Some("x".into()), ..ConnectionChange::default() };
    other.change_connection(&editor, "pg", renamed).await.unwrap();
    assert_eq!(record().await.config, before.config, "what is sealed stays as it is");
    assert_eq!(password(&fixture, &made.id).await.as_deref(), Some("hunter2"));
}

#[tokio::test]
async fn what_was_exchanged_in_the_catalog_opens_no_more() {
    let fixture = fixture().await;
    let editor = editor(&fixture).await;
    let made = postgresql(&fixture, &editor).await;
    let mut change = fixture.service.catalog.change(&admin().actor()).await.unwrap();
    let mut record = change.get::<Record>(&made.id).await.unwrap().unwrap();
    record.config.0.insert("host".into(), "evil.example.com".into());
    change.update(&mut record).await.unwrap();
    change.commit(datahall_catalog::AuditEntry::new("test")).await.unwrap();
    let error = fixture.service.connection(&made.id).await.unwrap_err();
    assert!(error.code() == Code::Unavailable && error.message().contains("damaged"), "{error}");
    let all = json!({"host": "db.example.com", "database": "d", "user": "u", "password": "anew"});
    fixture.service.change_connection(&editor, "pg", replace(all)).await.unwrap();
    assert_eq!(password(&fixture, &made.id).await.as_deref(), Some("anew"));
}
