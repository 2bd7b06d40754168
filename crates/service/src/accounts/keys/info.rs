//! What may be told of an API key: everything but what proves it.

use datahall_catalog::{Catalog, Key, List, Millis, Object, Organisation};
use datahall_core::Result;
use std::collections::HashMap;

/// An API key, without its secret and without the hash of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyInfo {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The key of the organisation that it acts in, if it acts in one.
    pub organisation: Option<String>,
    /// What it is there: `viewer`, `editor`, `admin`.
    pub role: Option<String>,
    /// In whose name it acts, if in anybody's.
    pub owner: Option<String>,
    /// The groups whose permissions it has.
    pub groups: Vec<String>,
    /// What else it may do, as it was written.
    pub grants: Object,
    /// What row filters may ask for, unless it acts for a user.
    pub attributes: Object,
    /// When it was made.
    pub created_at: Millis,
    /// By whom, as the audit log names him.
    pub created_by: String,
    /// From when on it is refused.
    pub expires_at: Option<Millis>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Millis>,
}

impl KeyInfo {
    /// What may be told of these keys.
    pub(super) async fn of(catalog: &Catalog, keys: Vec<Key>) -> Result<Vec<Self>> {
        let ids = keys.iter().filter_map(|key| key.organisation.as_deref());
        let organisations = catalog.list(&List::<Organisation>::all().any_of("id", ids)).await?.items;
        let names: HashMap<String, String> =
            organisations.into_iter().map(|organisation| (organisation.meta.id, organisation.key)).collect();
        Ok(keys.into_iter().map(|key| Self::named(key, &names)).collect())
    }

    fn named(key: Key, organisations: &HashMap<String, String>) -> Self {
        Self {
            id: key.meta.id,
            name: key.label,
            description: key.description,
            organisation: key.organisation.and_then(|id| organisations.get(&id).cloned()),
            role: key.role,
            owner: key.owner,
            groups: key.groups,
            grants: key.grants,
            attributes: key.attributes,
            created_at: key.meta.created_at,
            created_by: key.meta.created_by,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}
