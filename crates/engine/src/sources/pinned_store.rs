//! The object store of one opened dataset: the files it was opened with, as they were then, and nothing else.

use super::errors::through_store;
use super::pinned_file::PinnedFile;
use bytes::Bytes;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datahall_core::{Error, Result};
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A read-only store that answers from pinned files alone.
#[derive(Debug)]
pub(crate) struct PinnedStore {
    number: u64,
    files: BTreeMap<Path, Arc<PinnedFile>>,
}

impl PinnedStore {
    /// A store of `files`. Their keys hold a number that no other store of this process has, so that no cache that goes by
    /// path can take one dataset's file, or an older version of it, for another's.
    pub(crate) fn new(files: Vec<Arc<PinnedFile>>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let keyed = files.into_iter().enumerate().map(|(at, file)| (Path::from(format!("{number}/{at:08}")), file));
        Self { number, files: keyed.collect() }
    }

    /// A store of `files` whose keys end in their names, for readers that make up the keys themselves. Names that cannot be
    /// keys are left out.
    pub(crate) fn by_name(files: Vec<PinnedFile>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let keyed =
            files.into_iter().filter_map(|file| Some((Path::parse(format!("{number}/{}", file.name)).ok()?, Arc::new(file))));
        Self { number, files: keyed.collect() }
    }

    /// The number that its keys begin with.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What is known of each file, in the order in which they were given.
    pub(crate) fn metas(&self) -> Vec<ObjectMeta> {
        self.files.iter().map(|(key, file)| file.meta(key.clone())).collect()
    }

    /// The file under `key`.
    pub(crate) fn file(&self, key: &Path) -> object_store::Result<&Arc<PinnedFile>> {
        let missing = || object_store::Error::NotFound { path: key.to_string(), source: "not one of the pinned files".into() };
        self.files.get(key).ok_or_else(missing)
    }

    /// The file called `name`, in a store made [`Self::by_name`].
    pub(crate) fn named(&self, name: &str) -> object_store::Result<&Arc<PinnedFile>> {
        self.file(&self.key(name)?)
    }

    /// The key of the file called `name`, in such a store.
    pub(crate) fn key(&self, name: &str) -> object_store::Result<Path> {
        Ok(Path::parse(format!("{}/{name}", self.number))?)
    }

    fn below(&self, prefix: Option<&Path>) -> Vec<ObjectMeta> {
        let root = prefix.cloned().unwrap_or_default();
        let inside = self.files.iter().filter(|(key, _)| key.prefix_match(&root).is_some_and(|mut parts| parts.next().is_some()));
        inside.map(|(key, file)| file.meta(key.clone())).collect()
    }
}

impl std::fmt::Display for PinnedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PinnedStore({})", self.number)
    }
}

fn read_only<T>() -> object_store::Result<T> {
    Err(through_store(Error::internal("a source is never written to")))
}

#[async_trait::async_trait]
impl ObjectStore for PinnedStore {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
        read_only()
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> object_store::Result<Box<dyn MultipartUpload>> {
        read_only()
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let file = self.file(location)?;
        let meta = file.meta(location.clone());
        let range = match &options.range {
            Some(range) => range
                .as_range(meta.size)
                .map_err(|error| object_store::Error::Generic { store: "source", source: Box::new(error) })?,
            None => 0..meta.size,
        };
        let stream = if options.head { stream::empty().boxed() } else { file.clone().stream(range.clone()) };
        Ok(GetResult { payload: GetResultPayload::Stream(stream), meta, range, attributes: Attributes::new() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> object_store::Result<Vec<Bytes>> {
        self.file(location)?.read(ranges.to_vec()).await
    }

    fn delete_stream(&self, _: BoxStream<'static, object_store::Result<Path>>) -> BoxStream<'static, object_store::Result<Path>> {
        stream::once(async { read_only() }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        stream::iter(self.below(prefix).into_iter().map(Ok)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        let root = prefix.cloned().unwrap_or_default();
        let (mut objects, mut folders) = (Vec::new(), BTreeSet::new());
        for meta in self.below(prefix) {
            let folder = {
                let mut parts = meta.location.prefix_match(&root).into_iter().flatten();
                parts.next().filter(|_| parts.next().is_some()).map(|folder| root.clone().join(folder))
            };
            match folder {
                Some(folder) => drop(folders.insert(folder)),
                None => objects.push(meta),
            }
        }
        Ok(ListResult { common_prefixes: folders.into_iter().collect(), objects })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        read_only()
    }
}

/// A store under the address by which plans find it. Plans hold it too: a query that began before its table was replaced
/// still finds its files.
#[derive(Debug)]
pub(crate) struct Registration {
    /// The store.
    pub(crate) store: Arc<PinnedStore>,
    /// Its address.
    pub(crate) url: ObjectStoreUrl,
    runtime: Arc<RuntimeEnv>,
}

impl Registration {
    /// Makes `store` known to `runtime`, until this is dropped.
    ///
    /// # Errors
    /// `Internal`, should the address not be one.
    pub(crate) fn new(runtime: &Arc<RuntimeEnv>, store: PinnedStore) -> Result<Arc<Self>> {
        let url = ObjectStoreUrl::parse(format!("dh-{}://pinned", store.number)).map_err(Error::internal)?;
        let store = Arc::new(store);
        runtime.register_object_store(url.as_ref(), store.clone());
        Ok(Arc::new(Self { store, url, runtime: runtime.clone() }))
    }

    /// The runtime that knows the store.
    pub(crate) fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let footers = self.runtime.cache_manager.get_file_metadata_cache();
        for key in self.store.files.keys() {
            footers.remove(key);
        }
        // Nothing to do about a store that is not known any more.
        let _ = self.runtime.deregister_object_store(self.url.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::Identity;
    use super::super::pinned_file::Backing;
    use super::*;
    use object_store::ObjectStoreExt;
    use std::time::Duration;

    fn pin(path: &std::path::Path) -> (PinnedStore, Path) {
        let identity = Identity::of(&std::fs::metadata(path).unwrap());
        let backing = Backing::Local { path: path.to_owned(), identity };
        let store = PinnedStore::new(vec![Arc::new(PinnedFile { name: "a.csv".into(), partitions: Vec::new(), backing })]);
        let key = store.metas()[0].location.clone();
        (store, key)
    }

    #[tokio::test]
    async fn the_bytes_are_those_of_the_file_until_it_changes_in_place_or_by_replacement_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        type Change = fn(&std::path::Path);
        let changes: [Change; 4] = [
            |path| std::fs::write(path, b"0987654321").unwrap(),
            |path| std::fs::remove_file(path).unwrap(),
            |path| std::fs::File::options().write(true).open(path).unwrap().set_len(3).unwrap(),
            |path| {
                let other = path.with_extension("new");
                std::fs::write(&other, b"0987654321").unwrap();
                std::fs::rename(other, path).unwrap();
            },
        ];
        for change in changes {
            std::fs::write(&path, b"1234567890").unwrap();
            std::thread::sleep(Duration::from_millis(20));
            let (store, key) = pin(&path);
            assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), "1234567890");
            assert_eq!(store.get_range(&key, 2..4).await.unwrap(), "34");
            assert_eq!(store.get_ranges(&key, &[8..10, 0..1]).await.unwrap(), ["90", "1"]);
            change(&path);
            for text in [
                store.get(&key).await.unwrap().bytes().await.unwrap_err().to_string(),
                store.get_range(&key, 0..1).await.unwrap_err().to_string(),
                store.get_ranges(&key, &[0..1]).await.unwrap_err().to_string(),
            ] {
                assert!(text.contains("source changed since it was loaded: a.csv; reload the dataset"), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_written_and_nothing_else_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, b"1").unwrap();
        let (store, key) = pin(&path);
        assert!(store.put(&key, PutPayload::from_static(b"2")).await.is_err());
        assert!(store.delete(&key).await.is_err());
        assert!(store.get(&Path::from("etc/passwd")).await.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
    }
}
