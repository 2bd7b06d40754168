//! Backups: taken while the catalog is written to, whole or nothing, restored into either database.

use crate::support::{Site, actor, change, entry, insert, object, on_both, organisation, project};
use datahall_catalog::*;
use datahall_core::Code;
use datahall_core::clock::SystemClock;
use serde_json::{Value as Json, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

on_both!(
    either_database_is_restored_from_it,
    what_is_there_is_left_unless_told,
    it_is_of_one_moment,
    altered_files_are_refused_and_touch_nothing,
);

async fn fill(catalog: &Catalog) {
    let project = project(catalog).await.meta.id;
    let mut several = change(catalog).await;
    for number in 0..250 {
        let mut dataset = Dataset {
            project: project.clone(),
            name: format!("Tabelle_{number}_ü"),
            source: object(json!({"nul": "\0", "n": number})),
            ..Default::default()
        };
        several.insert(&mut dataset).await.unwrap();
    }
    several.commit(entry()).await.unwrap();
    let mut user = User { login: "Ada".into(), password_hash: Some(Hidden("h".into())), enabled: true, ..Default::default() };
    insert(catalog, &mut user).await;
    insert(catalog, &mut Membership { user: user.meta.id, group: "g".into(), ..Default::default() }).await;
}

/// The rows of a backup: all but those that a restore adds.
fn rows(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| line.starts_with('[') && !line.contains("catalog.restore"));
    let rows = lines.map(|line| serde_json::from_str::<Json>(line).unwrap());
    rows.filter(|row| row[0] != "epochs").collect()
}

async fn restored(from: &Path, site: &Site, replace: Replace) -> datahall_core::Result<BackupReport> {
    restore(from, &site.url, replace, &Actor::named("operator"), &SystemClock::new()).await
}

async fn either_database_is_restored_from_it(site: Site) {
    let catalog = site.open().await;
    fill(&catalog).await;
    let file = site.dir.path().join("backup.ndjson");
    let report = catalog.backup(&file).await.unwrap();
    assert_eq!(report.rows as usize, rows(&file).len() + catalog.epochs().await.unwrap().len());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for target in [Site::sqlite(), Site::postgres().await] {
        assert_eq!(restored(&file, &target, Replace::No).await.unwrap(), report);
        let other = target.open().await;
        assert_eq!(other.check().await.unwrap().problems, Vec::<String>::new());
        let again = target.dir.path().join("again.ndjson");
        other.backup(&again).await.unwrap();
        assert_eq!(rows(&file), rows(&again));
        let page = other.audit(&AuditQuery { limit: 1, ..Default::default() }).await.unwrap();
        assert_eq!((page.items[0].action.as_str(), page.items[0].principal.as_str()), ("catalog.restore", "operator"));
        // Numbers go on where they were, and caches hear of it.
        organisation(&other, "new").await;
        let (before, after) = (catalog.epochs().await.unwrap(), other.epochs().await.unwrap());
        assert!(before.iter().all(|(name, value)| after[name] > *value));
    }
}

async fn what_is_there_is_left_unless_told(site: Site) {
    let source = Site::sqlite();
    let catalog = source.open().await;
    fill(&catalog).await;
    let file = source.dir.path().join("backup.ndjson");
    catalog.backup(&file).await.unwrap();
    let target = site.open().await;
    let there = organisation(&target, "there").await;
    let error = restored(&file, &site, Replace::No).await.unwrap_err();
    assert_eq!((error.code(), error.message().ends_with("is not empty")), (Code::Conflict, true), "{error}");
    assert_eq!(target.list(&List::<Organisation>::all()).await.unwrap().items, [there]);
    let epochs = target.epochs().await.unwrap();
    restored(&file, &site, Replace::Yes).await.unwrap();
    assert!(target.find(Organisation::by_key("there")).await.unwrap().is_none());
    assert!(target.find(Organisation::by_key("acme")).await.unwrap().is_some());
    assert!(target.epochs().await.unwrap()["organisations"] > epochs["organisations"]);
    let again = site.dir.path().join("again.ndjson");
    target.backup(&again).await.unwrap();
    assert_eq!(rows(&file), rows(&again));
}

async fn it_is_of_one_moment(site: Site) {
    let catalog = site.open().await;
    let writing = {
        let catalog = catalog.clone();
        tokio::spawn(async move {
            for number in 0..60 {
                organisation(&catalog, &format!("o{number}")).await;
            }
        })
    };
    let file = site.dir.path().join("backup.ndjson");
    while !writing.is_finished() {
        catalog.backup(&file).await.unwrap();
        let rows = rows(&file);
        let count = |table: &str| rows.iter().filter(|row| row[0] == table).count();
        // Each organisation with its audit entry.
        assert_eq!(count("organisations"), count("audit"));
    }
    writing.await.unwrap();
    let left: Vec<_> = std::fs::read_dir(site.dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

async fn altered_files_are_refused_and_touch_nothing(site: Site) {
    let source = Site::sqlite();
    let catalog = source.open().await;
    organisation(&catalog, "acme").await;
    let file = source.dir.path().join("backup.ndjson");
    catalog.backup(&file).await.unwrap();
    let whole = std::fs::read_to_string(&file).unwrap();
    let target = site.open().await;
    catalog.record(&actor(), entry()).await.unwrap();
    let cut = whole.lines().take(2).collect::<Vec<_>>().join("\n");
    for (text, expected) in [
        (whole.replace("acme", "evil"), "was altered"),
        (cut, "its last line is missing"),
        (format!("{whole}x"), "was altered"),
        (whole.replace("\"schema\":4", "\"schema\":5"), "knows versions up to 4"),
        ("{}\n".to_owned(), "no backup of a catalog"),
        (String::new(), "its last line is missing"),
        ("PK\u{3}\u{4}".to_owned(), "no backup of a catalog"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let error = restored(&file, &site, Replace::Yes).await.unwrap_err();
        assert_eq!(error.code(), Code::Invalid, "{error}");
        assert!(error.message().contains(expected) && error.message().contains("backup.ndjson"), "{expected}: {error}");
    }
    assert!(target.list(&List::<Organisation>::all()).await.unwrap().items.is_empty());
    let error = catalog.backup(&site.dir.path().join("no/such/folder.ndjson")).await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
}
