//! Fixtures that only real outside tools can write: small Python scripts run into a folder of the test.

use std::path::Path;
use std::process::Command;

/// Runs `fixtures/SCRIPT` with the folder it is to write into. What it prints.
pub(crate) fn run(script: &str, into: &Path, arguments: &[&str]) -> String {
    let python = std::env::var_os("DATAHALL_PYTHON").unwrap_or_else(|| {
        panic!(
            "DATAHALL_PYTHON is not set: it names a Python with deltalake, pyarrow, duckdb and openpyxl. Run `cargo xtask test`"
        )
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(script);
    let output = Command::new(python).arg(path).arg(into).args(arguments).output().expect("Python runs");
    assert!(
        output.status.success(),
        "{script} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}
