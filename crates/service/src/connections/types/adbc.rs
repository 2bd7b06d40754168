//! Whatever an ADBC driver reaches, and what its presets have in common.

use super::config::plain;
use super::{Config, Key, Kind, Type};
use datahall_core::Result;
use datahall_core::connection::{Driver, Reach};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) const TYPE: Type = Type {
    name: "adbc",
    also: &[],
    title: "ADBC driver",
    about: "Whatever an ADBC driver on the server's machine reaches. The driver is code that the server loads, so only an \
            administrator of the instance makes these.",
    keys: KEYS,
    instead: None,
    trusted_only: true,
    reach,
};

const KEYS: &[Key] = &[
    DRIVER.required(),
    ENTRYPOINT,
    Key::text("uri", "Where it connects to, as the driver writes it.").secret().also(&["url"]),
    Key::text("username", "Who logs in.").also(&["user"]),
    Key::text("password", "With what.").secret(),
    OPTIONS,
];

/// Settings of every driver.
pub(super) const DRIVER: Key =
    Key::text("driver", "The shared library: an absolute path, or a bare name that the system's loader finds.")
        .also(&["driver_path"]);
pub(super) const ENTRYPOINT: Key =
    Key::text("entrypoint", "The function it is entered by; unset: the one that ADBC derives from the library's name.");
pub(super) const OPTIONS: Key = Key::new("options", Kind::Texts, "Database options as the driver names them.").secret();

fn reach(config: &Config<'_>) -> Result<Reach> {
    driver(config, None, &[("uri", "uri"), ("username", "username"), ("password", "password")])
}

/// The driver, with the settings in `names` under the names that it has for them; `library` unless another is given.
/// Settings that begin with `adbc.` are options as they are.
///
/// # Errors
/// `Invalid`, naming the setting that is wrong.
pub(super) fn driver(config: &Config<'_>, library: Option<&str>, names: &[(&str, &str)]) -> Result<Reach> {
    let path = match (config.text("driver")?, library) {
        (Some(given), _) => given,
        (None, Some(library)) => library.to_owned(),
        (None, None) => config.needed("driver")?,
    };
    let is_bare = !path.contains('/') && path != "..";
    if !is_bare && (!path.starts_with('/') || path.split('/').any(|step| step == "..")) {
        return Err(config.wrong("driver", "must be an absolute path without `..`, or a bare name"));
    }
    let mut options = BTreeMap::new();
    for (name, value) in config.object().iter().filter(|(name, _)| name.starts_with("adbc.")) {
        let text = plain(value).ok_or_else(|| config.wrong(name, "must be text"))?;
        options.insert(name.clone(), text);
    }
    options.extend(config.texts("options")?);
    for (name, option) in names {
        let Some(text) = config.text(name)? else { continue };
        if options.insert((*option).to_owned(), text.clone()).is_some_and(|other| other != text) {
            return Err(config.wrong(name, &format!("is given as the option {option}, too")));
        }
    }
    Ok(Reach::Adbc(Driver { path: PathBuf::from(path), entrypoint: config.text("entrypoint")?, options }))
}

#[cfg(test)]
pub(super) mod testing {
    use super::super::config::testing::reach;
    use super::*;
    use serde_json::Value;

    /// The driver's path and its options.
    pub(in crate::connections::types) fn of(kind: &Type, config: Value) -> (String, Vec<(String, String)>) {
        let Reach::Adbc(driver) = reach(kind, config).unwrap() else { panic!("no driver") };
        (driver.path.display().to_string(), driver.options.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::wrong;
    use super::testing::of;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_library_and_options_of_all_sorts() {
        let config = json!({"driver": "/opt/lib.so", "uri": "x.db", "adbc.a": true, "options": {"b": 5}, "kept": "no option"});
        let options = [("adbc.a", "true"), ("b", "5"), ("uri", "x.db")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(of(&TYPE, config), ("/opt/lib.so".into(), options.into()));
        assert_eq!(of(&TYPE, json!({"driver": "adbc_driver_sqlite"})).0, "adbc_driver_sqlite");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(wrong(&TYPE, json!({})), "config.driver: is missing");
        for path in ["lib/x.so", "/opt/../x.so", ".."] {
            assert!(wrong(&TYPE, json!({"driver": path})).starts_with("config.driver: must be"), "{path}");
        }
        assert_eq!(wrong(&TYPE, json!({"driver": "/x", "options": []})), "config.options: must be an object");
        assert_eq!(wrong(&TYPE, json!({"driver": "/x", "options": {"a": []}})), "config.options.a: must be text");
        let twice = json!({"driver": "/x", "uri": "a", "options": {"uri": "b"}});
        assert_eq!(wrong(&TYPE, twice), "config.uri: is given as the option uri, too");
    }
}
