//! The administrator's secret: from the environment, else made at the first start and kept in the data directory.

use datahall_core::clock::{Random, random_hex};
use datahall_core::{Error, Result};
use datahall_service::Environment;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The secret, and the file that holds it.
pub(crate) struct AdminToken {
    /// The secret.
    pub(crate) secret: String,
    /// Where it can be read; `None` when it came from the environment.
    pub(crate) file: Option<PathBuf>,
}

/// The secret to use.
///
/// # Errors
/// `Invalid` when the file cannot be read or written.
pub(crate) fn obtain(environment: &Environment, random: &dyn Random, data_dir: &Path) -> Result<AdminToken> {
    if let Some(secret) = environment.get("ADMIN_TOKEN") {
        return Ok(AdminToken { secret, file: None });
    }
    let path = data_dir.join("admin-token");
    let failed = |error: std::io::Error| Error::invalid(format!("{}: {error}", path.display()));
    let kept = match fs::read_to_string(&path) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let secret = if kept.is_empty() { make(&path, random).map_err(failed)? } else { kept };
    Ok(AdminToken { secret, file: Some(path) })
}

/// Written aside and renamed, so that a crash leaves no half of a secret.
fn make(path: &Path, random: &dyn Random) -> std::io::Result<String> {
    let secret = random_hex(random, 24);
    let aside = path.with_extension("new");
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_made_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let none = Environment::fixed(&[]);
        let first = obtain(&none, &SystemRandom, folder.path()).unwrap();
        assert_eq!(first.secret.len(), 48);
        let mode = fs::metadata(first.file.unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(obtain(&none, &SystemRandom, folder.path()).unwrap().secret, first.secret);
    }

    #[test]
    fn the_environment_wins_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let given = obtain(&Environment::fixed(&[("ADMIN_TOKEN", "s")]), &SystemRandom, folder.path()).unwrap();
        assert_eq!((given.secret.as_str(), given.file), ("s", None));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
