//! Connections as callers of every kind meet them, on an engine that is made up.

mod keys;
mod life;
mod secrets;
mod trust;

use crate::testing::{Fixture, admin, bearer};
use crate::{ConfigChange, ConnectionChange, ConnectionInfo, Ctx, Hidden, NewConnection, NewKey, Object, Settings};
use datahall_core::Result;
use datahall_core::privilege::Role;
use serde_json::{Value, json};

/// A fixture whose editors may name public hosts and paths below `/data`.
async fn fixture() -> Fixture {
    let mut settings = Settings::default();
    settings.security.allowed_roots = Some(vec!["/data".into()]);
    Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await
}

/// Somebody with that role in the organisation of that key.
async fn member(fixture: &Fixture, role: Role, organisation: &str) -> Ctx {
    let name = format!("{organisation} {}", role.name());
    let new = NewKey { name, role: Some(role), organisation: Some(organisation.into()), ..NewKey::default() };
    let key = fixture.service.create_key(&admin(), new).await.unwrap();
    bearer(&fixture.service, &key.secret.0).await.unwrap()
}

async fn editor(fixture: &Fixture) -> Ctx {
    member(fixture, Role::Editor, "default").await
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

async fn create(fixture: &Fixture, ctx: &Ctx, name: &str, kind: &str, config: Value) -> Result<ConnectionInfo> {
    let new = NewConnection { name: name.into(), kind: kind.into(), config: Hidden(object(config)), ..NewConnection::default() };
    fixture.service.create_connection(ctx, new).await
}

async fn postgresql(fixture: &Fixture, ctx: &Ctx) -> ConnectionInfo {
    let config =
        json!({"host": "db.example.com", "database": "d", "user": "u", "password": "hunter2", "extra": {"token": "hunter3"}});
    create(fixture, ctx, "pg", "postgresql", config).await.unwrap()
}

fn replace(config: Value) -> ConnectionChange {
    ConnectionChange { config: Some(ConfigChange::Replace(Hidden(object(config)))), ..ConnectionChange::default() }
}

fn merge(config: Value) -> ConnectionChange {
    ConnectionChange { config: Some(ConfigChange::Merge(Hidden(object(config)))), ..ConnectionChange::default() }
}

/// What the engine would be told of a connection.
async fn reach(fixture: &Fixture, id: &str) -> (datahall_core::connection::Reach, datahall_core::engine::Access) {
    let (connection, access) = fixture.service.connection(id).await.unwrap();
    (connection.reach.clone(), access)
}

/// The password that the engine would be told.
async fn password(fixture: &Fixture, id: &str) -> Option<String> {
    match reach(fixture, id).await.0 {
        datahall_core::connection::Reach::Postgresql(database) => database.password,
        other => panic!("{other:?}"),
    }
}
