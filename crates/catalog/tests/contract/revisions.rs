//! Revisions of packages: numbers without gaps however many ask at once, and what is kept until a revision is closed.

use crate::support::{Site, actor, change, entry, insert, on_both, project};
use datahall_catalog::*;
use datahall_core::Code;
use tokio::task::JoinSet;

on_both!(numbers_are_given_once_and_without_gaps, the_job_of_an_open_revision_is_not_pruned, open_ones_are_found);

async fn package(catalog: &Catalog) -> String {
    let project = project(catalog).await;
    let mut package = Package { project: project.meta.id, kind: PackageKind::Spec, name: "d".into(), ..Default::default() };
    insert(catalog, &mut package).await;
    package.meta.id
}

/// Adds the next one.
async fn add(catalog: &Catalog, package: &str) -> datahall_core::Result<i64> {
    let mut change = catalog.change(&actor()).await?;
    let mut owner: Package = change.get(package).await?.unwrap();
    let last = change.list(&List::<Revision>::all().only("package", package).order_by_desc("number").page(1, 0)).await?;
    let number = last.items.first().map_or(1, |last| last.number + 1);
    change.insert(&mut Revision { package: package.into(), number, ..Default::default() }).await?;
    change.update(&mut owner).await?;
    change.commit(entry()).await?;
    Ok(number)
}

async fn numbers_are_given_once_and_without_gaps(site: Site) {
    let catalog = site.open().await;
    let package = package(&catalog).await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (catalog, package) = (catalog.clone(), package.clone());
        tasks.spawn(async move {
            loop {
                match add(&catalog, &package).await {
                    Err(error) if error.code() == Code::Conflict => {}
                    number => return number.unwrap(),
                }
            }
        });
    }
    let mut numbers = tasks.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let mut twice = Revision { package, number: 20, ..Default::default() };
    assert_eq!(change(&catalog).await.insert(&mut twice).await.unwrap_err().code(), Code::Conflict);
}

async fn the_job_of_an_open_revision_is_not_pruned(site: Site) {
    let catalog = site.open().await;
    let package = package(&catalog).await;
    let mut job = Job { state: JobState::Done, ended_at: Some(Millis(1)), ..Default::default() };
    insert(&catalog, &mut job).await;
    let mut revision = Revision { package, number: 1, job: Some(job.meta.id.clone()), ..Default::default() };
    insert(&catalog, &mut revision).await;
    assert_eq!(catalog.prune_jobs(&Actor::system(), Millis(2)).await.unwrap(), 0);
    let mut close = change(&catalog).await;
    revision.state = Some(RevisionState::Succeeded);
    close.update(&mut revision).await.unwrap();
    close.commit(entry()).await.unwrap();
    assert_eq!(catalog.prune_jobs(&Actor::system(), Millis(2)).await.unwrap(), 1);
}

async fn open_ones_are_found(site: Site) {
    let catalog = site.open().await;
    let package = package(&catalog).await;
    for state in [Some(RevisionState::Succeeded), None, Some(RevisionState::Failed), None] {
        add(&catalog, &package).await.unwrap();
        let last = List::<Revision>::all().only("package", &package).order_by_desc("number").page(1, 0);
        let mut last = catalog.list(&last).await.unwrap().items.remove(0);
        last.state = state;
        let mut close = change(&catalog).await;
        close.update(&mut last).await.unwrap();
        close.commit(entry()).await.unwrap();
    }
    let numbers = async |list: List<Revision>| {
        let mut numbers: Vec<_> = catalog.list(&list).await.unwrap().items.iter().map(|revision| revision.number).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(List::all().missing("state")).await, [2, 4]);
    assert_eq!(numbers(List::all().only("package", &package).only("state", "SUCCEEDED").order_by_desc("number")).await, [1]);
}
