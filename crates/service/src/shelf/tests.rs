//! Datasets that are made through APIs, over the fake engine.

mod imported;
mod kept;
mod listed;
mod made;
mod shared;

use crate::home::Home;
use crate::testing::{Fixture, admin};
use crate::{Ctx, DatasetKind, Membership, NewDataset, Principal, PrincipalKind, StoredSource};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datahall_catalog::{Actor, AuditEntry, Connection, Hidden, Object};
use datahall_core::access::{Grant, Grants, Place};
use datahall_core::connection::Part;
use datahall_core::engine::{Engine as _, Rows};
use datahall_core::lake::{Provenance, Write, WriteMode};
use datahall_core::privilege::Role;
use futures::{StreamExt, stream};
use std::sync::Arc;

/// The columns `id`, `kind`, and as many rows.
fn rows(count: i64) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    let kinds: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(|row| format!("k{row}"))));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("kind", kinds, true)]).unwrap()
}

/// Writes a version of a managed table.
async fn write(fixture: &Fixture, table: &str, count: i64) {
    let batch = rows(count);
    let rows = Rows { schema: batch.schema(), batches: stream::iter([Ok(batch)]).boxed() };
    let how = Write { mode: WriteMode::Overwrite, provenance: Provenance::default() };
    fixture.engine.write(table, rows, &how).await.unwrap();
}

/// A managed table of three rows, as a dataset to be made.
async fn uploaded(fixture: &Fixture, name: &str) -> NewDataset {
    let table = format!("t_{name}");
    write(fixture, &table, 3).await;
    let source = StoredSource::Managed { table, version: None };
    NewDataset { row_count: Some(3), ..NewDataset::new(name, DatasetKind::Upload, source, rows(0).schema()) }
}

/// A connection in the organisation of that id, to the database file at `path`, which an administrator of the instance made.
async fn connection(fixture: &Fixture, organisation: &str, path: &str) -> String {
    let config = Object::from_iter([("path".to_owned(), path.into())]);
    let mut record = Connection {
        organisation: organisation.into(),
        name: path.into(),
        kind: "sqlite".into(),
        config: Hidden(config),
        body: Object::from_iter([("trusted".to_owned(), true.into())]),
        ..Connection::default()
    };
    let mut change = fixture.service.catalog.change(&Actor::system()).await.unwrap();
    change.insert(&mut record).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    record.meta.id
}

/// A table behind a connection, as a dataset to be made.
fn connected(name: &str, connection: &str, table: &str) -> NewDataset {
    let part = Part::Table { schema: None, name: table.into() };
    let source = StoredSource::Connected { connection: connection.into(), part, version: None };
    NewDataset::new(name, DatasetKind::Connector, source, rows(0).schema())
}

/// Somebody with this role in that organisation, at its default project.
async fn member(fixture: &Fixture, login: &str, organisation: &str, role: Role) -> Ctx {
    let made = fixture.service.ensure_organisation(&admin(), organisation).await.unwrap();
    let own = Membership { organisation: made.meta.id.clone(), key: made.key, role };
    let grants = Grants::new([Grant { at: Place::Organisation(made.meta.id), gives: role.privileges() }]);
    let principal = Principal {
        organisation: Some(own.clone()),
        memberships: [own].into(),
        ..Principal::bare(PrincipalKind::User { login: login.into() }, grants, true)
    };
    let mut ctx = Ctx { principal, home: Home::default(), ..admin() };
    fixture.service.enter(&mut ctx, None).await.unwrap();
    ctx
}
