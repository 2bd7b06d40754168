//! The dialects, one folder each. None knows another.

pub(crate) mod platform;
pub(crate) mod specs;
pub(crate) mod v1;

use crate::shared::dialect::Dialect;
use datahall_service::Settings;
use std::collections::HashSet;

/// Every dialect; what is nobody's is answered by the first. Under the one prefix that makes paths of two of them the same, the
/// first keeps them: whoever set that prefix has clients that look for its paths there.
pub(crate) fn all(settings: &Settings) -> Vec<Dialect> {
    let mut dialects = vec![v1::dialect(settings), platform::dialect(settings), specs::dialect(settings)];
    let mut taken = HashSet::new();
    for dialect in &mut dialects {
        dialect.routes.retain(|route| taken.insert((route.method, route.path.clone())));
    }
    dialects
}
