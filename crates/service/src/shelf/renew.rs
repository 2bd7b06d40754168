//! What becomes of entries on the shelf when their records, or those of their connections, change on whichever node.

use crate::Service;
use crate::registry::Entry;
use crate::shelf::OfRecord;
use datahall_catalog::{Connection, Dataset, List};
use datahall_core::Result;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Records asked for at a time.
const PAGE: usize = 500;

impl Service {
    /// Whether an entry still stands for its record, of which `None` is left when it is gone. One that does not is forgotten, to be made
    /// anew when somebody asks for it; what was read of it is void.
    pub(crate) fn still_stands(&self, entry: &Arc<Entry>, record: Option<&Dataset>) -> bool {
        let Some(of) = entry.of_record() else { return true };
        let same = |record: &Dataset| {
            let here = record.name == entry.name && record.project == entry.home.project();
            here && OfRecord::of(record).is_ok_and(|now| !now.reads_otherwise(of))
        };
        let stands = record.is_some_and(same);
        if !stands {
            self.forget_entry(entry);
        }
        stands
    }

    /// Takes an entry from the shelf, and makes void what was made of its rows.
    pub(crate) fn forget_entry(&self, entry: &Arc<Entry>) {
        self.registry.unshelve(entry);
        entry.void();
        self.forget_readers_of(entry);
    }

    /// Lets go of rows that were opened through a connection that has changed since.
    pub(crate) async fn see_connections(&self) -> Result<()> {
        let mut through: HashMap<String, Vec<Arc<Entry>>> = HashMap::new();
        for entry in self.registry.shelved() {
            let connection = entry.of_record().filter(|of| of.cache.is_none()).and_then(|of| of.source.connection());
            if let Some(id) = connection.filter(|_| entry.current().is_some() || entry.is_loading()) {
                through.entry(id.to_owned()).or_default().push(entry.clone());
            }
        }
        let ids: Vec<&String> = through.keys().collect();
        for ids in ids.chunks(PAGE) {
            let list = List::<Connection>::all().any_of("id", ids.iter().map(|id| id.as_str()));
            let found = self.catalog.list(&list).await?.items;
            for id in ids {
                let version = found.iter().find(|record| &record.meta.id == *id).map(|record| record.meta.version);
                for entry in through.get(*id).into_iter().flatten() {
                    if version != Some(entry.connected.load(Ordering::Acquire)) {
                        entry.forget_rows();
                        if entry.is_loading() {
                            // What comes of that is of the connection as it was.
                            self.load_in_background(entry.clone(), "demand");
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
