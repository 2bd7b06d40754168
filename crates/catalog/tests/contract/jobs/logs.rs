//! The log of an activity, and the queue in backups.

use super::*;
use crate::support::on_both;

on_both!(lines_are_numbered_read_on_and_capped, a_backup_holds_the_queue);

fn line(text: &str) -> NewLogLine {
    NewLogLine { at: Millis(7), level: "info", text: text.into() }
}

async fn lines_are_numbered_read_on_and_capped(site: Site) {
    let (catalog, _) = open(&site).await;
    start(&catalog, &["a"]).await;
    let id = claim_named(&catalog, "w", "a").await.activity;
    assert_eq!(catalog.last_log_line(&id).await.unwrap(), 0);
    catalog.append_log(&id, vec![line("one"), line("two\0")]).await.unwrap();
    catalog.append_log(&id, Vec::new()).await.unwrap();
    catalog.append_log("gone", vec![line("x")]).await.unwrap();
    let lines = catalog.activity_log(&id, 0, 10).await.unwrap();
    assert_eq!(lines[0], LogLine { seq: 1, at: Millis(7), level: "info".into(), text: "one".into() });
    assert_eq!(catalog.activity_log(&id, 1, 10).await.unwrap()[0].text, "two\u{fffd}");
    for _ in 0..5 {
        catalog.append_log(&id, (0..400).map(|_| line("many")).collect()).await.unwrap();
    }
    let tail = catalog.activity_log(&id, 999, 10).await.unwrap();
    assert_eq!(tail.len(), 2);
    assert_eq!((tail[0].text.as_str(), tail[1].text.as_str()), ("many", "there is more; further lines are not kept"));
    assert_eq!(catalog.last_log_line(&id).await.unwrap(), 1001);
}

async fn a_backup_holds_the_queue(site: Site) {
    let (catalog, _) = open(&site).await;
    let id = start(&catalog, &["a -> x", "b <- a"]).await;
    let claim = claim_named(&catalog, "w", "a").await;
    catalog.append_log(&claim.activity, vec![line("one")]).await.unwrap();
    let file = site.dir.path().join("backup");
    catalog.backup(&file).await.unwrap();
    let to = format!("sqlite:{}", site.dir.path().join("other.db").display());
    restore(&file, &to, Replace::No, &actor(), &HandClock(AtomicI64::new(0))).await.unwrap();
    let restored =
        Catalog::open(&to, Arc::new(HandClock(AtomicI64::new(1_750_000_001_000))), Arc::new(SystemRandom)).await.unwrap();
    assert_eq!(restored.activity_log(&claim.activity, 0, 9).await.unwrap().len(), 1);
    assert!(finish(&restored, &claim, done()).await);
    claim_named(&restored, "w", "b").await;
    assert_eq!(job(&restored, &id).await.state, JobState::Running);
}
