//! `GET /api/me`: who the caller is.

use super::reply;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::{Principal, PrincipalKind};
use serde::Serialize;

#[derive(Serialize)]
struct Me<'a> {
    sub: &'a str,
    org: Option<&'a str>,
    role: Option<&'static str>,
    kind: &'static str,
    groups: &'a [String],
}

pub(super) fn describe() -> Operation {
    Operation::new("accounts", "who_am_i", "Who the caller is").answers(
        200,
        "Me",
        "The caller, and what he is in the organisation that he acts in",
    )
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    let Principal { kind, organisation, groups, .. } = &call.ctx.principal;
    let (sub, kind) = match kind {
        PrincipalKind::Nobody => ("", "nobody"),
        PrincipalKind::Admin => ("admin", "admin"),
        PrincipalKind::User { login } => (login.as_str(), "user"),
        PrincipalKind::Key { owner, name, .. } => (owner.as_ref().unwrap_or(name).as_str(), "key"),
        PrincipalKind::Token { subject, .. } => (subject.as_str(), "token"),
    };
    let org = organisation.as_ref().map(|organisation| organisation.key.as_str());
    let role = organisation.as_ref().map(|organisation| organisation.role.name());
    reply::json(&Me { sub, org, role, kind, groups })
}
