//! What the program says on standard output.

use std::fmt::Display;
use std::io::Write;

/// Writes one line. That nobody reads it, as with `| head`, is no error.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
