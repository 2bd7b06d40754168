//! What is asked of revisions and their jobs together, without reading what they are made of.

use crate::record::rows;
use crate::store::errors;
use crate::{Catalog, Value};
use datahall_core::Result;
use sqlx::Row as _;

impl Catalog {
    /// The ids of revisions that are not closed although their jobs have ended, or are gone; at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ended_revisions(&self, limit: i64) -> Result<Vec<String>> {
        let text = "SELECT r.\"id\" FROM \"revisions\" r LEFT JOIN \"jobs\" j ON j.\"id\" = r.\"job\" \
                    WHERE r.\"state\" IS NULL AND (j.\"id\" IS NULL OR j.\"ended_at\" IS NOT NULL) ORDER BY r.\"id\" LIMIT $1";
        self.ids(text, vec![limit.max(0).into()]).await
    }

    /// The id of the newest revision of a package that has succeeded, whether it is closed yet or not.
    ///
    /// # Errors
    /// What the database says.
    pub async fn latest_successful(&self, package: &str) -> Result<Option<String>> {
        // One statement, so that one that is closed at this moment is not missed.
        let text = "SELECT r.\"id\" FROM \"revisions\" r LEFT JOIN \"jobs\" j ON j.\"id\" = r.\"job\" WHERE r.\"package\" = $1 \
                    AND (r.\"state\" = 'SUCCEEDED' OR (r.\"state\" IS NULL AND j.\"state\" = 'DONE')) \
                    ORDER BY r.\"number\" DESC LIMIT 1";
        Ok(self.ids(text, vec![package.into()]).await?.pop())
    }

    async fn ids(&self, text: &str, values: Vec<Value>) -> Result<Vec<String>> {
        let found = rows(&mut *self.inner.store.reader().await?, text.to_owned(), values).await?;
        found.iter().map(|row| row.try_get(0).map_err(errors::general)).collect()
    }
}
