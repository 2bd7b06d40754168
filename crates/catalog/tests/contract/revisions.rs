//! Revisions of packages: numbers without gaps however many ask at once, and what is kept until a revision is closed.

use crate::support::{Site, actor, change, entry, insert, on_both, project};
use datahall_catalog::*;
use datahall_core::Code;
use tokio::task::JoinSet;

on_both!(
    numbers_are_given_once_and_without_gaps,
    the_job_of_an_open_revision_is_not_pruned,
    what_ended_and_what_succeeded_is_found
);

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

async fn what_ended_and_what_succeeded_is_found(site: Site) {
    let catalog = site.open().await;
    let package = package(&catalog).await;
    let make = async |number: i64, state: Option<RevisionState>, job: Option<JobState>| {
        let mut of = Job { state: job.unwrap_or_default(), ..Default::default() };
        of.ended_at = job.filter(|state| state.is_end()).map(|_| Millis(1));
        if job.is_some() {
            insert(&catalog, &mut of).await;
        }
        let job = Some(of.meta.id).filter(|id| !id.is_empty()).or(Some("gone".into()));
        insert(&catalog, &mut Revision { package: package.clone(), number, state, job, ..Default::default() }).await;
    };
    let found = async || {
        let mut ended = Vec::new();
        for id in catalog.ended_revisions(10).await.unwrap() {
            ended.push(catalog.get::<Revision>(&id).await.unwrap().unwrap().number);
        }
        ended.sort_unstable();
        let successful = catalog.latest_successful(&package).await.unwrap();
        let successful = match successful {
            Some(id) => Some(catalog.get::<Revision>(&id).await.unwrap().unwrap().number),
            None => None,
        };
        (ended, successful)
    };
    assert_eq!(found().await, (vec![], None));
    make(1, Some(RevisionState::Failed), Some(JobState::Failed)).await;
    make(2, None, Some(JobState::Running)).await;
    assert_eq!(found().await, (vec![], None));
    make(3, Some(RevisionState::Succeeded), None).await;
    make(4, None, Some(JobState::NotStarted)).await;
    assert_eq!(found().await, (vec![], Some(3)));
    make(5, None, Some(JobState::Done)).await;
    make(6, None, Some(JobState::Failed)).await;
    make(7, None, None).await;
    assert_eq!(found().await, (vec![5, 6, 7], Some(5)));
    assert_eq!(catalog.ended_revisions(2).await.unwrap().len(), 2);
    assert_eq!(catalog.latest_successful("none").await.unwrap(), None);
}
