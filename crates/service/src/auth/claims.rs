//! What a token says, once its signature holds: whether it counts here and now, and for whom.

use crate::TokenOwner;
use crate::accounts::{attributes, names};
use crate::config::Auth;
use crate::permission::unauthenticated;
use crate::specs::owner;
use datahall_core::policy::Attributes;
use datahall_core::privilege::Role;
use datahall_core::{Error, Result};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a token says.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// Checks issuer, audience and time; `now` in seconds since 1970. Unless it `must_expire`, a token may say nothing of its end; what
    /// it says counts.
    pub(super) fn check(&self, settings: &Auth, now: i64, must_expire: bool) -> Result<()> {
        let leeway = i64::try_from(settings.leeway_secs).unwrap_or(i64::MAX);
        let now = now as f64;
        let leeway = leeway as f64;
        let in_time = match self.seconds("exp") {
            None => !must_expire,
            Some(expires) => expires.is_some_and(|at| now < at + leeway),
        };
        // An `nbf` that is no time is not a token's: absent is fine, wrong is not.
        let begun = self.seconds("nbf").is_none_or(|at| at.is_some_and(|at| now + leeway >= at));
        let issuer = settings.issuer.is_empty() || self.text("iss").is_some_and(|issuer| issuer == settings.issuer);
        let audience = settings.audience.is_empty() || self.audiences().contains(&settings.audience.as_str());
        if in_time && begun && issuer && audience { Ok(()) } else { Err(unauthenticated()) }
    }

    pub(super) fn subject(&self) -> String {
        self.text("sub").unwrap_or_default().to_owned()
    }

    /// Of `scope` (separated by spaces) and `scp` (the same, or a list), lower case.
    pub(super) fn scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = Vec::new();
        for claim in ["scope", "scp"] {
            match self.0.get(claim) {
                Some(Value::String(text)) => scopes.extend(text.split_whitespace().map(str::to_lowercase)),
                Some(Value::Array(list)) => scopes.extend(list.iter().filter_map(Value::as_str).map(str::to_lowercase)),
                _ => {}
            }
        }
        scopes.sort();
        scopes.dedup();
        scopes
    }

    /// The tenant, where one is configured.
    pub(super) fn tenant(&self, settings: &Auth) -> Result<Option<String>> {
        if settings.tenant_claim.is_empty() {
            return Ok(None);
        }
        // A pointer to the top level without a copy of it all.
        let mut steps = settings.tenant_claim.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let first = steps.next().and_then(|step| self.0.get(&step));
        let found = steps.fold(first, |value, step| match value? {
            Value::Object(map) => map.get(&step),
            Value::Array(list) => list.get(step.parse::<usize>().ok()?),
            _ => None,
        });
        let tenant = found.and_then(Value::as_str).map(str::to_owned);
        let allowed = &settings.allowed_tenants;
        if allowed.is_empty() || tenant.as_ref().is_some_and(|tenant| allowed.contains(tenant)) {
            return Ok(tenant);
        }
        Err(Error::forbidden("forbidden: the token's tenant is not allowed"))
    }

    /// The organisation and the role in it, where the token names both as Datahall does (`org`, `role`); other issuers use the
    /// same words for other things.
    pub(super) fn organisation(&self) -> Result<Option<(&str, Role)>> {
        let (Some(organisation), Some(role)) = (self.text("org"), self.text("role")) else { return Ok(None) };
        let Ok(role) = Role::parse(role) else { return Ok(None) };
        match names::check("org", organisation) {
            Ok(()) => Ok(Some((organisation, role))),
            Err(error) => Err(unauthenticated().with_detail(error.message())),
        }
    }

    /// The owner of data packages that the token names, and his plan. What a plan does not say in whole numbers it does not give.
    pub(super) fn owner(&self) -> Option<TokenOwner> {
        let id = self.text("userid").filter(|id| owner::is_id(id))?;
        let plan = |name: &str| whole(self.0.get("permissions")?.get(name)?);
        // One that says nothing of storage bounds none.
        let storage =
            |name: &str| self.0.get("permissions")?.get(name).filter(|said| !said.is_null()).map(|said| whole(said).unwrap_or(0));
        Some(TokenOwner {
            id: id.to_owned(),
            max_datasets: plan("max_dataset_num").unwrap_or(0),
            max_public_storage_mb: storage("max_public_storage_mb"),
            max_private_storage_mb: storage("max_private_storage_mb"),
        })
    }

    /// The groups that the token names.
    pub(super) fn groups(&self) -> Vec<String> {
        let Some(Value::Array(groups)) = self.0.get("groups") else { return Vec::new() };
        groups.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// What the token says of him, for row filters: every claim that is a plain value or a list of them.
    pub(super) fn attributes(&self) -> Option<Arc<Attributes>> {
        attributes::shared(&self.0)
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim).and_then(Value::as_str)
    }

    /// `None`: there is no such claim; `Some(None)`: it is no time.
    fn seconds(&self, claim: &str) -> Option<Option<f64>> {
        self.0.get(claim).map(|value| value.as_f64().filter(|seconds| seconds.is_finite()))
    }

    fn audiences(&self) -> Vec<&str> {
        match self.0.get("aud") {
            Some(Value::String(audience)) => vec![audience],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// A whole number, however JSON writes it; whatever is more than fits is the most that does.
fn whole(value: &Value) -> Option<u64> {
    let whole = |number: &f64| number.fract() == 0.0 && *number >= 0.0;
    value.as_u64().or_else(|| value.as_f64().filter(whole).map(|number| number as u64))
}
