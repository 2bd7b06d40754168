//! Making a revision the one whose tables are datasets: all of them in one transaction, and never after a newer one.

use super::contents::Findability;
use super::descriptor::{clean, digits};
use super::pipelines::{MadeTable, Making};
use super::plan::Table;
use super::storage::{self, Room};
use crate::policies::{Kept, Stated, masks_of, stated};
use crate::shelf::columns_to_json;
use crate::{DatasetKind, DetailsChange, NewDataset, Object, Service, StoredSource, TextsChange, home};
use arrow::datatypes::SchemaRef;
use datahall_catalog::{AuditEntry, Change, Dataset, List, Package, Project, Resource, Schedule, Visibility};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::dataset::{DatasetSpec, ReadOptions, Source};
use datahall_core::engine::Access;
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// In a package's body: the number of the revision whose tables are the datasets.
pub(super) const PUBLISHED: &str = "published";
/// In a package's body: the ids of its datasets, by the names of the tables.
pub(super) const TABLES: &str = "tables";
/// In a dataset's provenance: the id of the package that it is of.
pub(super) const PACKAGE: &str = "package";
/// In a dataset's provenance: what the spec said of who may see it.
pub(super) const FINDABILITY: &str = "findability";
/// In a dataset's provenance: title and description as the package had them, and what it said of columns.
const TEXTS: &str = "texts";
const COLUMNS: &str = "columns";
/// The longest title and description that datasets have.
const LONGEST: [(&str, usize); 2] = [("friendly_name", 200), ("description", 10_000)];

/// A table that was written for this revision.
pub(super) struct NewTable<'a> {
    pub(super) table: &'a Table,
    pub(super) written: MadeTable,
}

/// The same, with what is to be known of it.
struct Ready<'a> {
    table: &'a Table,
    written: MadeTable,
    /// What the dataset is called.
    name: String,
    /// The columns as the lake keeps them.
    schema: SchemaRef,
}

/// What was changed, to be seen at once on this node.
enum Seen {
    Is(Box<Dataset>),
    Gone(String),
}

/// What the dataset of a package's table is called.
pub(super) fn dataset_name(package: &str, table: &str) -> String {
    let plain = |text: &str| {
        let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        clean(text).chars().map(fit).collect::<String>()
    };
    // A package may be called by nothing but dots and dashes.
    let package = Some(plain(package)).filter(|name| !name.is_empty()).unwrap_or_else(|| format!("x{}", digits(package)));
    format!("{package}__{}", plain(table))
}

impl Making<'_> {
    /// Makes the tables of this revision the package's datasets, unless those of a newer one are. Who sees what of a dataset that is there
    /// stays as it is. `bytes`: of all files of the revision.
    ///
    /// # Errors
    /// `Forbidden` for whoever may not make or publish datasets in the project (any more); `Conflict` when a name is somebody else's;
    /// `Invalid` when what is kept from callers of a dataset cannot be kept from them in the new columns, and when the owner's plan has no room for so many bytes. Nothing was changed
    /// then.
    pub(super) async fn publish(&self, tables: Vec<NewTable<'_>>, bytes: u64) -> Result<()> {
        let service = self.job.service();
        let project = service.catalog.get::<Project>(self.project).await?;
        let project = project.ok_or_else(|| Error::not_found("the project of the package is gone"))?;
        self.require(&project, Privilege::WriteConf, "making datasets")?;
        self.require(&project, Privilege::WriteData, "writing datasets")?;
        let mut ready = Vec::with_capacity(tables.len());
        for NewTable { table, written } in tables {
            let name = dataset_name(&self.spec.dataset, &table.name);
            let schema = service.columns_kept(&written).await?;
            ready.push(Ready { table, written, name, schema });
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.publish_once(&project, &ready, bytes).await {
                // Another changed one of them at the same moment.
                Err(error) if error.code() == Code::Conflict && error.reason() != Some(TAKEN) && tries < home::TRIES => {}
                Err(error) => return Err(error),
                Ok(seen) => {
                    service.see(seen);
                    return Ok(());
                }
            }
        }
    }

    fn require(&self, project: &Project, privilege: Privilege, doing: &str) -> Result<()> {
        let scope = Scope { organisation: Some(&project.organisation), project: Some(&project.meta.id), dataset: None };
        match decide(&self.job.ctx().principal.grants, privilege, &scope, false) {
            Verdict::Allowed => Ok(()),
            _ => Err(Error::forbidden(format!("forbidden: {doing} needs {} on the project", privilege.name()))),
        }
    }

    async fn publish_once(&self, project: &Project, tables: &[Ready<'_>], bytes: u64) -> Result<Vec<Seen>> {
        let service = self.job.service();
        let mut change = service.catalog.change(&self.job.ctx().actor()).await?;
        let gone = || Error::not_found("the package is gone");
        let before = change.get::<Package>(self.package).await?.ok_or_else(gone)?;
        let published = before.body.get(PUBLISHED).and_then(Json::as_i64).unwrap_or_default();
        if published > self.number {
            self.job.info(format!("revision {published} is newer: its tables stay the datasets"));
            return Ok(Vec::new());
        }
        if let Some(room) = Room::of(self.job.ctx(), &self.spec.owner, self.spec.findability) {
            let all = change.list(&storage::packages(&project.meta.id)).await?.items;
            room.check(&all, self.package, bytes)?;
        }
        let mut seen = Vec::new();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for ready in tables {
            let known = before.body.get(TABLES).and_then(|tables| tables.get(&ready.table.name)).and_then(Json::as_str);
            let there = self.dataset_of(&mut change, project, ready, known).await?;
            let dataset = self.publish_table(&mut change, project, ready, there, &mut seen).await?;
            ids.insert(ready.table.name.clone(), dataset);
        }
        self.retire(&mut change, project, &before, &mut ids, &mut seen).await?;
        let mut package = before.clone();
        package.body.insert(PUBLISHED.to_owned(), self.number.into());
        package.body.insert(TABLES.to_owned(), json!(ids));
        storage::note(&mut package.body, self.spec.findability, bytes);
        if package == before && seen.is_empty() {
            return Ok(seen);
        }
        change.update(&mut package).await?;
        // The spec stands in the record, which is no part of this: it is long, and may name places with the keys to them.
        let detail = json!({
            "revision": self.number, "flow": self.flow(), "before": published, "datasets": ids,
            "findability": self.spec.findability.name(),
        });
        let entry = AuditEntry::about("package.publish", &package).detail(detail);
        change.commit(entry.organisation(project.organisation.as_str())).await?;
        self.job.info(format!("{} tables are datasets of project '{}'", tables.len(), project.key));
        Ok(seen)
    }

    /// The dataset of a table: the one that it had, whatever that is called by now, for what is kept of it is kept on; else the one of its
    /// name.
    async fn dataset_of(
        &self,
        change: &mut Change,
        project: &Project,
        ready: &Ready<'_>,
        known: Option<&str>,
    ) -> Result<Option<Dataset>> {
        let ours = |dataset: &Dataset| {
            dataset.project == project.meta.id && dataset.provenance.get(PACKAGE).and_then(Json::as_str) == Some(self.package)
        };
        if let Some(id) = known
            && let Some(there) = change.get::<Dataset>(id).await?.filter(ours)
        {
            return Ok(Some(there));
        }
        change.find(Dataset::by_name(&project.meta.id, &ready.name)).await
    }

    /// Makes one of them the rows of its dataset; gives the id of that.
    async fn publish_table(
        &self,
        change: &mut Change,
        project: &Project,
        ready: &Ready<'_>,
        there: Option<Dataset>,
        seen: &mut Vec<Seen>,
    ) -> Result<String> {
        let Some(before) = there else {
            let mut record = self.new_dataset(project, ready)?;
            change.insert(&mut record).await?;
            change.audit(AuditEntry::created("dataset.create", &record)?.organisation(project.organisation.as_str()));
            let id = record.meta.id.clone();
            seen.push(Seen::Is(Box::new(record)));
            return Ok(id);
        };
        if before.provenance.get(PACKAGE).and_then(Json::as_str) != Some(self.package) {
            let why = format!(
                "table '{}': the name '{}' is taken by a dataset that is not of this package",
                ready.table.name, ready.name
            );
            return Err(Error::new(Code::Conflict, why).because(TAKEN));
        }
        let mut record = before.clone();
        record.source = source(&ready.written);
        if record.source == before.source {
            // Done before, by a worker that was lost then.
            return Ok(before.meta.id);
        }
        let masks = masks_of(change, &before.meta.id).await?;
        let service = self.job.service();
        let fits = stated(&before, &masks, &Stated::default()).check(&*service.engine, &ready.schema);
        fits.map_err(|error| error.context(format!("table '{}': what is kept from callers of its dataset", ready.table.name)))?;
        self.renew(project, &mut record, &Kept::of(&before, &masks)?, ready)?;
        change.update(&mut record).await?;
        let entry = AuditEntry::updated("dataset.replace", &before, &record)?.detail(json!({"generation": record.generation}));
        change.audit(entry.organisation(project.organisation.as_str()));
        let id = record.meta.id.clone();
        seen.push(Seen::Is(Box::new(record)));
        Ok(id)
    }

    fn new_dataset(&self, project: &Project, ready: &Ready<'_>) -> Result<Dataset> {
        let public = self.spec.findability == Findability::Published;
        if public {
            self.require(project, Privilege::WritePolicy, "publishing")?;
        }
        let source = StoredSource::Managed { table: ready.written.name.clone(), version: None };
        let new = NewDataset {
            row_count: Some(ready.written.rows),
            provenance: self.provenance(ready),
            ..NewDataset::new(ready.name.clone(), DatasetKind::Lakehouse, source, ready.schema.clone())
        };
        let mut record = self.job.service().record_of(self.job.ctx(), &new)?;
        record.project = project.meta.id.clone();
        record.visibility = if public { Visibility::Public } else { Visibility::Private };
        self.texts(ready).put_into(&mut record)?;
        describe_columns(&mut record, &Json::Null, ready)?;
        Ok(record)
    }

    /// The dataset with the rows of this revision.
    fn renew(&self, project: &Project, record: &mut Dataset, kept: &Kept, ready: &Ready<'_>) -> Result<()> {
        record.generation += 1;
        record.schema = Some(columns_to_json(&ready.schema));
        record.row_count = i64::try_from(ready.written.rows).ok();
        // What somebody said of who may see it since then holds, until the spec says otherwise.
        let was = record.provenance.get(FINDABILITY).and_then(Json::as_str);
        if was != Some(self.spec.findability.name()) {
            let public = self.spec.findability == Findability::Published;
            if public && !kept.public {
                self.require(project, Privilege::WritePolicy, "publishing")?;
            }
            record.visibility = if public { Visibility::Public } else { Visibility::Private };
        }
        // So do texts that somebody wrote in the place of the package's.
        let ours = record.provenance.get(TEXTS).cloned().unwrap_or_default();
        let as_it_was = |name: &str| record.metadata.get(name) == ours.get(name);
        let mut texts = self.texts(ready);
        texts.friendly_name = texts.friendly_name.filter(|_| as_it_was("friendly_name"));
        texts.description = texts.description.filter(|_| as_it_was("description"));
        record.provenance.extend(self.provenance(ready));
        texts.put_into(record)?;
        describe_columns(record, &ours, ready)
    }

    fn provenance(&self, ready: &Ready<'_>) -> Object {
        let texts = self.texts(ready);
        let of = [("friendly_name", texts.friendly_name.flatten()), ("description", texts.description.flatten())];
        let mut texts: Object = of.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))).collect();
        texts.insert(COLUMNS.to_owned(), json!(column_texts(ready)));
        let provenance = [
            (PACKAGE, json!(self.package)),
            ("flow", json!(self.flow())),
            ("revision", json!(self.number)),
            ("table", json!(ready.table.name)),
            (FINDABILITY, json!(self.spec.findability.name())),
            (TEXTS, texts.into()),
        ];
        provenance.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What the package says of the resource that the table is made of.
    fn texts(&self, ready: &Ready<'_>) -> DetailsChange {
        let resource = self.plan.resources.get(ready.table.resource);
        let text = |of: usize, property: &str| {
            let text = resource?.descriptor.get(property)?.as_str()?.trim();
            Some(shortened(text, LONGEST[of].1)).filter(|text| !text.is_empty())
        };
        DetailsChange {
            friendly_name: Some(text(0, "title")),
            description: Some(text(1, "description")),
            ..DetailsChange::default()
        }
    }

    /// Deletes the datasets of tables that the package has no more; tables that are made elsewhere keep theirs.
    async fn retire(
        &self,
        change: &mut Change,
        project: &Project,
        before: &Package,
        ids: &mut BTreeMap<String, String>,
        seen: &mut Vec<Seen>,
    ) -> Result<()> {
        let old = before.body.get(TABLES).and_then(Json::as_object).cloned().unwrap_or_default();
        for (table, id) in old {
            let Some(id) = id.as_str().filter(|_| !ids.contains_key(&table)) else { continue };
            if self.plan.tables.iter().any(|planned| planned.name == table) {
                ids.insert(table, id.to_owned());
                continue;
            }
            let Some(record) = change.get::<Dataset>(id).await? else { continue };
            // Under another name of the package it may be there again.
            let ours = record.provenance.get(PACKAGE).and_then(Json::as_str) == Some(self.package);
            if !ours || ids.values().any(|other| other == id) {
                continue;
            }
            if !change.list(&List::<Resource>::all().only("dataset", id).page(1, 0)).await?.items.is_empty() {
                self.job.warn(format!("dataset '{}' stays as it is, for it is part of a publication", record.name));
                ids.insert(table, id.to_owned());
                continue;
            }
            for schedule in change.list(&List::<Schedule>::all().only("object", id)).await?.items {
                change.delete(&schedule).await?;
                change.audit(AuditEntry::deleted("schedule.delete", &schedule)?.organisation(project.organisation.as_str()));
            }
            change.delete(&record).await?;
            change.audit(AuditEntry::deleted("dataset.delete", &record)?.organisation(project.organisation.as_str()));
            seen.push(Seen::Gone(record.meta.id));
        }
        Ok(())
    }
}

/// What the schema says of columns that are there.
fn column_texts(ready: &Ready<'_>) -> BTreeMap<String, String> {
    let fields = ready.table.schema.as_ref().and_then(|schema| schema.get("fields")?.as_array()).into_iter().flatten();
    let said = fields.filter_map(|field| {
        let text = |property: &str| field.get(property).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
        let name = text("name").filter(|name| ready.schema.field_with_name(name).is_ok())?;
        Some((name.to_owned(), shortened(text("description").or(text("title"))?, LONGEST[1].1)))
    });
    said.collect()
}

/// Says the same of the dataset's columns, but where somebody says something else than the package did, which was `ours`.
fn describe_columns(record: &mut Dataset, ours: &Json, ready: &Ready<'_>) -> Result<()> {
    let said = record.settings.get("column_descriptions").and_then(Json::as_object).cloned().unwrap_or_default();
    let is_free = |name: &String| {
        let is = said.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, text)| text);
        is.is_none() || is == ours.get(COLUMNS).and_then(|columns| columns.get(name))
    };
    let texts: BTreeMap<_, _> =
        column_texts(ready).into_iter().filter(|(name, _)| is_free(name)).map(|(name, text)| (name, Some(text))).collect();
    if texts.is_empty() {
        return Ok(());
    }
    DetailsChange { column_descriptions: Some(TextsChange::Merge(texts)), ..DetailsChange::default() }.put_into(record)
}

/// As much of a text as datasets have.
fn shortened(text: &str, longest: usize) -> String {
    text.replace('\0', "").chars().take(longest).collect()
}

/// The reason of an error: the name is another's, and will be at the next try.
const TAKEN: &str = "name_taken";

fn source(written: &MadeTable) -> Object {
    StoredSource::Managed { table: written.name.clone(), version: None }.to_object()
}

impl Service {
    /// The columns of a table as it keeps them: it has fewer types than files have.
    async fn columns_kept(&self, written: &MadeTable) -> Result<SchemaRef> {
        let spec = DatasetSpec {
            name: written.name.clone(),
            description: None,
            source: Source::Managed { table: written.name.clone(), version: Some(written.version) },
            options: ReadOptions { lazy: true, ..ReadOptions::default() },
        };
        Ok(self.engine.open(&spec, &Access::default()).await?.info().schema.clone())
    }

    /// This node reads the new rows from now on; who reads the old ones finishes on them.
    fn see(&self, seen: Vec<Seen>) {
        for one in seen {
            match one {
                Seen::Is(record) => {
                    let entry = self.registry.by_record(&record.meta.id);
                    entry.map(|entry| self.still_stands(&entry, Some(&record)));
                }
                Seen::Gone(id) => {
                    let entry = self.registry.by_record(&id);
                    entry.map(|entry| self.still_stands(&entry, None));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::dataset_name;

    #[test]
    fn names_are_letters_digits_and_underscores() {
        for (package, table, name) in [
            ("finance-vix", "vix-daily", "finance_vix__vix_daily"),
            ("My.Set", "a.b-c_d", "my_set__a_b_c_d"),
            // The first digits of `printf %s NAME | sha256sum`.
            ("Zoë@home", "x", "zo__home_65b8584f__x"),
            ("данные", "xe85da55f", "x9d8cf70d__xe85da55f"),
            ("--", "x", "xd8156bae__x"),
        ] {
            assert_eq!(dataset_name(package, table), name);
        }
    }
}
