//! What was acknowledged is there after the process was killed.

use crate::child;
use crate::support::{Site, on_both, organisation};
use datahall_catalog::{AuditQuery, List, Organisation};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};

on_both!(killed_during_200_writes_no_acknowledged_one_is_lost);

async fn killed_during_200_writes_no_acknowledged_one_is_lost(site: Site) {
    site.open().await.close().await;
    let mut child = child::spawn("write", &site.url);
    let mut acknowledged = BTreeSet::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while acknowledged.len() < 200 {
        let line = lines.next().expect("the child ended").unwrap();
        acknowledged.extend(line.strip_prefix("acknowledged ").map(str::to_owned));
    }
    child.kill().unwrap();
    acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| Some(line.strip_prefix("acknowledged ")?.to_owned())));
    child.wait().unwrap();

    let catalog = site.open().await;
    let there: BTreeSet<_> =
        catalog.list(&List::<Organisation>::all()).await.unwrap().items.into_iter().map(|it| it.key).collect();
    assert!(acknowledged.is_subset(&there), "{:?}", acknowledged.difference(&there));
    // The one in flight is there with its audit entry, or neither is.
    let entries = catalog.audit(&AuditQuery { limit: 1, ..Default::default() }).await.unwrap().total;
    assert_eq!(entries, Some(there.len() as u64));
    assert_eq!(catalog.epochs().await.unwrap()["organisations"], there.len() as i64);
    assert_eq!(catalog.check().await.unwrap().problems, Vec::<String>::new());
    organisation(&catalog, "after").await;
}
