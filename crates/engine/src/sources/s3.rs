//! Buckets: how they are reached, and the objects that a key, a prefix or a pattern means.

use super::errors::store_phrase;
use super::glob;
use super::hive;
use super::judged_store::JudgedConnector;
use super::listing::{Listing, MOST_FILES, belongs, finish};
use super::pinned_file::{Backing, PinnedFile};
use datahall_core::dataset::{FileSource, Partitioning, S3Options};
use datahall_core::{Error, Result};
use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const CONNECT: Duration = Duration::from_secs(3);
const REQUEST: Duration = Duration::from_secs(60);
const RETRYING: Duration = Duration::from_secs(4);
/// How long finding out what is there may take in all.
const LISTING: Duration = Duration::from_secs(30);
const FIRST: Duration = Duration::from_secs(8);

/// The store that `bucket` is, reached as `options` say.
///
/// # Errors
/// `Invalid` when the options do not fit together.
pub(crate) fn bucket(location: &str, bucket: &str, options: &S3Options) -> Result<Arc<dyn ObjectStore>> {
    let invalid = |what: String| Error::invalid(format!("{location}: {what}"));
    let own_keys = options.access_key_id.is_some() || options.public_only;
    // With keys given, none of the environment's may mix with them.
    let mut builder = if own_keys { AmazonS3Builder::new() } else { AmazonS3Builder::from_env() };
    let client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST).with_allow_http(options.allow_http);
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
    let retry = RetryConfig { backoff, max_retries: 2, retry_timeout: RETRYING };
    if options.public_only {
        builder = builder.with_http_connector(JudgedConnector { private_networks: false, timeout: REQUEST });
    }
    builder = builder.with_client_options(client).with_retry(retry).with_bucket_name(bucket);
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    } else if own_keys {
        builder = builder.with_region(
            AmazonS3Builder::from_env().get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned()),
        );
    }
    match (&options.access_key_id, &options.secret_access_key) {
        (Some(id), Some(secret)) => {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            if let Some(token) = &options.session_token {
                builder = builder.with_token(token);
            }
        }
        (None, None) => {}
        _ => return Err(invalid("access_key_id and secret_access_key are given together or not at all".into())),
    }
    let environment = builder.get_config_value(&AmazonS3ConfigKey::Endpoint).filter(|endpoint| !endpoint.is_empty());
    let endpoint = options.endpoint.clone().or(environment);
    builder = builder.with_virtual_hosted_style_request(!options.path_style);
    if let Some(endpoint) = &endpoint {
        let url = endpoint_url(endpoint, bucket, options).map_err(invalid)?;
        if url.starts_with("http://") && !options.allow_http {
            return Err(invalid("an http:// endpoint needs allow_http = true".into()));
        }
        builder = builder.with_endpoint(url);
        // Another server than AWS has no metadata service to ask for keys: without any, requests go unsigned.
        if builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_none() {
            builder = builder.with_skip_signature(true);
        }
    }
    let store = builder.build().map_err(|error| invalid("these S3 options do not fit together".into()).with_detail(error))?;
    Ok(Arc::new(store))
}

/// The host and port that requests for `bucket` go to, where `options` say.
///
/// # Errors
/// `Invalid` when the endpoint is no URL.
pub(crate) fn host(bucket: &str, options: &S3Options) -> Result<Option<(String, u16)>> {
    let Some(endpoint) = &options.endpoint else { return Ok(None) };
    let url = Url::parse(&endpoint_url(endpoint, bucket, options).map_err(Error::invalid)?).map_err(Error::internal)?;
    let host = url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
    Ok(host.zip(url.port_or_known_default()))
}

/// The endpoint as the client wants it: with the bucket in its host when requests are virtual-hosted.
fn endpoint_url(endpoint: &str, bucket: &str, options: &S3Options) -> std::result::Result<String, String> {
    let mut url = Url::parse(endpoint).map_err(|_| "the endpoint is not a URL".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the endpoint must be an http or https URL".into());
    }
    let Some(host) = url.host_str().map(str::to_owned) else {
        return Err("the endpoint has no host".into());
    };
    if !options.path_style {
        let inside = options.endpoint_bucket_in_host.unwrap_or_else(|| host.starts_with(&format!("{bucket}.")));
        let is_address = url.host().is_some_and(|host| !matches!(host, url::Host::Domain(_)));
        if !inside && is_address {
            return Err("an endpoint that is an address needs addressing_style = \"path\"".into());
        }
        if !inside {
            url.set_host(Some(&format!("{bucket}.{host}")))
                .map_err(|_| "the bucket's name cannot be part of a host name".to_owned())?;
        }
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The objects that `key` of `bucket` means now.
///
/// # Errors
/// `Invalid`: nothing there, access denied, no such bucket, unreachable.
pub(crate) async fn list(location: &str, name: &str, key: &str, source: &FileSource) -> Result<Listing> {
    let store = bucket(location, name, &source.location.s3)?;
    let find = async {
        if glob::is_pattern(key) {
            return pattern(location, &store, key).await;
        }
        prefix(location, &store, key, source).await
    };
    let files = within(LISTING, location, find).await?;
    let ending = source.format.endings()[0];
    let none =
        if glob::is_pattern(key) { "no object matches".to_owned() } else { format!("no .{ending} object under this prefix") };
    finish(location, source, files, &none)
}

/// Every object below `key` of `bucket`.
///
/// # Errors
/// As [`list`].
pub(crate) async fn everything(location: &str, name: &str, key: &str, options: &S3Options) -> Result<Vec<PinnedFile>> {
    let store = bucket(location, name, options)?;
    let path = Path::parse(key.trim_matches('/')).map_err(|_| Error::invalid(format!("{location}: not a valid key")))?;
    let metas = within(LISTING, location, all(location, &store, &path)).await?;
    Ok(metas
        .into_iter()
        .map(|meta| {
            let name = below(&meta, &path).join("/");
            pin(&store, meta, name, Vec::new())
        })
        .collect())
}

async fn within<T>(limit: Duration, location: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Error::invalid(format!("{location}: unreachable: the endpoint does not answer in time"));
    tokio::time::timeout(limit, work).await.map_err(late)?
}

fn failed(location: &str, error: object_store::Error) -> Error {
    Error::invalid(format!("{location}: {}", store_phrase(&error))).with_detail(error)
}

async fn prefix(location: &str, store: &Arc<dyn ObjectStore>, key: &str, source: &FileSource) -> Result<Vec<PinnedFile>> {
    let path = Path::parse(key.trim_matches('/')).map_err(|_| Error::invalid(format!("{location}: not a valid key")))?;
    if !key.is_empty() && !key.ends_with('/') {
        let head = async {
            match store.head(&path).await {
                Ok(meta) => Ok(Some(meta)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                // Some servers fail to look at a key that is only the beginning of others; the listing tells then.
                Err(object_store::Error::Generic { .. }) => Ok(None),
                Err(error) => Err(failed(location, error)),
            }
        };
        if let Some(meta) = within(FIRST, location, head).await? {
            let name = path.filename().unwrap_or(key).to_owned();
            return Ok(vec![pin(store, meta, name, Vec::new())]);
        }
    }
    let endings = source.format.endings();
    let listed = async { store.list_with_delimiter(Some(&path)).await.map_err(|error| failed(location, error)) };
    let listed = within(FIRST, location, listed).await?;
    let own = listed.objects.into_iter().filter_map(|meta| {
        let name = meta.location.filename().filter(|name| belongs(name, endings))?.to_owned();
        Some(pin(store, meta, name, Vec::new()))
    });
    let own: Vec<_> = own.collect();
    let has_tree = listed.common_prefixes.iter().any(|folder| folder.filename().and_then(hive::parse).is_some());
    let wanted = match source.partitioning {
        Partitioning::Hive => true,
        Partitioning::Auto => own.is_empty(),
        Partitioning::None => false,
    };
    if !(has_tree && wanted) {
        return Ok(own);
    }
    let mut found = Vec::new();
    for meta in all(location, store, &path).await? {
        let parts = below(&meta, &path);
        let Some((file, folders)) = parts.split_last() else { continue };
        let partitions: Option<Vec<_>> =
            folders.iter().map(|folder| hive::parse(folder).filter(|_| !folder.starts_with(['.', '_']))).collect();
        match partitions {
            Some(partitions) if !partitions.is_empty() && belongs(file, endings) => {
                let name = parts.join("/");
                found.push(pin(store, meta, name, partitions));
            }
            _ => {}
        }
    }
    Ok(found)
}

async fn pattern(location: &str, store: &Arc<dyn ObjectStore>, key: &str) -> Result<Vec<PinnedFile>> {
    let literal = glob::literal_prefix(key);
    let parts = glob::parse(&key[literal.len()..]).map_err(|error| error.context(location))?;
    let path = Path::parse(literal.trim_matches('/')).map_err(|_| Error::invalid(format!("{location}: not a valid key")))?;
    let above: Vec<&str> = literal.split('/').filter(|part| !part.is_empty()).collect();
    let mut found = Vec::new();
    for meta in all(location, store, &path).await? {
        let names = below(&meta, &path);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if glob::matches(&parts, &names) {
            let whole: Vec<&str> = above.iter().chain(&names).copied().collect();
            let (name, partitions) = (names.join("/"), hive::trailing(&whole));
            found.push(pin(store, meta, name, partitions));
        }
    }
    Ok(found)
}

async fn all(location: &str, store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Vec<ObjectMeta>> {
    let mut stream = store.list(Some(path));
    let mut metas = Vec::new();
    while let Some(meta) = stream.try_next().await.map_err(|error| failed(location, error))? {
        metas.push(meta);
        if metas.len() > 10 * MOST_FILES {
            return Err(Error::invalid(format!("{location}: more than {} objects to look through", 10 * MOST_FILES)));
        }
    }
    Ok(metas)
}

/// The parts of an object's key below `path`.
fn below(meta: &ObjectMeta, path: &Path) -> Vec<String> {
    let parts = meta.location.prefix_match(path);
    parts.map(|parts| parts.map(|part| part.as_ref().to_owned()).collect()).unwrap_or_default()
}

fn pin(store: &Arc<dyn ObjectStore>, meta: ObjectMeta, name: String, partitions: Vec<(String, String)>) -> PinnedFile {
    PinnedFile { name, partitions, backing: Backing::Object { store: store.clone(), meta } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::dataset::{FileFormat, Location};
    use object_store::PutPayload;
    use object_store::memory::InMemory;

    #[test]
    fn the_bucket_goes_into_the_host_or_stays_in_the_path() {
        let url = |endpoint: &str, path_style, inside| {
            let options = S3Options { path_style, endpoint_bucket_in_host: inside, ..Default::default() };
            endpoint_url(endpoint, "lake", &options)
        };
        assert_eq!(url("https://s3.example.org/", false, None).unwrap(), "https://lake.s3.example.org");
        assert_eq!(url("https://lake.s3.example.org", false, None).unwrap(), "https://lake.s3.example.org");
        assert_eq!(url("https://x.example.org", false, Some(true)).unwrap(), "https://x.example.org");
        assert_eq!(url("https://lake.example.org", false, Some(false)).unwrap(), "https://lake.lake.example.org");
        assert_eq!(url("http://127.0.0.1:9000", true, None).unwrap(), "http://127.0.0.1:9000");
        for bad in ["127.0.0.1:9000", "ftp://x", "http://", "minio"] {
            assert!(url(bad, true, None).is_err(), "{bad}");
        }
        assert!(url("http://127.0.0.1:9000", false, None).is_err());
    }

    #[tokio::test]
    async fn an_endpoint_that_is_not_there_is_said_to_be_so_soon() {
        let s3 = S3Options {
            endpoint: Some("http://127.0.0.1:1".into()),
            path_style: true,
            allow_http: true,
            access_key_id: Some("id".into()),
            secret_access_key: Some("hush".into()),
            ..Default::default()
        };
        let location = Location { url: "s3://lake/x.parquet".into(), s3: s3.clone() };
        let source = FileSource { format: FileFormat::Parquet, location, partitioning: Partitioning::Auto };
        let error = list("s3://lake/x.parquet", "lake", "x.parquet", &source).await.unwrap_err();
        assert_eq!(error.message(), "s3://lake/x.parquet: unreachable: could not connect to the endpoint");
        assert!(!format!("{error:?}").contains("hush"));
        let refused = bucket("s3://lake", "lake", &S3Options { allow_http: false, ..s3.clone() }).unwrap_err();
        assert_eq!(refused.message(), "s3://lake: an http:// endpoint needs allow_http = true");
        assert!(bucket("s3://lake", "lake", &S3Options { secret_access_key: None, ..s3 }).is_err());
    }

    #[tokio::test]
    async fn keys_prefixes_trees_and_patterns_find_their_objects() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for key in [
            "d/a.csv",
            "d/b.csv",
            "d/c.txt",
            "d/_d.csv",
            "d/sub/e.csv",
            "t/y=1/f.csv",
            "t/y=2/g.csv",
            "t/x/h.csv",
            "t/_y=3/i.csv",
            "da.csv",
        ] {
            store.put(&Path::from(key), PutPayload::from_static(b"x")).await.unwrap();
        }
        let location = Location { url: String::new(), s3: S3Options::default() };
        let source = FileSource { format: FileFormat::Csv, location, partitioning: Partitioning::Auto };
        let names = |files: Vec<PinnedFile>| {
            let mut names: Vec<_> = files.into_iter().map(|file| (file.name, file.partitions.len())).collect();
            names.sort();
            names.into_iter().map(|(name, partitions)| format!("{name} {partitions}")).collect::<Vec<_>>()
        };
        let under = async |key: &str| names(prefix("l", &store, key, &source).await.unwrap());
        assert_eq!(under("d").await, ["a.csv 0", "b.csv 0"]);
        assert_eq!(under("d/").await, ["a.csv 0", "b.csv 0"]);
        assert_eq!(under("d/c.txt").await, ["c.txt 0"]);
        assert_eq!(under("t").await, ["y=1/f.csv 1", "y=2/g.csv 1"]);
        assert_eq!(under("").await, ["da.csv 0"]);
        assert!(under("none").await.is_empty());
        let matching = async |key: &str| names(pattern("l", &store, key).await.unwrap());
        assert_eq!(matching("d/?.csv").await, ["a.csv 0", "b.csv 0"]);
        assert_eq!(matching("t/y=*/*.csv").await, ["y=1/f.csv 1", "y=2/g.csv 1"]);
        assert_eq!(matching("**/[eg].csv").await, ["d/sub/e.csv 0", "t/y=2/g.csv 1"]);
        assert!(matching("none-*").await.is_empty());
    }
}
