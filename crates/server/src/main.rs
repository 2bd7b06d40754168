//! The `datahall` binary: command line, configuration, and putting the layers together.

mod accounts;
mod admin_token;
mod catalog;
mod check;
mod cli;
mod config_file;
mod data_dir;
mod demo;
mod demo_data;
mod init;
mod listener;
mod logging;
mod memory;
mod run;
mod serve;
mod stall;
mod terminal;

use crate::terminal::say;
use clap::Parser;
use datahall_core::Result;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two are linked, and what does not say which one it means ends the process where none is named. Named twice it would be an
    // error that nobody minds.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match cli::Cli::parse().command {
        cli::Command::Serve(arguments) => serve::main(arguments),
        cli::Command::Demo(arguments) => demo::main(arguments),
        cli::Command::Init(arguments) => init::main(&arguments),
        cli::Command::Check(arguments) => check::main(&arguments),
        cli::Command::User(user) => accounts::main(accounts::Command::User(user)),
        cli::Command::Group(group) => accounts::main(accounts::Command::Group(group)),
        cli::Command::Key(key) => accounts::main(accounts::Command::Key(key)),
        cli::Command::Catalog(command) => catalog::main(command),
        cli::Command::Openapi(arguments) => openapi(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(detail) = error.detail() {
                eprintln!("  {detail}");
            }
            ExitCode::FAILURE
        }
    }
}

fn openapi(arguments: &cli::Config) -> Result<()> {
    let (settings, _) = config_file::load(arguments.config.as_deref())?;
    say(format_args!("{:#}", datahall_api::openapi(&settings)));
    Ok(())
}
