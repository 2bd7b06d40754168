//! `datahall key`.

use super::Accounts;
use crate::cli::accounts::KeyAction;
use crate::terminal::say;
use datahall_core::privilege::Role;
use datahall_core::{Error, Result};
use datahall_service::{KeyInfo, NewKey, Object};

const MOST: u64 = 100_000;

pub(super) async fn run(accounts: &Accounts, action: KeyAction) -> Result<()> {
    let Accounts { service, ctx, .. } = accounts;
    match action {
        KeyAction::Create { name, role, org, owner, groups, grants, attributes, expires_in } => {
            let new = NewKey {
                name,
                role: role.map(|role| Role::parse(&role)).transpose()?,
                organisation: org,
                owner,
                groups,
                grants: grants.map(|text| parse(&text)).transpose()?.unwrap_or_default(),
                attributes: super::attributes::read(&attributes)?,
                expires_in,
                ..NewKey::default()
            };
            let made = service.create_key(ctx, new).await?;
            say(line(&made.info));
            say(format_args!("{}", made.secret.0));
            eprintln!("This is the only time the key is shown.");
        }
        KeyAction::Revoke { id } => {
            service.revoke_key(ctx, &id).await?;
            say(format_args!("{id}: revoked"));
        }
        KeyAction::List => service.list_keys(ctx, MOST, 0).await?.items.iter().for_each(|key| say(line(key))),
    }
    Ok(())
}

fn parse(text: &str) -> Result<Object> {
    serde_json::from_str(text).map_err(|error| Error::invalid(format!("--grants: {error}")))
}

fn line(key: &KeyInfo) -> String {
    let mut words = vec![key.id.clone(), key.name.clone()];
    let role = key.role.as_deref().unwrap_or("no role");
    words.push(key.organisation.as_ref().map_or(role.to_owned(), |organisation| format!("{organisation}={role}")));
    words.extend(key.owner.iter().map(|owner| format!("for {owner}")));
    words.extend(key.groups.iter().map(|group| format!("group:{group}")));
    words.extend((!key.grants.is_empty()).then(|| "grants".to_owned()));
    words.extend(key.expires_at.map(|at| format!("until {}", at.to_datetime().format("%Y-%m-%dT%H:%M:%SZ"))));
    words.join("  ")
}
