//! The fine-grained grants of an API key, as `contracts/projects.md` 2.3 writes them: privileges on the instance, on projects by
//! key and on datasets by name; and what they come to.

use super::names::same;
use datahall_catalog::{Catalog, Dataset, List, Object, Project};
use datahall_core::access::{Grant, Place};
use datahall_core::privilege::{Privilege, Privileges, grantable_on_datasets};
use datahall_core::{Error, Result};
use serde_json::Value;

/// The most projects and datasets that one key may name.
const MOST_NAMES: usize = 1000;

/// What a key's `grants` say. Fields that mean nothing here are left alone; `null` is as nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeyGrants {
    instance: Privileges,
    projects: Vec<ProjectGrants>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ProjectGrants {
    key: String,
    gives: Privileges,
    datasets: Vec<(String, Privileges)>,
}

/// Grants on what the names lead to now.
pub(crate) struct Resolved {
    pub(crate) grants: Vec<Grant>,
    /// Whether there are names at all.
    pub(crate) by_name: bool,
    /// Whether all of them led somewhere.
    pub(crate) complete: bool,
}

impl KeyGrants {
    /// Reads them.
    ///
    /// # Errors
    /// `Invalid`, naming what is wrong and where: an unknown privilege, one that cannot be granted on a dataset, a wrong type.
    pub(crate) fn parse(grants: &Object) -> Result<Self> {
        let mut parsed = Self::default();
        if let Some(global) = object(grants.get("globalPermissions"), "globalPermissions")? {
            parsed.instance = privileges(global.get("privileges"), "globalPermissions.privileges")?;
            if flag(global.get("admin"), "globalPermissions.admin")? {
                parsed.instance = Privileges::ALL;
            }
        }
        for (key, project) in object(grants.get("projects"), "projects")?.into_iter().flatten() {
            let at = format!("projects.{}", key.escape_debug());
            if let Some(project) = object(Some(project), &at)? {
                parsed.projects.push(project_grants(key, project, &at)?);
            }
        }
        let names = parsed.projects.iter().map(|project| 1 + project.datasets.len()).sum::<usize>();
        if names > MOST_NAMES {
            return Err(Error::invalid(format!("grants: may not name more than {MOST_NAMES} projects and datasets")));
        }
        Ok(parsed)
    }

    /// Whether they administer the instance.
    pub(crate) fn administers(&self) -> bool {
        self.instance.contains(Privilege::Admin)
    }

    /// What they give on the instance.
    pub(crate) fn on_instance(&self) -> Grant {
        Grant { at: Place::Instance, gives: self.instance }
    }

    /// What they give on what their names lead to in the organisation of that id.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn resolve(&self, catalog: &Catalog, organisation: &str) -> Result<Resolved> {
        let mut resolved = Resolved { grants: vec![self.on_instance()], by_name: !self.projects.is_empty(), complete: true };
        if self.projects.is_empty() {
            return Ok(resolved);
        }
        let keys = self.projects.iter().map(|project| project.key.as_str());
        let found = catalog.list(&List::<Project>::all().only("organisation", organisation).any_of("key", keys)).await?.items;
        for wanted in &self.projects {
            let project = found.iter().find(|project| same(&project.key, &wanted.key));
            let Some(project) = project else {
                resolved.complete = false;
                continue;
            };
            resolved.grants.push(Grant { at: Place::Project(project.meta.id.clone()), gives: wanted.gives });
            resolve_datasets(catalog, &project.meta.id, wanted, &mut resolved).await?;
        }
        Ok(resolved)
    }
}

async fn resolve_datasets(catalog: &Catalog, project: &str, wanted: &ProjectGrants, resolved: &mut Resolved) -> Result<()> {
    if wanted.datasets.is_empty() {
        return Ok(());
    }
    let names = wanted.datasets.iter().map(|(name, _)| name.as_str());
    let found = catalog.list(&List::<Dataset>::all().only("project", project).any_of("name", names)).await?.items;
    for (name, gives) in &wanted.datasets {
        match found.iter().find(|dataset| same(&dataset.name, name)) {
            Some(dataset) => resolved.grants.push(Grant { at: Place::Dataset(dataset.meta.id.clone()), gives: *gives }),
            None => resolved.complete = false,
        }
    }
    Ok(())
}

fn project_grants(key: &str, project: &Object, at: &str) -> Result<ProjectGrants> {
    let mut grants = ProjectGrants {
        key: named(key, at)?,
        gives: privileges(project.get("privileges"), &format!("{at}.privileges"))?,
        datasets: Vec::new(),
    };
    for (number, local) in list(project.get("localDatasets"), &format!("{at}.localDatasets"))?.iter().enumerate() {
        let at = format!("{at}.localDatasets[{number}]");
        let Some(local) = object(Some(local), &at)? else { continue };
        let place = format!("{at}.privileges");
        let mut gives = Privileges::NONE;
        for name in list(local.get("privileges"), &place)? {
            let one = privilege(name, &place)?;
            if !grantable_on_datasets().contains(one) {
                return Err(invalid(&place, format!("{} cannot be granted on a dataset", one.name())));
            }
            gives = gives.union(Privileges::of(&[one]));
        }
        for name in list(local.get("datasets"), &format!("{at}.datasets"))? {
            let name = name.as_str().ok_or_else(|| invalid(&format!("{at}.datasets"), "must be names"))?;
            grants.datasets.push((named(name, &format!("{at}.datasets"))?, gives));
        }
    }
    Ok(grants)
}

fn privileges(value: Option<&Value>, at: &str) -> Result<Privileges> {
    list(value, at)?.iter().map(|name| privilege(name, at)).collect()
}

fn privilege(value: &Value, at: &str) -> Result<Privilege> {
    let name = value.as_str().ok_or_else(|| invalid(at, "must be names of privileges"))?;
    Privilege::parse(name).map_err(|error| error.context(format!("grants: {at}")))
}

fn named(name: &str, at: &str) -> Result<String> {
    if name.is_empty() || name.contains('\0') { Err(invalid(at, "is no name")) } else { Ok(name.to_owned()) }
}

fn object<'a>(value: Option<&'a Value>, at: &str) -> Result<Option<&'a Object>> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(invalid(at, "must be an object")),
    }
}

fn list<'a>(value: Option<&'a Value>, at: &str) -> Result<&'a [Value]> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(at, "must be a list")),
    }
}

fn flag(value: Option<&Value>, at: &str) -> Result<bool> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(at, "must be true or false")),
    }
}

fn invalid(at: &str, why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("grants: {at}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::Code;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(value: Value) -> Result<KeyGrants> {
        KeyGrants::parse(value.as_object().unwrap())
    }

    fn message(value: Value) -> String {
        let error = parse(value).unwrap_err();
        assert_eq!(error.code(), Code::Invalid);
        error.message().to_owned()
    }

    #[test]
    fn the_contracts_example() {
        let parsed = parse(json!({
            "label": "x", "description": "",
            "globalPermissions": {"admin": false, "privileges": ["RUN_CODE"], "mayCreateProjects": true},
            "projects": {"PKEY": {"privileges": ["READ_CONF", "READ_DATA"],
                                  "localDatasets": [{"datasets": ["ds1"], "privileges": ["READ_DATA"]}, null]},
                         "OTHER": null}
        }))
        .unwrap();
        assert_eq!(parsed.instance, Privileges::of(&[Privilege::RunCode]));
        assert_eq!(
            parsed.projects,
            [ProjectGrants {
                key: "PKEY".into(),
                gives: Privileges::of(&[Privilege::ReadConf, Privilege::ReadData]),
                datasets: vec![("ds1".into(), Privileges::of(&[Privilege::ReadData]))],
            }]
        );
        assert!(parse(json!({"globalPermissions": {"admin": true}})).unwrap().administers());
        assert_eq!(parse(json!({"globalPermissions": null, "projects": null})).unwrap(), KeyGrants::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (value, expected) in [
            (json!({"projects": {"P": {"privileges": ["READ"]}}}), "grants: projects.P.privileges: unknown privilege: READ"),
            (json!({"globalPermissions": {"privileges": ["read_data"]}}), "unknown privilege: read_data"),
            (json!({"globalPermissions": {"admin": "yes"}}), "globalPermissions.admin: must be true or false"),
            (json!({"globalPermissions": []}), "globalPermissions: must be an object"),
            (
                json!({"projects": {"P": {"localDatasets": [{"datasets": ["d"], "privileges": ["ADMIN"]}]}}}),
                "ADMIN cannot be granted",
            ),
            (json!({"projects": {"P": {"localDatasets": [{"datasets": [1]}]}}}), "localDatasets[0].datasets: must be names"),
            (json!({"projects": {"P": {"localDatasets": {}}}}), "localDatasets: must be a list"),
            (json!({"projects": {"P\0": {}}}), "is no name"),
        ] {
            let message = message(value);
            assert!(message.contains(expected), "{message} {expected}");
        }
        let many: Object = (0..1001).map(|number| (format!("P{number}"), json!({}))).collect();
        assert!(message(json!({"projects": many})).contains("more than 1000"));
    }

    fn some_privileges() -> impl Strategy<Value = Vec<Privilege>> {
        prop::collection::vec(prop::sample::select(Privilege::ALL.to_vec()), 0..5)
    }

    fn json() -> impl Strategy<Value = Value> {
        let words =
            ["globalPermissions", "projects", "privileges", "localDatasets", "datasets", "admin", "P", "READ_DATA", "x", "\0"];
        let word = prop::sample::select(words.to_vec());
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            word.clone().prop_map(Value::from)
        ];
        leaf.prop_recursive(6, 60, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(word.clone().prop_map(str::to_owned), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_set_of_privileges_comes_back_and_no_other(global in some_privileges(), project in some_privileges(), local in some_privileges()) {
            let names = |list: &[Privilege]| list.iter().map(|privilege| privilege.name()).collect::<Vec<_>>();
            let value = json!({
                "globalPermissions": {"privileges": names(&global)},
                "projects": {"P": {"privileges": names(&project), "localDatasets": [{"datasets": ["a", "b"], "privileges": names(&local)}]}}
            });
            let grantable = local.iter().all(|privilege| grantable_on_datasets().contains(*privilege));
            match parse(value) {
                Ok(parsed) => {
                    prop_assert!(grantable);
                    prop_assert_eq!(parsed.instance, Privileges::of(&global));
                    prop_assert_eq!(parsed.projects[0].gives, Privileges::of(&project));
                    let on_datasets: Vec<_> = parsed.projects[0].datasets.iter().map(|(_, gives)| *gives).collect();
                    prop_assert_eq!(on_datasets, [Privileges::of(&local); 2]);
                }
                Err(error) => prop_assert!(!grantable, "{error}"),
            }
        }

        #[test]
        fn an_unknown_name_is_named(name in "[A-Z_]{1,12}", at in 0..3) {
            prop_assume!(Privilege::parse(&name).is_err());
            let value = match at {
                0 => json!({"globalPermissions": {"privileges": [name]}}),
                1 => json!({"projects": {"P": {"privileges": ["READ_DATA", name]}}}),
                _ => json!({"projects": {"P": {"localDatasets": [{"datasets": ["d"], "privileges": [name]}]}}}),
            };
            let expected = format!("unknown privilege: {name}");
            prop_assert!(message(value).ends_with(&expected));
        }

        #[test]
        fn any_json_is_read_or_refused(value in json()) {
            if let Value::Object(object) = value
                && let Err(error) = KeyGrants::parse(&object)
            {
                prop_assert_eq!(error.code(), Code::Invalid);
            }
        }
    }
}
