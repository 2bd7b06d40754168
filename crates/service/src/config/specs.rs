//! `[specs]`: how data packages are made, who hears of it, and which buckets their sources may be in.

use super::Environment;
use super::report::{Report, Step, dotted};
use datahall_catalog::Hidden;
use datahall_core::dataset::{Location, S3Options};
use datahall_core::{Error, Result};
use serde::Deserialize;
use url::Url;

/// `[specs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Specs {
    /// Whether pipelines are run here; off, whoever reports by `/source/update` does.
    pub run_pipelines: bool,
    /// The newest revisions of a package whose files are kept, at least 1; the latest successful one is kept beside them.
    pub keep_revisions: u32,
    /// Whether anybody may report how pipelines go.
    pub open_updates: bool,
    /// Where the end of each revision is sent to.
    pub events_url: Option<String>,
    /// The longest source of a package, in MiB.
    pub max_source_mb: u64,
    /// `[specs.mail]`.
    pub mail: Option<SpecsMail>,
    /// `[specs.s3]`.
    pub s3: Option<SpecsS3>,
}

impl Default for Specs {
    fn default() -> Self {
        Self {
            run_pipelines: true,
            keep_revisions: 5,
            open_updates: false,
            events_url: None,
            max_source_mb: 10_240,
            mail: None,
            s3: None,
        }
    }
}

/// `[specs.mail]`: who is told of what fails.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecsMail {
    /// `smtp://host:port`, or `smtps://host:port` for TLS from the first byte.
    pub server: String,
    /// Whether an `smtp://` server must change to TLS before anything is said.
    #[serde(default)]
    pub starttls: bool,
    /// The sender.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// The name to log in by; unset: without.
    #[serde(default)]
    pub user: Option<String>,
    /// `env:NAME`: the variable that holds the password.
    #[serde(default)]
    pub password: Option<String>,
}

/// `[specs.s3]`: the buckets that specs may name sources in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpecsS3 {
    /// As in `eu-west-1`.
    pub region: Option<String>,
    /// Another server than AWS.
    pub endpoint: Option<String>,
    /// Bucket in the path rather than in the host name.
    pub path_style: bool,
    /// Whether an `http://` endpoint may be used.
    pub allow_http: bool,
    /// Key id, or `env:NAME`: the variable that holds it.
    pub access_key_id: Option<String>,
    /// `env:NAME`: the variable that holds the secret.
    pub secret_access_key: Option<String>,
    /// `bucket` or `bucket/prefix`: what lies below one of these may be read. None: nothing.
    pub buckets: Vec<String>,
}

impl Specs {
    /// Where an `s3://` URL in a spec leads to, with the credentials for it.
    ///
    /// # Errors
    /// `Invalid` for one that lies below none of the buckets.
    pub(crate) fn s3_location(&self, url: &str, environment: &Environment) -> Result<Location> {
        let refuse = || Error::invalid(format!("{url}: is below none of the buckets that [specs.s3] names"));
        let options = self.s3.as_ref().filter(|s3| s3.allows(url)).ok_or_else(refuse)?;
        let s3 = S3Options {
            region: options.region.clone(),
            endpoint: options.endpoint.clone(),
            path_style: options.path_style,
            endpoint_bucket_in_host: None,
            allow_http: options.allow_http,
            public_only: false,
            access_key_id: options.key_id(environment)?,
            secret_access_key: secret("specs.s3.secret_access_key", options.secret_access_key.as_deref(), environment)?,
            session_token: None,
        };
        Ok(Location { url: url.to_owned(), s3 })
    }

    /// The password that mail is sent with, if any.
    ///
    /// # Errors
    /// `Invalid` when the variable that holds it is not set.
    pub(crate) fn mail_password(&self, environment: &Environment) -> Result<Option<Hidden<String>>> {
        let named = self.mail.as_ref().and_then(|mail| mail.password.as_deref());
        Ok(secret("specs.mail.password", named, environment)?.map(Hidden))
    }

    /// Refuses variables that are named and not set.
    ///
    /// # Errors
    /// `Invalid`, naming key and variable.
    pub(crate) fn check_variables(&self, environment: &Environment) -> Result<()> {
        if let Some(s3) = &self.s3 {
            s3.key_id(environment)?;
            secret("specs.s3.secret_access_key", s3.secret_access_key.as_deref(), environment)?;
        }
        self.mail_password(environment).map(drop)
    }

    /// What is wrong with it.
    pub(super) fn check(&self, report: &mut Report) {
        for (key, value) in [("keep_revisions", u64::from(self.keep_revisions)), ("max_source_mb", self.max_source_mb)] {
            if value < 1 {
                problem(report, &[key], "must be at least 1");
            }
        }
        let is_http =
            |text: &String| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if self.events_url.as_ref().is_some_and(|url| !is_http(url)) {
            problem(report, &["events_url"], "must be an http:// or https:// URL");
        }
        if let Some(mail) = &self.mail {
            mail.check(report);
        }
        if let Some(s3) = &self.s3 {
            s3.check(report);
        }
    }
}

impl SpecsMail {
    /// Host and port of the server, and whether TLS begins with the first byte.
    pub(crate) fn address(&self) -> Option<(String, u16, bool)> {
        let url = Url::parse(&self.server).ok()?;
        let (tls, port) = match url.scheme() {
            "smtp" => (false, 25),
            "smtps" => (true, 465),
            _ => return None,
        };
        let bare =
            url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/") && url.query().is_none();
        let host = url.host_str().filter(|host| !host.is_empty() && bare)?;
        Some((host.to_owned(), url.port().unwrap_or(port), tls))
    }

    fn check(&self, report: &mut Report) {
        let address = self.address();
        let mut wrong = |key: &str, what: &str| problem(report, &["mail", key], what);
        if address.is_none() {
            wrong("server", "must be smtp://host:port or smtps://host:port, without a user");
        }
        let tls = address.is_some_and(|(_, _, tls)| tls);
        if tls && self.starttls {
            wrong("starttls", "is for smtp:// servers; with smtps:// all is TLS");
        }
        if !is_mail_address(&self.from) {
            wrong("from", "must be a mail address");
        }
        if self.to.is_empty() || !self.to.iter().all(|to| is_mail_address(to)) {
            wrong("to", "must be a list of mail addresses");
        }
        if self.user.is_some() != self.password.is_some() {
            wrong("user", "user and password need each other");
        } else if self.user.is_some() && !tls && !self.starttls {
            wrong("user", "a password is only sent by TLS: smtps://, or starttls = true");
        }
        if self.password.as_deref().is_some_and(|named| variable(named).is_none()) {
            wrong("password", "must be `env:NAME`, the variable that holds the password");
        }
    }
}

impl SpecsS3 {
    fn key_id(&self, environment: &Environment) -> Result<Option<String>> {
        match self.access_key_id.as_deref() {
            Some(named) if variable(named).is_some() => secret("specs.s3.access_key_id", Some(named), environment),
            plain => Ok(plain.map(str::to_owned)),
        }
    }

    /// Whether the URL lies below one of the buckets.
    fn allows(&self, url: &str) -> bool {
        let Some(path) = url.strip_prefix("s3://") else { return false };
        // What a store might take for a step upwards is below nothing.
        if path.split('/').any(|step| matches!(step, "" | "." | "..")) {
            return false;
        }
        let is_below = |bucket: &String| {
            let bucket = bucket.trim_end_matches('/');
            path.strip_prefix(bucket).is_some_and(|rest| rest.starts_with('/'))
        };
        self.buckets.iter().any(is_below)
    }

    fn check(&self, report: &mut Report) {
        let mut wrong = |key: &str, what: &str| problem(report, &["s3", key], what);
        if self.access_key_id.is_some() != self.secret_access_key.is_some() {
            wrong("access_key_id", "access_key_id and secret_access_key need each other");
        }
        if self.secret_access_key.as_deref().is_some_and(|named| variable(named).is_none()) {
            wrong("secret_access_key", "must be `env:NAME`, the variable that holds the secret");
        }
        let scheme = self.endpoint.as_ref().map(|endpoint| Url::parse(endpoint).map(|url| url.scheme().to_owned()));
        match scheme {
            None => {}
            Some(Ok(scheme)) if scheme == "https" || (scheme == "http" && self.allow_http) => {}
            Some(Ok(scheme)) if scheme == "http" => wrong("endpoint", "an http:// endpoint needs allow_http = true"),
            Some(_) => wrong("endpoint", "must be an http:// or https:// URL"),
        }
        let fits = |bucket: &String| {
            let bucket = bucket.trim_end_matches('/');
            !bucket.contains("://") && !bucket.split('/').any(|step| matches!(step, "" | "." | ".."))
        };
        if self.buckets.is_empty() || !self.buckets.iter().all(fits) {
            wrong("buckets", "must be a list of `bucket` or `bucket/prefix`");
        }
    }
}

/// The variable that `env:NAME` names.
fn variable(named: &str) -> Option<&str> {
    named.strip_prefix("env:").filter(|name| !name.is_empty())
}

fn secret(key: &str, named: Option<&str>, environment: &Environment) -> Result<Option<String>> {
    let Some(name) = named.and_then(variable) else { return Ok(None) };
    let unset = || Error::invalid(format!("{key}: the variable {name} is not set"));
    environment.get(name).ok_or_else(unset).map(Some)
}

/// As far as that can be told without sending anything: somebody at a host, and nothing that would begin another line of a letter.
fn is_mail_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';'));
    plain && text.rsplit_once('@').is_some_and(|(somebody, host)| !somebody.is_empty() && !host.is_empty())
}

fn problem(report: &mut Report, keys: &[&str], message: &str) {
    let path: Vec<Step> = ["specs"].iter().chain(keys).map(|key| Step::from(*key)).collect();
    let message = format!("{}: {message}", dotted(&path));
    report.problem(&path, message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn read(text: &str) -> Result<Specs, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("datasets.toml");
        std::fs::write(&path, text).unwrap();
        let loaded = Settings::load(&path, &Environment::fixed(&[]));
        loaded.map(|settings| settings.specs).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn it_has_defaults_and_takes_everything() {
        let none = read("").unwrap();
        assert_eq!((none.run_pipelines, none.keep_revisions, none.open_updates, none.max_source_mb), (true, 5, false, 10_240));
        let all = read(
            "[specs]\nrun_pipelines = false\nkeep_revisions = 1\nopen_updates = true\nevents_url = 'http://127.0.0.1:1/x'\n\
             max_source_mb = 1\n[specs.mail]\nserver = 'smtp://mail.example'\nstarttls = true\nfrom = 'a@b'\nto = ['c@d']\n\
             user = 'u'\npassword = 'env:P'\n[specs.s3]\nbuckets = ['b/p/', 'c']\naccess_key_id = 'i'\nsecret_access_key = 'env:S'\n\
             endpoint = 'http://127.0.0.1:2'\nallow_http = true\npath_style = true\nregion = 'r'\n",
        )
        .unwrap();
        assert_eq!(all.mail.as_ref().unwrap().address(), Some(("mail.example".into(), 25, false)));
        let environment = Environment::fixed(&[("P", "pw"), ("S", "sk")]);
        assert_eq!(all.mail_password(&environment).unwrap().unwrap().0, "pw");
        let location = all.s3_location("s3://b/p/x.csv", &environment).unwrap();
        assert_eq!((location.s3.secret_access_key.as_deref(), location.s3.path_style), (Some("sk"), true));
        assert_eq!(location.s3.access_key_id.as_deref(), Some("i"));
        let named = Specs { s3: Some(SpecsS3 { access_key_id: Some("env:I".into()), ..all.s3.clone().unwrap() }), ..all.clone() };
        let unset = named.s3_location("s3://c/x", &environment).unwrap_err();
        assert_eq!(unset.message(), "specs.s3.access_key_id: the variable I is not set");
        assert!(all.check_variables(&environment).is_ok());
        let unset = all.check_variables(&Environment::fixed(&[("S", "sk")])).unwrap_err();
        assert_eq!(unset.message(), "specs.mail.password: the variable P is not set");
    }

    #[test]
    fn only_what_lies_below_a_bucket_is_read() {
        let specs =
            Specs { s3: Some(SpecsS3 { buckets: vec!["b/p".into(), "c".into()], ..SpecsS3::default() }), ..Specs::default() };
        let reads = |url: &str| specs.s3_location(url, &Environment::fixed(&[])).is_ok();
        for url in ["s3://b/p/x", "s3://b/p/q/x.csv", "s3://c/x"] {
            assert!(reads(url), "{url}");
        }
        for url in
            ["s3://b/px", "s3://b/x", "s3://b/p/../x", "s3://b/p//x", "s3://b/p", "s3://cc/x", "S3://c/x", "s3://c/./x", "c/x"]
        {
            assert!(!reads(url), "{url}");
        }
        assert!(Specs::default().s3_location("s3://b/x", &Environment::fixed(&[])).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused_by_key() {
        let mail = "[specs.mail]\nfrom = 'a@b'\nto = ['c@d']\nserver = ";
        for (text, says) in [
            ("[specs]\nkeep_revisions = 0".to_owned(), "line 2: specs.keep_revisions: must be at least 1"),
            ("[specs]\nkeep_revisions = -1".to_owned(), "specs.keep_revisions"),
            ("[specs]\nmax_source_mb = 0".to_owned(), "specs.max_source_mb: must be at least 1"),
            ("[specs]\nevents_url = 'ftp://x'".to_owned(), "specs.events_url: must be an http"),
            ("[specs]\nopen_update = true".to_owned(), "did you mean `open_updates`?"),
            ("[specs.mail]\nserver = 'smtp://h'\nto = ['c@d']".to_owned(), "missing field `from`"),
            ("[specs.mail]\nserver = 'smtp://h'\nfrom = 'a@b'\nto = []".to_owned(), "specs.mail.to: must be a list"),
            ("[specs.mail]\nserver = 'smtp://h'\nfrom = \"a@b\\nBcc: x@y\"\nto = ['c@d']".to_owned(), "specs.mail.from: must be"),
            (format!("{mail}'mail.example'"), "specs.mail.server: must be smtp"),
            (format!("{mail}'smtp://u:p@h'"), "specs.mail.server: must be smtp"),
            (format!("{mail}'smtps://h'\nstarttls = true"), "specs.mail.starttls: is for smtp"),
            (format!("{mail}'smtps://h'\nuser = 'u'"), "specs.mail.user: user and password"),
            (format!("{mail}'smtps://h'\nuser = 'u'\npassword = 'pw'"), "specs.mail.password: must be `env:NAME`"),
            (format!("{mail}'smtp://h'\nuser = 'u'\npassword = 'env:P'"), "specs.mail.user: a password is only sent by TLS"),
            ("[specs.s3]".to_owned(), "specs.s3.buckets: must be a list"),
            ("[specs.s3]\nbuckets = ['a/../b']".to_owned(), "specs.s3.buckets: must be a list"),
            ("[specs.s3]\nbuckets = ['s3://a']".to_owned(), "specs.s3.buckets: must be a list"),
            ("[specs.s3]\nbuckets = ['a']\nendpoint = 'http://x'".to_owned(), "specs.s3.endpoint: an http:// endpoint needs"),
            ("[specs.s3]\nbuckets = ['a']\naccess_key_id = 'x'".to_owned(), "specs.s3.access_key_id: access_key_id and"),
            ("[specs.s3]\nbuckets = ['a']\naccess_key_id = 'x'\nsecret_access_key = 'y'".to_owned(), "must be `env:NAME`"),
            ("specs = []".to_owned(), "specs: must be a table"),
            ("[specs]\nmail = ['x']".to_owned(), "specs.mail: must be a table"),
        ] {
            let said = read(&text).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
