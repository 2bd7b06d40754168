//! Changes: whole or not at all, never over another's, always in the audit log.

use crate::support::{Site, actor, change, entry, insert, on_both, organisation, project};
use datahall_catalog::*;
use datahall_core::Code;

on_both!(
    of_two_writers_one_is_told,
    what_is_dropped_has_not_happened,
    a_change_is_over_after_a_failed_statement,
    many_writers_at_once_lose_nothing,
    counting_up_at_once_loses_nothing,
    epochs_grow_with_the_change_and_only_then,
    bookkeeping_is_no_change,
    moments_and_authors_are_noted,
);

async fn of_two_writers_one_is_told(site: Site) {
    let catalog = site.open().await;
    let first = organisation(&catalog, "acme").await;
    let (mut one, mut other) = (first.clone(), first.clone());
    one.title = "One".into();
    other.title = "Other".into();
    let mut change_one = change(&catalog).await;
    change_one.update(&mut one).await.unwrap();
    change_one.commit(entry()).await.unwrap();
    let mut change_other = change(&catalog).await;
    let error = change_other.update(&mut other).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(other.meta, first.meta);
    drop(change_other);
    assert_eq!(change(&catalog).await.delete(&other).await.unwrap_err().code(), Code::Conflict);
    assert_eq!(catalog.get::<Organisation>(&first.meta.id).await.unwrap().unwrap().title, "One");
    let mut missing = Organisation { meta: Meta { id: "none".into(), version: 1, ..Meta::default() }, ..Default::default() };
    assert_eq!(change(&catalog).await.update(&mut missing).await.unwrap_err().code(), Code::NotFound);
}

async fn what_is_dropped_has_not_happened(site: Site) {
    let catalog = site.open().await;
    let there = organisation(&catalog, "acme").await;
    let epochs = catalog.epochs().await.unwrap();
    let mut dropped = change(&catalog).await;
    let mut new = Organisation { key: "new".into(), ..Default::default() };
    dropped.insert(&mut new).await.unwrap();
    dropped.audit(AuditEntry::created("never", &new).unwrap());
    let mut updated = there.clone();
    updated.title = "changed".into();
    dropped.update(&mut updated).await.unwrap();
    drop(dropped);
    assert_eq!(catalog.list(&List::<Organisation>::all()).await.unwrap().items, [there]);
    assert_eq!(catalog.epochs().await.unwrap(), epochs);
    let query = AuditQuery { action: Some("never".into()), limit: 9, ..Default::default() };
    assert_eq!(catalog.audit(&query).await.unwrap().total, Some(0));
    // The same name is free, on whichever connection comes next.
    for key in ["new", "newer", "newest"] {
        organisation(&catalog, key).await;
    }
}

async fn a_change_is_over_after_a_failed_statement(site: Site) {
    let catalog = site.open().await;
    organisation(&catalog, "acme").await;
    let mut failed = change(&catalog).await;
    failed.insert(&mut Organisation { key: "kept?".into(), ..Default::default() }).await.unwrap();
    let mut taken = Organisation { key: "ACME".into(), ..Default::default() };
    assert_eq!(failed.insert(&mut taken).await.unwrap_err().code(), Code::Conflict);
    assert_eq!(failed.get::<Organisation>("x").await.unwrap_err().code(), Code::Internal);
    assert_eq!(failed.commit(entry()).await.unwrap_err().code(), Code::Internal);
    assert!(catalog.find(Organisation::by_key("kept?")).await.unwrap().is_none());
}

async fn many_writers_at_once_lose_nothing(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await.meta.id;
    let writers = (0..8).map(|writer| {
        let (catalog, project) = (catalog.clone(), project.clone());
        tokio::spawn(async move {
            for number in 0..50 {
                let name = format!("w{writer}_{number}");
                insert(&catalog, &mut Dataset { project: project.clone(), name, ..Default::default() }).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let page = catalog.list(&List::<Dataset>::all().page(1, 0).with_total()).await.unwrap();
    assert_eq!(page.total, Some(400));
    assert_eq!(catalog.epochs().await.unwrap()["datasets"], 400);
    let query = AuditQuery { action: Some("dataset.create".into()), limit: 1, ..Default::default() };
    assert_eq!(catalog.audit(&query).await.unwrap().total, Some(400));
    assert_eq!(catalog.check().await.unwrap().problems, Vec::<String>::new());
}

async fn counting_up_at_once_loses_nothing(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await.meta.id;
    let mut dataset = Dataset { project, name: "a".into(), ..Default::default() };
    insert(&catalog, &mut dataset).await;
    let writers = (0..8).map(|_| {
        let (catalog, id) = (catalog.clone(), dataset.meta.id.clone());
        tokio::spawn(async move {
            for _ in 0..10 {
                // Read within the change, it is kept from others until the change ends: nobody has to try again.
                let mut change = change(&catalog).await;
                let mut there: Dataset = change.get(&id).await.unwrap().unwrap();
                there.generation += 1;
                change.update(&mut there).await.unwrap();
                change.commit(entry()).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let there: Dataset = catalog.get(&dataset.meta.id).await.unwrap().unwrap();
    assert_eq!((there.generation, there.meta.version), (80, 81));
}

async fn epochs_grow_with_the_change_and_only_then(site: Site) {
    let catalog = site.open().await;
    assert!(catalog.epochs().await.unwrap().is_empty());
    let mut open = change(&catalog).await;
    open.insert(&mut User { login: "a".into(), ..Default::default() }).await.unwrap();
    open.insert(&mut User { login: "b".into(), ..Default::default() }).await.unwrap();
    open.insert(&mut Group { name: "g".into(), ..Default::default() }).await.unwrap();
    assert!(catalog.epochs().await.unwrap().is_empty());
    open.commit(entry()).await.unwrap();
    let epochs = catalog.epochs().await.unwrap();
    assert_eq!(epochs.into_iter().collect::<Vec<_>>(), [("groups".to_owned(), 1), ("users".to_owned(), 1)]);
    // Another process sees the same.
    assert_eq!(site.open().await.epochs().await.unwrap()["users"], 1);
    catalog.record(&actor(), entry()).await.unwrap();
    assert_eq!(catalog.epochs().await.unwrap()["users"], 1);
}

async fn bookkeeping_is_no_change(site: Site) {
    let catalog = site.open().await;
    let mut key = Key { prefix: "p".into(), ..Default::default() };
    insert(&catalog, &mut key).await;
    let (id, epochs) = (key.meta.id.clone(), catalog.epochs().await.unwrap());
    let used = || vec![("last_used_at", Value::from(Millis(7)))];
    assert!(catalog.touch::<Key>(&id, vec![], used()).await.unwrap());
    key.last_used_at = Some(Millis(7));
    assert_eq!(catalog.get::<Key>(&id).await.unwrap().unwrap(), key);
    assert_eq!(catalog.epochs().await.unwrap(), epochs);
    assert!(!catalog.touch::<Key>("none", vec![], used()).await.unwrap());
    assert!(!catalog.touch::<Key>(&id, vec![("prefix", "q".into())], used()).await.unwrap());
    let error = catalog.touch::<Key>(&id, vec![], vec![("prefix", "q".into())]).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
}

async fn moments_and_authors_are_noted(site: Site) {
    let catalog = site.open().await;
    let mut there = organisation(&catalog, "acme").await;
    let mut by_other = catalog.change(&Actor::named("bob")).await.unwrap();
    by_other.update(&mut there).await.unwrap();
    let at = by_other.at();
    by_other.commit(entry()).await.unwrap();
    let meta = catalog.get::<Organisation>(&there.meta.id).await.unwrap().unwrap().meta;
    assert_eq!((meta.created_by.as_str(), meta.updated_by.as_str(), meta.updated_at), ("ada", "bob", at));
    assert!(meta.created_at <= meta.updated_at && meta.created_at.0 > 1_600_000_000_000);
}
