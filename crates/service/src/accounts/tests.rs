//! Accounts from end to end: made, presented, refused, felt on other nodes.

mod authority;
mod keys;
mod nodes;
mod sessions;
mod speed;
mod users;
