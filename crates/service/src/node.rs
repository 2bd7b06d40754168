//! Which of the servers on one catalog this is: an id that its data directory keeps.

use datahall_core::clock::{Random, random_hex};
use datahall_core::{Error, Result};
use std::path::Path;

const FILE: &str = "node-id";

/// The id; made at the first start.
///
/// # Errors
/// When the data directory cannot be read or written.
pub(crate) fn id(data_dir: &Path, random: &dyn Random) -> Result<String> {
    let path = data_dir.join(FILE);
    let failed = |error: std::io::Error| Error::invalid(format!("{}: {error}", path.display()));
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let id = random_hex(random, 8);
    std::fs::create_dir_all(data_dir).map_err(failed)?;
    std::fs::write(&path, &id).map_err(failed)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    #[test]
    fn it_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = id(folder.path(), &SystemRandom).unwrap();
        assert_eq!((first.len(), id(folder.path(), &SystemRandom).unwrap()), (16, first.clone()));
    }
}
