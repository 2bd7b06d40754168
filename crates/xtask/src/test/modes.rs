//! The whole-server tests once more: as other callers, and on the other catalog.

use super::counts::Counts;
use super::{Environment, Options};
use crate::run::{Outcome, cargo, is_installed, root, tee};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// As whom tests call, and where their servers keep records. `open` on `sqlite` is what the ordinary run does.
const MODES: &[(&str, &str)] =
    &[("key", "sqlite"), ("jwt", "sqlite"), ("oidc", "sqlite"), ("open", "postgres"), ("jwt", "postgres")];

/// Runs them in every mode.
pub(super) fn run(target: &Path, environment: &Environment, options: &Options) -> Outcome<Counts> {
    let provider = Provider::start(environment)?;
    let (own, own_accounts) = (listed("own_callers.txt")?, listed("own_accounts.txt")?);
    let mut total = Counts::default();
    for (caller, catalog) in MODES {
        println!("== whole-server tests, callers: {caller}, catalog: {catalog}");
        let left_out: Vec<_> = own.iter().chain(if *caller == "open" { &[] } else { &own_accounts[..] }).cloned().collect();
        let mut command = tests(target, &left_out, options);
        command.env("DATAHALL_E2E_CALLER", caller).env("DATAHALL_E2E_CATALOG", catalog);
        command.env("DATAHALL_E2E_PROVIDER", &provider.hello);
        // With the ordinary counts: what the larger ones find does not depend on who calls.
        let (ok, lines) = tee(environment.give(&mut command, options).env_remove("DATAHALL_LONG"))?;
        let counts = if is_installed("cargo-nextest") { Counts::of_nextest(&lines) } else { Counts::of_cargo_test(&lines) };
        total += counts.or_one_failed(ok);
    }
    Ok(total)
}

/// The command that runs all but those which bring their own callers.
fn tests(target: &Path, own: &[String], options: &Options) -> Command {
    // The whole workspace, of which the filter leaves one part: another choice of packages would have other features.
    if is_installed("cargo-nextest") {
        let mut command = cargo(target, &["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests", "pass"]);
        command.args(["--filterset", &filterset(own)]).args(&options.filter);
        return command;
    }
    let mut command = cargo(target, &["test", "--workspace", "--no-fail-fast", "--test", "it"]);
    command.args(&options.filter).arg("--");
    own.iter().for_each(|listed| {
        command.args(["--skip", listed]);
    });
    command
}

fn filterset(own: &[String]) -> String {
    // A module is listed with `::` at its end.
    let each = own.iter().map(|listed| match listed.ends_with("::") {
        true => format!("test(/^{listed}/)"),
        false => format!("test(={listed})"),
    });
    format!("package(datahall-e2e) - ({})", each.chain(["none()".to_owned()]).collect::<Vec<_>>().join(" + "))
}

/// What one of the tests' own lists says.
fn listed(list: &str) -> Outcome<Vec<String>> {
    let path = root().join("crates/e2e").join(list);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(|line| Some(line.split_once("  ")?.0.to_owned())).collect())
}

/// The OpenID provider of all tests: one each would take longer than the tests.
struct Provider {
    child: Child,
    /// What it says of itself.
    hello: String,
}

impl Provider {
    fn start(environment: &Environment) -> Outcome<Self> {
        let script = root().join("crates/e2e/oidc/provider.mjs");
        let mut command = Command::new("node");
        command.arg(&script).env("DATAHALL_NODE_MODULES", &environment.node_modules);
        command.env("AUDIENCE", "https://datahall.test/api").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", script.display()))?;
        let mut hello = String::new();
        if let Some(output) = child.stdout.take() {
            let mut reader = BufReader::new(output);
            reader.read_line(&mut hello).map_err(|error| format!("the OpenID provider: {error}"))?;
            // Whatever it prints later must not fill the pipe.
            std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        }
        Ok(Self { child, hello: hello.trim().to_owned() })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_brings_its_own_is_left_out() {
        let own = ["auth::".to_owned(), "a::b".to_owned()];
        assert_eq!(filterset(&own), "package(datahall-e2e) - (test(/^auth::/) + test(=a::b) + none())");
        assert_eq!(filterset(&[]), "package(datahall-e2e) - (none())");
        assert!(listed("own_callers.txt").unwrap().contains(&"auth::".to_owned()));
        assert!(listed("own_accounts.txt").unwrap().contains(&"door::".to_owned()));
    }
}
