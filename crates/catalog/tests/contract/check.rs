//! Checking finds what is wrong with a catalog, and nothing where nothing is.

use crate::support::{Site, insert, on_both, project};
use datahall_catalog::Dataset;

on_both!(what_is_wrong_is_found);

async fn what_is_wrong_is_found(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await.meta.id;
    insert(&catalog, &mut Dataset { project, name: "a".into(), page_id: "aaaaa".into(), ..Default::default() }).await;
    let report = catalog.check().await.unwrap();
    assert_eq!((report.schema, report.problems), (4, Vec::new()));
    assert!(report.records.contains(&("datasets", 1)) && report.records.contains(&("users", 0)));

    let foreign_keys = if site.is_sqlite() { "PRAGMA foreign_keys = OFF;" } else { "SET session_replication_role = replica;" };
    site.execute(&format!(
        "{foreign_keys} DELETE FROM \"projects\"; UPDATE \"datasets\" SET \"page_id\" = 'bbbbb'; \
        UPDATE \"organisations\" SET \"body\" = '['"
    ))
    .await;
    let problems = catalog.check().await.unwrap().problems;
    assert_eq!(problems.len(), 3, "{problems:?}");
    for (problem, expected) in problems.iter().zip(["refer by project", "page id 'bbbbb'", "organisations cannot be read"]) {
        assert!(problem.contains(expected), "{problem}");
    }
}
