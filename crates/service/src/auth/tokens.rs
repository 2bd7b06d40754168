//! What the bearer of a valid JSON web token may do: by the role in an organisation that it names, or by its scopes.

use super::claims::Claims;
use super::directory::Directory;
use super::principals;
use crate::config::Auth;
use crate::{Principal, PrincipalKind, home};
use datahall_catalog::Actor;
use datahall_core::Result;
use datahall_core::access::{Grant, Grants};
use datahall_core::privilege::{self, Privilege, Privileges};

/// The scope that saved queries need when the configuration names none.
const MANAGE_SCOPE: &str = "datasets:manage";

/// The principal whose token says `claims`.
pub(super) async fn principal(settings: &Auth, directory: &Directory, claims: &Claims) -> Result<Principal> {
    let tenant = claims.tenant(settings)?;
    let scopes = claims.scopes();
    let subject = claims.subject();
    let named = claims.organisation()?;
    let (gives, reads) = of_scopes(settings, &scopes, named.is_some());
    let anonymous = !settings.enabled || settings.anonymous_read;
    let by_scope = Grant { at: home::place(), gives };
    let kind = PrincipalKind::Token { subject: subject.clone(), scopes, tenant };
    let Some((key, role)) = named else {
        let bare = Principal::bare(kind, Grants::new([by_scope]), reads || anonymous);
        return Ok(Principal { attributes: claims.attributes(), ..bare });
    };
    let actor = Actor::named(format!("token:{subject}"));
    let organisation = directory.organisation(key, role, &actor).await?;
    let grants = Grants::new([principals::of_role(&organisation), by_scope]);
    let (groups, attributes) = (claims.groups(), claims.attributes());
    Ok(Principal { kind, grants, reads_public: true, organisation: Some(organisation), groups, attributes })
}

/// What the scopes give on the default project, and whether they let read what is public.
fn of_scopes(settings: &Auth, scopes: &[String], has_role: bool) -> (Privileges, bool) {
    let has = |needed: &[String]| needed.iter().all(|scope| scopes.contains(&scope.to_lowercase()));
    // No scope asked for means that no token administers: anybody's token would.
    let has_some = |needed: &[String]| !needed.is_empty() && has(needed);
    let manage = match &settings.manage_scopes {
        Some(needed) => has_some(needed),
        None => scopes.iter().any(|scope| scope == MANAGE_SCOPE),
    };
    // A role ends at the border of its organisation: without a scope it does not open the default project of another.
    let read = if has_role { has_some(&settings.read_scopes) } else { has(&settings.read_scopes) };
    let mut gives = Privileges::NONE;
    if read {
        gives = gives.union(privilege::of_public_datasets());
    }
    if manage {
        gives = gives.union(Privileges::of(&[Privilege::WriteConf, Privilege::RunJobs]));
    }
    if has_some(&settings.reload_scopes) {
        gives = gives.union(privilege::of_operators());
    }
    (gives, read)
}
