//! Appending a block to the configuration file: what was there stays byte for byte, and a crash leaves the old file or the new.

use super::{DatasetBlock, Environment, load};
use datahall_core::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(serde::Serialize)]
struct Blocks<'a> {
    dataset: [&'a DatasetBlock; 1],
}

impl DatasetBlock {
    /// The block as TOML, with its `[[dataset]]` header.
    ///
    /// # Errors
    /// `Invalid` when a value has no TOML form.
    pub fn to_toml(&self) -> Result<String> {
        toml_edit::ser::to_string_pretty(&Blocks { dataset: [self] })
            .map_err(|error| Error::invalid(format!("invalid value: {error}")))
    }
}

/// Appends `block` to the file at `path` (or the file a link there leads to), durably. `suffix` makes the temporary
/// file's name unguessable. Blocks, and must not run twice at once for one file.
///
/// # Errors
/// `Invalid` when the name is in the configuration already or the file would not load afterwards; nothing has changed then.
pub(crate) fn append(path: &Path, block: &DatasetBlock, environment: &Environment, suffix: &str) -> Result<()> {
    let failed = |error: io::Error| Error::internal(format!("{}: {error}", path.display()));
    let real = std::fs::canonicalize(path).map_err(failed)?;
    let text = std::fs::read(&real).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|_| Error::invalid("the configuration file is not UTF-8 text"))?;
    let (before, problems) = load::check_text(path, text.clone(), environment);
    if let Some(problem) = problems.first() {
        return Err(Error::invalid(format!("the configuration file must be put right first: {problem}")));
    }
    if before.datasets.iter().any(|other| other.name.eq_ignore_ascii_case(&block.name)) {
        return Err(Error::invalid(format!("invalid value: dataset '{}' already exists in the configuration file", block.name)));
    }
    let after = with_block(&text, block)?;
    let (read_back, problems) = load::check_text(path, after.clone(), environment);
    if let Some(problem) = problems.first() {
        return Err(Error::invalid(format!("a [[dataset]] block cannot be appended to the configuration file: {problem}")));
    }
    if !read_back.datasets.contains(block) {
        return Err(Error::internal("the appended block does not read back as it was"));
    }
    replace(&real, after.as_bytes(), suffix).map_err(failed)
}

fn with_block(text: &str, block: &DatasetBlock) -> Result<String> {
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{text}{newline}{}", block.to_toml()?))
}

/// Puts `content` in place of the file in one step.
fn replace(file: &Path, content: &[u8], suffix: &str) -> io::Result<()> {
    replace_or_make(file, file, content, suffix)
}

/// The same for a file that need not be there: it gets the owner and the mode of `like`.
pub(super) fn replace_or_make(file: &Path, like: &Path, content: &[u8], suffix: &str) -> io::Result<()> {
    let folder = file.parent().ok_or_else(|| io::Error::other("it has no folder"))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let temporary = Temporary { path: folder.join(format!(".{name}.{suffix}.tmp")), keep: false };
    let mut out = create(&temporary.path, like)?;
    out.write_all(content)?;
    out.sync_all()?;
    drop(out);
    std::fs::rename(&temporary.path, file)?;
    let mut temporary = temporary;
    temporary.keep = true;
    sync_folder(folder)
}

/// Makes durable which files a folder has.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A new file with the owner and the mode of `like`; unreadable to others until it has them.
fn create(path: &Path, like: &Path) -> io::Result<File> {
    let metadata = std::fs::metadata(like)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        let file = options.mode(0o600).open(path)?;
        let mine = file.metadata()?;
        if (mine.uid(), mine.gid()) != (metadata.uid(), metadata.gid()) {
            // Only root may give files away; anyone else keeps it, as an editor would.
            let _ = std::os::unix::fs::fchown(&file, Some(metadata.uid()), Some(metadata.gid()));
        }
        file.set_permissions(metadata.permissions())?;
        Ok(file)
    }
    #[cfg(not(unix))]
    {
        let file = options.open(path)?;
        file.set_permissions(metadata.permissions())?;
        Ok(file)
    }
}

/// Removes the temporary file unless it has taken its place.
struct Temporary {
    path: PathBuf,
    keep: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(name: &str) -> DatasetBlock {
        let body = format!(
            r#"{{"name":"{name}","source":{{"kind":"csv","location":"a \"b\".csv"}},"columns":["x","y"],"lazy":true,
            "index":{{"mode":"none"}},"description":"two\nlines","projection_filter":{{"exclude":["z"]}}}}"#
        );
        DatasetBlock::from_json(body.as_bytes()).unwrap()
    }

    fn appended(text: &str, name: &str) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datasets.toml");
        std::fs::write(&path, text).unwrap();
        append(&path, &block(name), &Environment::fixed(&[]), "0")?;
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left there");
        Ok(std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn the_block_is_rendered_with_tables_of_its_own() {
        let text = block("e").to_toml().unwrap();
        assert!(text.starts_with("[[dataset]]\nname = "), "{text}");
        assert!(text.contains("[dataset.source]\n"), "{text}");
        assert!(!text.contains("depends_on"), "{text}");
    }

    #[test]
    fn a_name_that_is_there_is_refused_in_any_case() {
        let text = "[[dataset]]\nname = 'Events'\nsource = {kind='csv',location='x'}";
        assert!(appended(text, "events").unwrap_err().message().contains("already exists"));
        assert!(appended(text, "other").is_ok());
    }

    #[test]
    fn a_file_that_would_not_load_is_left_alone() {
        assert!(appended("[server]\nprot = 1\n", "a").unwrap_err().message().contains("line 2"));
        assert!(appended("dataset = []\n", "a").is_err());
        assert!(appended("not toml", "a").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn mode_and_link_are_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real.toml");
        let link = folder.path().join("datasets.toml");
        std::fs::write(&real, "# mine").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        append(&link, &block("e"), &Environment::fixed(&[]), "0").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(std::fs::read_to_string(&real).unwrap().starts_with("# mine\n[[dataset]]\n"));
    }

    proptest! {
        #[test]
        fn what_was_there_stays_byte_for_byte(lines in prop::collection::vec("#[^\\r\\n\\p{Cc}]{0,20}|\\[server\\]|port = 1|[ \\t]*", 0..8),
                                              crlf in any::<bool>(), last in any::<bool>()) {
            let newline = if crlf { "\r\n" } else { "\n" };
            let text = lines.join(newline) + if last { newline } else { "" };
            if let Ok(after) = appended(&text, "e") {
                let added = after.strip_prefix(&text).unwrap();
                let block = block("e").to_toml().unwrap();
                prop_assert_eq!(added.trim_start_matches('\n'), block.as_str());
                let lacking = !text.is_empty() && !text.ends_with('\n');
                prop_assert_eq!(added.len() - block.len(), usize::from(lacking));
            } else {
                // Only what did not load before may be refused.
                prop_assert!(!load::check_text(Path::new("x"), text, &Environment::fixed(&[])).1.is_empty());
            }
        }
    }
}
