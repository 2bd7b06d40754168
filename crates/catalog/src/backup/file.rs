//! A file that is written beside its place and moved there when all of it is on the disk.

use datahall_core::clock::{Random, random_hex};
use datahall_core::{Code, Error, Result};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

/// How much is gathered before it is written.
const CHUNK: usize = 256 * 1024;

/// A file being written. Dropped before [`Draft::finish`], it is removed.
pub(super) struct Draft {
    file: Option<File>,
    path: PathBuf,
    target: PathBuf,
    digest: Sha256,
    buffer: Vec<u8>,
}

impl Draft {
    /// Begins a file that will be `target`, readable by its owner only.
    pub(super) async fn begin(target: &Path, random: &dyn Random) -> Result<Self> {
        let name = target.file_name().ok_or_else(|| Error::invalid(format!("{} is not a file's name", target.display())))?;
        let draft = format!(".{}.{}.tmp", name.to_string_lossy(), random_hex(random, 6));
        let path = target.with_file_name(draft);
        let mut options = File::options();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&path).await.map_err(|error| of_io(target, &error))?;
        Ok(Self { file: Some(file), path, target: target.to_owned(), digest: Sha256::new(), buffer: Vec::new() })
    }

    /// Adds a line.
    pub(super) async fn line(&mut self, line: &str) -> Result<()> {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        if self.buffer.len() >= CHUNK { self.flush().await } else { Ok(()) }
    }

    /// The SHA-256 of all lines so far, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        hex(self.digest.clone().chain_update(&self.buffer))
    }

    async fn flush(&mut self) -> Result<()> {
        self.digest.update(&self.buffer);
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(&self.buffer).await.map_err(|error| of_io(&self.target, &error))?;
        self.buffer.clear();
        Ok(())
    }

    /// Puts the file in its place, durably.
    pub(super) async fn finish(mut self) -> Result<()> {
        self.flush().await?;
        let target = self.target.clone();
        let failed = |error: std::io::Error| of_io(&target, &error);
        if let Some(mut file) = self.file.take() {
            file.flush().await.map_err(failed)?;
            file.sync_all().await.map_err(failed)?;
        }
        tokio::fs::rename(&self.path, &target).await.map_err(failed)?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).await.map_err(failed)?.sync_all().await.map_err(failed)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `finish` it is not there any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A digest in hexadecimal.
pub(super) fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error of the file at `path`.
pub(super) fn of_io(path: &Path, error: &std::io::Error) -> Error {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::StorageFull,
        _ => Code::Invalid,
    };
    Error::new(code, format!("the backup {}: {error}", path.display()))
}
