//! A full disk: writes are refused as such, reads go on, and when there is space again so do writes, without opening again.

use crate::support::{Site, actor, entry, on_both, open, organisation};
use datahall_catalog::{Catalog, Organisation, Setting};
use datahall_core::Code;
use std::process::Command;

on_both!(what_a_lost_connection_was_doing_has_not_happened);

/// A file system of its own, as small as that, where this may be made.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn small(path: &std::path::Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1500k", "tmpfs"]).arg(path);
        mount.status().is_ok_and(|status| status.success()).then(|| Self(path.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn set(catalog: &Catalog, name: &str, length: usize) -> datahall_core::Result<()> {
    let mut change = catalog.change(&actor()).await?;
    let mut setting = Setting { name: name.into(), value: "x".repeat(length).into(), ..Default::default() };
    change.insert(&mut setting).await?;
    change.commit(entry()).await
}

/// Where no file system can be mounted, the unit test beside the store's code tells the same with a limit on the file's pages.
#[tokio::test]
async fn on_a_full_disk_reads_go_on_and_writes_return_with_space() {
    let site = Site::sqlite();
    let folder = site.dir.path().join("disk");
    std::fs::create_dir(&folder).unwrap();
    let Some(_mounted) = Mounted::small(&folder) else { return };
    let catalog = open(&format!("sqlite:{}", folder.join("catalog.db").display())).await.unwrap();
    let there = organisation(&catalog, "acme").await;
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0u8; 300_000]).unwrap();
    let mut written = 0;
    let error = loop {
        match set(&catalog, &format!("s{written}"), 20_000).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1000, "the disk is never full");
    };
    assert_eq!(error.code(), Code::StorageFull, "{error:?}");
    for _ in 0..3 {
        assert_eq!(set(&catalog, "again", 200_000).await.unwrap_err().code(), Code::StorageFull);
        assert_eq!(catalog.get::<Organisation>(&there.meta.id).await.unwrap().as_ref(), Some(&there));
    }
    std::fs::remove_file(ballast).unwrap();
    set(&catalog, "after", 20_000).await.unwrap();
    for number in 0..written {
        assert!(catalog.find(Setting::by_name(&format!("s{number}"))).await.unwrap().is_some());
    }
    assert_eq!(catalog.check().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn starting_on_a_full_disk_serves_reads_or_says_why_not() {
    let site = Site::sqlite();
    let folder = site.dir.path().join("disk");
    std::fs::create_dir(&folder).unwrap();
    let Some(_mounted) = Mounted::small(&folder) else { return };
    let url = format!("sqlite:{}", folder.join("catalog.db").display());
    let catalog = open(&url).await.unwrap();
    let there = organisation(&catalog, "acme").await;
    catalog.close().await;
    let ballast = folder.join("ballast");
    assert!(std::fs::write(&ballast, vec![0u8; 2_000_000]).is_err(), "the disk is not full");
    match open(&url).await {
        Ok(catalog) => {
            assert_eq!(catalog.get::<Organisation>(&there.meta.id).await.unwrap().as_ref(), Some(&there));
            assert_eq!(set(&catalog, "s", 20_000).await.unwrap_err().code(), Code::StorageFull);
        }
        Err(error) => {
            assert_eq!(error.code(), Code::StorageFull, "{error:?}");
            assert!(error.message().contains("catalog.db: no space left"), "{error}");
        }
    }
    let error = open(&format!("sqlite:{}", folder.join("new.db").display())).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageFull, "{error:?}");
    std::fs::remove_file(ballast).unwrap();
    set(&open(&url).await.unwrap(), "s", 20_000).await.unwrap();
}

async fn what_a_lost_connection_was_doing_has_not_happened(site: Site) {
    if site.is_sqlite() {
        return;
    }
    let catalog = site.open().await;
    let there = organisation(&catalog, "acme").await;
    let mut change = catalog.change(&actor()).await.unwrap();
    change.insert(&mut Organisation { key: "lost".into(), ..Default::default() }).await.unwrap();
    site.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    assert_eq!(change.commit(entry()).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(catalog.get::<Organisation>(&there.meta.id).await.unwrap(), Some(there));
    organisation(&catalog, "lost").await;
}
