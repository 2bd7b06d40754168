//! Users, groups, organisations, API keys and sessions; who did what. Who may change them is decided here.

pub(crate) mod attributes;
mod audit;
pub(crate) mod authority;
mod groups;
pub(crate) mod key_grants;
mod keys;
mod login;
mod logout;
pub(crate) mod names;
pub(crate) mod organisations;
pub(crate) mod passwords;
mod retention;
pub(crate) mod throttle;
mod users;

#[cfg(test)]
mod tests;

pub use groups::{GroupChange, NewGroup};
pub use keys::{CreatedKey, KeyInfo, NewKey};
pub use login::LoggedIn;
pub use users::{NewUser, OrganisationRoleOf, UserChange, UserInfo};
