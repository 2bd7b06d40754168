//! From a location as somebody wrote it to the files that it means, once and for all.

use super::pinned_file::PinnedFile;
use super::{http, local, s3};
use datahall_core::dataset::{FileSource, Partitioning};
use datahall_core::engine::Access;
use datahall_core::{Error, Result};

/// More files than this make no dataset but a mistake.
pub(crate) const MOST_FILES: usize = 100_000;

/// The files of a location.
#[derive(Debug)]
pub(crate) struct Listing {
    /// In the order of their names; never empty.
    pub(crate) files: Vec<PinnedFile>,
    /// What an operator should know.
    pub(crate) notes: Vec<String>,
}

/// What kind of place a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// A path of this machine.
    Local(&'a str),
    /// Bucket and key, prefix or pattern.
    S3 { bucket: &'a str, key: &'a str },
    /// The whole URL.
    Http(&'a str),
}

/// What kind of place `location` is.
///
/// # Errors
/// `Invalid` when it is empty or of another scheme.
pub(crate) fn place(location: &str) -> Result<Place<'_>> {
    if location.trim().is_empty() {
        return Err(Error::invalid("location is empty"));
    }
    if location.contains('\0') {
        return Err(Error::invalid("location holds a NUL character"));
    }
    let Some((scheme, rest)) = location.split_once("://") else {
        return Ok(Place::Local(location));
    };
    let named = |name: &str| scheme.eq_ignore_ascii_case(name);
    let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if named("file") {
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        return if path.starts_with('/') {
            Ok(Place::Local(path))
        } else {
            Err(Error::invalid(format!("{location}: a file URL names an absolute path of this machine, as in file:///data")))
        };
    }
    if named("s3") || named("s3a") {
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        return if bucket.is_empty() {
            Err(Error::invalid(format!("{location}: names no bucket")))
        } else {
            Ok(Place::S3 { bucket, key })
        };
    }
    if named("http") || named("https") {
        return Ok(Place::Http(location));
    }
    if is_scheme && !scheme.is_empty() {
        return Err(Error::invalid(format!(
            "unsupported location: {scheme}:// (use a path, file://, s3://, http:// or https://)"
        )));
    }
    Ok(Place::Local(location))
}

/// The files that `source` means now.
///
/// # Errors
/// `Invalid`: nothing there, nothing of the format, refused by `access`, not reachable.
pub(crate) async fn list(source: &FileSource, access: &Access) -> Result<Listing> {
    let location = source.location.url.as_str();
    match place(location)? {
        Place::Local(path) => {
            let path = if location.contains("://") { super::hive::decode(path) } else { path.to_owned() };
            local::list(location, &path, source, access).await
        }
        Place::S3 { bucket, key } => s3::list(location, bucket, key, source).await,
        Place::Http(url) => {
            let (file, notes) = http::find_file(url, access).await?;
            Ok(Listing { files: vec![file], notes })
        }
    }
}

/// Puts `files` in the order of their names and drops what partitioning does not want.
///
/// # Errors
/// `Invalid` when there are none, or far too many.
pub(crate) fn finish(location: &str, source: &FileSource, mut files: Vec<PinnedFile>, none: &str) -> Result<Listing> {
    if files.is_empty() {
        return Err(Error::invalid(format!("{location}: {none}")));
    }
    if files.len() > MOST_FILES {
        return Err(Error::invalid(format!("{location}: more than {MOST_FILES} files")));
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut notes = Vec::new();
    match source.partitioning {
        Partitioning::None => files.iter_mut().for_each(|file| file.partitions.clear()),
        Partitioning::Hive if files.iter().all(|file| file.partitions.is_empty()) => {
            notes.push("partitioning = \"hive\", but there are no key=value folders".to_owned());
        }
        Partitioning::Hive | Partitioning::Auto => {}
    }
    Ok(Listing { files, notes })
}

/// Whether a file called `name` is one of the format's, by its ending, and not hidden or somebody's working file.
pub(crate) fn belongs(name: &str, endings: &[&str]) -> bool {
    let lower = name.to_lowercase();
    !name.starts_with(['.', '_'])
        && endings.iter().any(|ending| lower.strip_suffix(ending).is_some_and(|stem| stem.len() > 1 && stem.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        assert_eq!(place("data/x.csv").unwrap(), Place::Local("data/x.csv"));
        assert_eq!(place("file:///data/x.csv").unwrap(), Place::Local("/data/x.csv"));
        assert_eq!(place("file://localhost/data").unwrap(), Place::Local("/data"));
        assert_eq!(place("s3://b/k/*.parquet").unwrap(), Place::S3 { bucket: "b", key: "k/*.parquet" });
        assert_eq!(place("S3://b").unwrap(), Place::S3 { bucket: "b", key: "" });
        assert_eq!(place("HTTPS://h/x").unwrap(), Place::Http("HTTPS://h/x"));
        for bad in ["", "  ", "a\0b", "file://host/x", "file://x", "s3://", "s3:///k", "gs://b/k", "ftp://h/x"] {
            assert!(place(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn files_belong_by_their_endings() {
        let endings = &["csv", "csv.gz"];
        for name in ["a.csv", "A.CSV", "a.b.csv", "a.csv.gz"] {
            assert!(belongs(name, endings), "{name}");
        }
        for name in ["a.txt", ".csv", "csv", "acsv", "_a.csv", ".a.csv", "a.csv.tmp", "a.gz"] {
            assert!(!belongs(name, endings), "{name}");
        }
    }
}
