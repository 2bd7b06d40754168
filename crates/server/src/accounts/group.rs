//! `datahall group`.

use super::Accounts;
use crate::cli::accounts::GroupAction;
use crate::terminal::say;
use datahall_core::Result;
use datahall_service::NewGroup;

const MOST: u64 = 100_000;

pub(super) async fn run(accounts: &Accounts, action: GroupAction) -> Result<()> {
    let Accounts { service, ctx, .. } = accounts;
    match action {
        GroupAction::Add { name, description, admin } => {
            let new = NewGroup { name, description: description.unwrap_or_default(), admin, source: None };
            let group = service.create_group(ctx, new).await?;
            say(format_args!("{}: made", group.name));
        }
        GroupAction::Delete { name } => {
            service.delete_group(ctx, &name).await?;
            say(format_args!("{name}: deleted"));
        }
        GroupAction::List => {
            for group in service.list_groups(ctx, MOST, 0).await?.items {
                let members = service.group_members(ctx, &group.name).await?.join(" ");
                let admin = if group.admin { "  admin" } else { "" };
                say(format_args!("{}{admin}  {members}", group.name));
            }
        }
    }
    Ok(())
}
