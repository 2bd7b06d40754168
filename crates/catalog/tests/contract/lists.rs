//! Lists: filters, order, pages, totals.

use crate::support::{Site, change, entry, insert, on_both, project};
use datahall_catalog::{Catalog, Dataset, List, Millis, Schedule};

on_both!(totals_are_those_of_the_moment, names_are_found_ordered_and_paged_ignoring_case, numbers_and_moments_are_compared);

async fn names(catalog: &Catalog, list: List<Dataset>) -> Vec<String> {
    catalog.list(&list).await.unwrap().items.into_iter().map(|dataset| dataset.name).collect()
}

async fn names_are_found_ordered_and_paged_ignoring_case(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await.meta.id;
    let mut fill = change(&catalog).await;
    for name in ["beta", "Alpha", "gamma_1", "Gamma1", "100%", "Ärger", "zeta"] {
        let mut dataset = Dataset { project: project.clone(), name: name.into(), ..Default::default() };
        fill.insert(&mut dataset).await.unwrap();
    }
    // A change sees its own records; nobody else does yet.
    assert_eq!(fill.list(&List::<Dataset>::all().with_total().page(1, 0)).await.unwrap().total, Some(7));
    assert_eq!(catalog.list(&List::<Dataset>::all().with_total()).await.unwrap().total, Some(0));
    fill.commit(entry()).await.unwrap();

    let all = || List::<Dataset>::all().only("project", &project).order_by("name");
    // Byte by byte: digits, `_`, letters, letters beyond ASCII, whatever language the database was made for.
    assert_eq!(names(&catalog, all()).await, ["100%", "Alpha", "beta", "Gamma1", "gamma_1", "zeta", "Ärger"]);
    assert_eq!(names(&catalog, all().contains("name", "GAMMA")).await.len(), 2);
    assert_eq!(names(&catalog, all().contains("name", "a_1")).await, ["gamma_1"]);
    assert_eq!(names(&catalog, all().contains("name", "%")).await, ["100%"]);
    assert_eq!(names(&catalog, all().contains("name", "ä")).await, ["Ärger"]);
    assert_eq!(names(&catalog, all().only("name", "BETA")).await, ["beta"]);
    assert_eq!(names(&catalog, all().any_of("name", ["zeta", "ALPHA"])).await, ["Alpha", "zeta"]);
    assert_eq!(names(&catalog, all().none_of("name", ["zeta", "ALPHA", "nobody"])).await.len(), 5);
    assert_eq!(names(&catalog, all().none_of("id", Vec::<String>::new())).await.len(), 7);
    let ids = catalog.list_ids(&all().any_of("name", ["zeta", "alpha"])).await.unwrap();
    assert_eq!(names(&catalog, all().any_of("id", ids.iter().map(String::as_str))).await, ["Alpha", "zeta"]);
    assert_eq!(names(&catalog, all().none_of("id", ids.iter().map(String::as_str)).page(2, 1)).await, ["beta", "Gamma1"]);
    assert_eq!(names(&catalog, all().missing("connection")).await.len(), 7);
    assert!(names(&catalog, all().only("project", "other")).await.is_empty());
    let page = catalog.list(&all().page(2, 1).with_total()).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(7)));
    assert_eq!(page.items[0].name, "Alpha");
    let page = catalog.list(&all().page(10, 100).with_total()).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, Some(7)));
    assert!(names(&catalog, all().page(u64::MAX, u64::MAX)).await.is_empty());
    let last = names(&catalog, List::all().order_by_desc("name").page(1, 0)).await;
    assert_eq!(last, ["Ärger"]);
}

async fn totals_are_those_of_the_moment(site: Site) {
    let (catalog, elsewhere) = (site.open().await, site.open().await);
    let total = async || catalog.list(&List::<Schedule>::all().only("kind", "k").page(1, 0).with_total()).await.unwrap().total;
    for number in 0..3 {
        assert_eq!((total().await, total().await), (Some(number), Some(number)));
        // Whoever changes the table, and whatever page is asked for.
        insert(&elsewhere, &mut Schedule { kind: "k".into(), ..Default::default() }).await;
        let mut open = change(&elsewhere).await;
        open.insert(&mut Schedule { kind: "k".into(), ..Default::default() }).await.unwrap();
        assert_eq!(total().await, Some(number + 1));
    }
}

async fn numbers_and_moments_are_compared(site: Site) {
    let catalog = site.open().await;
    let mut fill = change(&catalog).await;
    for next_at in [None, Some(Millis(10)), Some(Millis(20)), Some(Millis(30))] {
        fill.insert(&mut Schedule { kind: "refresh".into(), next_at, ..Default::default() }).await.unwrap();
    }
    fill.commit(entry()).await.unwrap();
    let due = List::<Schedule>::all().at_most("next_at", Millis(20)).order_by_desc("next_at");
    let due: Vec<_> = catalog.list(&due).await.unwrap().items.into_iter().map(|schedule| schedule.next_at).collect();
    assert_eq!(due, [Some(Millis(20)), Some(Millis(10))]);
    let order = async |list: List<Schedule>| {
        catalog.list(&list).await.unwrap().items.into_iter().map(|schedule| schedule.next_at.map(|at| at.0)).collect::<Vec<_>>()
    };
    assert_eq!(order(List::all().order_by("next_at")).await, [None, Some(10), Some(20), Some(30)]);
    assert_eq!(order(List::all().order_by_desc("next_at")).await, [Some(30), Some(20), Some(10), None]);
    let late = catalog.list(&List::<Schedule>::all().at_least("next_at", Millis(20)).with_total()).await.unwrap();
    assert_eq!(late.total, Some(2));
    assert_eq!(catalog.list(&List::<Schedule>::all().missing("next_at")).await.unwrap().items.len(), 1);
}
