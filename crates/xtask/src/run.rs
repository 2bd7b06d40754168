//! Running other programs: streamed to the terminal, their last words kept where they are needed.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What every task gives: whether all is well, or why it could not be done.
pub(crate) type Outcome<T = bool> = Result<T, String>;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}

/// A cargo command in the checkout.
pub(crate) fn cargo(target: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()).env("CARGO_TARGET_DIR", target).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(tells_of_this_package)) {
        command.env_remove(name);
    }
    command
}

// `cargo run` tells xtask about itself. A build script that looks at such variables (ring's does) would take the change for
// a reason to build again what depends on it, which is nearly everything.
fn tells_of_this_package(variable: &str) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    prefixes.iter().any(|prefix| variable.starts_with(prefix))
        || variable == "CARGO_CRATE_NAME"
        || variable == "CARGO_PRIMARY_PACKAGE"
}

/// Runs it to the end with its output on the terminal; gives whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Outcome {
    let status = command.stdin(Stdio::null()).status().map_err(|error| cannot_start(command, &error))?;
    Ok(status.success())
}

/// Runs it and fails with `what` when it fails.
pub(crate) fn must(command: &mut Command, what: &str) -> Outcome<()> {
    if succeeds(command)? { Ok(()) } else { Err(format!("{what} failed: {}", shown(command))) }
}

/// Whether a program of that name is on the path.
pub(crate) fn is_installed(program: &str) -> bool {
    let quiet = |command: &mut Command| command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet(Command::new("sh").args(["-c", &format!("command -v {program}")])).is_ok_and(|status| status.success())
}

/// Runs it, passing both outputs on line by line; gives whether it succeeded, and every line without colours.
pub(crate) fn tee(command: &mut Command) -> Outcome<(bool, Vec<String>)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| cannot_start(command, &error))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let errors = std::thread::spawn(move || stderr.map_or_else(Vec::new, |pipe| pass_on(pipe, |line| eprintln!("{line}"))));
    let mut lines = stdout.map_or_else(Vec::new, |pipe| pass_on(pipe, |line| println!("{line}")));
    lines.extend(errors.join().map_err(|_| "reading the output of a command failed".to_owned())?);
    let status = child.wait().map_err(|error| format!("waiting for {}: {error}", shown(command)))?;
    Ok((status.success(), lines))
}

fn pass_on(pipe: impl Read, print: impl Fn(&str)) -> Vec<String> {
    let mut kept = Vec::new();
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        print(&line);
        kept.push(without_colours(&line));
        bytes.clear();
    }
    kept
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(|next| next.is_ascii_alphabetic());
        } else {
            plain.push(character);
        }
    }
    plain
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(without_colours("\u{1b}[32;1mok\u{1b}[0m done"), "ok done");
    }

    #[test]
    fn tee_gives_the_lines_and_the_truth() {
        let (ok, lines) = tee(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert!(!ok);
        assert_eq!(lines, ["out", "err"]);
    }

    #[test]
    fn what_cargo_tells_of_xtask_is_not_passed_on() {
        assert!(tells_of_this_package("CARGO_PKG_NAME") && tells_of_this_package("CARGO_MANIFEST_DIR"));
        assert!(!tells_of_this_package("CARGO_HOME") && !tells_of_this_package("CARGO_TARGET_DIR"));
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
