//! `datahall user`.

use super::{Accounts, attributes};
use crate::cli::accounts::{UserAction, UserFields};
use crate::terminal::say;
use datahall_core::privilege::Role;
use datahall_core::{Error, Result};
use datahall_service::{Hidden, NewUser, OrganisationRoleOf, UserChange, UserInfo};
use std::io::BufRead;

/// Users of a listing; there is no paging on a command line.
const MOST: u64 = 100_000;

pub(super) async fn run(accounts: &Accounts, action: UserAction) -> Result<()> {
    let Accounts { service, ctx, .. } = accounts;
    match action {
        UserAction::Add { login, password_stdin, fields } => {
            let password = if password_stdin { Some(read_password()?) } else { None };
            let new = NewUser {
                login,
                password,
                display_name: fields.name.unwrap_or_default(),
                email: fields.email.unwrap_or_default(),
                admin: fields.admin.unwrap_or_default(),
                roles: roles(&fields.roles)?,
                groups: fields.groups,
                attributes: attributes::read(&fields.attributes)?,
                ..NewUser::default()
            };
            say(line(&service.create_user(ctx, new).await?));
        }
        UserAction::Set { login, fields } => {
            let given = attributes::read(&fields.attributes)?;
            let mut change = changes(fields)?;
            if !given.is_empty() {
                let user = service.get_user(ctx, &login).await?;
                (change.version, change.attributes) = (Some(user.meta.version), Some(attributes::over(user.attributes, given)));
            }
            say(line(&service.update_user(ctx, &login, change).await?));
        }
        UserAction::Password { login } => {
            service.set_password(ctx, &login, &read_password()?).await?;
            say(format_args!("{login}: password set"));
        }
        UserAction::Enable { login } => switch(accounts, &login, true).await?,
        UserAction::Disable { login } => switch(accounts, &login, false).await?,
        UserAction::Delete { login } => {
            service.delete_user(ctx, &login).await?;
            say(format_args!("{login}: deleted"));
        }
        UserAction::List => service.list_users(ctx, MOST, 0).await?.items.iter().for_each(|user| say(line(user))),
    }
    Ok(())
}

async fn switch(accounts: &Accounts, login: &str, enabled: bool) -> Result<()> {
    let change = UserChange { enabled: Some(enabled), ..UserChange::default() };
    say(line(&accounts.service.update_user(&accounts.ctx, login, change).await?));
    Ok(())
}

fn changes(fields: UserFields) -> Result<UserChange> {
    Ok(UserChange {
        display_name: fields.name,
        email: fields.email,
        admin: fields.admin,
        roles: if fields.roles.is_empty() { None } else { Some(roles(&fields.roles)?) },
        groups: if fields.groups.is_empty() { None } else { Some(fields.groups) },
        ..UserChange::default()
    })
}

/// The first line of standard input: a password on the command line would be seen by everybody on the machine.
fn read_password() -> Result<Hidden<String>> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| Error::invalid(format!("standard input: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Error::invalid("no password on standard input"));
    }
    Ok(Hidden(password))
}

/// `ORGANISATION=ROLE`.
fn roles(texts: &[String]) -> Result<Vec<OrganisationRoleOf>> {
    let one = |text: &String| {
        let (organisation, role) =
            text.split_once('=').ok_or_else(|| Error::invalid(format!("--role {text}: write ORGANISATION=ROLE")))?;
        Ok(OrganisationRoleOf { organisation: organisation.into(), role: Role::parse(role)? })
    };
    texts.iter().map(one).collect()
}

fn line(user: &UserInfo) -> String {
    let roles = user.roles.iter().map(|role| format!("{}={}", role.organisation, role.role.name()));
    let mut words: Vec<String> = vec![user.login.clone()];
    words.extend(roles);
    words.extend(user.groups.iter().map(|group| format!("group:{group}")));
    words.extend(attributes::shown(&user.attributes));
    words.extend(user.admin.then(|| "admin".to_owned()));
    words.extend((!user.has_password).then(|| "no password".to_owned()));
    words.extend((!user.enabled).then(|| "disabled".to_owned()));
    words.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_and_what_is_none_is_refused_by_name() {
        let roles = roles(&["default=editor".into()]).unwrap();
        assert_eq!((roles[0].organisation.as_str(), roles[0].role), ("default", Role::Editor));
        assert!(super::roles(&["editor".into()]).unwrap_err().message().contains("editor"));
        assert!(super::roles(&["x=king".into()]).unwrap_err().message().contains("king"));
    }
}
