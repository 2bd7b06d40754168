//! What tokens of strategy `tokenise` are made with: 32 random bytes for each organisation, made when they are first needed,
//! kept in a setting and never shown.

use crate::Service;
use datahall_catalog::{Actor, AuditEntry, Setting};
use datahall_core::{Code, Error, Result};
use parking_lot::RwLock;
use serde_json::json;
use std::collections::HashMap;

/// The keys that were needed so far, by the ids of organisations. They never change.
#[derive(Default)]
pub(crate) struct TokenKeys(RwLock<HashMap<String, [u8; 32]>>);

/// The field of the setting; what is called like this stays out of every image of a record.
const FIELD: &str = "secret";

impl Service {
    /// What the tokens of the organisation of that id are made with.
    ///
    /// # Errors
    /// What the catalog says.
    pub(super) async fn token_key(&self, organisation: &str) -> Result<[u8; 32]> {
        if let Some(known) = self.token_keys.0.read().get(organisation) {
            return Ok(*known);
        }
        let key = match self.make_token_key(organisation).await {
            // Another server was faster.
            Err(error) if error.code() == Code::Conflict => self.make_token_key(organisation).await?,
            made => made?,
        };
        self.token_keys.0.write().insert(organisation.to_owned(), key);
        Ok(key)
    }

    async fn make_token_key(&self, organisation: &str) -> Result<[u8; 32]> {
        let name = format!("token_key.{organisation}");
        if let Some(there) = self.catalog.find(Setting::by_name(&name)).await? {
            return there.value[FIELD].as_str().and_then(read).ok_or_else(|| Error::internal(format!("{name}: is no key")));
        }
        let mut key = [0; 32];
        self.random.fill(&mut key);
        let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut setting = Setting { name, value: json!({FIELD: text}), ..Setting::default() };
        let mut change = self.catalog.change(&Actor::system()).await?;
        change.insert(&mut setting).await?;
        change.commit(AuditEntry::about("token_key.create", &setting).organisation(organisation)).await?;
        Ok(key)
    }
}

fn read(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use crate::testing::Fixture;
    use datahall_catalog::AuditQuery;

    #[tokio::test]
    async fn each_organisation_has_one_on_every_node_and_the_audit_log_does_not_show_it() {
        let fixture = Fixture::new().await;
        let other = fixture.another_node().await;
        let (a, b) = tokio::join!(fixture.service.token_key("default"), other.token_key("default"));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a, b);
        assert_ne!(fixture.service.token_key("acme").await.unwrap(), a);
        let text: String = a.iter().map(|byte| format!("{byte:02x}")).collect();
        let log = fixture.service.catalog.audit(&AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
        assert!(format!("{log:?}").contains("token_key.create") && !format!("{log:?}").contains(&text));
    }
}
