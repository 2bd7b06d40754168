//! Revisions that have had their time: their files and tables go; their records tell how they ended, until there are very many.

use super::contents::Spec;
use super::pipelines::{Made, lake_table};
use super::planned::Planned;
use super::publish::PUBLISHED;
use super::status::Summary;
use crate::{Object, Service, home};
use datahall_catalog::{Actor, AuditEntry, Dataset, Event, List, Package, Revision};
use datahall_core::{Error, Result};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Revisions of a package whose records are kept.
const RECORDS: i64 = 1_000;
/// Records that are read, or deleted in one change.
const AT_ONCE: u64 = 200;

impl Service {
    /// Does so for every package: what was left undone when the server ended.
    pub(super) async fn drop_old_everywhere(&self) -> Result<()> {
        let mut after = String::new();
        loop {
            let some = List::<Package>::all().only("kind", "spec").after_id(&after).page(AT_ONCE, 0);
            let some = self.catalog.list(&some).await?.items;
            let Some(last) = some.last() else { return Ok(()) };
            after.clone_from(&last.meta.id);
            for package in &some {
                if let Err(error) = self.drop_old(&package.meta.id).await {
                    tracing::warn!(?error, package = package.meta.id, "old revisions could not be dropped");
                }
            }
        }
    }

    /// Drops what the package does not need any more. The newest revisions are kept, as many as `[specs] keep_revisions` says, and beside
    /// them those that have not ended, the last that succeeded, and the one whose tables are datasets.
    pub(super) async fn drop_old(&self, package: &str) -> Result<()> {
        let Some(package) = self.catalog.get::<Package>(package).await? else { return Ok(()) };
        let kept = List::<Revision>::all().only("package", &package.meta.id).only("kept", true).order_by_desc("number");
        let kept = self.catalog.list(&kept).await?.items;
        let newest = usize::try_from(self.settings.specs.keep_revisions.max(1)).unwrap_or(usize::MAX);
        if kept.len() > newest {
            let successful = self.latest_successful(&package.meta.id).await?.map(|revision| revision.number);
            let published = package.body.get(PUBLISHED).and_then(Json::as_i64);
            let needed = |revision: &Revision| {
                revision.state.is_none() || Some(revision.number) == successful || Some(revision.number) == published
            };
            for revision in kept.into_iter().skip(newest).filter(|revision| !needed(revision)) {
                self.drop_made(&package, revision).await?;
            }
        }
        self.drop_records(&package).await
    }

    /// Drops what a revision made. What breaks off is begun again: the record says last that nothing is there.
    async fn drop_made(&self, package: &Package, mut revision: Revision) -> Result<()> {
        let place = self.packages.place(&package.meta.id, revision.number)?;
        tokio::task::spawn_blocking(move || place.remove()).await.map_err(Error::internal)??;
        let mut summary = Summary::of(&revision)?;
        for table in self.unused(package, tables(&revision, &summary)).await? {
            self.engine.drop_managed(&table).await?;
        }
        summary.made = Object::new();
        revision.kept = false;
        (revision.spec, revision.descriptor) = (Object::new(), None);
        if let Ok(Json::Object(summary)) = serde_json::to_value(&summary) {
            revision.summary = summary;
        }
        let mut change = self.catalog.change(&Actor::system()).await?;
        change.update(&mut revision).await?;
        let detail = json!({"package": package.meta.id, "number": revision.number});
        change.commit(AuditEntry::about("revision.drop", &revision).organisation(home::ORGANISATION).detail(detail)).await
    }

    /// Those of the tables that no dataset of the project points at.
    async fn unused(&self, package: &Package, mut tables: BTreeSet<String>) -> Result<BTreeSet<String>> {
        let mut after = String::new();
        while !tables.is_empty() {
            let some = List::<Dataset>::all().only("project", &package.project).after_id(&after).page(AT_ONCE, 0);
            let some = self.catalog.list(&some).await?.items;
            let Some(last) = some.last() else { break };
            after.clone_from(&last.meta.id);
            for dataset in &some {
                let points_at = |table: &String| dataset.source.values().any(|value| value.as_str() == Some(table));
                tables.retain(|table| !points_at(table));
            }
        }
        Ok(tables)
    }

    /// Deletes the records of what was dropped long ago.
    async fn drop_records(&self, package: &Package) -> Result<()> {
        let last = List::<Revision>::all().only("package", &package.meta.id).order_by_desc("number").page(1, 0);
        let last = self.catalog.list(&last).await?.items.first().map_or(0, |last| last.number);
        if last <= RECORDS {
            return Ok(());
        }
        let old = List::<Revision>::all().only("package", &package.meta.id).only("kept", false).at_most("number", last - RECORDS);
        let old = self.catalog.list(&old.order_by("number").page(AT_ONCE, 0)).await?.items;
        if old.is_empty() {
            return Ok(());
        }
        let mut change = self.catalog.change(&Actor::system()).await?;
        for revision in &old {
            if let Some(event) = change.find(Event::by_number(&package.meta.id, revision.number)).await? {
                change.delete(&event).await?;
            }
            change.delete(revision).await?;
        }
        let detail = json!({"revisions": old.len()});
        change.commit(AuditEntry::about("revision.prune", package).organisation(home::ORGANISATION).detail(detail)).await
    }
}

/// The managed tables of a revision: those that pipelines told of, and those that one may have begun that was lost.
fn tables(revision: &Revision, summary: &Summary) -> BTreeSet<String> {
    let planned = Spec::parse(&revision.spec).and_then(|spec| Planned::of(spec, revision.descriptor.clone()));
    let planned = planned.map_or(0, |planned| planned.plan.tables.len());
    let begun = (0..planned).map(|at| lake_table(&revision.package, revision.number, at));
    let made = summary.made.values().filter_map(Json::as_object).filter_map(|made| Made::of_result(made).table);
    begun.chain(made.map(|table| table.name)).collect()
}
