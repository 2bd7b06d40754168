//! Getting ready what tests and the bench need: folders, Debian packages, a Python and a Node environment. Idempotent.

use crate::run::{Outcome, is_installed, must, root, succeeds};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo builds: `CARGO_TARGET_DIR`, else a folder in the user's cache, so that clones share it.
pub(crate) fn target_dir() -> Outcome<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => Ok(root().join(folder)),
        _ => Ok(cache_dir()?.join("target")),
    }
}

/// Where everything downloaded is kept.
pub(crate) fn cache_dir() -> Outcome<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = base.or_else(home).ok_or("neither XDG_CACHE_HOME nor HOME is set")?.join("datahall");
    std::fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    Ok(cache)
}

/// Makes sure that `program` is there, from Debian's `package` when it is not.
pub(crate) fn program(program: &str, package: &str) -> Outcome<()> {
    if is_installed(program) { Ok(()) } else { install(package) }
}

/// Whether the program lies at `path` or is on the path.
pub(crate) fn is_there(path: &str, program: &str) -> bool {
    Path::new(path).is_file() || is_installed(program)
}

/// Installs Debian's `package`.
pub(crate) fn install(package: &str) -> Outcome<()> {
    if !is_installed("apt-get") {
        return Err(format!("please install `{package}`: there is no apt-get to do it with"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = if is_root() { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root() {
            command.args(["--non-interactive", "apt-get"]);
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    eprintln!("xtask: installing {package}");
    if !succeeds(&mut apt(&["install", "--yes", "--no-install-recommends", package]))? {
        must(&mut apt(&["update"]), "apt-get update")?;
        must(&mut apt(&["install", "--yes", "--no-install-recommends", package]), "apt-get install")?;
    }
    Ok(())
}

/// Whether this runs as root.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The interpreter of a virtual environment with what `requirements` (a path in the checkout) lists, made when it is not there.
pub(crate) fn python(requirements: &str) -> Outcome<PathBuf> {
    let file = root().join(requirements);
    let folder = keyed_folder("venv", &file)?;
    let interpreter = folder.join("bin/python");
    if !finished(&folder) {
        program("python3", "python3")?;
        let make = || Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
        if !make().is_ok_and(|output| output.status.success()) {
            install("python3-venv")?;
            must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), "making a virtual environment")?;
        }
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--requirement"]).arg(&file);
        must(&mut pip, "pip install")?;
        finish(&folder)?;
    }
    Ok(interpreter)
}

/// The `node_modules` with what `package` (a `package.json` in the checkout) lists, made when it is not there.
pub(crate) fn node_modules(package: &str) -> Outcome<PathBuf> {
    let file = root().join(package);
    let folder = keyed_folder("npm", &file)?;
    program("node", "nodejs")?;
    if !finished(&folder) {
        program("npm", "npm")?;
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        std::fs::copy(&file, folder.join("package.json")).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]).current_dir(&folder);
        must(&mut npm, "npm install")?;
        finish(&folder)?;
    }
    Ok(folder.join("node_modules"))
}

/// Real data lies beside the checkout where there is some.
pub(crate) fn data_dir() -> Option<PathBuf> {
    let given = std::env::var_os("DATAHALL_DATA").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    given.or_else(|| root().parent().map(|parent| parent.join("shared/data"))).filter(|folder| folder.is_dir())
}

// Named by what the list says, so that a changed list gets a fresh folder and an old checkout keeps its own.
fn keyed_folder(kind: &str, list: &Path) -> Outcome<PathBuf> {
    let text = std::fs::read(list).map_err(|error| format!("{}: {error}", list.display()))?;
    Ok(cache_dir()?.join(format!("{kind}-{:016x}", fnv1a(&text))))
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

// A mark written last: an installation cut short is made again.
fn finished(folder: &Path) -> bool {
    folder.join(".finished").is_file()
}

fn finish(folder: &Path) -> Outcome<()> {
    std::fs::write(folder.join(".finished"), "").map_err(|error| format!("{}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_list_gives_another_folder() {
        assert_ne!(fnv1a(b"pyarrow==1"), fnv1a(b"pyarrow==2"));
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
    }
}
