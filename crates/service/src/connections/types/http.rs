//! Files behind one web address.

use super::{Config, Key, Type};
use datahall_core::Result;
use datahall_core::connection::Reach;
use url::Url;

pub(super) const TYPE: Type = Type {
    name: "http",
    also: &["https", "web"],
    title: "Web address",
    about: "Files behind one address; a table is a path below it. What is there cannot be listed.",
    keys: KEYS,
    instead: None,
    trusted_only: false,
    reach,
};

const KEYS: &[Key] =
    &[Key::text("base_url", "http(s)://host/path; tables are named from there.").required().also(&["url", "root"])];

fn reach(config: &Config<'_>) -> Result<Reach> {
    let form = || config.wrong("base_url", "must be http(s)://host/path, without a login, a query or a fragment");
    let mut url = Url::parse(&config.needed("base_url")?).map_err(|_| form())?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !bare {
        return Err(form());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(Reach::Http { root: url.into() })
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::{reach, wrong};
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_with_a_slash_at_its_end() {
        for (given, root) in [("https://h", "https://h/"), ("http://h:1/a", "http://h:1/a/"), ("https://h/a/", "https://h/a/")] {
            assert_eq!(reach(&TYPE, json!({"base_url": given})), Ok(Reach::Http { root: root.into() }));
        }
        for given in
            ["h", "ftp://h", "file:///etc", "https://u:hunter2@h", "https://u@h", "https://h?token=hunter2", "https://h#x"]
        {
            let said = wrong(&TYPE, json!({"base_url": given}));
            assert!(said.starts_with("config.base_url: must be") && !said.contains("hunter2"), "{said}");
        }
    }
}
