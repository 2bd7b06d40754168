//! The files below a table's folder as they are, whatever its log says of them, and deleting some.

use super::failed;
use super::place::Table;
use crate::sources::listing::{Place, place};
use crate::sources::{local, s3};
use chrono::{DateTime, Utc};
use datahall_core::dataset::Location;
use datahall_core::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path as Key;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOG: &str = "_delta_log";
/// Where writers put what changed between versions.
const CHANGES: &str = "_change_data";

/// A file that may be one of a table's data.
pub(super) struct Found {
    /// Below the table's folder.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) modified: DateTime<Utc>,
}

/// Where the files of a table are.
pub(super) enum Ground {
    Folder(PathBuf),
    Bucket { store: Arc<dyn ObjectStore>, prefix: Key },
}

impl Ground {
    /// # Errors
    /// `Invalid` when the table is not there or refused.
    pub(super) async fn of(table: &Table) -> Result<Self> {
        match table.folder().await? {
            Some(folder) => Ok(Self::Folder(folder)),
            None => bucket(&table.location),
        }
    }

    /// What writers of Delta tables write beside the log. Links, hidden folders and tables within the table are left out.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub(super) async fn files(&self) -> Result<Vec<Found>> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                local::in_background(move || below(&folder)).await
            }
            Self::Bucket { store, prefix } => objects(store, prefix).await,
        }
    }

    /// Deletes files; those that are gone already are none the worse. `held` is let go when the last is gone, also when nobody
    /// waits for that any more.
    ///
    /// # Errors
    /// When one cannot be deleted; others may be by then.
    pub(super) async fn delete(&self, names: Vec<String>, held: impl Send + 'static) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let work = move || {
                    let deleted = names.iter().try_for_each(|name| unlink(&folder.join(name)));
                    drop(held);
                    deleted
                };
                local::in_background(work).await
            }
            Self::Bucket { store, prefix } => {
                let keys: Result<Vec<Key>> = names
                    .iter()
                    .map(|name| Key::parse(format!("{prefix}/{name}").trim_start_matches('/')).map_err(Error::internal))
                    .collect();
                delete_objects(store, keys?).await
            }
        }
    }
}

/// Deletes every object of a table in a bucket, its log first: without it the rest is nobody's.
///
/// # Errors
/// When one cannot be deleted.
pub(super) async fn everything(location: &Location) -> Result<()> {
    let Ground::Bucket { store, prefix } = bucket(location)? else { return Ok(()) };
    for below in [prefix.clone().join(LOG), prefix] {
        let metas: Vec<_> = store.list(Some(&below)).try_collect().await.map_err(failed::store)?;
        delete_objects(&store, metas.into_iter().map(|meta| meta.location).collect()).await?;
    }
    Ok(())
}

fn bucket(location: &Location) -> Result<Ground> {
    let Place::S3 { bucket, key } = place(&location.url)? else { return Err(Error::internal("not a bucket")) };
    let store = s3::bucket(&location.url, bucket, &location.s3)?;
    Ok(Ground::Bucket { store, prefix: Key::parse(key.trim_matches('/')).map_err(Error::internal)? })
}

async fn delete_objects(store: &Arc<dyn ObjectStore>, keys: Vec<Key>) -> Result<()> {
    let mut gone = store.delete_stream(stream::iter(keys.into_iter().map(Ok)).boxed());
    while let Some(one) = gone.next().await {
        match one {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed::store(error)),
        }
    }
    Ok(())
}

fn unlink(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(Error::invalid("files of the table may not be deleted by this server").with_detail(error))
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::internal(error)),
        _ => Ok(()),
    }
}

/// Whether what is in a folder of this name may be a table's data.
fn is_open(folder: &str) -> bool {
    folder == CHANGES || folder.contains('=') || !folder.starts_with(['_', '.'])
}

/// Whether a file of this name is one that writers of Delta tables write.
fn is_data(name: &str) -> bool {
    let parquet = name.ends_with(".parquet") && !name.starts_with(['_', '.']);
    parquet || (name.starts_with("deletion_vector_") && name.ends_with(".bin"))
}

fn below(folder: &Path) -> Result<Vec<Found>> {
    let open = |entry: &walkdir::DirEntry| {
        let own = entry.depth() == 0 || !entry.file_type().is_dir();
        own || (is_open(&entry.file_name().to_string_lossy()) && !entry.path().join(LOG).is_dir())
    };
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).follow_links(false).into_iter().filter_entry(open) {
        let entry = entry.map_err(|error| Error::invalid("the table's folder cannot be read").with_detail(error))?;
        let Some(name) = entry.path().strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
        // Not what a link leads to: it may lie anywhere.
        if !entry.file_type().is_file() || !is_data(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let Ok(metadata) = entry.metadata() else { continue };
        let Ok(modified) = metadata.modified() else { continue };
        found.push(Found { name: name.to_owned(), bytes: metadata.len(), modified: modified.into() });
    }
    Ok(found)
}

async fn objects(store: &Arc<dyn ObjectStore>, prefix: &Key) -> Result<Vec<Found>> {
    let (mut found, mut tables) = (Vec::new(), HashSet::new());
    let mut listed = store.list(Some(prefix));
    while let Some(meta) = listed.try_next().await.map_err(failed::store)? {
        let Some(parts) = meta.location.prefix_match(prefix) else { continue };
        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        let Some((file, folders)) = parts.split_last() else { continue };
        if let Some(at) = folders.iter().position(|folder| folder == LOG) {
            tables.insert(folders[..at].join("/"));
        } else if folders.iter().all(|folder| is_open(folder)) && is_data(file) {
            found.push(Found { name: parts.join("/"), bytes: meta.size, modified: meta.last_modified });
        }
    }
    tables.remove("");
    found.retain(|file| {
        !tables.iter().any(|table| file.name.strip_prefix(table.as_str()).is_some_and(|rest| rest.starts_with('/')))
    });
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt, PutPayload};

    const FILES: [&str; 11] = [
        "a.parquet",
        "notes.txt",
        "_b.parquet",
        "p=1/c.parquet",
        "_p=2/d.parquet",
        "_delta_log/00000000000000000001.checkpoint.parquet",
        "_hidden/e.parquet",
        "_change_data/f.parquet",
        "inner/_delta_log/00000000000000000000.json",
        "inner/g.parquet",
        "ab/deletion_vector_1.bin",
    ];
    const DATA: [&str; 5] =
        ["_change_data/f.parquet", "_p=2/d.parquet", "a.parquet", "ab/deletion_vector_1.bin", "p=1/c.parquet"];

    async fn names(ground: &Ground) -> Vec<String> {
        let mut names: Vec<_> = ground.files().await.unwrap().into_iter().map(|file| file.name).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn only_what_writers_of_this_table_may_have_written_is_found() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in FILES {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::fs::write(outside.path().join("secret.parquet"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.parquet"), folder.path().join("link.parquet")).unwrap();
        let ground = Ground::Folder(folder.path().to_owned());
        assert_eq!(names(&ground).await, DATA);
        ground.delete(vec!["a.parquet".into(), "gone.parquet".into()], ()).await.unwrap();
        assert_eq!(names(&ground).await.len(), 4);
        assert!(outside.path().join("secret.parquet").exists());
    }

    #[tokio::test]
    async fn in_buckets_too() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for name in FILES.iter().map(|name| format!("t/{name}")).chain(["tt/z.parquet".to_owned()]) {
            store.put(&Key::from(name), PutPayload::from_static(b"x")).await.unwrap();
        }
        let ground = Ground::Bucket { store, prefix: Key::from("t") };
        assert_eq!(names(&ground).await, DATA);
        ground.delete(vec!["p=1/c.parquet".into()], ()).await.unwrap();
        assert_eq!(names(&ground).await.len(), 4);
    }
}
