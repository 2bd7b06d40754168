//! SQLite: one file.

use super::{Config, Key, Kind, Type};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "sqlite",
    also: &["sqlite3"],
    title: "SQLite",
    about: "Tables, views and queries of one file of the server's machine; its schema is main.",
    keys: KEYS,
    instead: None,
    trusted_only: false,
    reach,
};

const KEYS: &[Key] =
    &[Key::new("path", Kind::Path, "The file, from the root; it must be there.").required().also(&["file", "database"])];

fn reach(config: &Config<'_>) -> Result<Reach> {
    let path = config.path("path")?.ok_or_else(|| config.wrong("path", "is missing"))?;
    Ok(Reach::Sqlite { path })
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::reach;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path() {
        for path in ["/data/a.db", "file:///data/a.db"] {
            assert_eq!(reach(&TYPE, json!({"path": path})), Ok(Reach::Sqlite { path: "/data/a.db".into() }));
        }
    }
}
