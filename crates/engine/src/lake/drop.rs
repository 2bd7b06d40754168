//! Deleting a managed table with all its versions.

use super::Lake;
use super::sweep;
use crate::sources::listing::{Place, place};
use crate::sources::{delta, local};
use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};

impl Lake {
    /// See [`Engine::drop_managed`](datahall_core::engine::Engine::drop_managed).
    pub(crate) async fn drop_table(&self, table: &str) -> Result<()> {
        let location = self.location(table)?;
        let uses = self.in_use().of(&delta::place_key(&location));
        let _alone = uses.deleting().await;
        match place(&location.url)? {
            Place::Local(path) => {
                let path = PathBuf::from(delta::local_path(&location.url, path));
                local::in_background(move || drop_folder(&path).map_err(Error::internal)).await
            }
            _ => sweep::everything(&location).await,
        }
    }
}

/// The table is gone in one step, by another name that no table can have; then its files go.
fn drop_folder(path: &Path) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.dropped"));
    // What a server that died at it left behind.
    remove(&aside)?;
    match std::fs::rename(path, &aside) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => remove(&aside),
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
