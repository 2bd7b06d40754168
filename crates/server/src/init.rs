//! `datahall init`: writes a commented configuration file.

use crate::cli;
use crate::terminal::say;
use datahall_core::{Error, Result};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};

/// Writes `datasets.toml` into a folder.
///
/// # Errors
/// `Invalid` when it is there already or cannot be written.
pub(crate) fn main(arguments: &cli::Init) -> Result<()> {
    let path = arguments.dir.join("datasets.toml");
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Error::invalid(format!("{} is there already (--force replaces it)", path.display())),
        _ => Error::invalid(format!("{}: {error}", path.display())),
    };
    fs::create_dir_all(&arguments.dir).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.write(true);
    if arguments.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(&path).map_err(failed)?;
    file.write_all(datahall_service::config::TEMPLATE.as_bytes()).map_err(failed)?;
    say(format_args!("wrote {}\ncheck it: datahall check --config {0}\nserve it: datahall serve --config {0}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_stays_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datasets.toml");
        fs::write(&path, "mine").unwrap();
        let arguments = |force| cli::Init { dir: folder.path().to_path_buf(), force };
        assert!(main(&arguments(false)).unwrap_err().message().contains("--force"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        main(&arguments(true)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), datahall_service::config::TEMPLATE);
    }
}
