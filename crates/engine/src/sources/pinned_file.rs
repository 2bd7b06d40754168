//! One file as it was when its dataset was opened: every read of it checks that it still is that file.

use super::errors::{changed, store_phrase, through_store};
use super::http::HttpFile;
use super::identity::Identity;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::logical_expr::Expr;
use datahall_core::Error;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, coalesce_ranges};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

const CHUNK: u64 = 2 * 1024 * 1024;
/// How many files on other machines are looked at at once.
const AT_ONCE: usize = 16;

/// Where the bytes are, and by what to know them again.
#[derive(Debug, Clone)]
pub(crate) enum Backing {
    /// A file of this machine.
    Local { path: PathBuf, identity: Identity },
    /// An object of a store.
    Object { store: Arc<dyn ObjectStore>, meta: ObjectMeta },
    /// What an HTTP server has.
    Http(Arc<HttpFile>),
}

/// A file and its bytes as they were.
#[derive(Debug, Clone)]
pub(crate) struct PinnedFile {
    /// What it is called in messages: its path below the location.
    pub(crate) name: String,
    /// What is between the location and the name, when it is `key=value` folders.
    pub(crate) partitions: Vec<(String, String)>,
    /// Where its bytes are.
    pub(crate) backing: Backing,
}

/// Names the files with the bytes that they have, also across restarts; `None` where one of them has nothing to tell that by.
pub(crate) fn lasting<'a>(files: impl IntoIterator<Item = &'a PinnedFile>) -> Option<String> {
    let mut digest = Sha256::new();
    for file in files {
        let bytes = match &file.backing {
            Backing::Local { path, identity } => format!("{path:?} {identity:?}"),
            Backing::Object { meta, .. } => format!("{} {} {:?}", meta.location, meta.size, meta.e_tag.as_ref()?),
            // A weak tag may stay the same when bytes change.
            Backing::Http(file) => format!("{} {:?}", file.size(), file.e_tag().filter(|tag| !tag.starts_with("W/"))?),
        };
        digest.update(format!("{:?} {:?} {bytes}\n", file.name, file.partitions));
    }
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

impl PinnedFile {
    /// Bytes in the file.
    pub(crate) fn size(&self) -> u64 {
        match &self.backing {
            Backing::Local { identity, .. } => identity.size(),
            Backing::Object { meta, .. } => meta.size,
            Backing::Http(file) => file.size(),
        }
    }

    fn modified(&self) -> DateTime<Utc> {
        match &self.backing {
            Backing::Local { identity, .. } => identity.modified(),
            Backing::Object { meta, .. } => meta.last_modified,
            Backing::Http(_) => DateTime::default(),
        }
    }

    fn e_tag(&self) -> Option<String> {
        match &self.backing {
            Backing::Local { identity, .. } => Some(identity.e_tag()),
            Backing::Object { meta, .. } => meta.e_tag.clone(),
            Backing::Http(file) => file.e_tag().map(str::to_owned),
        }
    }

    /// What is known of it, under the name `location`.
    pub(crate) fn meta(&self, location: Path) -> ObjectMeta {
        ObjectMeta { location, last_modified: self.modified(), size: self.size(), e_tag: self.e_tag(), version: None }
    }

    /// The bytes of `ranges`, in their order.
    ///
    /// # Errors
    /// One that [`super::errors::explain`] finds, when the file is not what it was.
    pub(crate) async fn read(&self, ranges: Vec<Range<u64>>) -> object_store::Result<Vec<Bytes>> {
        match &self.backing {
            Backing::Local { path, identity } => {
                let (path, identity, name) = (path.clone(), *identity, self.name.clone());
                blocking(move || {
                    let file = open(&path, &identity, &name)?;
                    ranges.into_iter().map(|range| read_at(&file, range, &identity, &name)).collect()
                })
                .await
            }
            Backing::Object { .. } | Backing::Http(_) => {
                coalesce_ranges(&ranges, |range| self.fetch(range), OBJECT_STORE_COALESCE_DEFAULT).await
            }
        }
    }

    /// The bytes of `range` piece by piece.
    pub(crate) fn stream(self: Arc<Self>, range: Range<u64>) -> BoxStream<'static, object_store::Result<Bytes>> {
        if let Backing::Local { path, identity } = &self.backing {
            return local_stream(path.clone(), *identity, self.name.clone(), range);
        }
        futures::stream::once(async move { self.fetch_stream(range).await })
            .flat_map(|opened| match opened {
                Ok(stream) => stream,
                Err(error) => futures::stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }

    async fn fetch(&self, range: Range<u64>) -> object_store::Result<Bytes> {
        let wanted = range.end - range.start;
        let mut stream = self.fetch_stream(range).await?;
        let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
        }
        if bytes.len() as u64 == wanted { Ok(bytes.into()) } else { Err(through_store(changed(&self.name))) }
    }

    async fn fetch_stream(&self, range: Range<u64>) -> object_store::Result<BoxStream<'static, object_store::Result<Bytes>>> {
        match &self.backing {
            Backing::Http(file) => file.get(range, &self.name).await.map_err(through_store),
            Backing::Object { store, meta } => fetch_object(store, meta, range, &self.name).await,
            Backing::Local { .. } => Err(through_store(Error::internal("a local file is not fetched"))),
        }
    }
}

/// Looks whether those of `files` that lie on this machine still are what they were, and with `remote` those on other
/// machines too. Reading finds that out as well, but then rows may already be on their way; and some questions are answered
/// without reading.
///
/// # Errors
/// As [`PinnedFile::read`].
pub(crate) async fn unchanged(files: Vec<Arc<PinnedFile>>, remote: bool) -> object_store::Result<()> {
    let (local, elsewhere): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| matches!(file.backing, Backing::Local { .. }));
    blocking(move || {
        for file in local {
            if let Backing::Local { path, identity } = &file.backing
                && !std::fs::metadata(path).is_ok_and(|now| Identity::of(&now) == *identity)
            {
                return Err(through_store(changed(&file.name)));
            }
        }
        Ok(())
    })
    .await?;
    if !remote {
        return Ok(());
    }
    // One byte is what every kind of server gives the tags with.
    let look = |file: Arc<PinnedFile>| async move { file.read(vec![0..1]).await.map(|_| ()) };
    futures::stream::iter(elsewhere.into_iter().filter(|file| file.size() > 0)).map(look).buffered(AT_ONCE).try_collect().await
}

/// Whether a scan with `filters` and `limit` may be answered from what is known of the files, without reading them.
pub(crate) fn answered_unread(filters: &[Expr], limit: Option<usize>) -> bool {
    filters.is_empty() && limit.is_none()
}

async fn fetch_object(
    store: &Arc<dyn ObjectStore>,
    meta: &ObjectMeta,
    range: Range<u64>,
    name: &str,
) -> object_store::Result<BoxStream<'static, object_store::Result<Bytes>>> {
    // A weak tag never satisfies If-Match; it is compared afterwards instead.
    let strong = meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
    let whole = range == (0..meta.size);
    let options = GetOptions::new().with_if_match(strong).with_range((!whole).then_some(GetRange::Bounded(range)));
    let got = store.get_opts(&meta.location, options).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. } => {
            through_store(changed(name).with_detail(error))
        }
        other => {
            let message = format!("the source cannot be read: {name}: {}", store_phrase(&other));
            through_store(Error::unavailable(message).with_detail(other))
        }
    })?;
    let same = match (&meta.e_tag, &got.meta.e_tag) {
        (Some(then), Some(now)) => then == now,
        // Listings may tell parts of a second that answers to GET cannot.
        _ => meta.last_modified.timestamp() == got.meta.last_modified.timestamp(),
    };
    if !same || got.meta.size != meta.size {
        return Err(through_store(changed(name)));
    }
    Ok(got.into_stream())
}

fn open(path: &PathBuf, identity: &Identity, name: &str) -> object_store::Result<File> {
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => through_store(changed(name)),
        std::io::ErrorKind::PermissionDenied => {
            through_store(Error::unavailable(format!("the source cannot be read: {name}: permission denied")))
        }
        _ => unreadable(name, &error),
    })?;
    check(&file, identity, name)?;
    Ok(file)
}

fn check(file: &File, identity: &Identity, name: &str) -> object_store::Result<()> {
    let now = file.metadata().map_err(|error| unreadable(name, &error))?;
    if Identity::of(&now) == *identity { Ok(()) } else { Err(through_store(changed(name))) }
}

fn read_at(file: &File, range: Range<u64>, identity: &Identity, name: &str) -> object_store::Result<Bytes> {
    let mut buffer = vec![0; usize::try_from(range.end - range.start).unwrap_or(0)];
    file.read_exact_at(&mut buffer, range.start).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => through_store(changed(name)),
        _ => unreadable(name, &error),
    })?;
    // Checked after the bytes are here: whatever was written before or while they were read shows now.
    check(file, identity, name)?;
    Ok(buffer.into())
}

fn unreadable(name: &str, error: &std::io::Error) -> object_store::Error {
    through_store(Error::unavailable(format!("the source cannot be read: {name}")).with_detail(error))
}

fn local_stream(
    path: PathBuf,
    identity: Identity,
    name: String,
    range: Range<u64>,
) -> BoxStream<'static, object_store::Result<Bytes>> {
    let start = (None::<File>, range);
    futures::stream::try_unfold(start, move |(file, range)| {
        let (path, name) = (path.clone(), name.clone());
        async move {
            if range.is_empty() && file.is_some() {
                return Ok(None);
            }
            blocking(move || {
                let file = match file {
                    Some(file) => file,
                    None => open(&path, &identity, &name)?,
                };
                let middle = range.end.min(range.start + CHUNK);
                let bytes = read_at(&file, range.start..middle, &identity, &name)?;
                Ok(Some((bytes, (Some(file), middle..range.end))))
            })
            .await
        }
    })
    .boxed()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> object_store::Result<T> + Send + 'static) -> object_store::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(object_store::Error::JoinError { source: error }),
    }
}
