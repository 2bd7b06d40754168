//! What shares of datasets give: to users by name, to roles and groups within the dataset's organisation.

use crate::Membership;
use crate::shelf::grants::{GranteeType, ORGANISATION, permission_of};
use datahall_catalog::{Catalog, Grant as Share, List};
use datahall_core::Result;
use datahall_core::access::{Grant, Place};
use serde_json::Value as Json;

/// How far somebody's name reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// There is one user of that name on the instance.
    Everywhere,
    /// It is a name only where he belongs: whoever signs tokens, or makes keys, chooses names.
    OwnOrganisation,
}

/// What is shared with somebody of that name, in these groups, who is that where he belongs.
///
/// # Errors
/// What the catalog says.
pub(super) async fn with(
    catalog: &Catalog,
    name: Option<&str>,
    groups: &[String],
    own: &[Membership],
    reach: Reach,
) -> Result<Vec<Grant>> {
    let mut grants = Vec::new();
    let belongs = |share: &Share| {
        let organisation = share.body.get(ORGANISATION).and_then(Json::as_str);
        own.iter().any(|own| Some(own.organisation.as_str()) == organisation)
    };
    if let Some(name) = name {
        let kept = GranteeType::User.kept("", name);
        for share in shares(catalog, GranteeType::User, vec![kept]).await? {
            if reach == Reach::Everywhere || belongs(&share) {
                grants.extend(gives(&share));
            }
        }
    }
    let roles = own.iter().map(|own| GranteeType::Role.kept(&own.organisation, own.role.name())).collect();
    let in_groups =
        own.iter().flat_map(|own| groups.iter().map(|group| GranteeType::Group.kept(&own.organisation, group))).collect();
    for (kind, kept) in [(GranteeType::Role, roles), (GranteeType::Group, in_groups)] {
        grants.extend(shares(catalog, kind, kept).await?.iter().filter_map(gives));
    }
    Ok(grants)
}

async fn shares(catalog: &Catalog, kind: GranteeType, grantees: Vec<String>) -> Result<Vec<Share>> {
    if grantees.is_empty() {
        return Ok(Vec::new());
    }
    let list = List::<Share>::all().only("grantee_type", kind.name()).any_of("grantee", grantees);
    Ok(catalog.list(&list).await?.items)
}

fn gives(share: &Share) -> Option<Grant> {
    // What says nothing known gives nothing.
    Some(Grant { at: Place::Dataset(share.dataset.clone()), gives: permission_of(share)?.privileges() })
}
