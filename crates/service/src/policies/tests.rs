//! Policies from end to end, over the fake engine.

mod changes;
mod sides;
mod start;

use crate::testing::{Fixture, admin, block};
use crate::{
    Ctx, MaskChange, MasksChange, Membership, NewUser, OrganisationRoleOf, PolicyChange, Principal, PrincipalKind, home,
};
use datahall_core::access::{Grant, Grants, Place};
use datahall_core::privilege::Role;
use datahall_core::query::Query;
use futures::TryStreamExt;
use serde_json::json;
use std::sync::Arc;

/// A user with this role in the default organisation, and these attributes.
fn user(login: &str, role: Role, attributes: &[(&str, &str)]) -> Ctx {
    let organisation = Membership { organisation: home::ORGANISATION.into(), key: home::ORGANISATION.into(), role };
    let grants = Grants::new([Grant { at: Place::Organisation(home::ORGANISATION.into()), gives: role.privileges() }]);
    let known = attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
    let principal = Principal {
        organisation: Some(organisation),
        attributes: Some(Arc::new(known)),
        ..Principal::bare(PrincipalKind::User { login: login.into() }, grants, true)
    };
    Ctx { principal, ..admin() }
}

fn viewer() -> Ctx {
    user("vic", Role::Viewer, &[])
}

fn editor() -> Ctx {
    user("edith", Role::Editor, &[])
}

/// The editor, with a record: what she saves runs with the rights that it gives.
async fn kept_editor(fixture: &Fixture) -> Ctx {
    let roles = vec![OrganisationRoleOf { organisation: home::ORGANISATION.into(), role: Role::Editor }];
    let new = NewUser { login: "edith".into(), roles, ..NewUser::default() };
    fixture.service.create_user(&admin(), new).await.unwrap();
    editor()
}

/// Registers `e`: `kind` masked for all but administrators, `v` hidden from all but `payroll`.
async fn guarded(fixture: &Fixture) {
    let body = json!({
        "name": "e", "source": {"kind": "csv", "location": "ok"},
        "masks": {"kind": {"strategy": "full"}, "v": {"hidden": true, "unmask_roles": ["payroll"]}},
    });
    fixture.register_block(block(&body.to_string())).await.unwrap();
}

/// The first column of text, as the caller sees it.
async fn kinds(fixture: &Fixture, ctx: &Ctx, name: &str) -> Vec<String> {
    let answer = fixture.service.query(ctx, name, Query::default()).await.unwrap();
    let batches: Vec<_> = answer.rows.await.unwrap().batches.try_collect().await.unwrap();
    let text = |batch: &arrow::array::RecordBatch| {
        let column = batch.column_by_name("kind").unwrap().clone();
        let column = column.as_any().downcast_ref::<arrow::array::StringArray>().unwrap();
        column.iter().map(|value| value.unwrap_or("null").to_owned()).collect::<Vec<_>>()
    };
    batches.iter().flat_map(text).collect()
}

fn mask(column: &str, strategy: &str) -> PolicyChange {
    let change = MaskChange { strategy: Some(Some(strategy.into())), ..MaskChange::default() };
    merge(column, Some(change))
}

fn merge(column: &str, change: Option<MaskChange>) -> PolicyChange {
    PolicyChange { masks: Some(MasksChange::Merge([(column.to_owned(), change)].into())), ..PolicyChange::default() }
}

fn filter(sql: Option<&str>) -> PolicyChange {
    PolicyChange { row_filter: Some(sql.map(str::to_owned)), ..PolicyChange::default() }
}
