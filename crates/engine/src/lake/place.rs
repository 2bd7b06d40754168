//! Where Delta tables lie: managed ones, existing ones, and those behind connections.

use super::InUse;
use super::failed::failed;
use super::in_use::Uses;
use crate::sources::connected::files::{self, Found};
use crate::sources::listing::{Place, place};
use crate::sources::{delta, local, s3};
use datafusion::prelude::SessionContext;
use datahall_core::dataset::{Location, Source};
use datahall_core::engine::Access;
use datahall_core::{Code, Error, Result};
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::{DeltaTable, DeltaTableError};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// The folder or bucket of all managed tables, and what is done with Delta tables wherever they lie.
pub(crate) struct Lake {
    root: Location,
    lakehouse: PathBuf,
    in_use: InUse,
    /// What rewriting tables runs on.
    pub(super) context: SessionContext,
}

/// One table.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) location: Location,
    pub(super) access: Access,
    /// One of our own, whose log nobody else writes.
    pub(super) managed: bool,
}

impl Lake {
    /// `root` is the place of managed tables, `lakehouse` the folder of connections of that type that name none.
    pub(crate) fn new(root: Location, lakehouse: PathBuf, context: SessionContext) -> Self {
        Self { root, lakehouse, in_use: InUse::default(), context }
    }

    /// Where the table lies, for those who only read.
    pub(crate) fn location(&self, table: &str) -> Result<Location> {
        check(table)?;
        Ok(Location { url: format!("{}/{table}", self.root.url.trim_end_matches('/')), s3: self.root.s3.clone() })
    }

    /// What of tables is read and written here.
    pub(crate) fn in_use(&self) -> &InUse {
        &self.in_use
    }

    /// The folder of connections of type lakehouse that name none.
    pub(crate) fn lakehouse(&self) -> &Path {
        &self.lakehouse
    }

    /// The table that `source` is.
    ///
    /// # Errors
    /// `Invalid` for what is none.
    pub(super) async fn table(&self, source: &Source, access: &Access) -> Result<Table> {
        let none = || Error::invalid(format!("{}: not a Delta table", source.name()));
        match source {
            Source::Managed { table, .. } => {
                Ok(Table { location: self.location(table)?, access: Access::default(), managed: true })
            }
            Source::Delta { location, .. } => Ok(Table { location: location.clone(), access: access.clone(), managed: false }),
            Source::Connected { connection, part, .. } if files::reaches(&connection.reach) => {
                match files::find(connection, part, &self.lakehouse, access).await? {
                    Found::Delta(location, access) => Ok(Table { location, access, managed: false }),
                    Found::Files(..) => Err(none()),
                }
            }
            Source::Files(_) | Source::Connected { .. } => Err(none()),
        }
    }

    /// The log and files of the managed table; its folder is there then.
    pub(super) fn open(&self, table: &str) -> Result<(LogStoreRef, Arc<Uses>)> {
        let location = self.location(table)?;
        if let Place::Local(_) = place(&location.url)? {
            std::fs::create_dir_all(folder_of(&location)).map_err(Error::internal)?;
        }
        let store = store(&location, &folder_of(&location))?;
        Ok((store, self.in_use.of(&delta::place_key(&location))))
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

impl Table {
    /// The log and files, for writing.
    ///
    /// # Errors
    /// `Invalid` when it is not there or refused.
    pub(super) async fn store(&self) -> Result<LogStoreRef> {
        let folder = match self.folder().await? {
            Some(folder) => folder,
            None => folder_of(&self.location),
        };
        store(&self.location, &folder)
    }

    /// The folder, with all links resolved, of a table on this machine.
    ///
    /// # Errors
    /// As [`Table::store`].
    pub(super) async fn folder(&self) -> Result<Option<PathBuf>> {
        let url = self.location.url.as_str();
        match place(url)? {
            Place::Local(path) => local::folder(url, &delta::local_path(url, path), &self.access).await.map(Some),
            Place::S3 { .. } => Ok(None),
            Place::Http(_) => Err(Error::invalid(format!("{url}: a Delta table lies in a folder or under an s3:// prefix"))),
        }
    }

    pub(super) fn uses(&self, lake: &Lake) -> Arc<Uses> {
        lake.in_use.of(&delta::place_key(&self.location))
    }

    /// An error of looking for the table: of ours it can only be that it was not written yet.
    pub(super) fn missing(&self, error: Error) -> Error {
        match error.code() {
            Code::Invalid if self.managed => not_written().with_detail(error),
            _ => error,
        }
    }

    /// Checks that the log of a table of others names nothing outside and nothing that is not there, and gives it as of then.
    ///
    /// # Errors
    /// As opening it.
    pub(super) async fn check(&self, lake: &Lake) -> Result<()> {
        if self.managed {
            return Ok(());
        }
        delta::look(&lake.context, &self.location, None, &self.access).await.map(drop)
    }
}

/// There is no version of the table.
pub(super) fn not_written() -> Error {
    Error::not_found("not found: the table has no version yet")
}

/// The path that the location of a table on this machine names.
fn folder_of(location: &Location) -> PathBuf {
    match place(&location.url) {
        Ok(Place::Local(path)) => delta::local_path(&location.url, path).into(),
        _ => PathBuf::new(),
    }
}

/// The log and files at `location`; on this machine they are in `folder`.
fn store(location: &Location, folder: &Path) -> Result<LogStoreRef> {
    // The log is read by whole paths, everything else by paths within the table.
    let (root, within, url): (Arc<dyn ObjectStore>, Arc<dyn ObjectStore>, Url) = match place(&location.url)? {
        Place::S3 { bucket, key } => {
            let store = s3::bucket(&location.url, bucket, &location.s3)?;
            let key = key.trim_matches('/');
            let url = Url::parse(&format!("s3://{bucket}/{key}/")).map_err(Error::internal)?;
            (store.clone(), Arc::new(PrefixStore::new(store, key)), url)
        }
        Place::Local(_) => {
            let folder = std::path::absolute(folder).map_err(Error::internal)?;
            let url = Url::from_directory_path(&folder).map_err(|()| Error::internal("a folder that is no URL"))?;
            let within = LocalFileSystem::new_with_prefix(&folder).map_err(Error::internal)?;
            (Arc::new(LocalFileSystem::new()), Arc::new(within), url)
        }
        Place::Http(_) => return Err(Error::internal("a table behind a web server is never written")),
    };
    Ok(default_logstore(within, root, &url, &StorageConfig::default()))
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
