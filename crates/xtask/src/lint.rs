//! `cargo xtask lint`: formatting, clippy, dependency policy.

use crate::run::{Outcome, cargo, is_installed, succeeds};
use crate::setup;

/// Runs all three, whatever the first ones say.
pub(crate) fn run() -> Outcome {
    let target = setup::target_dir()?;
    let mut well = succeeds(&mut cargo(&target, &["fmt", "--all", "--check"]))?;
    well &= succeeds(&mut cargo(&target, &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    if is_installed("cargo-deny") {
        well &= succeeds(&mut cargo(&target, &["deny", "check"]))?;
    } else {
        eprintln!("xtask: cargo-deny is not installed; deny.toml was not checked");
    }
    Ok(well)
}
