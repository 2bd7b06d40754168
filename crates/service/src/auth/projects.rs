//! What the permissions of projects give: to groups by type or by flags, to the owner everything (`contracts/projects.md` 2.2).

use crate::accounts::names::same;
use datahall_catalog::{Catalog, List, Project};
use datahall_core::Result;
use datahall_core::access::{Grant, Place};
use datahall_core::privilege::{PermissionType, Privileges};
use serde_json::Value;

/// Projects read at a time.
const PAGE: u64 = 1000;

/// What they give somebody in `groups`, and to the user `login` where he owns one.
pub(super) async fn grants_of(catalog: &Catalog, login: Option<&str>, groups: &[String]) -> Result<Vec<Grant>> {
    let mut grants = Vec::new();
    if login.is_none() && groups.is_empty() {
        return Ok(grants);
    }
    let mut last = String::new();
    loop {
        let page = catalog.list(&List::<Project>::all().after_id(&last).page(PAGE, 0)).await?.items;
        let Some(end) = page.last() else { return Ok(grants) };
        last.clone_from(&end.meta.id);
        for project in &page {
            let gives = of_project(project, login, groups);
            if !gives.is_empty() {
                grants.push(Grant { at: Place::Project(project.meta.id.clone()), gives });
            }
        }
    }
}

fn of_project(project: &Project, login: Option<&str>, groups: &[String]) -> Privileges {
    if let (Some(owner), Some(login)) = (&project.owner, login)
        && same(owner, login)
    {
        return Privileges::ALL;
    }
    let named = |entry: &&Value| {
        let group = entry.get("group").and_then(Value::as_str);
        group.is_some_and(|group| groups.iter().any(|other| same(other, group)))
    };
    project.permissions.iter().filter(named).fold(Privileges::NONE, |all, entry| all.union(of_entry(entry)))
}

/// An entry has a type, or flags as later clients write them. One that says nothing known gives nothing.
fn of_entry(entry: &Value) -> Privileges {
    if let Some(kind) = entry.get("type").and_then(Value::as_str) {
        return PermissionType::parse(kind).map_or(Privileges::NONE, PermissionType::privileges);
    }
    let flags = [
        ("admin", PermissionType::Admin),
        ("writeProjectContent", PermissionType::AnalystReadwrite),
        ("readProjectContent", PermissionType::AnalystReadonly),
        ("readDashboards", PermissionType::Reader),
    ];
    let set = flags.into_iter().filter(|(flag, _)| entry.get(*flag) == Some(&Value::Bool(true)));
    set.fold(Privileges::NONE, |all, (_, kind)| all.union(kind.privileges()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home;
    use crate::testing::Fixture;
    use datahall_catalog::{Actor, AuditEntry};
    use datahall_core::access::{Grants, Scope};
    use datahall_core::privilege::Privilege;
    use serde_json::json;

    #[tokio::test]
    async fn groups_get_what_their_entries_say_and_owners_everything() {
        let fixture = Fixture::new().await;
        let catalog = &fixture.service.catalog;
        let permissions = vec![
            json!({"group": "readers", "type": "ANALYST_READONLY"}),
            json!({"group": "Writers", "writeProjectContent": true}),
            json!({"group": "odd", "type": "KING"}),
            json!({"group": "admins", "admin": true}),
            json!("nonsense"),
        ];
        let owner = Some("ann".to_owned());
        let mut project =
            Project { organisation: home::ORGANISATION.into(), key: "P".into(), owner, permissions, ..Project::default() };
        let mut change = catalog.change(&Actor::system()).await.unwrap();
        change.insert(&mut project).await.unwrap();
        change.commit(AuditEntry::new("test")).await.unwrap();
        let scope = Scope { organisation: None, project: Some(&project.meta.id), dataset: None };
        let held = async |login: Option<&str>, groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            Grants::new(grants_of(catalog, login, &groups).await.unwrap()).on(&scope)
        };
        assert_eq!(held(Some("Ann"), &[]).await, Privileges::ALL);
        assert_eq!(held(Some("bob"), &[]).await, Privileges::NONE);
        assert_eq!(held(None, &["READERS"]).await, PermissionType::AnalystReadonly.privileges());
        assert!(held(Some("bob"), &["readers", "writers"]).await.contains(Privilege::WriteData));
        assert_eq!(held(None, &["odd", "nobody"]).await, Privileges::NONE);
        assert_eq!(held(None, &["admins"]).await, Privileges::ALL);
    }
}
