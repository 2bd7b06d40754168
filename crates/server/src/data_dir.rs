//! The data directory: made at the first start, and used by one server at a time.

use datahall_core::{Error, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// A data directory that nobody else uses as long as this value lives.
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing, and takes it.
    ///
    /// # Errors
    /// `Invalid` when it cannot be made or written, or another server uses it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::invalid(format!("data directory {}: {error}", path.display()));
        fs::create_dir_all(path.join("tmp")).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::invalid(format!("data directory {}: another server uses it", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where it is, from the root.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where files go that need not outlive the server.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_and_taken_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let first = DataDir::open(&path).unwrap();
        assert!(first.tmp().is_dir());
        assert!(DataDir::open(&path).err().unwrap().message().contains("another server"));
        drop(first);
        assert!(DataDir::open(&path).is_ok());
    }
}
