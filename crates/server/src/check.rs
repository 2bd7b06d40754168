//! `datahall check`: says what is wrong with a configuration file.

use crate::terminal::say;
use crate::{cli, config_file};
use datahall_core::{Error, Result};
use datahall_service::Environment;
use datahall_service::config::{self, Problem};

/// Checks a configuration file.
///
/// # Errors
/// `Invalid` when there is no file, or something in it is wrong.
pub(crate) fn main(arguments: &cli::Config) -> Result<()> {
    let environment = Environment::of_process();
    let path = config_file::find(arguments.config.as_deref(), &environment)
        .ok_or_else(|| Error::invalid("no configuration file: name one with --config, or write one with `datahall init`"))?;
    let problems = config::check(&path, &environment);
    if problems.is_empty() {
        say(format_args!("{}: ok", path.display()));
        return Ok(());
    }
    for problem in &problems {
        say(line(problem));
    }
    let count = problems.len();
    Err(Error::invalid(format!("{}: {count} {}", path.display(), if count == 1 { "problem" } else { "problems" })))
}

/// As compilers write it, so that editors can jump there.
fn line(problem: &Problem) -> String {
    match problem.line {
        Some(line) => format!("{}:{line}: {}", problem.file.display(), problem.message),
        None => format!("{}: {}", problem.file.display(), problem.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_written_so_that_editors_find_the_place() {
        let problem = Problem { file: "a.toml".into(), line: Some(3), message: "unknown key `x`".into() };
        assert_eq!(line(&problem), "a.toml:3: unknown key `x`");
        assert_eq!(line(&Problem { line: None, ..problem }), "a.toml: unknown key `x`");
    }
}
