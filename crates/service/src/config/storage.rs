//! `[server.storage]`: where tables are kept that the server writes itself.

use super::report::{Report, Step, dotted};
use super::{AddressingStyle, Environment};
use datahall_core::dataset::{Location, S3Options};
use datahall_core::{Error, Result};
use serde::Deserialize;

/// `[server.storage]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// `local` or `s3`; unset: as `root` says.
    pub backend: Option<String>,
    /// A folder, or `s3://bucket/prefix`.
    pub root: Option<String>,
    /// No effect: `[server] force_lazy_above_mb` is for all datasets.
    pub force_lazy_above_mb: Option<u64>,
    /// No effect: rows are written as they come.
    pub materialization_memory_mb: Option<u64>,
    /// No effect.
    pub materialization_sort_spill_reservation_mb: Option<u64>,
    /// `[server.storage.s3]`.
    pub s3: Option<StorageS3>,
}

/// `[server.storage.s3]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageS3 {
    /// As in `eu-west-1`.
    pub region: Option<String>,
    /// Another server than AWS. It must put objects on condition (`If-None-Match`), as AWS does.
    pub endpoint: Option<String>,
    /// The variable that holds the key id; without one, whatever the environment gives.
    pub access_key_id_env: Option<String>,
    /// The variable that holds the secret.
    pub secret_access_key_env: Option<String>,
    /// Bucket in the host name or in the path.
    pub addressing_style: Option<AddressingStyle>,
    /// Whether an `http://` endpoint may be used.
    pub allow_http: bool,
}

impl Storage {
    /// Where the tables are.
    ///
    /// # Errors
    /// `Invalid` for a variable that is not set.
    pub fn location(&self, environment: &Environment) -> Result<Location> {
        let options = self.s3.clone().unwrap_or_default();
        let secret = |key: &str, name: Option<String>| match name {
            None => Ok(None),
            Some(name) => environment
                .get(&name)
                .map(Some)
                .ok_or_else(|| Error::invalid(format!("server.storage.s3.{key}: the variable {name} is not set"))),
        };
        let s3 = S3Options {
            region: options.region,
            endpoint: options.endpoint,
            path_style: options.addressing_style == Some(AddressingStyle::Path),
            endpoint_bucket_in_host: None,
            allow_http: options.allow_http,
            public_only: false,
            access_key_id: secret("access_key_id_env", options.access_key_id_env)?,
            secret_access_key: secret("secret_access_key_env", options.secret_access_key_env)?,
            session_token: None,
        };
        Ok(Location { url: self.root.clone().unwrap_or_default(), s3 })
    }

    /// What is wrong with it, and what has no effect.
    pub(super) fn check(&self, report: &mut Report) {
        let is_s3 = |root: &str| root.starts_with("s3://");
        match (self.root.as_deref().map(str::trim), self.backend.as_deref()) {
            (None | Some(""), _) => problem(report, &["root"], "is missing: a folder, or s3://bucket/prefix"),
            (Some(root), Some("s3")) if !is_s3(root) => problem(report, &["root"], "must be s3://bucket/prefix for this backend"),
            (Some(root), Some("local")) if root.contains("://") => {
                problem(report, &["root"], "must be a folder for this backend")
            }
            (Some(root), None) if root.contains("://") && !is_s3(root) => {
                problem(report, &["root"], "must be a folder or s3://bucket/prefix")
            }
            (_, None | Some("local" | "s3")) => {}
            _ => problem(report, &["backend"], "must be `local` or `s3`"),
        }
        if let Some(s3) = &self.s3 {
            if s3.access_key_id_env.is_some() != s3.secret_access_key_env.is_some() {
                problem(report, &["s3"], "access_key_id_env and secret_access_key_env are given together or not at all");
            }
            if s3.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")) && !s3.allow_http {
                problem(report, &["s3", "endpoint"], "an http:// endpoint needs allow_http = true");
            }
        }
        for (key, set) in [
            ("force_lazy_above_mb", self.force_lazy_above_mb),
            ("materialization_memory_mb", self.materialization_memory_mb),
            ("materialization_sort_spill_reservation_mb", self.materialization_sort_spill_reservation_mb),
        ] {
            if set.is_some() {
                let path = steps(&[key]);
                let message = format!("{} has no effect", dotted(&path));
                report.note(&path, &message);
            }
        }
    }
}

fn steps(keys: &[&str]) -> Vec<Step> {
    ["server", "storage"].iter().chain(keys).map(|key| Step::from(*key)).collect()
}

fn problem(report: &mut Report, keys: &[&str], message: &str) {
    let path = steps(keys);
    let message = format!("{}: {message}", dotted(&path));
    report.problem(&path, message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn read(text: &str) -> std::result::Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datasets.toml");
        std::fs::write(&path, text).unwrap();
        Settings::load(&path, &Environment::fixed(&[])).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn tables_are_kept_where_it_says() {
        let settings = read(
            "[server.storage]\nbackend = 's3'\nroot = 's3://bucket/lake'\n[server.storage.s3]\nendpoint = 'http://127.0.0.1:9000'\n\
             allow_http = true\naddressing_style = 'path'\naccess_key_id_env = 'ID'\nsecret_access_key_env = 'SECRET'\n",
        )
        .unwrap();
        let storage = settings.server.storage.unwrap();
        let found = storage.location(&Environment::fixed(&[("ID", "me"), ("SECRET", "x")])).unwrap();
        assert_eq!((found.url.as_str(), found.s3.path_style), ("s3://bucket/lake", true));
        assert_eq!((found.s3.access_key_id.as_deref(), found.s3.secret_access_key.as_deref()), (Some("me"), Some("x")));
        let unset = storage.location(&Environment::fixed(&[("ID", "me")])).unwrap_err();
        assert_eq!(unset.message(), "server.storage.s3.secret_access_key_env: the variable SECRET is not set");
        let local = read("[server.storage]\nroot = '/srv/lake'\nmaterialization_memory_mb = 5\n").unwrap();
        assert!(local.notes.iter().any(|note| note.contains("materialization_memory_mb has no effect")), "{:?}", local.notes);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_key() {
        for (text, says) in [
            ("backend = 's3'", "server.storage.root: is missing"),
            ("backend = 's3'\nroot = '/srv'", "server.storage.root: must be s3://"),
            ("backend = 'local'\nroot = 's3://b'", "server.storage.root: must be a folder"),
            ("root = 'gs://b'", "server.storage.root: must be a folder or s3"),
            ("backend = 'disk'\nroot = '/srv'", "server.storage.backend: must be"),
            ("root = 's3://b'\n[server.storage.s3]\naccess_key_id_env = 'ID'", "given together"),
            ("root = 's3://b'\n[server.storage.s3]\nendpoint = 'http://x'", "allow_http = true"),
            ("root = 's3://b'\n[server.storage.s3]\naccess_key_id = 'inline'", "unknown key"),
        ] {
            let said = read(&format!("[server.storage]\n{text}\n")).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
