//! The dialects, one folder each. None knows another.

pub(crate) mod platform;
pub(crate) mod v1;

use crate::shared::dialect::Dialect;
use datahall_service::Settings;

/// Every dialect; what is nobody's is answered by the first.
pub(crate) fn all(settings: &Settings) -> Vec<Dialect> {
    vec![v1::dialect(settings), platform::dialect(settings)]
}
