//! Whole-server tests: each starts the real binary and speaks HTTP to it. The modules mirror the URLs.

#![allow(
    clippy::disallowed_methods,
    reason = "whole-server tests stand outside: they read the clock and the environment themselves"
)]

mod support;

mod api_v1;
mod auth;
mod catalog;
mod door;
mod jobs;
mod lifecycle;
mod platform;
mod probes;
mod robustness;
mod sources;
mod specs;
