//! Where files are received, and how many at once.

use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files on their way in at once: they take space on disk, and no memory to speak of.
const RECEIVED: usize = 64;
/// Files that are read at once: each takes some tens of MiB and as many threads as there are processors.
const READ: usize = 2;

/// Where files are received.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    folder: PathBuf,
    received: Arc<Semaphore>,
    read: Arc<Semaphore>,
}

impl Desk {
    /// Files are kept below `folder`, which must be empty.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, received: Arc::new(Semaphore::new(RECEIVED)), read: Arc::new(Semaphore::new(READ)) }
    }

    /// A folder for one file.
    ///
    /// # Errors
    /// `Unavailable` when too many are on their way in; `StorageFull`.
    pub(super) fn open(&self, name: &str) -> Result<Place> {
        let permit = self.received.clone().try_acquire_owned();
        let busy = |_| Error::unavailable("too many uploads at once").retry_after(5);
        let place = Place { folder: self.folder.join(name), _permit: permit.map_err(busy)? };
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&place.folder).map_err(super::received::failed)?;
        Ok(place)
    }

    /// Waits until another file may be read.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        self.read.clone().acquire_owned().await.map_err(Error::internal)
    }
}

/// A folder that goes with this, and all that is in it.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(?error, folder = %self.folder.display(), "an uploaded file could not be deleted");
        }
    }
}
