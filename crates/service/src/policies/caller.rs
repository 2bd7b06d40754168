//! Whoever reads, as policies know him: by his roles and groups, and by what is known of him.

use super::Stated;
use crate::Principal;
use datahall_core::access::Scope;
use datahall_core::policy::{Attributes, Caller, ReadPolicy};
use datahall_core::privilege::{Privilege, Role};
use std::sync::Arc;

/// What `principal` may see of a dataset in the organisation of that id, by what was stated alone: to tell of columns, not to read.
pub(crate) fn seen_by(principal: &Principal, organisation: &str, stated: &Stated) -> ReadPolicy {
    stated.unchecked().for_caller(&caller(principal, organisation, [0; 32]))
}

/// How the policies of a dataset in the organisation of that id see `principal`.
pub(super) fn caller<'a>(principal: &'a Principal, organisation: &str, token_key: [u8; 32]) -> Caller<'a> {
    let member = principal.organisation.as_ref().filter(|own| own.organisation == organisation);
    let mut roles: Vec<&str> = member.map(|own| own.role.name()).into_iter().collect();
    // Whoever administers the instance belongs to every organisation.
    if principal.grants.allow(Privilege::Admin, &Scope::default()) {
        roles.push(Role::Admin.name());
    }
    // A group that is called like a role is none: groups reach across organisations, and who names them need not give roles.
    let is_role = |group: &str| Role::ALL.iter().any(|role| role.name().eq_ignore_ascii_case(group));
    roles.extend(principal.groups.iter().map(String::as_str).filter(|group| !is_role(group)));
    Caller { roles, attributes: principal.attributes.as_deref(), token_key }
}

/// All that policies go by in a principal: to who is the same in this they show the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Viewpoint {
    administers: bool,
    /// The id of the organisation that he acts in, and what he is there.
    organisation: Option<(String, Role)>,
    /// Sorted.
    groups: Vec<String>,
    attributes: Option<Arc<Attributes>>,
}

impl Viewpoint {
    /// That of `principal`.
    pub(crate) fn of(principal: &Principal) -> Self {
        let mut groups = principal.groups.clone();
        groups.sort_unstable();
        Self {
            administers: principal.grants.allow(Privilege::Admin, &Scope::default()),
            organisation: principal.organisation.as_ref().map(|own| (own.organisation.clone(), own.role)),
            groups,
            attributes: principal.attributes.clone().filter(|attributes| !attributes.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Membership, PrincipalKind, home};
    use datahall_core::access::Grants;

    #[test]
    fn a_role_counts_in_its_organisation_and_a_group_is_no_role() {
        let kind = PrincipalKind::User { login: "ann".into() };
        let organisation = Membership { organisation: "o1".into(), key: "o1".into(), role: Role::Admin };
        let ann = Principal {
            organisation: Some(organisation),
            groups: vec!["payroll".into(), "Admin".into()],
            ..Principal::bare(kind, Grants::default(), true)
        };
        assert_eq!(caller(&ann, "o1", [0; 32]).roles, ["admin", "payroll"]);
        assert_eq!(caller(&ann, "o2", [0; 32]).roles, ["payroll"]);
        assert!(caller(&Principal::nobody(true), home::ORGANISATION, [0; 32]).roles.is_empty());
        assert!(caller(&Principal::admin(), "o2", [0; 32]).roles.contains(&"admin"));
    }
}
