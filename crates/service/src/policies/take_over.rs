//! Putting policies in force: what was stated, held against the loaded rows; and what other nodes stated meanwhile.

use super::{InForce, Kept, Stated};
use crate::datasets::Watcher;
use crate::registry::{Entry, Replaced};
use crate::{Service, State};
use arrow::datatypes::SchemaRef;
use datahall_catalog::{Dataset, List};
use datahall_core::Result;
use datahall_core::policy::Strategy;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Records that are asked for at a time.
const PAGE: usize = 500;
/// The time between two tries when the catalog does not answer.
const AGAIN: Duration = Duration::from_millis(200);

impl Service {
    /// What was stated, in force over rows with these columns.
    ///
    /// # Errors
    /// As [`Stated::check`]; what the catalog says where tokens are to be made.
    pub(crate) async fn in_force(&self, entry: &Entry, stated: &Stated, schema: &SchemaRef) -> Result<InForce> {
        let policy = stated.check(&*self.engine, schema)?;
        let makes_tokens = stated.masks.iter().any(|mask| mask.strategy == Strategy::Tokenise);
        let organisation = entry.home.organisation();
        let key = if makes_tokens { self.token_key(organisation).await? } else { [0; 32] };
        Ok(InForce::new(policy, organisation.to_owned(), key))
    }

    /// From now on `stated` holds for the dataset, unless something newer does. Where it does not suit the rows they are
    /// dropped: none are served without it.
    pub(crate) async fn put_in_force(&self, entry: &Arc<Entry>, stated: Stated) {
        let old = entry.stated();
        let stated = Arc::new(stated);
        loop {
            let current = entry.current();
            let policy = match &current {
                Some(current) => Some(self.in_force(entry, &stated, &current.generation.table.info().schema).await),
                None => None,
            };
            if let Some(Err(error)) = &policy {
                tracing::error!(dataset = entry.name, ?error, "not served: its policy does not suit its rows");
            }
            match entry.replace_policy(&stated, current.as_ref(), policy) {
                Replaced::RowsMoved => {}
                Replaced::Older => return,
                Replaced::Done => break,
            }
        }
        if old.says_what(&stated) {
            return;
        }
        self.forget_readers_of(entry);
        if entry.state() == State::Failed {
            // It may have been the policy that did not suit the rows.
            self.load_one_by_one(vec![entry.clone()]);
        }
    }

    /// Drops the rows of the saved queries that read `entry`, and makes them anew: they hold what could be seen before.
    pub(crate) fn forget_readers_of(&self, entry: &Entry) {
        let mut readers = Vec::new();
        self.readers_of(entry, &mut readers);
        readers.iter().for_each(|reader| reader.forget_rows());
        if !readers.is_empty() {
            self.load_one_by_one(readers);
        }
    }

    /// Those that read `entry`, and those that read them, each after all that it reads.
    pub(crate) fn readers_of(&self, entry: &Entry, readers: &mut Vec<Arc<Entry>>) {
        for reader in self.registry.dependents(entry) {
            readers.retain(|other| !Arc::ptr_eq(other, &reader));
            readers.push(reader.clone());
            self.readers_of(&reader, readers);
        }
    }

    /// Loads them in the background, in this order.
    pub(crate) fn load_one_by_one(&self, entries: Vec<Arc<Entry>>) {
        let (service, permits) = (self.arc(), self.background_loads.clone());
        self.background(async move {
            let Ok(_one) = permits.acquire().await else { return };
            for entry in entries {
                // Why it failed is in the entry and in the log.
                let _ = service.load(&entry, "manual").await;
            }
        });
    }

    /// Puts in force what other nodes stated, whenever the catalog tells that datasets or masks were changed.
    pub(crate) fn watch_policies(self: &Arc<Self>, moved: Arc<Notify>) {
        let service = Arc::downgrade(self);
        self.background(async move {
            loop {
                moved.notified().await;
                let Some(service) = service.upgrade() else { return };
                if let Err(error) = service.take_over_policies().await {
                    tracing::warn!(?error, "policies cannot be read");
                    moved.notify_one();
                    drop(service);
                    tokio::time::sleep(AGAIN).await;
                }
            }
        });
    }

    async fn take_over_policies(&self) -> Result<()> {
        let look = self.moved(Watcher::Policies).await?;
        for some in look.entries.chunks(PAGE) {
            let ids = some.iter().filter_map(|entry| entry.record.get().map(String::as_str));
            let records = self.catalog.list(&List::<Dataset>::all().any_of("id", ids)).await?.items;
            let records: HashMap<&str, &Dataset> = records.iter().map(|record| (record.meta.id.as_str(), record)).collect();
            for entry in some {
                let record = entry.record.get().and_then(|id| records.get(id.as_str())).copied();
                if self.still_stands(entry, record) && record.is_some_and(|record| record.meta.version > entry.stated().version) {
                    self.take_over(entry).await?;
                }
            }
        }
        self.looked(look);
        Ok(())
    }

    async fn take_over(&self, entry: &Arc<Entry>) -> Result<()> {
        let Some(id) = entry.record.get() else { return Ok(()) };
        let Some((dataset, masks)) = self.policy_records(id).await? else { return Ok(()) };
        let columns = entry.stated();
        self.put_in_force(entry, stated(&dataset, &masks, &columns)).await;
        Ok(())
    }
}

/// What the records state; a fault where they state what no policy can be.
pub(crate) fn stated(dataset: &Dataset, masks: &[datahall_catalog::Mask], columns: &Stated) -> Stated {
    let version = dataset.meta.version;
    match Kept::of(dataset, masks) {
        Ok(kept) => kept.stated(columns, version),
        Err(error) => {
            let private = dataset.visibility == datahall_catalog::Visibility::Private;
            Stated { version, private, fault: Some(error.message().to_owned()), ..columns.clone() }
        }
    }
}
