//! One file as it is, wherever it is: its bytes as they come.

use super::errors::store_phrase;
use super::listing::{Place, place};
use super::local::{Roots, in_background};
use super::{glob, hive, http, s3};
use bytes::Bytes;
use datahall_core::dataset::{Location, S3Options};
use datahall_core::engine::{Access, Fetched};
use datahall_core::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::io::Read;

/// Bytes of a local file at a time.
const PIECE: usize = 1 << 20;

/// Opens the file.
///
/// # Errors
/// As [`Engine::fetch`](datahall_core::engine::Engine::fetch).
pub(crate) async fn fetch(file: &Location, access: &Access) -> Result<Fetched> {
    let location = file.url.as_str();
    match place(location)? {
        Place::Local(path) => {
            let path = if location.contains("://") { hive::decode(path) } else { path.to_owned() };
            local(location, path, access).await
        }
        Place::S3 { bucket, key } => object(location, bucket, key, &file.s3).await,
        Place::Http(url) => http::fetch(url, access).await,
    }
}

async fn local(location: &str, path: String, access: &Access) -> Result<Fetched> {
    let (roots, shown) = (Roots::new(access), location.to_owned());
    let (file, length) = in_background(move || {
        let resolved = roots.resolve(&shown, path.as_ref())?;
        let unreadable = |error: std::io::Error| Error::invalid(format!("{shown}: cannot be read")).with_detail(error);
        // Before it is opened: a pipe would wait for somebody to write into it.
        if !std::fs::metadata(&resolved).map_err(unreadable)?.is_file() {
            return Err(Error::invalid(format!("{shown}: is not a file")));
        }
        let file = std::fs::File::open(&resolved).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        Ok((file, length))
    })
    .await?;
    let shown = location.to_owned();
    let pieces = stream::try_unfold(Some(file), move |file| {
        let shown = shown.clone();
        async move {
            let Some(mut file) = file else { return Ok(None) };
            let piece = in_background(move || {
                let mut piece = Vec::with_capacity(PIECE);
                let failed = |error| Error::unavailable(format!("the source cannot be read: {shown}")).with_detail(error);
                file.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(failed)?;
                Ok((piece, file))
            });
            let (piece, file) = piece.await?;
            Ok((!piece.is_empty()).then(|| (Bytes::from(piece), Some(file))))
        }
    });
    Ok(Fetched { length: Some(length), bytes: pieces.boxed() })
}

async fn object(location: &str, bucket: &str, key: &str, options: &S3Options) -> Result<Fetched> {
    if key.is_empty() || key.ends_with('/') || glob::is_pattern(key) {
        return Err(Error::invalid(format!("{location}: must name one object")));
    }
    let store = s3::bucket(location, bucket, options)?;
    let path = Path::parse(key.trim_matches('/')).map_err(|_| Error::invalid(format!("{location}: not a valid key")))?;
    let failed = |error| Error::invalid(format!("{location}: {}", store_phrase(&error))).with_detail(error);
    let found = store.get(&path).await.map_err(failed)?;
    let (length, shown) = (found.meta.size, location.to_owned());
    let broken = move |error| {
        Error::unavailable(format!("the source cannot be read: {shown}: {}", store_phrase(&error))).with_detail(error)
    };
    Ok(Fetched { length: Some(length), bytes: found.into_stream().map_err(broken).boxed() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: impl Into<String>) -> Location {
        Location { url: url.into(), s3: S3Options::default() }
    }

    async fn read(url: &str, access: &Access) -> Result<Vec<u8>> {
        let fetched = fetch(&at(url), access).await?;
        let bytes: Vec<u8> = fetched.bytes.map_ok(|piece| piece.to_vec()).try_concat().await?;
        assert!(fetched.length.is_none_or(|length| length == bytes.len() as u64));
        Ok(bytes)
    }

    #[tokio::test]
    async fn local_files_come_whole_and_only_from_below_the_roots() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b.bin");
        let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let below = Access { roots: Some(vec![folder.path().to_owned()]), private_networks: false };
        assert_eq!(read(path.to_str().unwrap(), &below).await.unwrap(), content);
        let url = format!("file://{}/a%20b.bin", folder.path().display());
        assert_eq!(read(&url, &below).await.unwrap(), content);
        std::fs::write(folder.path().join("empty"), b"").unwrap();
        assert!(read(&format!("{}/empty", folder.path().display()), &below).await.unwrap().is_empty());
        for (bad, says) in [
            ("/etc/hostname".to_owned(), "outside the folders"),
            (folder.path().display().to_string(), "is not a file"),
            (format!("{}/nope", folder.path().display()), "no such file"),
            (format!("{}/*.bin", folder.path().display()), "no such file"),
            ("ftp://example.org/x".to_owned(), "unsupported location"),
        ] {
            let error = read(&bad, &below).await.unwrap_err();
            assert!(error.message().contains(says), "{bad}: {}", error.message());
        }
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
        let link = format!("{}/link", folder.path().display());
        assert!(read(&link, &below).await.unwrap_err().message().contains("outside the folders"));
    }
}
