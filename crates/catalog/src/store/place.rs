//! What a catalog's URL says.

use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};

/// Where a catalog lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A database server; the URL as it was given.
    Postgres(String),
}

impl Place {
    /// Reads `sqlite:PATH` (the path as it is, nothing decoded) or `postgres://…`.
    ///
    /// # Errors
    /// `Invalid` for anything else. The message does not repeat a URL, for there may be a password in it.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let unknown = || Error::invalid("the catalog's URL must be sqlite:PATH or postgres://…");
        let path = url.strip_prefix("sqlite:").ok_or_else(unknown)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        // What other programs need to be told to make the file.
        let path = ["?mode=rwc", "?mode=rw"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        if path.is_empty() || path == ":memory:" || path.contains(['?', '\0']) {
            return Err(Error::invalid("the catalog's URL must name a file, as in sqlite:datahall-data/catalog.db"));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// As messages name it: the path, or the URL without user, password and options.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => {
                let bare = url.split(['?', '#']).next().unwrap_or_default();
                let rest = bare.split_once("://").map_or(bare, |(_, rest)| rest);
                format!("postgres://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
            }
        }
    }
}

/// The URL by which sqlx opens the file, which is there: its folder made absolute, everything unusual encoded.
pub(crate) fn sqlite_url(path: &Path) -> std::io::Result<String> {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let path = path.canonicalize()?;
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => url.push(char::from(*byte)),
            byte => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    Ok(url + "?mode=rw")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite:///a b%20.db", "/a b%20.db"),
            ("sqlite://x.db?mode=rwc", "x.db"),
            ("sqlite:/x.db", "/x.db"),
        ] {
            assert_eq!(Place::parse(url).unwrap(), Place::Sqlite(path.into()), "{url}");
        }
        for url in ["", "sqlite:", "sqlite::memory:", "sqlite:a?cache=shared", "mysql://u:hunter2@h/d", "/a.db"] {
            let error = Place::parse(url).unwrap_err();
            assert!(!error.message().contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in ["postgres://u:p@ss@h:5/d?password=p@ss", "postgresql://u:p@ss@h:5/d"] {
            assert_eq!(Place::parse(url).unwrap().shown(), "postgres://h:5/d");
        }
    }
}
