//! Where a spec may have files read: by local paths below the roots, by URLs under the policy about addresses, and in the buckets that the
//! configuration opens.

use crate::{Ctx, Service};
use datahall_core::access::Scope;
use datahall_core::dataset::{Location, S3Options};
use datahall_core::engine::Access;
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use std::path::{Path, PathBuf};
use url::Url;

/// A location that a spec names, and what whoever uploaded it may reach; the engine judges by the latter.
///
/// # Errors
/// `Invalid` for what is nobody's to read, or not his.
pub(in crate::specs) fn reach(service: &Service, ctx: &Ctx, location: &str) -> Result<(Location, Access)> {
    let administers = ctx.principal.grants.allow(Privilege::Admin, &Scope::default());
    let mut access = service.requested_access();
    if !administers {
        // Without roots, local paths are the administrators' alone.
        access.roots.get_or_insert_default();
    }
    match scheme(location).as_deref() {
        None | Some("file" | "http" | "https") => {}
        Some("s3") => return Ok((service.settings.specs.s3_location(location, &service.environment)?, access)),
        // Whatever else the engine knows is the configuration's to name.
        Some(_) => {
            let why = "unsupported location (use a path, file://, s3://, http:// or https://)";
            return Err(Error::invalid(format!("{location}: {why}")));
        }
    }
    if !administers && local(location).iter().any(|path| is_ours(path, &service.packages.data_dir)) {
        let why = format!("{location}: is not below a folder that may be read here ([security] allowed_roots)");
        return Err(Error::invalid(why));
    }
    Ok((Location { url: location.to_owned(), s3: S3Options::default() }, access))
}

fn scheme(location: &str) -> Option<String> {
    location.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase())
}

/// The local paths that a location may be taken for.
fn local(location: &str) -> Vec<PathBuf> {
    match location.split_once("://") {
        None => vec![PathBuf::from(location)],
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
            let written = PathBuf::from(rest.strip_prefix("localhost").unwrap_or(rest));
            Url::parse(location).ok().and_then(|url| url.to_file_path().ok()).into_iter().chain([written]).collect()
        }
        Some(_) => Vec::new(),
    }
}

/// Whether it is one of the server's own files, which are no source of data whatever the roots say.
fn is_ours(path: &Path, data_dir: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    resolved(path).starts_with(resolved(data_dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Principal;
    use crate::testing::{Fixture, admin};

    fn nobody() -> Ctx {
        Ctx { principal: Principal::nobody(true), ..admin() }
    }

    #[tokio::test]
    async fn paths_are_those_of_whoever_asks() {
        let fixture = Fixture::new().await;
        let (of_admin, of_other) =
            (reach(&fixture.service, &admin(), "/x/a.csv"), reach(&fixture.service, &nobody(), "/x/a.csv"));
        assert_eq!((of_admin.unwrap().1.roots, of_other.unwrap().1.roots), (None, Some(vec![])));
        let (location, access) = reach(&fixture.service, &nobody(), "https://example.com/a.csv").unwrap();
        assert_eq!((location.url.as_str(), access.private_networks), ("https://example.com/a.csv", false));
    }

    #[tokio::test]
    async fn the_servers_own_files_are_no_source() {
        let fixture = Fixture::new().await;
        let ours = fixture.service.packages.data_dir.join("packages");
        let link = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(&ours, link.path().join("x")).unwrap();
        for path in [
            ours.join("a").display().to_string(),
            format!("{}/../packages", ours.display()),
            format!("file://{}", ours.display()),
            format!("FILE://{}", ours.display()).replace("packages", "%70ackages"),
            link.path().join("x").display().to_string(),
        ] {
            assert!(reach(&fixture.service, &nobody(), &path).unwrap_err().message().contains("allowed_roots"), "{path}");
            assert!(reach(&fixture.service, &admin(), &path).is_ok(), "{path}");
        }
        for url in ["s3://bucket/a.csv", "S3://bucket/a.csv"] {
            assert!(reach(&fixture.service, &admin(), url).unwrap_err().message().contains("[specs.s3]"), "{url}");
        }
        for url in ["s3a://bucket/a.csv", "gs://bucket/a", "ftp://h/a", "a b://c", "://x"] {
            assert!(reach(&fixture.service, &admin(), url).unwrap_err().message().contains("unsupported location"), "{url}");
        }
    }
}
