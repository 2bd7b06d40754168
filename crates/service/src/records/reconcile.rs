//! The start: what was registered at run time is gone, and the datasets of the configuration file have their records. The
//! file owns source and options; who may see a dataset and what describes it stays as an API set it, unless the file says.

use super::of_block::{Described, NODE, record};
use crate::jobs::schedules::delete_schedules;
use crate::policies::{Kept, Stated, masks_of, masks_of_all, stated, write_masks};
use crate::{DatasetBlock, home};
use datahall_catalog::{Actor, AuditEntry, Catalog, Change, Dataset, List, Marks, Mask, Origin, Visibility};
use datahall_core::{Code, Error, Result};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};

/// Names that are asked about at a time.
const AT_ONCE: usize = 100;

/// What the records say of the datasets of the file, by name in lower case.
pub(crate) struct Reconciled {
    /// What is kept of each.
    pub(crate) records: HashMap<String, OfFile>,
    /// The names, as the file has them, of those that are not served because an API's dataset has the name.
    pub(crate) clashes: Vec<String>,
    /// The ids of records of files and registrations that none of the blocks has, this server's own registrations among them.
    pub(crate) elsewhere: Vec<String>,
    /// The marks of the records of datasets, before any of them was read.
    pub(crate) marks: Marks,
}

/// What the record of a dataset of the file says.
pub(crate) struct OfFile {
    /// Its id.
    pub(crate) id: String,
    /// Who sees what of it.
    pub(crate) stated: Stated,
    /// How often its data has changed so far.
    pub(crate) generation: i64,
}

/// Brings the records in line with `blocks`. `starting`: the server of this id starts, so that it has nothing registered at run
/// time; other servers on the same catalog may.
pub(crate) async fn reconcile(catalog: &Catalog, blocks: &[DatasetBlock], starting: Option<&str>) -> Result<Reconciled> {
    try_often(catalog, blocks, starting, "").await
}

/// Brings the record of one block in line with it; a new one gets that id.
pub(crate) async fn reconcile_as(catalog: &Catalog, block: &DatasetBlock, id: &str) -> Result<Reconciled> {
    try_often(catalog, std::slice::from_ref(block), None, id).await
}

async fn try_often(catalog: &Catalog, blocks: &[DatasetBlock], starting: Option<&str>, id: &str) -> Result<Reconciled> {
    for _ in 1..home::TRIES {
        match attempt(catalog, blocks, starting, id).await {
            Err(error) if error.code() == Code::Conflict => {}
            outcome => return outcome,
        }
    }
    attempt(catalog, blocks, starting, id).await
}

/// `id`: of a new record; empty: the catalog's choice.
async fn attempt(catalog: &Catalog, blocks: &[DatasetBlock], starting: Option<&str>, id: &str) -> Result<Reconciled> {
    let mut change = catalog.change(&Actor::system()).await?;
    let marks = if starting.is_some() { change.marks::<Dataset>().await? } else { Marks::default() };
    // Those made through APIs may be many, and only those whose name the file has matter here.
    let of_file = List::<Dataset>::all().only("project", home::PROJECT).any_of("origin", ["file", "runtime"]);
    let all = change.list(&of_file).await?.items;
    let mut known: HashMap<String, Dataset> = HashMap::with_capacity(all.len());
    let mut changed = 0;
    for dataset in all {
        let of_this = starting.is_some_and(|node| dataset.options.get(NODE).and_then(Json::as_str) == Some(node));
        if dataset.origin == Origin::Runtime && of_this {
            delete_schedules(&mut change, &dataset.meta.id).await?;
            change.delete(&dataset).await?;
            change.audit(AuditEntry::deleted("dataset.purge", &dataset)?);
            changed += 1;
        } else {
            known.insert(dataset.name.to_lowercase(), dataset);
        }
    }
    let ids: Vec<&str> = known.values().map(|dataset| dataset.meta.id.as_str()).collect();
    let mut masks = masks_of_all(&mut change, &ids).await?;
    let mut done =
        Reconciled { records: HashMap::with_capacity(blocks.len()), clashes: Vec::new(), elsewhere: Vec::new(), marks };
    let taken = taken(&mut change, blocks, &known).await?;
    let mut fresh = Vec::new();
    for block in blocks {
        let key = block.name.to_lowercase();
        let there = match known.remove(&key) {
            Some(there) if there.origin == Origin::File => there,
            Some(other) => {
                done.elsewhere.push(other.meta.id);
                done.clashes.push(block.name.clone());
                continue;
            }
            None if taken.contains(&key) => {
                done.clashes.push(block.name.clone());
                continue;
            }
            None => {
                fresh.push(block);
                continue;
            }
        };
        let before = masks.remove(&there.meta.id).unwrap_or_default();
        let (dataset, moved) = updated(&mut change, there, block, &before).await?;
        let masks = if moved { masks_of(&mut change, &dataset.meta.id).await? } else { before };
        changed += usize::from(moved);
        done.records.insert(key, OfFile::of(&dataset, &masks, block));
    }
    changed += fresh.len();
    inserted(&mut change, &fresh, id, &mut done).await?;
    done.elsewhere.extend(known.into_values().map(|dataset| dataset.meta.id));
    if changed > 0 {
        let detail = serde_json::json!({"datasets": blocks.len(), "changed": changed, "clashes": done.clashes.len()});
        change.commit(AuditEntry::new("config.reconcile").detail(detail)).await?;
    }
    Ok(done)
}

impl OfFile {
    fn of(dataset: &Dataset, masks: &[Mask], block: &DatasetBlock) -> Self {
        let stated = stated(dataset, masks, &block.stated());
        Self { id: dataset.meta.id.clone(), stated, generation: dataset.generation }
    }
}

/// The names in lower case of those blocks that are not of `known` and that a dataset made through an API has.
///
/// # Errors
/// `Conflict` when another server has made a record for one of them since `known` was read.
async fn taken(change: &mut Change, blocks: &[DatasetBlock], known: &HashMap<String, Dataset>) -> Result<HashSet<String>> {
    let names: Vec<String> =
        blocks.iter().map(|block| block.name.to_lowercase()).filter(|name| !known.contains_key(name)).collect();
    let mut taken = HashSet::new();
    for some in names.chunks(AT_ONCE) {
        let list = List::<Dataset>::all().only("project", home::PROJECT).any_of("name", some);
        for dataset in change.list(&list).await?.items {
            if dataset.origin != Origin::Api {
                return Err(Error::new(Code::Conflict, format!("dataset '{}' was recorded at the same time", dataset.name)));
            }
            taken.insert(dataset.name.to_lowercase());
        }
    }
    Ok(taken)
}

/// Makes the records of blocks that have none.
async fn inserted(change: &mut Change, blocks: &[&DatasetBlock], id: &str, done: &mut Reconciled) -> Result<()> {
    let mut policies = Vec::with_capacity(blocks.len());
    let mut datasets = Vec::with_capacity(blocks.len());
    for block in blocks {
        let mut dataset = record(block, Origin::File)?;
        dataset.meta.id = id.to_owned();
        let policy = Kept { public: dataset.visibility == Visibility::Public, ..Kept::default() }.under_file(block);
        policy.put_into(&mut dataset);
        policies.push(policy);
        datasets.push(dataset);
    }
    change.insert_all(&mut datasets).await?;
    for ((dataset, policy), block) in datasets.iter().zip(policies).zip(blocks) {
        change.audit(AuditEntry::created("dataset.create", dataset)?);
        let masked = write_masks(change, &dataset.meta.id, &[], &policy.masks).await?;
        let masks = if masked { masks_of(change, &dataset.meta.id).await? } else { Vec::new() };
        done.records.insert(block.name.to_lowercase(), OfFile::of(dataset, &masks, block));
    }
    Ok(())
}

/// The record as it is now, and whether it had to be changed.
async fn updated(change: &mut Change, there: Dataset, block: &DatasetBlock, masks: &[Mask]) -> Result<(Dataset, bool)> {
    let Described { source, options } = Described::of(block)?;
    let mut dataset = Dataset { name: block.name.clone(), source, options, ..there.clone() };
    if let Some(description) = &block.description {
        dataset.metadata.insert("description".into(), description.as_str().into());
    }
    // Masks that say what no policy can be are left for somebody to look at: nothing is served under them.
    let mut masks_changed = false;
    if let Ok(before) = Kept::of(&there, masks) {
        let policy = before.under_file(block);
        policy.put_into(&mut dataset);
        masks_changed = write_masks(change, &there.meta.id, masks, &policy.masks).await?;
    }
    if dataset == there && !masks_changed {
        return Ok((dataset, false));
    }
    change.update(&mut dataset).await?;
    change.audit(AuditEntry::updated("dataset.update", &there, &dataset)?);
    Ok((dataset, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, admin, block};
    use datahall_catalog::{AuditQuery, Object};
    use serde_json::json;

    fn csv(name: &str, location: &str) -> DatasetBlock {
        block(&json!({"name": name, "source": {"kind": "csv", "location": location}}).to_string())
    }

    async fn find(catalog: &Catalog, name: &str) -> Option<Dataset> {
        catalog.find(Dataset::by_name(home::PROJECT, name)).await.unwrap()
    }

    async fn set(catalog: &Catalog, name: &str, change_it: impl FnOnce(&mut Dataset)) {
        let mut change = catalog.change(&Actor::named("ann")).await.unwrap();
        let mut dataset = change.find(Dataset::by_name(home::PROJECT, name)).await.unwrap().unwrap();
        change_it(&mut dataset);
        change.update(&mut dataset).await.unwrap();
        change.commit(AuditEntry::new("test")).await.unwrap();
    }

    #[tokio::test]
    async fn the_file_owns_the_source_and_an_api_what_the_file_does_not_say() {
        let fixture = Fixture::new().await;
        let catalog = &fixture.service.catalog;
        reconcile(catalog, &[csv("Sales", "a.csv")], None).await.unwrap();
        let id = find(catalog, "sales").await.unwrap().meta.id;
        set(catalog, "sales", |dataset| {
            dataset.visibility = Visibility::Private;
            dataset.policy = Object::from_iter([("row_filter".into(), json!("x = 1"))]);
        })
        .await;
        let again = reconcile(catalog, &[csv("sales", "b.csv")], None).await.unwrap();
        assert_eq!((&again.records["sales"].id, again.records["sales"].stated.private), (&id, true));
        let kept = find(catalog, "sales").await.unwrap();
        assert_eq!((kept.meta.id, kept.name.as_str(), &kept.source["location"]), (id, "sales", &json!("b.csv")));
        assert_eq!(kept.policy["row_filter"], "x = 1");
        let mut stated = csv("sales", "b.csv");
        stated.visibility = Some(crate::config::Visibility::Public);
        assert!(!reconcile(catalog, &[stated], None).await.unwrap().records["sales"].stated.private);
    }

    #[tokio::test]
    async fn what_another_server_records_meanwhile_is_no_clash_but_another_try() {
        let fixture = Fixture::new().await;
        let catalog = &fixture.service.catalog;
        let blocks = [csv("a", "x")];
        reconcile(catalog, &blocks, None).await.unwrap();
        let mut change = catalog.change(&Actor::system()).await.unwrap();
        // As if it had been read before the other one's commit.
        let seen = taken(&mut change, &blocks, &HashMap::new()).await;
        assert_eq!(seen.unwrap_err().code(), Code::Conflict);
        drop(change);
        set(catalog, "a", |dataset| dataset.origin = Origin::Api).await;
        assert_eq!(reconcile(catalog, &blocks, None).await.unwrap().clashes, ["a"]);
    }

    #[tokio::test]
    async fn nothing_is_written_when_nothing_changed() {
        let fixture = Fixture::new().await;
        let catalog = &fixture.service.catalog;
        reconcile(catalog, &[csv("a", "x")], None).await.unwrap();
        let entries = catalog.audit(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap().total;
        reconcile(catalog, &[csv("a", "x")], None).await.unwrap();
        assert_eq!(catalog.audit(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap().total, entries);
    }

    #[tokio::test]
    async fn what_was_registered_at_run_time_goes_with_the_next_start_and_a_taken_name_is_reported() {
        let fixture = Fixture::new().await;
        fixture.register("gone").await;
        let catalog = &fixture.service.catalog;
        assert_eq!(find(catalog, "gone").await.unwrap().origin, Origin::Runtime);
        let clash = reconcile(catalog, &[csv("GONE", "x")], Some("another")).await.unwrap();
        assert_eq!(clash.clashes, ["GONE"]);
        let fresh = reconcile(catalog, &[csv("GONE", "x")], Some(&fixture.service.node)).await.unwrap();
        assert!(fresh.clashes.is_empty());
        assert_eq!(find(catalog, "gone").await.unwrap().origin, Origin::File);
    }

    #[tokio::test]
    async fn registering_and_unregistering_are_in_the_audit_log_without_credentials() {
        let fixture = Fixture::new().await;
        let body = json!({
            "name": "s", "source": {"kind": "csv", "location": "ok"},
            "s3": {"region": "r", "access_key_id": "AKIA", "secret_access_key": "hunter2"}
        });
        fixture.register_block(block(&body.to_string())).await.unwrap();
        let catalog = &fixture.service.catalog;
        assert!(find(catalog, "s").await.is_some());
        fixture.service.unregister(&admin(), "s").await.unwrap();
        assert!(find(catalog, "s").await.is_none());
        let log =
            catalog.audit(&AuditQuery { principal: Some("admin".into()), limit: 10, ..AuditQuery::default() }).await.unwrap();
        let actions: Vec<_> = log.items.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["dataset.unregister", "dataset.register"]);
        assert!(!format!("{log:?}").contains("hunter2") && !format!("{log:?}").contains("AKIA"));
    }
}
