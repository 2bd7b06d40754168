//! An API key as answers write it.

use crate::shared::reply;
use datahall_service::{KeyInfo, Millis};
use serde::Serialize;

/// An API key, with its secret only where it was just made.
#[derive(Serialize)]
pub(super) struct Token {
    id: String,
    name: String,
    role: Option<String>,
    org: Option<String>,
    sub: Option<String>,
    description: String,
    groups: Vec<String>,
    grants: serde_json::Map<String, serde_json::Value>,
    attributes: serde_json::Map<String, serde_json::Value>,
    created_at: String,
    created_by: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
}

impl From<KeyInfo> for Token {
    fn from(key: KeyInfo) -> Self {
        let moment = |at: Millis| reply::timestamp(at.to_datetime());
        Self {
            id: key.id,
            name: key.name,
            role: key.role,
            org: key.organisation,
            sub: key.owner,
            description: key.description,
            groups: key.groups,
            grants: key.grants,
            attributes: key.attributes,
            created_at: moment(key.created_at),
            created_by: key.created_by,
            expires_at: key.expires_at.map(moment),
            last_used_at: key.last_used_at.map(moment),
            token: None,
        }
    }
}
