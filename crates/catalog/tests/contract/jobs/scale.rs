//! With 100,000 jobs that ended, claiming looks at none of them.

use super::*;
use crate::support::on_both;
use sqlx::Row as _;

on_both!(claiming_looks_at_no_job_that_ended, a_wide_job_is_started_and_failed_at_once);

async fn claiming_looks_at_no_job_that_ended(site: Site) {
    let (catalog, _) = open(&site).await;
    let numbers = if site.is_sqlite() {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
    } else {
        "WITH n(i) AS (SELECT generate_series(1, 100000))"
    };
    site.execute(&format!(
        "{numbers} INSERT INTO \"jobs\" (\"id\", \"version\", \"created_at\", \"created_by\", \"updated_at\", \"updated_by\", \
         \"kind\", \"state\", \"ended_at\", \"body\") SELECT 'j' || i, 1, i, '', 0, '', 'k', 'DONE', i, '{{}}' FROM n"
    ))
    .await;
    site.execute(&format!(
        "{numbers} INSERT INTO \"activities\" (\"id\", \"version\", \"created_at\", \"created_by\", \"updated_at\", \
         \"updated_by\", \"job\", \"name\", \"state\", \"attempts\", \"body\") \
         SELECT 'a' || i, 1, i, '', 0, '', 'j' || i, 'a', 'DONE', 1, '{{}}' FROM n; ANALYZE"
    ))
    .await;
    start(&catalog, &["a -> x", "b -> x"]).await;
    // As the claim asks, in short.
    let explain = if site.is_sqlite() { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
    let ask = "SELECT a.\"id\" FROM \"activities\" a WHERE a.\"state\" = 'NOT_STARTED' AND a.\"waits\" = 0 \
               ORDER BY a.\"created_at\", a.\"job\", a.\"position\" LIMIT 1";
    let plan = site.query(&format!("{explain} {ask}")).await;
    let column = if site.is_sqlite() { 3 } else { 0 };
    let plan: Vec<String> = plan.iter().map(|row| row.get(column)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("activities_on") && !plan.contains("Seq Scan") && !plan.contains("SCAN a\n"), "{plan}");
    let clock = datahall_core::clock::SystemClock::new();
    let began = clock.monotonic();
    for _ in 0..20 {
        let held = claim_named(&catalog, "w", "a").await;
        assert!(catalog.requeue_activity(&held).await.unwrap());
    }
    println!("a claim and a requeue among 100,000 ended jobs: {:?}", (clock.monotonic() - began) / 20);
    let page = catalog.jobs(&JobQuery { limit: 2, ..JobQuery::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(100_001)));
}

async fn a_wide_job_is_started_and_failed_at_once(site: Site) {
    let (catalog, _) = open(&site).await;
    let mut texts = vec!["root -> x".to_owned()];
    texts.extend((0..2000).map(|number| format!("n{number} <- root")));
    texts.extend((0..2000).map(|number| format!("m{number} <- n{number}, n{}", (number * 7) % 2000)));
    let id = start(&catalog, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let root = claim_named(&catalog, "w", "root").await;
    assert!(claim(&catalog, "w").await.is_none());
    assert!(finish(&catalog, &root, End::Failed("no".into())).await);
    let states = catalog.activity_states(&[&id]).await.unwrap().remove(&id).unwrap();
    assert_eq!(states, [(JobState::Failed, 4001)]);
    assert_eq!(job(&catalog, &id).await.state, JobState::Failed);
}
