//! What a record says of where rows are and how they are read, and the entry that is made of it.

use super::{StoredSource, options};
use crate::home::Home;
use crate::policies::{Stated, stated};
use crate::registry::{Entry, Origin};
use datahall_catalog::{Dataset, Mask};
use datahall_core::Result;
use datahall_core::clock::Random;
use datahall_core::dataset::ReadOptions;
use serde_json::Value as Json;
use std::sync::atomic::Ordering;

/// What a record says of where rows are and how they are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OfRecord {
    pub(crate) source: StoredSource,
    pub(crate) options: ReadOptions,
    pub(crate) description: Option<String>,
    /// The managed table that holds the rows of an outside system, where they are kept in one.
    pub(crate) cache: Option<String>,
}

impl OfRecord {
    /// What the record says.
    ///
    /// # Errors
    /// `Internal` for a record that says no source.
    pub(crate) fn of(dataset: &Dataset) -> Result<Self> {
        Ok(Self {
            source: StoredSource::of_object(&dataset.source)?,
            options: options::of_object(&dataset.options),
            description: dataset.metadata.get("description").and_then(Json::as_str).map(str::to_owned),
            cache: dataset.cache.clone(),
        })
    }

    /// Whether rows come from elsewhere than those of `other`, or otherwise.
    pub(crate) fn reads_otherwise(&self, other: &Self) -> bool {
        (&self.source, &self.options, &self.cache) != (&other.source, &other.options, &other.cache)
    }
}

/// The entry of a record and its masks.
///
/// # Errors
/// As [`OfRecord::of`].
pub(super) fn entry(home: &Home, dataset: &Dataset, masks: &[Mask], random: &dyn Random) -> Result<Entry> {
    let origin = Origin::Record(Box::new(OfRecord::of(dataset)?));
    let stated = stated(dataset, masks, &Stated::default());
    let entry = Entry::new(home.clone(), dataset.name.clone(), origin, stated.clone(), random);
    entry.recorded(dataset.meta.id.clone(), stated);
    entry.seen.store(dataset.generation, Ordering::Release);
    Ok(entry)
}
