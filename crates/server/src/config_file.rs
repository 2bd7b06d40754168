//! Which configuration file holds, and reading it.

use datahall_core::{Error, Result};
use datahall_service::{Environment, Settings};
use std::path::{Path, PathBuf};

const IN_WORKING_FOLDER: &str = "datasets.toml";

/// The settings, and the file they came from. Without any file, the defaults.
///
/// # Errors
/// `Invalid` when the file cannot be read or something in it is wrong.
pub(crate) fn load(given: Option<&Path>) -> Result<(Settings, Option<PathBuf>)> {
    let environment = Environment::of_process();
    let Some(path) = find(given, &environment) else { return Ok((Settings::default(), None)) };
    let path = absolute(&path)?;
    Ok((Settings::load(&path, &environment)?, Some(path)))
}

/// The file: the given one, else the one the environment names, else the one in the working folder.
pub(crate) fn find(given: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let named = || ["DATAPRESS_CONFIG_FILE", "DATASETS_CONFIG"].iter().find_map(|name| environment.get(name)).map(PathBuf::from);
    let here = || Some(PathBuf::from(IN_WORKING_FOLDER)).filter(|path| path.is_file());
    given.map(Path::to_path_buf).or_else(named).or_else(here)
}

/// `path` from the root, links resolved.
fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| Error::invalid(format!("configuration file {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_file_wins_over_the_environment() {
        let environment = Environment::fixed(&[("DATASETS_CONFIG", "second"), ("DATAPRESS_CONFIG_FILE", "first")]);
        assert_eq!(find(Some(Path::new("given")), &environment), Some("given".into()));
        assert_eq!(find(None, &environment), Some("first".into()));
        let environment = Environment::fixed(&[("DATASETS_CONFIG", "second")]);
        assert_eq!(find(None, &environment), Some("second".into()));
    }

    #[test]
    fn a_given_file_must_be_there() {
        let error = load(Some(Path::new("/nonexistent/datasets.toml"))).unwrap_err();
        assert!(error.message().contains("/nonexistent/datasets.toml"), "{error}");
    }
}
