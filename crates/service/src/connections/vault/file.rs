//! The key that a server makes for itself, in a file of its data directory that only its owner can read.

use datahall_core::clock::{Random, random_hex};
use datahall_core::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The file in the data directory.
pub(super) const FILE: &str = "secret.key";

/// What the file says; `None` when there is none.
///
/// # Errors
/// `Unavailable` when it cannot be read.
pub(super) fn read(data_dir: &Path) -> Result<Option<String>> {
    let path = data_dir.join(FILE);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error)),
    };
    if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!("{FILE} can be read by others than its owner");
    }
    std::io::read_to_string(&mut file).map(Some).map_err(unusable)
}

/// Makes a key, unless somebody else made one meanwhile; gives what the file says then.
///
/// # Errors
/// As [`read`], and when it cannot be written.
pub(super) fn make(data_dir: &Path, random: &dyn Random) -> Result<String> {
    let aside = data_dir.join(format!("{FILE}.{}", random_hex(random, 8)));
    let written = write(data_dir, &aside, &random_hex(random, 32));
    let _ = fs::remove_file(&aside);
    written.map_err(unusable)?;
    read(data_dir)?.ok_or_else(|| Error::unavailable(format!("{FILE}: is gone again")))
}

/// Whole and durable before it has its name; a link never replaces what is there.
fn write(data_dir: &Path, aside: &Path, secret: &str) -> std::io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    match fs::hard_link(aside, data_dir.join(FILE)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(data_dir)?.sync_all()
}

fn unusable(error: std::io::Error) -> Error {
    Error::unavailable("the key of connections' secrets cannot be read or written").with_detail(format!("{FILE}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    #[test]
    fn it_is_made_once_for_its_owner_alone_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let first = make(folder.path(), &SystemRandom).unwrap();
        assert_eq!(first.trim().len(), 64);
        assert_eq!(make(folder.path(), &SystemRandom).unwrap(), first);
        assert_eq!(read(folder.path()).unwrap(), Some(first));
        assert_eq!(fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_said_without_a_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FILE)).unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(!error.message().contains('/') && error.detail().is_some());
    }
}
