//! Folders of connections: of this machine, never out of the connection's root, or of a bucket.

use crate::sources::errors::store_phrase;
use crate::sources::listing::{Place, place};
use crate::sources::local::in_background;
use crate::sources::s3;
use datahall_core::connection::{Connection, Reach};
use datahall_core::dataset::{Location, S3Options};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use object_store::ObjectStore;
use object_store::path::Path as Key;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// More in one folder is not looked through.
const MOST: usize = 100_000;
/// How long a bucket may take to list one folder.
const LISTING: Duration = Duration::from_secs(15);

/// Where a connection's files are.
pub(super) enum Ground {
    /// A folder with all links resolved.
    Folder(PathBuf),
    /// The server's own folder, which is made when something is put there: nothing is in it yet.
    Empty,
    Bucket {
        store: Arc<dyn ObjectStore>,
        bucket: String,
        prefix: Key,
        options: S3Options,
    },
}

/// What is in one folder, by name.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) files: Vec<String>,
    pub(super) folders: Vec<String>,
}

impl Ground {
    /// # Errors
    /// `Unavailable` when the root is not there; `Invalid` when `access` refuses it.
    pub(super) async fn of(connection: &Connection, lakehouse: &Path, access: &Access) -> Result<Self> {
        let (root, own) = match &connection.reach {
            Reach::Filesystem { root } | Reach::Lakehouse { root: Some(root) } => (root.clone(), false),
            Reach::Lakehouse { root: None } => (lakehouse.to_owned(), true),
            Reach::S3 { root, options } => return bucket(connection, root, options, access).await,
            other => return Err(Error::internal(format!("connections of type {} are not made of files", other.kind()))),
        };
        let (name, roots) = (connection.name.clone(), crate::sources::local::Roots::new(access));
        in_background(move || {
            let gone = |error: &dyn std::fmt::Display| unavailable(&name).with_detail(error);
            let resolved = match root.canonicalize() {
                Ok(resolved) => resolved,
                Err(error) if own && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::Empty),
                Err(error) if own || roots.allow(&root) => return Err(gone(&error)),
                // Nobody learns from this which folders there are.
                Err(error) => return Err(refused(&name).with_detail(error)),
            };
            if !own && !roots.allow(&resolved) {
                return Err(refused(&name));
            }
            if resolved.is_dir() { Ok(Self::Folder(resolved)) } else { Err(gone(&"not a folder")) }
        })
        .await
    }

    /// What is in the folder `path` below the root; `None` when there is none, or it leads out of the root.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be listed.
    pub(super) async fn entries(&self, path: &[&str], name: &str) -> Result<Option<Entries>> {
        match self {
            Self::Empty => Ok(path.is_empty().then(Entries::default)),
            Self::Folder(root) => {
                let (root, below) = (root.clone(), path.iter().collect::<PathBuf>());
                let listed = in_background(move || {
                    let folder = root.join(below);
                    list(&root, &folder).map_err(Error::internal)
                });
                listed.await.map_err(|error| unavailable(name).with_detail(error.detail().unwrap_or_default()))
            }
            Self::Bucket { store, prefix, .. } => {
                let key = path.iter().fold(prefix.clone(), |key, part| key.join(*part));
                let listed = tokio::time::timeout(LISTING, store.list_with_delimiter(Some(&key))).await;
                let late = |error| unavailable(name).with_detail(error);
                let listed = listed
                    .map_err(late)?
                    .map_err(|error| unavailable(name).with_detail(store_phrase(&error)).with_detail(error))?;
                let names = |keys: Vec<Key>| keys.iter().filter_map(|key| key.filename().map(str::to_owned)).take(MOST).collect();
                let files = names(listed.objects.into_iter().map(|object| object.location).collect());
                let entries = Entries { files, folders: names(listed.common_prefixes) };
                // A bucket has no folders that are empty, but for the one that was asked for.
                let there = path.is_empty() || !entries.files.is_empty() || !entries.folders.is_empty();
                Ok(there.then_some(entries))
            }
        }
    }

    /// Where `path` below the root is, and what reading it may reach: nothing out of the root.
    pub(super) fn location(&self, path: &[&str], access: &Access) -> Result<(Location, Access)> {
        match self {
            Self::Empty => Err(Error::internal("nothing is there")),
            Self::Folder(root) => {
                let path = root.join(path.iter().collect::<PathBuf>());
                let text = path.to_str().ok_or_else(|| Error::invalid("the connection's folder has a name that is no text"))?;
                let within = Access { roots: Some(vec![root.clone()]), ..access.clone() };
                Ok((Location { url: text.to_owned(), s3: S3Options::default() }, within))
            }
            Self::Bucket { bucket, prefix, options, .. } => {
                let key = path.iter().fold(prefix.clone(), |key, part| key.join(*part));
                Ok((Location { url: format!("s3://{bucket}/{key}"), s3: options.clone() }, access.clone()))
            }
        }
    }
}

async fn bucket(connection: &Connection, root: &str, options: &S3Options, access: &Access) -> Result<Ground> {
    let Ok(Place::S3 { bucket, key }) = place(root) else {
        return Err(Error::invalid(format!("connector '{}': root is not of the form s3://bucket/prefix", connection.name)));
    };
    let named = |error: Error| error.context(format!("connector '{}'", connection.name));
    // Judged each time, for a name may lead elsewhere than when the connector was made. So is each connection of the store; here it
    // is said in words.
    if let Some((host, port)) = s3::host(bucket, options).map_err(named)? {
        super::reach::host(&connection.name, (&host, port), access).await?;
    }
    let store = s3::bucket(root, bucket, options).map_err(named)?;
    let prefix = Key::parse(key.trim_matches('/'))
        .map_err(|_| Error::invalid(format!("connector '{}': root is not a valid key", connection.name)))?;
    Ok(Ground::Bucket { store, bucket: bucket.to_owned(), prefix, options: options.clone() })
}

/// What is in `folder`, when it is one and in `root`; links are what they lead to, if that is in `root`.
fn list(root: &Path, folder: &Path) -> std::io::Result<Option<Entries>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    let resolved = match folder.canonicalize() {
        Ok(resolved) if resolved.starts_with(root) => resolved,
        Ok(_) => return Ok(None),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) && root.is_dir() => return Ok(None),
        Err(error) => return Err(error),
    };
    if !resolved.is_dir() {
        return Ok(None);
    }
    let mut entries = Entries::default();
    for entry in std::fs::read_dir(&resolved)?.take(MOST) {
        let entry = entry?;
        // What is not text is nobody's data.
        let (Ok(name), Ok(path)) = (entry.file_name().into_string(), entry.path().canonicalize()) else { continue };
        if !path.starts_with(root) {
            continue;
        }
        if path.is_dir() { entries.folders.push(name) } else { entries.files.push(name) }
    }
    entries.files.sort();
    entries.folders.sort();
    Ok(Some(entries))
}

pub(super) fn unavailable(name: &str) -> Error {
    Error::unavailable(format!("connector '{name}' does not answer: its root cannot be read"))
}

fn refused(name: &str) -> Error {
    Error::invalid(format!("connector '{name}': its root is outside the folders that may be read"))
}
