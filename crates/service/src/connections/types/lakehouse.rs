//! A folder of Delta tables.

use super::{Config, Key, Kind, Type};
use datahall_core::Result;
use datahall_core::connection::Reach;

pub(super) const TYPE: Type = Type {
    name: "lakehouse",
    also: &["delta", "deltalake"],
    title: "Lakehouse",
    about: "A folder of Delta tables and folders of Parquet files, on the server's machine; datasets of it have a history.",
    keys: KEYS,
    instead: None,
    trusted_only: false,
    reach,
};

const KEYS: &[Key] =
    &[Key::new("root", Kind::Path, "The folder, from the root of the machine; unset: the server's own lakehouse.")
        .also(&["path"])];

fn reach(config: &Config<'_>) -> Result<Reach> {
    Ok(Reach::Lakehouse { root: config.path("root")? })
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::reach;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_folder_or_the_servers_own() {
        assert_eq!(reach(&TYPE, json!({"root": "/lake"})), Ok(Reach::Lakehouse { root: Some("/lake".into()) }));
        assert_eq!(reach(&TYPE, json!({"root": null})), Ok(Reach::Lakehouse { root: None }));
    }
}
