//! The settings as answers write them, and how failures are answered.

use crate::dialects::platform::fault::Fault;
use crate::shared::reply;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error};
use datahall_service::{MaskInfo, Object, PolicyInfo, Visibility};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The settings of a dataset.
#[derive(Serialize)]
pub(in super::super) struct Settings {
    masking: BTreeMap<String, Mask>,
    row_filter: Option<String>,
    visibility: Visibility,
    refresh: Value,
    semantic_overrides: Value,
    column_descriptions: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_column: Option<Value>,
}

impl Settings {
    /// Those of a dataset of which nothing is said.
    pub(in super::super) fn nothing(visibility: Visibility) -> Self {
        Self::of(BTreeMap::new(), None, visibility, Object::new())
    }

    fn of(masking: BTreeMap<String, Mask>, row_filter: Option<String>, visibility: Visibility, mut said: Object) -> Self {
        let mut take = |name: &str| said.remove(name);
        Self {
            masking,
            row_filter,
            visibility,
            refresh: take("refresh").unwrap_or_else(|| json!({"mode": "on_demand"})),
            semantic_overrides: take("semantic_overrides").unwrap_or_else(|| json!({})),
            column_descriptions: take("column_descriptions").unwrap_or_else(|| json!({})),
            time_column: take("time_column"),
        }
    }
}

impl From<PolicyInfo> for Settings {
    fn from(policy: PolicyInfo) -> Self {
        let masking = policy.masks.into_iter().map(|(column, mask)| (column, mask.into())).collect();
        Self::of(masking, policy.row_filter, policy.visibility, policy.settings)
    }
}

#[derive(Serialize)]
struct Mask {
    strategy: &'static str,
    unmask_roles: Vec<String>,
    hidden: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmask_project_roles: Option<Vec<String>>,
}

impl From<MaskInfo> for Mask {
    fn from(mask: MaskInfo) -> Self {
        let MaskInfo { strategy, unmask_roles, hidden, width, sensitivity, unmask_project_roles } = mask;
        Self { strategy, unmask_roles, hidden, width, sensitivity, unmask_project_roles }
    }
}

/// The policy as this dialect's settings, with its version as entity tag.
pub(super) fn settings(policy: PolicyInfo) -> Result<Response, Fault> {
    let etag = HeaderValue::from_str(&format!("\"{}\"", policy.version)).map_err(Error::internal)?;
    let mut response = reply::json(&Settings::from(policy))?;
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// How a failure about the dataset `name` is answered, where `permission` is what was asked for.
pub(in super::super) fn fault(error: Error, permission: &'static str, name: &str) -> Fault {
    match error.code() {
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "dataset_not_found", error),
        Code::Forbidden => Fault::refused(error, permission, name),
        _ => error.into(),
    }
}
