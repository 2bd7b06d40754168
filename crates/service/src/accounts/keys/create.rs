//! Making an API key.

use super::info::KeyInfo;
use crate::accounts::authority::{administers, check_holds, is_instance_admin, not_yours};
use crate::accounts::key_grants::KeyGrants;
use crate::accounts::{attributes, names, organisations};
use crate::auth::secrets::{self, Fresh};
use crate::permission::unauthenticated;
use crate::{Ctx, PrincipalKind, Service, home};
use chrono::SecondsFormat;
use datahall_catalog::{AuditEntry, Hidden, Key, Millis, Object, Organisation, User};
use datahall_core::access::{Grant, Place};
use datahall_core::privilege::Role;
use datahall_core::{Error, Result};

/// The longest that a key may live, in seconds: a hundred years.
const LONGEST_LIFE: u64 = 100 * 365 * 24 * 3600;
/// How often another prefix is tried when one is taken.
const TRIES: usize = 8;
/// The most groups that a key may name.
const MOST_GROUPS: usize = 100;

/// What an API key is to be.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it is in its organisation.
    pub role: Option<Role>,
    /// The key of that organisation; without one, a key with a role belongs to the caller's.
    pub organisation: Option<String>,
    /// In whose name it acts: a login, or a name that is no user's.
    pub owner: Option<String>,
    /// The groups whose permissions it has.
    pub groups: Vec<String>,
    /// What else it may do, as `contracts/projects.md` 2.3 writes it.
    pub grants: Object,
    /// What row filters may ask for, unless it acts for a user: then his count.
    pub attributes: Object,
    /// After how many seconds it ends; `None`: never, or with the key that makes it.
    pub expires_in: Option<u64>,
}

/// A key that was just made.
#[derive(Debug, Clone)]
pub struct CreatedKey {
    /// What may be told of it.
    pub info: KeyInfo,
    /// The key itself. It is told this once.
    pub secret: Hidden<String>,
}

impl Service {
    /// Makes an API key. Made with a key that ends, it ends with that one at the latest, and at that time unless it is told.
    ///
    /// # Errors
    /// `Unauthenticated`; `Forbidden` without ADMIN on its organisation (on the instance where it has none), for whatever
    /// the caller does not hold himself, and for a longer life than the key has that makes it; `Invalid`, saying what is wrong, as an unknown privilege.
    pub async fn create_key(&self, ctx: &Ctx, new: NewKey) -> Result<CreatedKey> {
        self.require_organisation_admin(ctx)?;
        let grants = check(&new)?;
        // Before anything is made, as an organisation that is not there yet.
        let expires_at = self.within_own_life(ctx, self.end_of_life(new.expires_in)?).await?;
        let organisation = self.organisation_of_key(ctx, &new).await?;
        self.check_authority(ctx, &new, &grants, organisation.as_ref()).await?;
        let owner = self.written_as_kept(new.owner, &new.attributes).await?;
        let Fresh { secret, prefix, hash } = self.fresh_key().await?;
        let mut key = Key {
            prefix,
            hash: Hidden(hash),
            label: new.name,
            description: new.description,
            organisation: organisation.as_ref().map(|organisation| organisation.meta.id.clone()),
            role: new.role.map(|role| role.name().to_owned()),
            owner,
            groups: new.groups,
            grants: new.grants,
            attributes: new.attributes,
            expires_at,
            ..Key::default()
        };
        let mut change = self.catalog.change(&ctx.actor()).await?;
        change.insert(&mut key).await?;
        let entry = within(AuditEntry::created("key.create", &key)?, key.organisation.as_deref());
        change.commit(entry).await?;
        let info = KeyInfo::of(&self.catalog, vec![key]).await?.pop().ok_or_else(|| Error::internal("one key gives one"))?;
        Ok(CreatedKey { info, secret: Hidden(secret) })
    }

    fn end_of_life(&self, expires_in: Option<u64>) -> Result<Option<Millis>> {
        let Some(seconds) = expires_in else { return Ok(None) };
        if !(1..=LONGEST_LIFE).contains(&seconds) {
            return Err(Error::invalid(format!("expires_in: must be between 1 and {LONGEST_LIFE} seconds")));
        }
        let now = Millis::from(self.clock.now()).0;
        Ok(Some(Millis(now.saturating_add_unsigned(seconds * 1000))))
    }

    /// When the new key ends: no later than the key that it is made with.
    async fn within_own_life(&self, ctx: &Ctx, asked: Option<Millis>) -> Result<Option<Millis>> {
        let PrincipalKind::Key { id, .. } = &ctx.principal.kind else { return Ok(asked) };
        let own = self.catalog.get::<Key>(id).await?.ok_or_else(unauthenticated)?;
        match (own.expires_at, asked) {
            (Some(end), Some(asked)) if asked > end => {
                let end = end.to_datetime().to_rfc3339_opts(SecondsFormat::Secs, true);
                Err(not_yours(&format!("a longer life than that of your own key, which ends at {end},")))
            }
            (end, asked) => Ok(asked.or(end)),
        }
    }

    /// The organisation that the key will act in; whoever may name it first makes it.
    async fn organisation_of_key(&self, ctx: &Ctx, new: &NewKey) -> Result<Option<Organisation>> {
        let own = ctx.principal.organisation.as_ref();
        let wanted = match (&new.organisation, new.role) {
            (Some(key), _) => key.as_str(),
            (None, Some(_)) => own.map_or(home::ORGANISATION, |own| own.key.as_str()),
            (None, None) => return Ok(None),
        };
        let there = self.organisation_by_key(wanted).await?;
        // One that is not his and one that is not there are the same to him.
        if !is_instance_admin(ctx) && !there.as_ref().is_some_and(|there| administers(ctx, &there.meta.id)) {
            return Err(not_yours("a key in that organisation"));
        }
        if there.is_none() {
            let made = organisations::ensure(&self.catalog, &ctx.actor(), wanted).await?;
            return Ok(Some(made));
        }
        Ok(there)
    }

    /// Refuses to give what the caller does not hold, or may not give.
    async fn check_authority(&self, ctx: &Ctx, new: &NewKey, grants: &KeyGrants, own: Option<&Organisation>) -> Result<()> {
        if is_instance_admin(ctx) {
            return Ok(());
        }
        let Some(own) = own else { return Err(not_yours("a key without an organisation")) };
        let id = own.meta.id.as_str();
        if let Some(role) = new.role {
            check_holds(ctx, &Grant { at: Place::Organisation(id.into()), gives: role.privileges() }, Some(id))?;
        }
        // Names lead nowhere but into the organisation, which he administers; what counts is the instance.
        check_holds(ctx, &grants.on_instance(), None)?;
        // What a token says of groups is its issuer's word, and no membership that could be passed on.
        let is_token = matches!(ctx.principal.kind, PrincipalKind::Token { .. });
        if let Some(group) = new.groups.iter().find(|group| is_token || !ctx.principal.groups.contains(group)) {
            return Err(not_yours(&format!("membership of the group '{}'", group.escape_debug())));
        }
        let held = ctx.principal.attributes.as_deref().filter(|_| !is_token);
        for (name, values) in attributes::of(&new.attributes) {
            let own = held.and_then(|held| held.get(&name));
            if !own.is_some_and(|own| values.iter().all(|value| own.contains(value))) {
                return Err(not_yours(&format!("the attribute '{}'", name.escape_debug())));
            }
        }
        match &new.owner {
            Some(owner) if !self.may_name(ctx, owner, id).await? => {
                Err(not_yours("a key in the name of somebody who is not in the organisation"))
            }
            _ => Ok(()),
        }
    }

    /// Whether an organisation's administrator may have a key act in that name: a member's, or his own.
    async fn may_name(&self, ctx: &Ctx, owner: &str, organisation: &str) -> Result<bool> {
        let user = self.catalog.find(User::by_login(owner)).await?;
        let is_member = |user: &User| !user.admin && user.memberships.iter().any(|role| role.organisation == organisation);
        Ok(match (&ctx.principal.kind, &user) {
            (PrincipalKind::User { login }, _) if login == owner => true,
            (PrincipalKind::Key { owner: Some(own), .. }, _) if own == owner => true,
            // What a token calls itself is no user's name, even where a user has the same.
            (PrincipalKind::Token { subject, .. }, None) if subject == owner => true,
            (_, user) => user.as_ref().is_some_and(is_member),
        })
    }

    /// A login as its user writes it, for the user's end to find his keys.
    async fn written_as_kept(&self, owner: Option<String>, attributes: &Object) -> Result<Option<String>> {
        let Some(owner) = owner else { return Ok(None) };
        let user = self.catalog.find(User::by_login(&owner)).await?;
        if user.is_some() && !attributes.is_empty() {
            return Err(Error::invalid("attributes: a key that acts for a user has his"));
        }
        Ok(Some(user.map_or(owner, |user| user.login)))
    }

    async fn fresh_key(&self) -> Result<Fresh> {
        for _ in 0..TRIES {
            let fresh = secrets::new_key(&*self.random);
            if self.catalog.find(Key::by_prefix(&fresh.prefix)).await?.is_none() {
                return Ok(fresh);
            }
        }
        Err(Error::internal("no prefix is free for a key"))
    }
}

/// Refuses what no key can be.
fn check(new: &NewKey) -> Result<KeyGrants> {
    names::check("name", &new.name)?;
    for (what, name) in [("org", &new.organisation), ("sub", &new.owner)] {
        name.as_ref().map_or(Ok(()), |name| names::check(what, name))?;
    }
    if new.groups.len() > MOST_GROUPS {
        return Err(Error::invalid(format!("groups: must not be more than {MOST_GROUPS}")));
    }
    new.groups.iter().try_for_each(|group| names::check("groups", group))?;
    if new.description.contains('\0') {
        return Err(Error::invalid("description: must not hold the character NUL"));
    }
    attributes::check(&new.attributes)?;
    KeyGrants::parse(&new.grants)
}

/// An entry that an organisation's administrator may read, where there is an organisation.
pub(super) fn within(entry: AuditEntry, organisation: Option<&str>) -> AuditEntry {
    match organisation {
        Some(id) => entry.organisation(id),
        None => entry,
    }
}
