//! The schema: brought up to date once, and refused where it is not this program's.

use crate::child;
use crate::support::{Site, on_both, open, organisation};
use datahall_core::Code;
use sqlx::Row as _;

on_both!(
    opening_again_changes_nothing,
    a_newer_schema_is_refused_with_both_versions,
    a_schema_of_other_migrations_is_refused,
    two_processes_open_it_at_once,
);

async fn opening_again_changes_nothing(site: Site) {
    let catalog = site.open().await;
    let there = organisation(&catalog, "acme").await;
    catalog.close().await;
    let applied = async || site.query("SELECT \"number\", \"applied_at\" FROM \"catalog_migrations\" ORDER BY 1").await;
    let before: Vec<(i64, i64)> = applied().await.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(before.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let again = site.open().await;
    assert_eq!(again.get(&there.meta.id).await.unwrap(), Some(there));
    let after: Vec<(i64, i64)> = applied().await.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(before, after);
}

async fn a_newer_schema_is_refused_with_both_versions(site: Site) {
    site.open().await.close().await;
    site.execute("INSERT INTO \"catalog_migrations\" VALUES (99, 'future', 'x', 0)").await;
    let error = open(&site.url).await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
    let expected = "its schema has version 99 and this program knows versions up to 4: use a newer program";
    assert!(error.message().ends_with(expected), "{error}");
}

async fn a_schema_of_other_migrations_is_refused(site: Site) {
    site.open().await.close().await;
    site.execute("UPDATE \"catalog_migrations\" SET \"checksum\" = 'x' WHERE \"number\" = 1").await;
    let error = open(&site.url).await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
    assert!(error.message().contains("another migration 1 (records)"), "{error}");
}

async fn two_processes_open_it_at_once(site: Site) {
    let children: Vec<_> = (0..3).map(|_| child::spawn("open", &site.url)).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let rows = site.query("SELECT count(*) FROM \"catalog_migrations\"").await;
    assert_eq!(rows[0].get::<i64, _>(0), 4);
    assert_eq!(site.open().await.check().await.unwrap().problems, Vec::<String>::new());
}
