//! Keys, sessions and organisations by what is presented: looked up in the catalog, and remembered while that is safe.

use super::cache::Cache;
use super::freshness::{Freshness, PERIOD};
use super::last_use::{LastUse, LastUses, Used};
use super::shares::{self, Reach};
use super::{principals, secrets};
use crate::accounts::organisations;
use crate::home::{self, Home};
use crate::permission::unauthenticated;
use crate::specs::owner;
use crate::{Membership, Principal};
use datahall_catalog::{Actor, Catalog, Epochs, Hidden, Key, Millis, Organisation, Project, Session, User};
use datahall_core::access::Grant;
use datahall_core::clock::Clock;
use datahall_core::privilege::Role;
use datahall_core::{Code, Error, Result};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The most keys, sessions and organisations that are remembered, each.
const MOST: usize = 10_000;
/// The longest that reading the epochs may take.
const LONGEST: Duration = Duration::from_millis(900);

/// The tables that say who somebody is.
const ACCOUNTS: &[&str] = &["users", "groups", "memberships", "organisations"];

/// The tables that say who sees what of datasets.
const POLICIES: &[&str] = &["datasets", "masks"];

/// What is remembered of an API key.
pub(super) struct KnownKey {
    pub(super) id: String,
    pub(super) hash: Hidden<String>,
    pub(super) expires_at: Option<Millis>,
    /// Whom it proves; `None`: it was revoked, or its user may not log in.
    pub(super) principal: Option<Principal>,
    /// Whether it grants something on projects or datasets by their names.
    pub(super) by_name: bool,
    /// Whether some of these names led nowhere.
    pub(super) incomplete: bool,
    pub(super) last_use: LastUse,
}

/// What is remembered of a session.
struct KnownSession {
    id: String,
    expires_at: Millis,
    /// Whom it proves; `None`: its user may not log in.
    principal: Option<Principal>,
    last_use: LastUse,
}

/// Looks up and remembers.
pub(crate) struct Directory {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    keys: Cache<KnownKey>,
    sessions: Cache<KnownSession>,
    organisations: Cache<Organisation>,
    homes: Cache<Home>,
    shares: Cache<Vec<Grant>>,
    /// The ids of the projects that hold somebody's packages, by the owners' ids.
    owners: Cache<String>,
    freshness: Freshness,
    seen: Mutex<Epochs>,
    uses: LastUses,
    datasets_moved: Arc<Notify>,
    /// Told when datasets or masks were changed, by whatever node.
    pub(crate) policies_moved: Arc<Notify>,
    /// Told when something of who somebody is was changed, by whatever node.
    pub(crate) accounts_moved: Arc<Notify>,
}

impl Directory {
    /// A directory that knows nothing yet, and what notes last uses in the background.
    pub(crate) fn new(catalog: Catalog, clock: Arc<dyn Clock>) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (uses, write_uses) = LastUses::new(catalog.clone());
        let directory = Self {
            catalog,
            clock,
            keys: Cache::new(MOST),
            sessions: Cache::new(MOST),
            organisations: Cache::new(MOST),
            homes: Cache::new(MOST),
            shares: Cache::new(MOST),
            owners: Cache::new(MOST),
            freshness: Freshness::default(),
            seen: Mutex::default(),
            uses,
            datasets_moved: Arc::default(),
            policies_moved: Arc::default(),
            accounts_moved: Arc::default(),
        };
        (directory, write_uses)
    }

    /// Where it looks.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Whom the API key with this prefix proves.
    pub(super) async fn key(&self, secret: &str, prefix: &str) -> Result<Principal> {
        let load = async {
            match self.catalog.find(Key::by_prefix(prefix)).await? {
                Some(key) => principals::of_key(&self.catalog, key).await.map(Some),
                None => Ok(None),
            }
        };
        // What leads nowhere yet may lead somewhere at any moment: then this node must not lag behind its own changes.
        let known = self.remembered(&self.keys, prefix, |key| !key.incomplete, load).await?.ok_or_else(unauthenticated)?;
        let now = Millis::from(self.clock.now());
        let lives = known.expires_at.is_none_or(|at| now < at);
        if !secrets::matches(secret, &known.hash.0) || !lives {
            return Err(unauthenticated());
        }
        let principal = known.principal.clone().ok_or_else(unauthenticated)?;
        self.uses.note(&known.last_use, now, || Used::Key(known.id.clone()));
        Ok(principal)
    }

    /// Whom the session proves, and its id.
    pub(crate) async fn session(&self, secret: &str) -> Result<(Principal, String)> {
        let hash = secrets::hash(secret);
        let load = async {
            let Some(session) = self.catalog.find(Session::by_hash(&hash)).await? else { return Ok(None) };
            let user = self.catalog.get::<User>(&session.user).await?;
            let principal = match user {
                Some(user) => principals::of_user(&self.catalog, user).await?,
                None => None,
            };
            let last_use = LastUse::new(session.last_used_at);
            Ok(Some(KnownSession { id: session.meta.id, expires_at: session.expires_at, principal, last_use }))
        };
        let known = self.remembered(&self.sessions, &hash, |_| true, load).await?.ok_or_else(unauthenticated)?;
        let now = Millis::from(self.clock.now());
        if now >= known.expires_at {
            return Err(unauthenticated());
        }
        let principal = known.principal.clone().ok_or_else(unauthenticated)?;
        self.uses.note(&known.last_use, now, || Used::Session(known.id.clone()));
        Ok((principal, known.id.clone()))
    }

    /// What the bearer of a valid token is in the organisation that it names, which exists from then on.
    pub(super) async fn organisation(&self, key: &str, role: Role, actor: &Actor) -> Result<Membership> {
        let load = async { self.catalog.find(Organisation::by_key(key)).await };
        let known = match self.remembered(&self.organisations, &key.to_lowercase(), |_| true, load).await? {
            Some(known) => known,
            None => {
                let made = organisations::ensure(&self.catalog, actor, key).await?;
                self.forget(&["organisations"]);
                Arc::new(made)
            }
        };
        Ok(Membership { organisation: known.meta.id.clone(), key: known.key.clone(), role })
    }

    /// The default project of the organisation of that id.
    pub(crate) async fn home(&self, organisation: &str) -> Result<Home> {
        let load = async {
            let found = self.catalog.find(Project::by_key(organisation, home::PROJECT)).await?;
            Ok(found.map(|project| Home::of(&project)))
        };
        let known = self.remembered(&self.homes, organisation, |_| true, load).await?;
        known.map(|home| (*home).clone()).ok_or_else(|| Error::not_found("not found: the organisation's default project"))
    }

    /// The id of the project that holds the packages of this owner, if there is one.
    pub(super) async fn owned_project(&self, owner: &str) -> Result<Option<String>> {
        let load = async { Ok(owner::project(&self.catalog, owner).await?.map(|project| project.meta.id)) };
        Ok(self.remembered(&self.owners, owner, |_| true, load).await?.map(|id| (*id).clone()))
    }

    /// What is shared with the bearer of a token in the organisation that it names.
    pub(super) async fn shares(&self, subject: &str, groups: &[String], own: &Membership) -> Result<Arc<Vec<Grant>>> {
        // Names hold no such character.
        let name = format!("{}\n{}\n{subject}\n{}", own.organisation, own.role.name(), groups.join("\n"));
        let subject = Some(subject).filter(|subject| !subject.is_empty());
        let load = async {
            let own = std::slice::from_ref(own);
            shares::with(&self.catalog, subject, groups, own, Reach::OwnOrganisation).await.map(Some)
        };
        Ok(self.remembered(&self.shares, &name, |_| true, load).await?.unwrap_or_default())
    }

    /// What is told whenever records of datasets or schedules have changed, on whichever node.
    pub(crate) fn datasets_moved(&self) -> Arc<Notify> {
        self.datasets_moved.clone()
    }

    /// Drops what depends on these tables. The catalog calls it after every change of this node's own.
    pub(crate) fn forget(&self, tables: &[&str]) {
        let touches = |names: &[&str]| tables.iter().any(|table| names.contains(table));
        let accounts = touches(ACCOUNTS);
        if touches(&["datasets", "schedules", "connections"]) {
            self.datasets_moved.notify_one();
        }
        if accounts || touches(&["keys"]) {
            self.accounts_moved.notify_one();
        }
        // Projects say what groups and owners may do in them.
        let projects = touches(&["projects"]);
        // So do shares of what somebody may do with a dataset.
        let grants = touches(&["grants"]);
        if grants || touches(&["datasets"]) {
            self.shares.clear();
        }
        if accounts || projects || grants || touches(&["keys"]) {
            self.keys.clear();
        } else if touches(&["datasets"]) {
            self.keys.retain(|key| !key.by_name);
        }
        if accounts || projects || grants || touches(&["sessions"]) {
            self.sessions.clear();
        }
        if projects {
            self.owners.clear();
        }
        if projects || touches(&["organisations"]) {
            self.homes.clear();
        }
        if touches(&["organisations"]) {
            self.organisations.clear();
        }
    }

    /// Reads the epochs, drops what other nodes changed, and trusts the rest for another second.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let began = self.clock.monotonic();
        let reading = tokio::time::timeout(LONGEST, self.catalog.epochs()).await;
        let epochs = reading.map_err(|_| Error::unavailable("the catalog takes too long"))??;
        let mut seen = self.seen.lock();
        let names = seen.keys().chain(epochs.keys());
        let moved: Vec<&str> = names.filter(|name| seen.get(*name) != epochs.get(*name)).map(String::as_str).collect();
        self.forget(&moved);
        if moved.iter().any(|table| POLICIES.contains(table)) {
            self.policies_moved.notify_one();
        }
        *seen = epochs;
        self.freshness.note(began);
        Ok(())
    }

    /// Does so for ever.
    pub(crate) async fn watch(&self) {
        let mut tick = tokio::time::interval(PERIOD);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut fails = false;
        loop {
            tick.tick().await;
            let refreshed = self.refresh().await;
            match &refreshed {
                Err(error) if !fails => {
                    tracing::warn!(?error, "the catalog cannot be watched: credentials are looked up each time")
                }
                Ok(()) if fails => tracing::info!("the catalog can be watched again"),
                _ => {}
            }
            fails = refreshed.is_err();
        }
    }

    async fn remembered<V>(
        &self,
        cache: &Cache<V>,
        name: &str,
        keep: impl Fn(&V) -> bool,
        load: impl Future<Output = Result<Option<V>>>,
    ) -> Result<Option<Arc<V>>> {
        let ticket = cache.ticket();
        if self.freshness.holds(self.clock.monotonic())
            && let Some(known) = cache.get(name)
        {
            return Ok(known);
        }
        let found = load.await.map_err(unjudged)?.map(Arc::new);
        if found.as_deref().is_none_or(keep) {
            cache.put(ticket, name, found.clone());
        }
        Ok(found)
    }
}

/// A credential that nobody can look up is neither good nor bad.
fn unjudged(error: Error) -> Error {
    match error.code() {
        Code::Invalid => unauthenticated().with_detail(error.message()),
        _ => Error::unavailable("credentials cannot be judged at the moment").retry_after(1).with_detail(format!("{error:?}")),
    }
}
