//! The settings as answers write them, and how failures are answered.

use crate::dialects::platform::fault::Fault;
use crate::shared::reply;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use datahall_core::{Code, Error};
use datahall_service::{MaskInfo, PolicyInfo, Visibility};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Settings {
    masking: BTreeMap<String, Mask>,
    row_filter: Option<String>,
    visibility: Visibility,
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
    let masking = policy.masks.into_iter().map(|(column, mask)| (column, mask.into())).collect();
    let settings = Settings { masking, row_filter: policy.row_filter, visibility: policy.visibility };
    let mut response = reply::json(&settings)?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", policy.version)).map_err(Error::internal)?;
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// How a failure about the dataset `name` is answered, where `permission` is what was asked for.
pub(super) fn fault(error: Error, permission: &'static str, name: &str) -> Fault {
    match error.code() {
        Code::NotFound => Fault::coded(StatusCode::NOT_FOUND, "dataset_not_found", error),
        Code::Forbidden => Fault::refused(error, permission, name),
        _ => error.into(),
    }
}
