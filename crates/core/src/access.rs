//! The decision: may somebody with these grants do this to that? Pure functions over what was looked up before.

use crate::privilege::{Privilege, Privileges, of_public_datasets};
use std::sync::Arc;

/// What a grant holds for, and everything within it. Ids are the catalog's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everything there is.
    Instance,
    /// One organisation, its projects and their datasets.
    Organisation(String),
    /// One project and its datasets.
    Project(String),
    /// One dataset.
    Dataset(String),
}

/// Privileges at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Where.
    pub at: Place,
    /// What.
    pub gives: Privileges,
}

/// Where an object stands. Outer parts are known whenever inner ones are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope<'a> {
    /// The organisation's id; `None`: the instance itself.
    pub organisation: Option<&'a str>,
    /// The project's id.
    pub project: Option<&'a str>,
    /// The dataset's id.
    pub dataset: Option<&'a str>,
}

impl Place {
    /// Whether `scope` is this place or lies within it.
    pub fn covers(&self, scope: &Scope<'_>) -> bool {
        match self {
            Self::Instance => true,
            Self::Organisation(id) => scope.organisation == Some(id),
            Self::Project(id) => scope.project == Some(id),
            Self::Dataset(id) => scope.dataset == Some(id),
        }
    }
}

/// Everything that somebody was granted. Cheap to clone: each request carries one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(Arc<[Grant]>);

impl Grants {
    /// All of these.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        Self(grants.into_iter().filter(|grant| !grant.gives.is_empty()).collect())
    }

    /// Everything everywhere.
    pub fn everything() -> Self {
        Self::new([Grant { at: Place::Instance, gives: Privileges::ALL }])
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// What they give on `scope`.
    pub fn on(&self, scope: &Scope<'_>) -> Privileges {
        let covering = self.0.iter().filter(|grant| grant.at.covers(scope));
        covering.fold(Privileges::NONE, |all, grant| all.union(grant.gives))
    }

    /// Whether they give `privilege` on `scope`.
    pub fn allow(&self, privilege: Privilege, scope: &Scope<'_>) -> bool {
        self.on(scope).contains(privilege)
    }

    /// Whether they give `privilege` on anything at all: what lists ask that leave out what is not visible.
    pub fn allow_somewhere(&self, privilege: Privilege) -> bool {
        self.0.iter().any(|grant| grant.gives.contains(privilege))
    }
}

/// What a request comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// The caller sees that it is there, and may not do this.
    Refused,
    /// For the caller it does not exist.
    Hidden,
}

/// May somebody with `grants` use `privilege` on the object at `scope`? `public`: it was published, and the caller may read
/// what is public.
pub fn decide(grants: &Grants, privilege: Privilege, scope: &Scope<'_>, public: bool) -> Verdict {
    let published = if public { of_public_datasets() } else { Privileges::NONE };
    let held = grants.on(scope).union(published);
    if held.contains(privilege) {
        Verdict::Allowed
    } else if held.is_empty() {
        Verdict::Hidden
    } else {
        Verdict::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privilege::Role;
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
    }

    fn place() -> impl Strategy<Value = Place> {
        prop_oneof![
            Just(Place::Instance),
            id().prop_map(Place::Organisation),
            id().prop_map(Place::Project),
            id().prop_map(Place::Dataset)
        ]
    }

    fn privilege() -> impl Strategy<Value = Privilege> {
        prop::sample::select(Privilege::ALL.to_vec())
    }

    fn grants() -> impl Strategy<Value = Grants> {
        let grant = (place(), prop::collection::vec(privilege(), 0..4));
        let grant = grant.prop_map(|(at, gives)| Grant { at, gives: Privileges::of(&gives) });
        prop::collection::vec(grant, 0..4).prop_map(Grants::new)
    }

    proptest! {
        #[test]
        fn what_is_allowed_was_granted_at_a_place_that_covers_it(
            grants in grants(), privilege in privilege(), (o, p, d) in (id(), id(), id()), public in any::<bool>()
        ) {
            let scope = Scope { organisation: Some(&o), project: Some(&p), dataset: Some(&d) };
            let granted = grants.iter().any(|grant| grant.gives.contains(privilege) && match &grant.at {
                Place::Instance => true,
                Place::Organisation(id) => *id == o,
                Place::Project(id) => *id == p,
                Place::Dataset(id) => *id == d,
            });
            let published = public && of_public_datasets().contains(privilege);
            prop_assert_eq!(decide(&grants, privilege, &scope, public) == Verdict::Allowed, granted || published);
        }

        #[test]
        fn more_grants_never_take_anything_away(
            some in grants(), more in grants(), privilege in privilege(), d in id(), public in any::<bool>()
        ) {
            let scope = Scope { organisation: Some("o"), project: Some("p"), dataset: Some(&d) };
            let all = Grants::new(some.iter().chain(more.iter()).cloned());
            if decide(&some, privilege, &scope, public) == Verdict::Allowed {
                prop_assert_eq!(decide(&all, privilege, &scope, public), Verdict::Allowed);
            }
        }

        #[test]
        fn what_is_granted_elsewhere_does_not_even_show_that_it_exists(
            grants in grants(), privilege in privilege()
        ) {
            let scope = Scope { organisation: Some("x"), project: Some("y"), dataset: Some("z") };
            let instance = grants.iter().any(|grant| grant.at == Place::Instance);
            if !instance {
                prop_assert_eq!(decide(&grants, privilege, &scope, false), Verdict::Hidden);
            }
        }
    }

    #[test]
    fn a_role_ends_at_the_border_of_its_organisation() {
        let editor = Grants::new([Grant { at: Place::Organisation("o1".into()), gives: Role::Editor.privileges() }]);
        let own = Scope { organisation: Some("o1"), project: Some("p"), dataset: Some("d") };
        let other = Scope { organisation: Some("o2"), ..own };
        assert_eq!(decide(&editor, Privilege::WriteData, &own, false), Verdict::Allowed);
        assert_eq!(decide(&editor, Privilege::WritePolicy, &own, false), Verdict::Refused);
        assert_eq!(decide(&editor, Privilege::ReadData, &other, false), Verdict::Hidden);
        assert_eq!(decide(&editor, Privilege::ReadData, &other, true), Verdict::Allowed);
        assert_eq!(decide(&editor, Privilege::WriteData, &other, true), Verdict::Refused);
        assert_eq!(decide(&editor, Privilege::Admin, &Scope::default(), false), Verdict::Hidden);
    }
}
