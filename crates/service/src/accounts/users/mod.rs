//! Users: making, reading, changing and deleting them. All of it needs ADMIN on the instance.

mod create;
mod delete;
mod info;
mod read;
mod set_password;
mod update;

pub use create::NewUser;
pub use info::{OrganisationRoleOf, UserInfo};
pub use update::UserChange;

pub(super) use delete::end_sessions;
