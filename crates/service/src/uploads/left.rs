//! Tables that an earlier run of the server wrote for uploads and made no datasets of, because it was ended in between.

use super::desk::Place;
use crate::Service;
use datahall_catalog::{Catalog, Dataset, List};
use datahall_core::Result;
use std::collections::HashSet;
use std::path::Path;

/// The file in an upload's folder that names its table.
const TABLE: &str = "table";
/// Records looked at at once.
const PAGE: u64 = 500;

impl Place {
    /// Writes down which table is being written, until this is gone.
    pub(super) fn note(&self, table: &str) -> Result<()> {
        std::fs::write(self.path().join(TABLE), table).map_err(super::received::failed)
    }
}

/// The tables noted below `folder`, where uploads are received.
pub(crate) fn noted(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join(TABLE)).ok()).collect()
}

impl Service {
    /// Drops those of `tables` that no dataset is made of.
    pub(crate) async fn drop_left(&self, tables: Vec<String>) {
        let mut left: HashSet<String> = tables.into_iter().collect();
        if left.is_empty() {
            return;
        }
        match used(&self.catalog, &left).await {
            Ok(used) => left.retain(|table| !used.contains(table)),
            Err(error) => {
                tracing::error!(?error, "tables of uploads that an earlier run did not finish stay: the catalog does not answer");
                return;
            }
        }
        for table in left {
            tracing::info!(table, "a table of an upload that an earlier run did not finish is deleted");
            super::create::drop_table(&*self.engine, &table).await;
        }
    }
}

/// Those of `tables` that datasets are made of.
async fn used(catalog: &Catalog, tables: &HashSet<String>) -> Result<HashSet<String>> {
    let (mut used, mut after) = (HashSet::new(), String::new());
    loop {
        let page = catalog.list(&List::<Dataset>::all().after_id(&after).page(PAGE, 0)).await?.items;
        let Some(last) = page.last() else { return Ok(used) };
        after.clone_from(&last.meta.id);
        let of = page.iter().filter_map(|dataset| dataset.source.get("table")?.as_str().map(str::to_owned));
        used.extend(of.filter(|table| tables.contains(table)));
    }
}
