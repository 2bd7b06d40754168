//! Who owns packages, and the project that holds those of one: found by what the project says of itself, never by its name alone.

use crate::home;
use datahall_catalog::{Catalog, Project};
use datahall_core::Result;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// The entry of a project's metadata that names whose packages it holds, as it was written.
pub(crate) const SPEC_OWNER: &str = "spec_owner";

/// The most characters of an owner's id.
const LONGEST: usize = 100;

/// The most characters of a project's key that an owner's own id may be.
const LONGEST_KEY: usize = 64;

/// Whether it may be an owner's id: it is a step of paths and a part of ids.
pub(crate) fn is_id(id: &str) -> bool {
    let fit = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    (1..=LONGEST).contains(&id.chars().count()) && id.chars().all(fit) && !id.chars().all(|c| c == '.')
}

/// The keys that the project of this owner may have in the default organisation, the preferred one first. Keys are the same whatever
/// their case and owners are not, so the first may be another's; the last is nobody else's.
pub(crate) fn keys(owner: &str) -> Vec<String> {
    let slug: String = owner.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(LONGEST_KEY - 9).collect();
    let digest = Sha256::digest(owner.as_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let as_it_is =
        !owner.is_empty() && owner.len() <= LONGEST_KEY && owner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let preferred = as_it_is.then(|| owner.to_owned());
    preferred.into_iter().chain([format!("{slug}_{digest}")]).collect()
}

/// Whether the project holds the packages of this owner.
pub(crate) fn is_of(project: &Project, owner: &str) -> bool {
    project.metadata.get(SPEC_OWNER).and_then(Json::as_str) == Some(owner)
}

/// The project that holds the packages of this owner, if there is one.
///
/// # Errors
/// What the catalog says.
pub(crate) async fn project(catalog: &Catalog, owner: &str) -> Result<Option<Project>> {
    if !is_id(owner) {
        return Ok(None);
    }
    for key in keys(owner) {
        let found = catalog.find(Project::by_key(home::ORGANISATION, &key)).await?;
        if let Some(project) = found.filter(|project| is_of(project, owner)) {
            return Ok(Some(project));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;
    use datahall_catalog::{Actor, AuditEntry};
    use serde_json::json;

    #[test]
    fn keys_are_the_owners_own_where_that_is_one_and_unlike_any_others() {
        assert_eq!(keys("ann_1")[0], "ann_1");
        assert_eq!(keys("ann").len(), 2);
        // The first digits of `printf %s zoë | sha256sum`.
        assert_eq!(keys("zoë"), ["zo__2752b886"]);
        assert_ne!(keys("a.b")[0], keys("a-b")[0]);
        assert_ne!(keys("Ann")[1], keys("ann")[1]);
        for owner in [&"x".repeat(100), &"é".repeat(100), "default", "@"] {
            assert!(keys(owner).iter().all(|key| (1..=LONGEST_KEY).contains(&key.len())), "{owner}");
        }
    }

    #[test]
    fn ids_are_steps_of_paths() {
        for id in ["ann", "1f2e", "ann@example.com", "a+b", "Zoë", "a..b"] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", ".", "..", "a/b", "a b", "a\0", "a\u{202e}", &"x".repeat(101)] {
            assert!(!is_id(id), "{id:?}");
        }
    }

    #[tokio::test]
    async fn a_project_that_says_nothing_or_names_another_is_nobodys() {
        let fixture = Fixture::new().await;
        let catalog = &fixture.service.catalog;
        let make = async |key: &str, owner: Option<&str>| {
            let metadata = owner.map(|owner| json!({ SPEC_OWNER: owner })).unwrap_or(json!({}));
            let metadata = metadata.as_object().unwrap().clone();
            let (organisation, key) = (home::ORGANISATION.to_owned(), key.to_owned());
            let mut project = Project { organisation, key, metadata, ..Project::default() };
            let mut change = catalog.change(&Actor::system()).await.unwrap();
            change.insert(&mut project).await.unwrap();
            change.commit(AuditEntry::new("test")).await.unwrap();
            project.meta.id
        };
        let found = async |owner: &str| project(catalog, owner).await.unwrap().map(|project| project.meta.id);
        make("plain", None).await;
        let ann = make("ann", Some("ann")).await;
        for owner in ["default", "plain", "Ann", "ANN", "", "../ann"] {
            assert_eq!(found(owner).await, None, "{owner}");
        }
        let other = make(&keys("Ann")[1], Some("Ann")).await;
        assert_eq!((found("ann").await, found("Ann").await), (Some(ann), Some(other)));
    }
}
