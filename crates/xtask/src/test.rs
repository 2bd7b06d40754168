//! `cargo xtask test`: sets everything up, then runs tidy, the Rust tests and the real clients, and says how many passed.

mod counts;
mod mariadb;
mod modes;
mod postgres;

use crate::run::{Outcome, cargo, is_installed, root, tee};
use crate::{setup, tidy};
use counts::Counts;
use mariadb::MariaDb;
pub(crate) use postgres::Postgres;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also what takes long: ignored tests, many more generated cases; whole-server tests run on the release build
    #[arg(long)]
    long: bool,
    /// Only the whole-server tests, as each kind of caller and on each catalog, as `--long` does at its end
    #[arg(long)]
    modes: bool,
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Runs everything, also after a failure, so that one run tells all.
pub(crate) fn run(options: &Options) -> Outcome {
    let target = setup::target_dir()?;
    let environment = Environment::prepare(&target, options)?;
    let mut total = tidy_counts()?;
    if build(&target, options)? {
        let started = Instant::now();
        if !options.modes {
            total += rust_tests(&target, &environment, options)?;
        }
        if options.long || options.modes {
            total += modes::run(&target, &environment, options)?;
        }
        let rust = started.elapsed();
        if !options.modes {
            total += conformance(&environment, options)?;
        }
        println!("\nRust tests took {} s, real clients {} s", rust.as_secs(), (started.elapsed() - rust).as_secs());
    } else {
        eprintln!("xtask: the build failed, so neither Rust tests nor conformance ran");
        total.failed += 1;
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0)
}

/// What tests find in their environment.
struct Environment {
    binary: PathBuf,
    python: PathBuf,
    node_modules: PathBuf,
    data: Option<PathBuf>,
    postgres: Postgres,
    mariadb: MariaDb,
}

impl Environment {
    fn prepare(target: &Path, options: &Options) -> Outcome<Self> {
        setup::program("openssl", "openssl")?;
        Ok(Self {
            binary: target.join(if options.long { "release/datahall" } else { "debug/datahall" }),
            python: setup::python("conformance/requirements.txt")?,
            node_modules: setup::node_modules("conformance/oidc/package.json")?,
            data: setup::data_dir(),
            postgres: Postgres::start()?,
            mariadb: MariaDb::start()?,
        })
    }

    fn give<'a>(&self, command: &'a mut Command, options: &Options) -> &'a mut Command {
        command.env("DATAHALL_BIN", &self.binary).env("DATAHALL_PYTHON", &self.python);
        command.env("DATAHALL_NODE_MODULES", &self.node_modules).env("DATAHALL_TEST_POSTGRES", &self.postgres.url);
        command.env("DATAHALL_TEST_MARIADB", &self.mariadb.url).env("DATAHALL_TEST_POSTGRES_LOG", &self.postgres.log);
        command.env("DATAHALL_TEST_MARIADB_LOG", &self.mariadb.log);
        match &self.data {
            Some(data) => command.env("DATAHALL_DATA", data),
            None => command.env_remove("DATAHALL_DATA"),
        };
        // A developer's own credentials and configuration have no part in a test.
        for name in ["ADMIN_TOKEN", "DATABASE_URL", "DATAPRESS_CONFIG_FILE", "DATASETS_CONFIG", "AUTH_SERVER"] {
            command.env_remove(name);
        }
        if options.long {
            command.env("DATAHALL_LONG", "1").env("PROPTEST_CASES", "4096").env("DATAHALL_CASES", "2000");
        }
        command
    }
}

fn tidy_counts() -> Outcome<Counts> {
    println!("== tidy");
    Ok(if tidy::run()? { Counts { passed: 1, failed: 0 } } else { Counts { passed: 0, failed: 1 } })
}

fn build(target: &Path, options: &Options) -> Outcome {
    println!("== build");
    if options.long && !tee(&mut cargo(target, &["build", "--release", "--package", "datahall"]))?.0 {
        return Ok(false);
    }
    // Always the whole workspace: a part of it would have other features, and build the dependencies again.
    Ok(tee(&mut cargo(target, &["build", "--workspace", "--tests", "--bins"]))?.0)
}

fn rust_tests(target: &Path, environment: &Environment, options: &Options) -> Outcome<Counts> {
    println!("== Rust tests");
    let nextest = is_installed("cargo-nextest");
    let mut command = if nextest {
        cargo(target, &["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests", "pass"])
    } else {
        cargo(target, &["test", "--workspace", "--no-fail-fast"])
    };
    if let Some(filter) = &options.filter {
        command.arg(filter);
    }
    if options.long {
        command.args(if nextest { ["--run-ignored", "all"] } else { ["--", "--include-ignored"] });
    }
    let (ok, lines) = tee(environment.give(&mut command, options))?;
    Ok(if nextest { Counts::of_nextest(&lines) } else { Counts::of_cargo_test(&lines) }.or_one_failed(ok))
}

fn conformance(environment: &Environment, options: &Options) -> Outcome<Counts> {
    println!("== real clients");
    let mut command = Command::new(&environment.python);
    command.args(["-m", "pytest", "-p", "no:cacheprovider"]).arg(root().join("conformance"));
    command.current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(filter) = &options.filter {
        command.args(["-k", &python_name(filter)]);
    }
    let (ok, lines) = tee(environment.give(&mut command, options))?;
    let nothing_chosen =
        options.filter.is_some() && lines.iter().any(|line| line.contains("deselected") && !line.contains(" passed"));
    Ok(Counts::of_pytest(&lines).or_one_failed(ok || nothing_chosen))
}

// pytest reads its -k as an expression, which only names and words survive.
fn python_name(filter: &str) -> String {
    filter.replace(|character: char| !character.is_alphanumeric(), "_")
}
