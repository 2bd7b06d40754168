//! Many records at once: inserted by few statements, and found to have moved without being read.

use crate::support::{Site, change, entry, on_both, organisation, project};
use datahall_catalog::*;
use datahall_core::Code;
use std::collections::HashSet;

on_both!(
    inserted_together_they_are_as_inserted_one_by_one,
    one_that_is_taken_takes_all_with_it,
    what_moves_shows_in_the_marks_and_what_does_not_move_does_not,
);

fn datasets(project: &str, names: impl IntoIterator<Item = String>) -> Vec<Dataset> {
    names.into_iter().map(|name| Dataset { project: project.to_owned(), name, ..Default::default() }).collect()
}

async fn home(catalog: &Catalog) -> String {
    project(catalog).await.meta.id
}

async fn inserted_together_they_are_as_inserted_one_by_one(site: Site) {
    let catalog = site.open().await;
    let project = home(&catalog).await;
    let mut many = datasets(&project, (0..75).map(|number| format!("Data {number:03}")));
    many[7].page_id = "page7".into();
    many[9].meta.id = "chosen".into();
    many[9].metadata.insert("it's \"quoted\" $1 ?".into(), "ü\n".into());
    let before = catalog.epochs().await.unwrap();
    let mut together = change(&catalog).await;
    let at = together.at();
    together.insert_all(&mut many).await.unwrap();
    for dataset in &many {
        together.audit(AuditEntry::created("dataset.create", dataset).unwrap());
    }
    together.commit(entry()).await.unwrap();
    let kept = catalog.list(&List::<Dataset>::all().order_by("name")).await.unwrap().items;
    assert_eq!(kept, many);
    assert_eq!((many[7].page_id.as_str(), many[9].meta.id.as_str()), ("page7", "chosen"));
    assert!(many.iter().all(|one| one.meta.version == 1 && one.meta.created_at == at && one.page_id.len() == 5));
    assert_eq!(many.iter().map(|one| &one.page_id).collect::<HashSet<_>>().len(), 75);
    assert_eq!(many.iter().map(|one| &one.meta.id).collect::<HashSet<_>>().len(), 75);
    let query = AuditQuery { action: Some("dataset.create".into()), limit: 100, ..Default::default() };
    let log = catalog.audit(&query).await.unwrap();
    let objects: Vec<_> = log.items.iter().rev().map(|entry| entry.object.clone()).collect();
    assert_eq!(objects, many.iter().map(|one| one.meta.id.clone()).collect::<Vec<_>>());
    let after = catalog.epochs().await.unwrap();
    assert_eq!(after["datasets"], before.get("datasets").copied().unwrap_or_default() + 1);
    let none: &mut [Dataset] = &mut [];
    change(&catalog).await.insert_all(none).await.unwrap();
    // A page is given once, and to one.
    let mut taken = datasets(&project, ["other".to_owned()]);
    taken[0].page_id = "page7".into();
    assert_eq!(change(&catalog).await.insert_all(&mut taken).await.unwrap_err().code(), Code::Conflict);
}

async fn one_that_is_taken_takes_all_with_it(site: Site) {
    let catalog = site.open().await;
    let project = home(&catalog).await;
    let names = |names: &[&str]| datasets(&project, names.iter().map(|name| (*name).to_owned()));
    let mut first = change(&catalog).await;
    first.insert_all(&mut names(&["a"])).await.unwrap();
    first.commit(entry()).await.unwrap();
    for (wrong, code) in [(names(&["b", "A"]), Code::Conflict), (names(&["c", "C"]), Code::Conflict)] {
        let mut wrong = wrong;
        let mut failing = change(&catalog).await;
        assert_eq!(failing.insert_all(&mut wrong).await.unwrap_err().code(), code);
        assert!(failing.commit(entry()).await.is_err());
    }
    let mut orphans = datasets("nowhere", ["x".to_owned()]);
    assert_eq!(change(&catalog).await.insert_all(&mut orphans).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(catalog.list(&List::<Dataset>::all()).await.unwrap().items.len(), 1);
}

async fn what_moves_shows_in_the_marks_and_what_does_not_move_does_not(site: Site) {
    let catalog = site.open().await;
    let empty = catalog.marks::<Dataset>().await.unwrap();
    assert_eq!(empty, Marks::default());
    let project = home(&catalog).await;
    let mut many = datasets(&project, (0..40).map(|number| number.to_string()));
    let mut made = change(&catalog).await;
    made.insert_all(&mut many).await.unwrap();
    let within = made.marks::<Dataset>().await.unwrap();
    made.commit(entry()).await.unwrap();
    let marks = catalog.marks::<Dataset>().await.unwrap();
    assert_eq!(marks, within);
    assert!(many.iter().all(|one| marks.moved_since(&empty).may_hold(&one.meta.id)));
    // Others' tables, and what is no change, leave them.
    organisation(&catalog, "other").await;
    assert!(catalog.marks::<Dataset>().await.unwrap().moved_since(&marks).is_empty());
    let mut one = many[0].clone();
    one.generation += 1;
    let mut updated = change(&catalog).await;
    updated.update(&mut one).await.unwrap();
    updated.commit(entry()).await.unwrap();
    let now = catalog.marks::<Dataset>().await.unwrap();
    let moved = now.moved_since(&marks);
    assert!(moved.may_hold(&one.meta.id));
    let others = many.iter().filter(|other| other.meta.id[..2] != one.meta.id[..2]);
    assert!(others.clone().count() > 0 && others.into_iter().all(|other| !moved.may_hold(&other.meta.id)));
    let gone = many[1].clone();
    let gone = catalog.get::<Dataset>(&gone.meta.id).await.unwrap().unwrap();
    let mut deleted = change(&catalog).await;
    deleted.delete(&gone).await.unwrap();
    deleted.commit(entry()).await.unwrap();
    assert!(catalog.marks::<Dataset>().await.unwrap().moved_since(&now).may_hold(&gone.meta.id));
}
