//! Saved queries as files of their own in the folder beside the configuration file.

use super::persist::{replace_or_make, sync_folder};
use super::{DatasetBlock, Environment, load};
use datahall_core::{Code, Error, Result};
use std::io;
use std::path::{Path, PathBuf};

/// Writes the block to a new file in `folder` beside the configuration file at `path`, durably and in one step; gives where. `suffix`
/// makes the temporary file's name unguessable. Blocks.
///
/// # Errors
/// `Invalid` when the configuration would not load with it; nothing has changed then.
pub(crate) fn save(path: &Path, folder: &str, block: &DatasetBlock, environment: &Environment, suffix: &str) -> Result<PathBuf> {
    let folder = beside(path, folder);
    let failed = |error: io::Error| Error::internal(format!("{}: {error}", folder.display()));
    let text = block.to_toml()?;
    let (read_back, problems) = load::check_text(path, text.clone(), environment);
    // What is in the folder already is not this one's fault.
    let own = problems.iter().find(|problem| problem.file == path);
    if let Some(problem) = own {
        return Err(Error::invalid(format!("invalid value: {}", problem.message)));
    }
    if !read_back.datasets.contains(block) {
        return Err(Error::internal("the block of a saved query does not read back as it was"));
    }
    if !folder.is_dir() {
        std::fs::create_dir_all(&folder).map_err(failed)?;
        sync_folder(folder.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    }
    let plain = folder.join(format!("{}.toml", block.name));
    // Somebody's own file is left alone, whatever it is called.
    let file = if plain.exists() { folder.join(format!("{}-{suffix}.toml", block.name)) } else { plain };
    replace_or_make(&file, path, text.as_bytes(), suffix).map_err(failed)?;
    Ok(file)
}

/// Deletes the file in `folder` that holds the dataset `name` and nothing else. Blocks.
///
/// # Errors
/// `Conflict` when it stands beside others, or in the configuration file itself: whoever wrote it there removes it.
pub(crate) fn remove(path: &Path, folder: &str, name: &str) -> Result<()> {
    let folder_path = beside(path, folder);
    let failed = |error: io::Error| Error::internal(format!("{}: {error}", folder_path.display()));
    let elsewhere = |file: &Path| {
        let why = format!("dataset '{name}' stands beside others in {}: remove it there", file.display());
        Err(Error::new(Code::Conflict, why))
    };
    for file in load::more_files(path, folder) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let Ok(table) = text.parse::<toml::Table>() else { continue };
        let blocks = table.get("dataset").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let is_it = |block: &toml::Value| {
            block.get("name").and_then(toml::Value::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        if !blocks.iter().any(is_it) {
            continue;
        }
        if blocks.len() > 1 {
            return elsewhere(&file);
        }
        std::fs::remove_file(&file).map_err(failed)?;
        return sync_folder(&folder_path).map_err(failed);
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let blocks = table.get("dataset").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let named = |block: &toml::Value| block.get("name").and_then(toml::Value::as_str).map(str::to_lowercase);
    if blocks.iter().any(|block| named(block) == Some(name.to_lowercase())) { elsewhere(path) } else { Ok(()) }
}

fn beside(path: &Path, folder: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(folder)
}
