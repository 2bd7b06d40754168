//! Many at once, and the end at any instant.

mod concurrency;
mod crash;
mod limits;
