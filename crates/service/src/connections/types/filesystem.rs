//! A folder of files.

use super::{Config, Key, Kind, Type};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "filesystem",
    also: &["files", "local"],
    title: "Folder of files",
    about: "A folder of the server's machine: its sub-folders are schemas, files directly in it are in the schema default; CSV, \
            TSV, Parquet and NDJSON files and Delta tables are tables.",
    keys: KEYS,
    instead: None,
    trusted_only: false,
    reach,
};

const KEYS: &[Key] = &[Key::new("root", Kind::Path, "The folder, from the root of the machine.").required().also(&["path"])];

fn reach(config: &Config<'_>) -> Result<Reach> {
    let root = config.path("root")?.ok_or_else(|| config.wrong("root", "is missing"))?;
    Ok(Reach::Filesystem { root })
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::{reach, wrong};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_folder() {
        assert_eq!(reach(&TYPE, json!({"root": "/data"})), Ok(Reach::Filesystem { root: "/data".into() }));
        assert_eq!(wrong(&TYPE, json!({"root": "data"})), "config.root: must be an absolute path");
    }
}
