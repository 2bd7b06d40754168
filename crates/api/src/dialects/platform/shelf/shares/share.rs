//! A share as answers write it.

use chrono::SecondsFormat;
use datahall_service::ShareInfo;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Share {
    id: String,
    grantee_type: String,
    grantee: String,
    permission: String,
    granted_by: String,
    granted_at: String,
}

impl From<ShareInfo> for Share {
    fn from(share: ShareInfo) -> Self {
        Self {
            id: share.id,
            grantee_type: share.grantee_type,
            grantee: share.grantee,
            permission: share.permission,
            granted_by: share.granted_by,
            granted_at: share.granted_at.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true),
        }
    }
}
