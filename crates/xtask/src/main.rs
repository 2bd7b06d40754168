//! `cargo xtask`: what a developer runs. Tests, tidiness and the bench, each with its own set-up.

#![allow(clippy::disallowed_methods, reason = "a developer's tool: its environment is what it works on")]

mod bench;
mod lint;
mod run;
mod setup;
mod test;
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, checks and measures Datahall", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set everything up and run every test: tidy, Rust tests, real clients
    Test(test::Options),
    /// Check the rules of the code base: layers, budgets, banned calls, words
    Tidy,
    /// Check the formatting, clippy's lints and, when it is installed, cargo-deny's policy
    Lint,
    /// Measure the server side by side with its peer and write BENCHMARKS.md
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test(options) => test::run(&options),
        Command::Tidy => tidy::run(),
        Command::Lint => lint::run(),
        Command::Bench(options) => bench::run(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
