//! S3, and what speaks like it.

use super::{Config, Key, Kind, Type};
use datahall_core::Result;
use datahall_core::connection::Reach;
use datahall_core::dataset::S3Options;
use url::Url;

pub(super) const TYPE: Type = Type {
    name: "s3",
    also: &["minio"],
    title: "S3 bucket",
    about: "A bucket, or a part of one, read as a folder of files is.",
    keys: KEYS,
    instead: Some("root"),
    trusted_only: false,
    reach,
};

const KEYS: &[Key] = &[
    Key::text("bucket", "The bucket.").required(),
    Key::text("prefix", "Only what begins so."),
    Key::text("root", "Both at once: s3://bucket/prefix.").also(&["url", "uri"]),
    Key::text("region", "As in eu-west-1.").also(&["aws_region"]),
    Key::text("endpoint", "Another server than Amazon's: https://host:port.").also(&["endpoint_url"]),
    Key::text("access_key_id", "Key id; unset: the server's own credentials, for an administrator's connections.")
        .also(&["access_key", "aws_access_key_id"]),
    Key::text("secret_access_key", "Secret.").secret().also(&["secret_key", "aws_secret_access_key"]),
    Key::text("session_token", "Session token.").secret().also(&["aws_session_token"]),
    Key::new("path_style", Kind::Flag, "The bucket in the path rather than in the host name.").also(&["force_path_style"]),
    Key::new("allow_http", Kind::Flag, "Whether an http:// endpoint may be used."),
];

fn reach(config: &Config<'_>) -> Result<Reach> {
    let endpoint = config.text("endpoint")?;
    if let Some(text) = &endpoint {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let bare = |url: &Url| url.username().is_empty() && url.password().is_none() && url.query().is_none();
        match url.filter(bare) {
            None => return Err(config.wrong("endpoint", "must be https://host or https://host:port")),
            Some(url) if url.scheme() == "http" && !config.flag("allow_http")? => {
                return Err(config.wrong("endpoint", "is http://, which config.allow_http must permit"));
            }
            Some(_) => {}
        }
    }
    let (key, secret) = (config.text("access_key_id")?, config.text("secret_access_key")?);
    match (&key, &secret) {
        (Some(_), None) => return Err(config.wrong("secret_access_key", "is missing beside config.access_key_id")),
        (None, Some(_)) => return Err(config.wrong("access_key_id", "is missing beside config.secret_access_key")),
        _ => {}
    }
    let options = S3Options {
        region: config.text("region")?,
        endpoint,
        path_style: config.flag("path_style")?,
        endpoint_bucket_in_host: None,
        allow_http: config.flag("allow_http")?,
        public_only: false,
        access_key_id: key,
        secret_access_key: secret,
        session_token: config.text("session_token")?,
    };
    Ok(Reach::S3 { root: root(config)?, options })
}

/// `s3://bucket/prefix`, without a slash at its end.
fn root(config: &Config<'_>) -> Result<String> {
    let (bucket, prefix) = match config.text("root")? {
        None => (config.needed("bucket")?, config.text("prefix")?.unwrap_or_default()),
        Some(root) => {
            if config.text("bucket")?.is_some() || config.text("prefix")?.is_some() {
                return Err(config.wrong("root", "says the same as config.bucket and config.prefix: send one of them"));
            }
            let rest = root.strip_prefix("s3://").ok_or_else(|| config.wrong("root", "must be s3://bucket/prefix"))?;
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            (bucket.to_owned(), prefix.to_owned())
        }
    };
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    if bucket.is_empty() || !bucket.chars().all(fits) {
        return Err(config.wrong("bucket", "must be the name of a bucket"));
    }
    let prefix = prefix.trim_matches('/');
    if prefix.split('/').any(|step| step == "..") || prefix.contains(['?', '#']) {
        return Err(config.wrong("prefix", "must be a path without `..`"));
    }
    Ok(if prefix.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{prefix}") })
}

#[cfg(test)]
mod tests {
    use super::super::config::testing::{reach, wrong};
    use super::*;
    use serde_json::{Value, json};

    fn of(config: Value) -> (String, S3Options) {
        match reach(&TYPE, config).unwrap() {
            Reach::S3 { root, options } => (root, options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bucket_and_a_prefix_together_or_apart() {
        assert_eq!(of(json!({"bucket": "b"})).0, "s3://b");
        assert_eq!(of(json!({"bucket": "b", "prefix": "/a/b/"})).0, "s3://b/a/b");
        assert_eq!(of(json!({"root": "s3://b/a"})).0, "s3://b/a");
        let (_, options) = of(json!({"bucket": "b", "endpoint_url": "http://minio:9000", "allow_http": "true", "region": "r",
            "access_key": "k", "secret_key": "s", "aws_session_token": "t", "force_path_style": true}));
        let expected = S3Options {
            region: Some("r".into()),
            endpoint: Some("http://minio:9000".into()),
            path_style: true,
            endpoint_bucket_in_host: None,
            allow_http: true,
            public_only: false,
            access_key_id: Some("k".into()),
            secret_access_key: Some("s".into()),
            session_token: Some("t".into()),
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(wrong(&TYPE, json!({})), "config.bucket: is missing");
        for bucket in ["a/b", "s3://a", "ä", "a b"] {
            assert_eq!(wrong(&TYPE, json!({"bucket": bucket})), "config.bucket: must be the name of a bucket");
        }
        assert!(wrong(&TYPE, json!({"root": "gs://b"})).starts_with("config.root"));
        assert!(wrong(&TYPE, json!({"root": "s3://b", "bucket": "c"})).starts_with("config.root"));
        assert!(wrong(&TYPE, json!({"bucket": "b", "prefix": "a/../b"})).starts_with("config.prefix"));
        for endpoint in ["minio:9000", "ftp://x", "https://", "https://u:hunter2@h", "https://h?sig=hunter2", "//h"] {
            let said = wrong(&TYPE, json!({"bucket": "b", "endpoint": endpoint}));
            assert!(said.starts_with("config.endpoint: must be") && !said.contains("hunter2"), "{said}");
        }
        assert!(wrong(&TYPE, json!({"bucket": "b", "endpoint": "http://h"})).contains("allow_http"));
        assert!(wrong(&TYPE, json!({"bucket": "b", "access_key_id": "k"})).starts_with("config.secret_access_key"));
        assert!(wrong(&TYPE, json!({"bucket": "b", "secret_key": "k"})).starts_with("config.access_key_id"));
    }
}
