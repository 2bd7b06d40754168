//! `cargo xtask bench`: builds the release binary and hands over to the driver in `bench/`.

use crate::run::{Outcome, cargo, must, root, succeeds};
use crate::setup;
use crate::test::Postgres;
use std::process::Command;

/// How thoroughly to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Shorter runs, and BENCHMARKS.md stays as it is
    #[arg(long)]
    quick: bool,
    /// Only cases whose name contains this
    filter: Option<String>,
}

/// Prepares all and measures; the driver prints and writes the table.
pub(crate) fn run(options: &Options) -> Outcome {
    let target = setup::target_dir()?;
    setup::program("wrk", "wrk")?;
    let python = setup::python("bench/requirements.txt")?;
    must(&mut cargo(&target, &["build", "--release", "--package", "datahall"]), "cargo build")?;
    let mut driver = Command::new(python);
    driver.arg(root().join("bench/run.py")).arg("--binary").arg(target.join("release/datahall"));
    driver.arg("--cache").arg(setup::cache_dir()?.join("bench"));
    let postgres = Postgres::start()?;
    driver.env("DATAHALL_BENCH_POSTGRES", &postgres.url);
    if let Some(data) = setup::data_dir() {
        driver.arg("--data").arg(data);
    }
    if options.quick {
        driver.arg("--quick");
    }
    if let Some(filter) = &options.filter {
        driver.arg("--only").arg(filter);
    }
    succeeds(&mut driver)
}
