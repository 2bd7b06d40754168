//! Inserting very many records in one change: a server that starts on a large configuration file does.

use super::{Change, page_of, set_page};
use crate::pages;
use crate::record::{self, Record};
use datahall_core::Result;

impl Change {
    /// Inserts many records as [`Change::insert`] does one, by far fewer statements.
    ///
    /// # Errors
    /// As [`Change::insert`], but not saying which record it was.
    pub async fn insert_all<R: Record>(&mut self, records: &mut [R]) -> Result<()> {
        self.usable()?;
        let inserted = self.try_insert_all(records).await;
        self.note(inserted)
    }

    async fn try_insert_all<R: Record>(&mut self, records: &mut [R]) -> Result<()> {
        for record in &mut *records {
            self.stamp(record);
        }
        if R::TABLE.page {
            let random = &*self.catalog.random;
            let mut without = Vec::with_capacity(records.len());
            for record in &mut *records {
                let (wanted, id) = (page_of(record)?, record.meta().id.clone());
                match wanted.is_empty() {
                    true => without.push((record, id)),
                    false => drop(pages::reserve::<R>(self.transaction.connection()?, random, &wanted, &id).await?),
                }
            }
            let ids: Vec<_> = without.iter().map(|(_, id)| id.clone()).collect();
            let pages = pages::reserve_all::<R>(self.transaction.connection()?, random, &ids).await?;
            for ((record, _), page) in without.into_iter().zip(pages) {
                set_page(record, page)?;
            }
        }
        record::insert_all(self.transaction.connection()?, records).await?;
        self.touched.insert(R::TABLE.name);
        Ok(())
    }
}
