//! Files of this machine: found by path, folder, pattern or partition tree, never outside the allowed folders.

use super::glob::{self, Part};
use super::hive;
use super::identity::Identity;
use super::listing::{Listing, MOST_FILES, belongs, finish};
use super::pinned_file::{Backing, PinnedFile};
use datahall_core::clock::{Clock, SystemClock};
use datahall_core::dataset::{FileSource, Partitioning};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The files that `path`, written as `location`, means now.
///
/// # Errors
/// `Invalid` for everything that is wrong with it; the message holds no path that the caller did not write.
pub(crate) async fn list(location: &str, path: &str, source: &FileSource, access: &Access) -> Result<Listing> {
    let walk = Walk { location: location.to_owned(), roots: Roots::new(access), source: source.clone() };
    let path = path.to_owned();
    let mut listed = in_background(move || walk.list(&path)).await?;
    listed.files = settled(listed.files).await?;
    Ok(listed)
}

/// Every file below the folder that `path`, written as `location`, names; links that lead outside the allowed folders and
/// names that are not text are left out.
///
/// # Errors
/// `Invalid` when it is missing, no folder, or outside the allowed ones.
pub(crate) async fn everything(location: &str, path: &str, access: &Access) -> Result<Vec<PinnedFile>> {
    let folder = folder(location, path, access).await?;
    let (roots, location) = (Roots::new(access), location.to_owned());
    let files = in_background(move || below(&location, &folder, &roots)).await?;
    settled(files).await
}

fn below(location: &str, folder: &Path, roots: &Roots) -> Result<Vec<PinnedFile>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).follow_links(false) {
        let entry = entry.map_err(|error| Error::invalid(format!("{location}: cannot be read")).with_detail(error))?;
        let Some(name) = entry.path().strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
        let Ok(resolved) = entry.path().canonicalize() else { continue };
        let Ok(metadata) = std::fs::metadata(&resolved) else { continue };
        if metadata.is_file() && roots.allow(&resolved) {
            let backing = Backing::Local { path: resolved, identity: Identity::of(&metadata) };
            files.push(PinnedFile { name: name.to_owned(), partitions: Vec::new(), backing });
        }
        if files.len() > 10 * MOST_FILES {
            return Err(Error::invalid(format!("{location}: more than {} files", 10 * MOST_FILES)));
        }
    }
    Ok(files)
}

/// Files written a moment ago are looked at a second time, when a further write would show.
async fn settled(mut files: Vec<PinnedFile>) -> Result<Vec<PinnedFile>> {
    let now = SystemClock::new().now();
    let settles = |file: &PinnedFile| match &file.backing {
        Backing::Local { identity, .. } => identity.settles_in(now),
        Backing::Object { .. } | Backing::Http(_) => Duration::ZERO,
    };
    let wait = files.iter().map(settles).max().unwrap_or_default();
    if wait.is_zero() {
        return Ok(files);
    }
    tokio::time::sleep(wait).await;
    in_background(move || {
        for file in &mut files {
            if let Backing::Local { path, identity } = &mut file.backing {
                let metadata = std::fs::metadata(&*path).map_err(|_| super::errors::changed(&file.name))?;
                *identity = Identity::of(&metadata);
            }
        }
        Ok(files)
    })
    .await
}

/// The folder that `path`, written as `location`, names, with all links resolved.
///
/// # Errors
/// `Invalid` when it is missing, no folder, or outside the allowed ones.
pub(crate) async fn folder(location: &str, path: &str, access: &Access) -> Result<PathBuf> {
    let (roots, location, path) = (Roots::new(access), location.to_owned(), PathBuf::from(path));
    in_background(move || {
        let resolved = roots.resolve(&location, &path)?;
        if resolved.is_dir() { Ok(resolved) } else { Err(Error::invalid(format!("{location}: not a folder"))) }
    })
    .await
}

pub(crate) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// The folders below which everything must lie.
#[derive(Debug)]
pub(crate) struct Roots(Option<Vec<PathBuf>>);

impl Roots {
    /// Those of `access`, with links resolved; one that does not exist allows nothing.
    pub(crate) fn new(access: &Access) -> Self {
        let resolved = |roots: &Vec<PathBuf>| roots.iter().filter_map(|root| root.canonicalize().ok()).collect();
        Self(access.roots.as_ref().map(resolved))
    }

    /// Whether `resolved` (no links in it) may be read.
    pub(crate) fn allow(&self, resolved: &Path) -> bool {
        self.0.as_ref().is_none_or(|roots| roots.iter().any(|root| resolved.starts_with(root)))
    }

    /// `path` with all links resolved.
    ///
    /// # Errors
    /// `Invalid`. What is refused is refused whether it exists or not, so that nobody learns which files there are.
    pub(super) fn resolve(&self, location: &str, path: &Path) -> Result<PathBuf> {
        let refused = || Error::invalid(format!("{location}: outside the folders that may be read"));
        match path.canonicalize() {
            Ok(resolved) if self.allow(&resolved) => Ok(resolved),
            Ok(_) => Err(refused()),
            Err(error) => {
                let above = nearest(path).ok_or_else(refused)?;
                if !self.allow(&above) {
                    return Err(refused());
                }
                Err(unreadable(location, &error))
            }
        }
    }
}

/// The nearest folder above `path` that exists, resolved. Links on the way that lead nowhere count as leading anywhere.
fn nearest(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let mut at = absolute.as_path();
    loop {
        if at.components().any(|part| part == std::path::Component::ParentDir) || std::fs::symlink_metadata(at).is_err() {
            at = at.parent()?;
            continue;
        }
        return at.canonicalize().ok();
    }
}

fn unreadable(location: &str, error: &std::io::Error) -> Error {
    let what = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => "no such file or folder",
        std::io::ErrorKind::PermissionDenied => "permission denied",
        std::io::ErrorKind::InvalidFilename | std::io::ErrorKind::InvalidInput => "not a valid path",
        _ => "cannot be read",
    };
    Error::invalid(format!("{location}: {what}")).with_detail(error)
}

struct Walk {
    location: String,
    roots: Roots,
    source: FileSource,
}

impl Walk {
    fn list(&self, path: &str) -> Result<Listing> {
        let endings = self.source.format.endings();
        // A name may hold the characters of patterns: what exists as written is meant as written.
        if glob::is_pattern(path) && std::fs::symlink_metadata(path).is_err() {
            let files = self.pattern(path)?;
            return finish(&self.location, &self.source, files, "no file matches");
        }
        let resolved = self.roots.resolve(&self.location, Path::new(path))?;
        if !resolved.is_dir() {
            let name = Path::new(path)
                .file_name()
                .or(resolved.file_name())
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let file = self.pin(&resolved, name, Vec::new())?;
            return finish(&self.location, &self.source, vec![file], "");
        }
        let mut files = self.own_files(&resolved)?;
        if self.source.partitioning == Partitioning::Hive || (files.is_empty() && self.source.partitioning == Partitioning::Auto)
        {
            let mut tree = Vec::new();
            self.tree(&resolved, &mut Vec::new(), &mut tree)?;
            if !tree.is_empty() {
                files = tree;
            }
        }
        finish(&self.location, &self.source, files, &format!("no .{} file in this folder", endings[0]))
    }

    fn own_files(&self, folder: &Path) -> Result<Vec<PinnedFile>> {
        let mut files = Vec::new();
        for (name, path) in self.entries(folder)? {
            if belongs(&name, self.source.format.endings()) && path.is_file() {
                let resolved = self.inside(&path)?;
                files.push(self.pin(&resolved, name, Vec::new())?);
            }
        }
        Ok(files)
    }

    /// The files below `key=value` folders.
    fn tree(&self, folder: &Path, keys: &mut Vec<String>, found: &mut Vec<PinnedFile>) -> Result<()> {
        for (name, path) in self.entries(folder)? {
            let below = |name: &str| keys.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
            if path.is_dir() && hive::parse(&name).is_some() && !name.starts_with(['.', '_']) {
                let resolved = self.inside(&path)?;
                keys.push(name);
                // Deeper than any real tree: links that lead back up.
                if keys.len() > 32 {
                    return Err(Error::invalid(format!("{}: folders within folders without end", self.location)));
                }
                self.tree(&resolved, keys, found)?;
                keys.pop();
            } else if !keys.is_empty() && belongs(&name, self.source.format.endings()) && path.is_file() {
                let resolved = self.inside(&path)?;
                let partitions = keys.iter().filter_map(|key| hive::parse(key)).collect();
                found.push(self.pin(&resolved, below(&name), partitions)?);
                self.not_too_many(found)?;
            }
        }
        Ok(())
    }

    fn pattern(&self, text: &str) -> Result<Vec<PinnedFile>> {
        let prefix = glob::literal_prefix(text);
        let parts = glob::parse(&text[prefix.len()..]).map_err(|error| error.context(&self.location))?;
        let base = if prefix.is_empty() { Path::new(".") } else { Path::new(prefix) };
        let base = match self.roots.resolve(&self.location, base) {
            Ok(base) => base,
            Err(error) if error.message().ends_with("no such file or folder") => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let above: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
        let mut found = Vec::new();
        if base.is_dir() {
            self.expand(&base, &parts, &above, &mut Vec::new(), &mut found)?;
        }
        // `**` may come to one file along several ways.
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.dedup_by(|a, b| a.name == b.name);
        Ok(found)
    }

    fn expand(
        &self,
        folder: &Path,
        parts: &[Part],
        above: &[&str],
        names: &mut Vec<String>,
        found: &mut Vec<PinnedFile>,
    ) -> Result<()> {
        let Some((part, rest)) = parts.split_first() else {
            return Ok(());
        };
        if matches!(part, Part::Any) && !rest.is_empty() {
            self.expand(folder, rest, above, names, found)?;
        }
        for (name, path) in self.entries(folder)? {
            if !part.matches(&name) {
                continue;
            }
            // Links are not followed by `**`, for they may lead back up.
            let is_link = path.is_symlink();
            if path.is_dir() {
                let next = if matches!(part, Part::Any) { parts } else { rest };
                if next.is_empty() || (matches!(part, Part::Any) && is_link) {
                    continue;
                }
                let resolved = self.inside(&path)?;
                names.push(name);
                self.expand(&resolved, next, above, names, found)?;
                names.pop();
            } else if rest.is_empty() && path.is_file() {
                let resolved = self.inside(&path)?;
                let whole: Vec<&str> =
                    above.iter().copied().chain(names.iter().map(String::as_str)).chain([name.as_str()]).collect();
                let below = names.iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join("/");
                found.push(self.pin(&resolved, below, hive::trailing(&whole))?);
                self.not_too_many(found)?;
            }
        }
        Ok(())
    }

    fn not_too_many(&self, found: &[PinnedFile]) -> Result<()> {
        if found.len() <= MOST_FILES {
            Ok(())
        } else {
            Err(Error::invalid(format!("{}: more than {MOST_FILES} files", self.location)))
        }
    }

    /// Names and paths in `folder`, in the order of names. What is not text is nobody's data.
    fn entries(&self, folder: &Path) -> Result<Vec<(String, PathBuf)>> {
        let unreadable = |error: std::io::Error| unreadable(&self.location, &error);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if let Ok(name) = entry.file_name().into_string() {
                entries.push((name, entry.path()));
            }
        }
        entries.sort();
        Ok(entries)
    }

    fn inside(&self, path: &Path) -> Result<PathBuf> {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self.roots.resolve(&self.location, path).map_err(|error| {
            let outside = error.message().contains("outside");
            if outside {
                Error::invalid(format!("{}: {name} leads outside the folders that may be read", self.location))
            } else {
                error
            }
        })
    }

    fn pin(&self, path: &Path, name: String, partitions: Vec<(String, String)>) -> Result<PinnedFile> {
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(&self.location, &error))?;
        if !metadata.is_file() {
            return Err(Error::invalid(format!("{}: {name} is neither a file nor a folder", self.location)));
        }
        // Permission is asked for now, not at the first query.
        std::fs::File::open(path).map_err(|error| unreadable(&self.location, &error))?;
        let backing = Backing::Local { path: path.to_owned(), identity: Identity::of(&metadata) };
        Ok(PinnedFile { name, partitions, backing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::dataset::{FileFormat, Location, S3Options};
    use std::os::unix::fs::symlink;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        folder
    }

    async fn names(location: &str, partitioning: Partitioning, access: &Access) -> Result<Vec<String>> {
        let url = Location { url: location.to_owned(), s3: S3Options::default() };
        let source = FileSource { format: FileFormat::Csv, location: url, partitioning };
        let listed = super::super::listing::list(&source, access).await?;
        Ok(listed
            .files
            .into_iter()
            .map(|file| {
                let partitions: Vec<_> = file.partitions.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                [vec![file.name], partitions].concat().join(" ")
            })
            .collect())
    }

    async fn found(folder: &tempfile::TempDir, pattern: &str) -> Vec<String> {
        let location = format!("{}/{pattern}", folder.path().display());
        names(&location, Partitioning::Auto, &Access::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_folder_means_its_own_files_of_the_format() {
        let folder = tree(&["b.csv", "a.csv", "A.CSV", "c.csv.gz", "d.txt", ".e.csv", "_f.csv", "sub/g.csv", "h.csv/inner.txt"]);
        assert_eq!(found(&folder, "").await, ["A.CSV", "a.csv", "b.csv", "c.csv.gz"]);
        assert_eq!(found(&folder, "d.txt").await, ["d.txt"]);
        let url = format!("file://{}/a.csv", folder.path().display());
        assert_eq!(names(&url, Partitioning::Auto, &Access::default()).await.unwrap(), ["a.csv"]);
    }

    #[tokio::test]
    async fn a_folder_of_key_value_folders_means_the_tree() {
        let folder =
            tree(&["y=2020/m=1/a.csv", "y=2020/m=2/b.csv", "y=2021/m=1/_c.csv", "other/d.csv", "_y=1/m=1/e.csv", "readme.txt"]);
        let expected = ["y=2020/m=1/a.csv y:2020 m:1", "y=2020/m=2/b.csv y:2020 m:2"];
        assert_eq!(found(&folder, "").await, expected);
        let location = folder.path().display().to_string();
        assert!(names(&location, Partitioning::None, &Access::default()).await.is_err());
    }

    #[tokio::test]
    async fn patterns_mean_exactly_what_matches() {
        let folder =
            tree(&["part-0.csv", "part-1.csv", "part-2.csv", "y=1/a.csv", "y=2/b.csv", "x/deep/y=3/c.csv", "od[d].csv", "d.csv"]);
        assert_eq!(found(&folder, "part-[02].csv").await, ["part-0.csv", "part-2.csv"]);
        assert_eq!(found(&folder, "y=*/*.csv").await, ["y=1/a.csv y:1", "y=2/b.csv y:2"]);
        assert_eq!(found(&folder, "y=1/*.csv").await, ["a.csv y:1"]);
        assert_eq!(found(&folder, "**/?.csv").await, ["d.csv", "x/deep/y=3/c.csv y:3", "y=1/a.csv y:1", "y=2/b.csv y:2"]);
        assert_eq!(found(&folder, "od[d].csv").await, ["od[d].csv"]);
        for none in ["none-*.csv", "nowhere/*.csv", "*.parquet"] {
            let location = format!("{}/{none}", folder.path().display());
            let error = names(&location, Partitioning::Auto, &Access::default()).await.unwrap_err();
            assert_eq!(error.message(), format!("{location}: no file matches"));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_named_as_it_was_written() {
        let folder = tree(&["empty/x.txt"]);
        let at = |path: &str| format!("{}/{path}", folder.path().display());
        for (location, what) in [
            (at("none.csv"), "no such file or folder"),
            (at("none/none.csv"), "no such file or folder"),
            (at("empty/x.txt/y.csv"), "no such file or folder"),
            (at("empty"), "no .csv file in this folder"),
            (at(&"x".repeat(300)), "not a valid path"),
            ("/dev/null".to_owned(), "null is neither a file nor a folder"),
        ] {
            let error = names(&location, Partitioning::Auto, &Access::default()).await.unwrap_err();
            assert_eq!(error.message(), format!("{location}: {what}"));
        }
        assert!(!folder.path().join("none").exists());
    }

    #[tokio::test]
    async fn nothing_outside_the_roots_is_read_by_any_way() {
        let inside = tree(&["a.csv", "sub/b.csv"]);
        let outside = tree(&["secret.csv", "y=1/c.csv"]);
        symlink(outside.path().join("secret.csv"), inside.path().join("link.csv")).unwrap();
        symlink(outside.path(), inside.path().join("linked")).unwrap();
        symlink(inside.path().join("sub"), inside.path().join("near")).unwrap();
        symlink(outside.path().join("y=1"), inside.path().join("y=1")).unwrap();
        symlink("/nowhere/at/all", inside.path().join("broken")).unwrap();
        let access = Access { roots: Some(vec![inside.path().to_owned()]), private_networks: false };
        let (root, other) = (inside.path().display().to_string(), outside.path().display().to_string());
        for allowed in ["a.csv", "sub/b.csv", "sub", "sub/*.csv", "near", "near/b.csv", "sub/../a.csv"] {
            let location = format!("{root}/{allowed}");
            assert!(names(&location, Partitioning::Auto, &access).await.is_ok(), "{location}");
        }
        let outer = outside.path().file_name().unwrap().to_str().unwrap();
        for refused in [
            format!("{other}/secret.csv"),
            other.clone(),
            format!("{other}/*.csv"),
            format!("{other}/none.csv"),
            format!("file://{other}/secret.csv"),
            format!("{root}/link.csv"),
            format!("{root}/linked"),
            format!("{root}/linked/none.csv"),
            format!("{root}/../{outer}/secret.csv"),
            format!("{root}/link*"),
            format!("{root}/*/secret.csv"),
            format!("{root}/broken"),
            root.clone(),
            "/etc/passwd".into(),
            "/none/x".into(),
            "..".into(),
            "../*".into(),
        ] {
            let error = names(&refused, Partitioning::Auto, &access).await.unwrap_err();
            assert!(error.message().contains("outside"), "{refused}: {}", error.message());
            assert!(error.message().starts_with(&refused), "{}", error.message());
        }
        let missing = names(&format!("{root}/none.csv"), Partitioning::Auto, &access).await.unwrap_err();
        assert!(missing.message().ends_with("no such file or folder"));
    }
}
