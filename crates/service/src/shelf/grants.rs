//! Sharing a dataset: with whom, and what he may do with it.

use crate::accounts::{names, names::same};
use crate::registry::Entry;
use crate::{Ctx, Millis, PrincipalKind, Service};
use datahall_catalog::{AuditEntry, Dataset, Grant, List};
use datahall_core::privilege::{Privilege, Role, SharePermission};
use datahall_core::{Code, Error, Result};
use std::sync::Arc;

/// The most shares of a dataset.
const MOST: usize = 1000;
/// In a grant's body: the id of the dataset's organisation.
pub(crate) const ORGANISATION: &str = "organisation";

/// Whom a dataset is shared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GranteeType {
    /// A user, by his login, or by the subject of his tokens.
    User,
    /// Whoever has a role in the dataset's organisation.
    Role,
    /// The members of a group who belong to the dataset's organisation.
    Group,
}

impl GranteeType {
    /// The name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Role => "role",
            Self::Group => "group",
        }
    }

    /// As records keep a grantee, so that those of an organisation are found at once.
    pub(crate) fn kept(self, organisation: &str, grantee: &str) -> String {
        match self {
            Self::User => grantee.to_lowercase(),
            Self::Role | Self::Group => format!("{organisation}/{}", grantee.to_lowercase()),
        }
    }
}

/// A share to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShare {
    /// What the grantee is.
    pub grantee_type: GranteeType,
    /// His name.
    pub grantee: String,
    /// What he may do.
    pub permission: SharePermission,
}

/// A share of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareInfo {
    /// Its id.
    pub id: String,
    /// What the grantee is.
    pub grantee_type: String,
    /// His name.
    pub grantee: String,
    /// What he may do, as `dataset.read`.
    pub permission: String,
    /// Who shared it.
    pub granted_by: String,
    /// When.
    pub granted_at: Millis,
}

impl From<Grant> for ShareInfo {
    fn from(grant: Grant) -> Self {
        let shown = grant.body.get("name").and_then(serde_json::Value::as_str).map(str::to_owned);
        Self {
            id: grant.meta.id,
            grantee: shown.unwrap_or(grant.grantee),
            grantee_type: grant.grantee_type,
            permission: grant.permission,
            granted_by: grant.meta.created_by,
            granted_at: grant.meta.created_at,
        }
    }
}

/// What a grant of a record gives.
pub(crate) fn permission_of(grant: &Grant) -> Option<SharePermission> {
    [SharePermission::Read, SharePermission::ReadWrite].into_iter().find(|permission| permission.name() == grant.permission)
}

impl Service {
    /// With whom a dataset is shared, the oldest first.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without READ_CONF on it.
    pub async fn shares(&self, ctx: &Ctx, name: &str) -> Result<Vec<ShareInfo>> {
        let (_, id) = self.shareable(ctx, name, Privilege::ReadConf).await?;
        let list = List::<Grant>::all().only("dataset", id.as_str()).order_by("created_at");
        Ok(self.catalog.list(&list).await?.items.into_iter().map(ShareInfo::from).collect())
    }

    /// Refuses callers who may not share the dataset, before anybody reads with whom.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without WRITE_CONF on it.
    pub async fn require_share(&self, ctx: &Ctx, name: &str) -> Result<()> {
        self.shareable(ctx, name, Privilege::WriteConf).await.map(drop)
    }

    /// Shares a dataset with somebody. With whom it was shared already, the permission becomes the new one.
    ///
    /// # Errors
    /// As [`Service::require_share`]; `Forbidden` for giving what the caller does not hold; `Invalid` for an unknown role and what is no
    /// name; `Conflict` for too many.
    pub async fn share(&self, ctx: &Ctx, name: &str, new: NewShare) -> Result<ShareInfo> {
        let (entry, id) = self.shareable(ctx, name, Privilege::WriteConf).await?;
        names::check("grantee", &new.grantee)?;
        if new.grantee_type == GranteeType::Role {
            Role::parse(&new.grantee.to_lowercase()).map_err(|error| error.context("grantee"))?;
        }
        let lacks = |privilege: &Privilege| self.verdict(ctx, &entry, *privilege) != datahall_core::access::Verdict::Allowed;
        if let Some(lacking) = new.permission.privileges().iter().find(lacks) {
            return Err(Error::forbidden(format!("forbidden: you cannot give what you do not hold: {}", lacking.name())));
        }
        let kept = new.grantee_type.kept(entry.home.organisation(), &new.grantee);
        let mut change = self.catalog.change(&ctx.actor()).await?;
        change.get::<Dataset>(&id).await?.ok_or_else(|| crate::loading::not_found(name))?;
        let found = change.find(Grant::by_grantee(&id, new.grantee_type.name(), &kept)).await?;
        let (grant, of_log) = match found {
            Some(before) => {
                let mut grant = Grant { permission: new.permission.name().to_owned(), ..before.clone() };
                change.update(&mut grant).await?;
                let of_log = AuditEntry::updated("dataset.share", &before, &grant)?;
                (grant, of_log)
            }
            None => {
                if change.list(&List::<Grant>::all().only("dataset", id.as_str())).await?.items.len() >= MOST {
                    return Err(Error::new(Code::Conflict, format!("a dataset has at most {MOST} shares: use a group")));
                }
                let mut grant = Grant {
                    dataset: id.clone(),
                    grantee_type: new.grantee_type.name().to_owned(),
                    grantee: kept,
                    permission: new.permission.name().to_owned(),
                    ..Grant::default()
                };
                grant.body.insert("name".into(), new.grantee.as_str().into());
                grant.body.insert(ORGANISATION.into(), entry.home.organisation().into());
                change.insert(&mut grant).await?;
                let of_log = AuditEntry::created("dataset.share", &grant)?;
                (grant, of_log)
            }
        };
        change.commit(of_log.organisation(entry.home.organisation())).await?;
        Ok(grant.into())
    }

    /// Ends a share.
    ///
    /// # Errors
    /// As [`Service::require_share`]; `NotFound` for one that is not the dataset's.
    pub async fn unshare(&self, ctx: &Ctx, name: &str, id: &str) -> Result<()> {
        let (entry, dataset) = self.shareable(ctx, name, Privilege::WriteConf).await?;
        let missing = || Error::not_found(format!("not found: share: {}", id.escape_debug()));
        if id.contains('\0') {
            return Err(missing());
        }
        let mut change = self.catalog.change(&ctx.actor()).await?;
        let grant = change.get::<Grant>(id).await?.filter(|grant| grant.dataset == dataset).ok_or_else(missing)?;
        change.delete(&grant).await?;
        change.commit(AuditEntry::deleted("dataset.unshare", &grant)?.organisation(entry.home.organisation())).await
    }

    async fn shareable(&self, ctx: &Ctx, name: &str, privilege: Privilege) -> Result<(Arc<Entry>, String)> {
        self.require_known(ctx)?;
        let entry = self.of_own_organisation(ctx, name).await?;
        self.require_on(ctx, &entry, privilege, "sharing")?;
        let temporary =
            || Error::new(Code::Conflict, format!("dataset '{}' is a temporary query, which is not shared", entry.name));
        let id = entry.record.get().cloned().ok_or_else(temporary)?;
        Ok((entry, id))
    }

    /// Whether a grant is to the caller, as he is where he acts.
    pub(super) fn is_grantee(&self, ctx: &Ctx, grant: &Grant) -> bool {
        let principal = &ctx.principal;
        let organisation = ctx.home.organisation();
        let own = principal.organisation.as_ref().filter(|own| own.organisation == organisation);
        match grant.grantee_type.as_str() {
            "user" => sharee(&principal.kind).is_some_and(|who| same(&grant.grantee, who)),
            "role" => own.is_some_and(|own| grant.grantee == GranteeType::Role.kept(organisation, own.role.name())),
            "group" => {
                let in_group = |group: &String| grant.grantee == GranteeType::Group.kept(organisation, group);
                own.is_some() && principal.groups.iter().any(in_group)
            }
            _ => false,
        }
    }
}

/// As whom datasets are shared with somebody.
pub(crate) fn sharee(kind: &PrincipalKind) -> Option<&str> {
    match kind {
        PrincipalKind::User { login } => Some(login),
        PrincipalKind::Key { owner, .. } => owner.as_deref(),
        PrincipalKind::Token { subject, .. } => Some(subject).filter(|subject| !subject.is_empty()).map(String::as_str),
        PrincipalKind::Nobody | PrincipalKind::Admin => None,
    }
}
