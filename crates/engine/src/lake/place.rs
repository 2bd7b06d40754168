//! Where managed tables lie.

use super::failed::failed;
use crate::sources::s3;
use datafusion::prelude::SessionContext;
use datahall_core::dataset::Location;
use datahall_core::{Error, Result};
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::{DeltaTable, DeltaTableError};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// The folder or bucket of all managed tables.
pub(crate) struct Lake {
    root: Location,
    /// What rewriting tables runs on.
    pub(super) context: SessionContext,
}

impl Lake {
    pub(crate) fn new(root: Location, context: SessionContext) -> Self {
        Self { root, context }
    }

    /// Where the table lies, for those who only read.
    pub(crate) fn location(&self, table: &str) -> Result<Location> {
        check(table)?;
        Ok(Location { url: format!("{}/{table}", self.root.url.trim_end_matches('/')), s3: self.root.s3.clone() })
    }

    /// The log and files of the table; its folder is there then.
    pub(super) fn open(&self, table: &str) -> Result<LogStoreRef> {
        let location = self.location(table)?;
        // The log is read by whole paths, everything else by paths within the table.
        let (root, within, url): (Arc<dyn ObjectStore>, Arc<dyn ObjectStore>, Url) = match location.url.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                let store = s3::bucket(&location.url, bucket, &location.s3)?;
                let url = Url::parse(&format!("{}/", location.url)).map_err(Error::internal)?;
                (store.clone(), Arc::new(PrefixStore::new(store, key)), url)
            }
            None => {
                let folder = std::path::absolute(Path::new(&location.url)).map_err(Error::internal)?;
                std::fs::create_dir_all(&folder).map_err(Error::internal)?;
                let url = Url::from_directory_path(&folder).map_err(|()| Error::internal("a folder that is no URL"))?;
                let within = LocalFileSystem::new_with_prefix(&folder).map_err(Error::internal)?;
                (Arc::new(LocalFileSystem::new()), Arc::new(within), url)
            }
        };
        Ok(default_logstore(within, root, &url, &StorageConfig::default()))
    }

    /// The table as it is now; `None` before its first version.
    pub(super) async fn load(&self, store: &LogStoreRef) -> Result<Option<DeltaTable>> {
        let mut table = DeltaTable::new(store.clone());
        match table.load().await {
            Ok(()) => Ok(Some(table)),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Names are made by Datahall; one that could lead out of the lake is a mistake of ours.
fn check(table: &str) -> Result<()> {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if table.split('/').all(plain) { Ok(()) } else { Err(Error::internal(format!("not a name of a managed table: {table}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_lake() {
        for name in ["", "..", "a/../b", "/a", "a/", "a b", "a\0", "."] {
            assert!(check(name).is_err(), "{name}");
        }
        assert!(check("default/a1-b_2").is_ok());
    }
}
