//! How much the packages of an owner may hold by his plan: each counts as what the revision holds whose tables are its datasets, so that a newer
//! one takes the place of an older one.

use super::contents::Findability;
use crate::{Ctx, Object};
use datahall_catalog::{List, Package};
use datahall_core::{Error, Result};
use serde_json::{Value as Json, json};

/// In a package's body: what it holds, `bytes`, and whether they are `public`.
const HOLDS: &str = "holds";
/// What plans count in.
const MEGABYTE: u64 = 1_000_000;

/// What a plan leaves packages of one kind, those that others may read or the private ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    megabytes: u64,
    public: bool,
}

impl Room {
    /// What the caller's plan gives the packages of that owner; `None`: he has none, or it does not say.
    pub(super) fn of(ctx: &Ctx, owner: &str, findability: Findability) -> Option<Self> {
        let plan = ctx.principal.owner.as_ref().filter(|token| token.id == owner)?;
        let public = findability != Findability::Private;
        let megabytes = if public { plan.max_public_storage_mb } else { plan.max_private_storage_mb };
        megabytes.map(|megabytes| Self { megabytes, public })
    }

    /// The same in bytes.
    pub(super) fn bytes(self) -> u64 {
        self.megabytes.saturating_mul(MEGABYTE)
    }

    /// Refuses what is more than there is room for. `packages` are all of the owner's; what the one of the id `but` holds does not count, for
    /// `bytes` take its place.
    ///
    /// # Errors
    /// `Invalid`, in the words that clients know.
    pub(super) fn check(self, packages: &[Package], but: &str, bytes: u64) -> Result<()> {
        let others = packages.iter().filter(|package| package.meta.id != but).filter_map(|package| package.body.get(HOLDS));
        let mine = others.filter(|holds| holds.get("public").and_then(Json::as_bool) == Some(self.public));
        let held = mine.filter_map(|holds| holds.get("bytes")?.as_u64()).fold(bytes, u64::saturating_add);
        if held > self.bytes() { Err(self.exceeded()) } else { Ok(()) }
    }

    /// The error of whatever is more than there is room for.
    pub(super) fn exceeded(self) -> Error {
        Error::invalid(format!("Max storage for user exceeded plan limit ({} MB)", self.megabytes))
    }
}

/// The packages of the project.
pub(super) fn packages(project: &str) -> List<Package> {
    List::<Package>::all().only("project", project).only("kind", "spec")
}

/// Notes what a package holds now.
pub(super) fn note(body: &mut Object, findability: Findability, bytes: u64) {
    body.insert(HOLDS.to_owned(), json!({"bytes": bytes, "public": findability != Findability::Private}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_and_kinds_apart() {
        let package = |id: &str, findability, bytes| {
            let mut package = Package::default();
            package.meta.id = id.into();
            note(&mut package.body, findability, bytes);
            package
        };
        let packages = [
            package("a", Findability::Published, 400_000),
            package("b", Findability::Unlisted, 500_000),
            package("c", Findability::Private, 900_000),
            Package::default(),
        ];
        let fits = |public, but, bytes| Room { megabytes: 1, public }.check(&packages, but, bytes).is_ok();
        assert!(fits(true, "", 100_000) && !fits(true, "", 100_001));
        assert!(fits(true, "a", 500_000) && !fits(true, "a", 500_001));
        assert!(fits(false, "", 100_000) && !fits(false, "", 100_001) && fits(false, "c", 1_000_000));
        let error = Room { megabytes: 0, public: true }.check(&[], "", 1).unwrap_err();
        assert_eq!(error.message(), "Max storage for user exceeded plan limit (0 MB)");
        assert!(Room { megabytes: u64::MAX, public: true }.check(&packages, "", u64::MAX).is_ok());
    }
}
