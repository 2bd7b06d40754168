//! How fast a catalog of 100,000 datasets is: `cargo run --release -p datahall-catalog --example scale [URL]`.
//!
//! Without a URL it is a SQLite file in the temporary folder; with one, an empty database.

use datahall_catalog::{Actor, AuditEntry, Catalog, Dataset, List, Organisation, Project};
use datahall_core::clock::{Clock as _, SystemClock, SystemRandom, random_hex};
use datahall_core::{Error, Result};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

const DATASETS: usize = 100_000;
const BATCH: usize = 1_000;
const ROUNDS: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::temp_dir().join(format!("scale-{}.db", random_hex(&SystemRandom, 6)));
    let given = std::env::args().nth(1);
    let url = given.clone().unwrap_or_else(|| format!("sqlite:{}", file.display()));
    let clock = SystemClock::new();
    let say = |what: &str, taken: Duration, times: usize| {
        let each = taken / u32::try_from(times).unwrap_or(1);
        writeln!(std::io::stdout(), "{what:<34} {taken:>12.1?} {each:>12.1?} each").map_err(Error::internal)
    };
    let catalog = open(&url).await?;
    let project = project(&catalog).await?;

    let started = clock.monotonic();
    fill(&catalog, &project).await?;
    say("insert 100,000, 1,000 a change", clock.monotonic() - started, DATASETS)?;

    let started = clock.monotonic();
    for number in 0..100 {
        let mut dataset = Dataset { project: project.clone(), name: format!("single_{number}"), ..Dataset::default() };
        let mut change = catalog.change(&Actor::system()).await?;
        change.insert(&mut dataset).await?;
        change.commit(AuditEntry::created("dataset.create", &dataset)?).await?;
    }
    say("insert 100, one a change", clock.monotonic() - started, 100)?;
    catalog.close().await;

    let started = clock.monotonic();
    let catalog = open(&url).await?;
    catalog.epochs().await?;
    say("open", clock.monotonic() - started, 1)?;

    let started = clock.monotonic();
    for round in 0..ROUNDS {
        let name = format!("dataset_{}", round * 199 % DATASETS);
        catalog.find(Dataset::by_name(&project, &name)).await?.ok_or_else(|| Error::not_found(name))?;
    }
    say("look-up by name", clock.monotonic() - started, ROUNDS)?;

    let list = || List::<Dataset>::all().only("project", &project).order_by("name");
    for (what, list) in [
        ("first page of 50", list().page(50, 0)),
        ("first page of 50, with total", list().page(50, 0).with_total()),
        ("page of 50 after 50,000", list().page(50, 50_000)),
        ("page of 50 by part of a name", list().contains("name", "_777").page(50, 0).with_total()),
    ] {
        let started = clock.monotonic();
        for _ in 0..20 {
            catalog.list(&list).await?;
        }
        say(what, clock.monotonic() - started, 20)?;
    }

    let started = clock.monotonic();
    let all = catalog.list(&list()).await?.items.len();
    say("read all", clock.monotonic() - started, all)?;
    let started = clock.monotonic();
    for _ in 0..20 {
        catalog.epochs().await?;
    }
    say("epochs", clock.monotonic() - started, 20)?;
    catalog.close().await;
    if given.is_none() {
        std::fs::remove_file(file).map_err(Error::internal)?;
    }
    Ok(())
}

async fn open(url: &str) -> Result<Catalog> {
    Catalog::open(url, Arc::new(SystemClock::new()), Arc::new(SystemRandom)).await
}

async fn project(catalog: &Catalog) -> Result<String> {
    let mut change = catalog.change(&Actor::system()).await?;
    let mut organisation = Organisation { key: "default".into(), ..Organisation::default() };
    change.insert(&mut organisation).await?;
    let mut project = Project { organisation: organisation.meta.id, key: "DEFAULT".into(), ..Project::default() };
    change.insert(&mut project).await?;
    change.commit(AuditEntry::new("scale.begin")).await?;
    Ok(project.meta.id)
}

async fn fill(catalog: &Catalog, project: &str) -> Result<()> {
    for batch in 0..DATASETS / BATCH {
        let mut change = catalog.change(&Actor::system()).await?;
        for number in batch * BATCH..(batch + 1) * BATCH {
            let mut dataset = Dataset { project: project.into(), name: format!("dataset_{number}"), ..Dataset::default() };
            dataset.source.insert("location".into(), format!("s3://bucket/folder/{number}.parquet").into());
            change.insert(&mut dataset).await?;
        }
        change.commit(AuditEntry::new("scale.fill")).await?;
    }
    Ok(())
}
