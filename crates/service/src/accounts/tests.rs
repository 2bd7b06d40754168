//! Accounts from end to end: made, presented, refused, felt on other nodes.

mod attributes;
mod authority;
mod keys;
mod nodes;
mod sessions;
mod speed;
mod users;
