//! What connections may reach: those of editors what the policy lets them, those of administrators anything.

use super::*;
use datahall_core::Code;
use datahall_core::connection::Reach;

#[tokio::test]
async fn editors_name_neither_paths_outside_the_roots_nor_private_hosts_nor_code() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let data_dir = service.connections.data_dir.clone();
    let database = |host: &str| json!({"host": host, "database": "d", "user": "u"});
    for (kind, config, why) in [
        ("sqlite", json!({"path": "/etc/passwd"}), "config.path: is not below"),
        ("sqlite", json!({"path": "/database/x"}), "config.path: is not below"),
        ("filesystem", json!({"root": "/"}), "config.root: is not below"),
        ("lakehouse", json!({"root": "/lake"}), "config.root: is not below"),
        ("lakehouse", json!({"root": data_dir.join("lakehouse")}), "config.root: is not below"),
        ("lakehouse", json!({"root": data_dir.join("lakehouses/abc")}), "config.root: is not below"),
        ("postgresql", database("127.0.0.1"), "config.host: leads to an address"),
        ("mysql", database("0x7f.1"), "config.host: leads to an address"),
        ("postgresql", database("/var/run/postgresql"), "config.host: leads to an address"),
        ("http", json!({"base_url": "http://[::ffff:127.0.0.1]/"}), "config.base_url: leads to an address"),
        ("s3", json!({"bucket": "b"}), "config.access_key_id: is missing"),
        (
            "s3",
            json!({"bucket": "b", "access_key_id": "k", "secret_access_key": "s", "endpoint": "https://169.254.169.254"}),
            "config.endpoint: leads to an address",
        ),
    ] {
        let error = create(&fixture, &editor, "a", kind, config.clone()).await.unwrap_err();
        assert!(error.code() == Code::Invalid && error.message().starts_with(why), "{config}: {error}");
        let made = create(&fixture, &admin(), "a", kind, config.clone()).await;
        // The roots are the operator's word and hold for everybody.
        assert_eq!(made.is_ok(), !matches!(kind, "sqlite" | "filesystem" | "lakehouse"), "{config}");
        if made.is_ok() {
            service.delete_connection(&admin(), "a", None).await.unwrap();
        }
    }
    for (kind, config) in [
        ("adbc", json!({"driver": "/lib/x.so"})),
        ("bigquery", json!({"project_id": "p"})),
        ("snowflake", json!({"account": "a", "user": "u"})),
    ] {
        let error = create(&fixture, &editor, "a", kind, config.clone()).await.unwrap_err();
        assert_eq!(error.code(), Code::Forbidden, "{error}");
        assert!(create(&fixture, &admin(), kind, kind, config).await.unwrap().trusted);
    }
}

#[tokio::test]
async fn without_roots_only_administrators_name_paths() {
    let fixture = Fixture::new().await;
    let editor = editor(&fixture).await;
    assert!(create(&fixture, &editor, "a", "sqlite", json!({"path": "/data/a.db"})).await.is_err());
    let made = create(&fixture, &admin(), "a", "sqlite", json!({"path": "/data/a.db"})).await.unwrap();
    let (_, access) = reach(&fixture, &made.id).await;
    assert!(access.roots.is_none() && access.private_networks);
}

#[tokio::test]
async fn private_networks_are_open_where_the_operator_says_so() {
    let mut settings = Settings::default();
    settings.security.allow_private_networks = true;
    let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await;
    let editor = editor(&fixture).await;
    let config = json!({"host": "127.0.0.1", "database": "d", "user": "u"});
    assert!(create(&fixture, &editor, "a", "postgresql", config).await.is_ok());
}

#[tokio::test]
async fn an_editors_change_of_where_it_leads_takes_the_administrators_word_away() {
    let fixture = fixture().await;
    let (service, editor) = (&fixture.service, editor(&fixture).await);
    let config = json!({"host": "10.0.0.5", "database": "d", "user": "u", "password": "p"});
    let made = create(&fixture, &admin(), "a", "postgresql", config).await.unwrap();
    assert!(reach(&fixture, &made.id).await.1.private_networks);
    let changed = service.change_connection(&editor, "a", merge(json!({"user": "v", "database": "e"}))).await.unwrap();
    assert!(changed.trusted && reach(&fixture, &made.id).await.1.private_networks);
    let elsewhere = merge(json!({"host": "10.0.0.6", "password": "p"}));
    let error = service.change_connection(&editor, "a", elsewhere.clone()).await.unwrap_err();
    assert!(error.message().starts_with("config.host: leads to an address"), "{error}");
    let tried = Some(Hidden(object(json!({"host": "10.0.0.6", "database": "d", "user": "u"}))));
    assert_eq!(service.test_connection(&editor, "a", tried).await.unwrap_err().code(), Code::Invalid);
    let public = merge(json!({"host": "db.example.com", "password": "p"}));
    assert!(!service.change_connection(&editor, "a", public).await.unwrap().trusted);
    let access = reach(&fixture, &made.id).await.1;
    assert_eq!((access.private_networks, access.roots), (false, Some(vec!["/data".into()])));
    // What an administrator changes of an editor's connection, but not where it leads, does not make it his own.
    let described = ConnectionChange { description: Some("x".into()), ..merge(json!({"database": "f"})) };
    assert!(!service.change_connection(&admin(), "a", described).await.unwrap().trusted);
    assert!(service.change_connection(&admin(), "a", elsewhere).await.unwrap().trusted);
}

#[tokio::test]
async fn each_organisation_has_its_part_of_the_servers_lakehouse() {
    let fixture = fixture().await;
    let stranger = member(&fixture, Role::Editor, "other").await;
    let own = create(&fixture, &editor(&fixture).await, "l", "lakehouse", json!({})).await.unwrap();
    assert!(fixture.service.connections.data_dir.join("lakehouse").is_dir(), "it is asked as soon as it is made");
    let other = create(&fixture, &stranger, "l", "lakehouse", json!({"root": null})).await.unwrap();
    let root = async |id: &str| match reach(&fixture, id).await {
        (Reach::Lakehouse { root: Some(root) }, access) => {
            assert!(root.is_dir() && access.roots.unwrap().contains(&root), "{root:?}");
            root
        }
        other => panic!("{other:?}"),
    };
    let (own, other) = (root(&own.id).await, root(&other.id).await);
    assert!(own.ends_with("data/lakehouse") && !other.starts_with(&own) && !own.starts_with(&other), "{own:?} {other:?}");
}
