//! Log lines: to standard error, as text or JSON, each in one write.

use crate::cli;
use datahall_core::{Error, Result};
use datahall_service::config::LogFormat;
use datahall_service::{Environment, Settings};
use tracing_subscriber::EnvFilter;

/// Starts logging. The command line wins over the environment, the environment over the configuration.
///
/// # Errors
/// `Invalid` when what should be logged cannot be understood.
pub(crate) fn start(arguments: cli::Log, settings: &Settings, environment: &Environment) -> Result<()> {
    let named = ["DATAHALL_LOG", "RUST_LOG"].iter().find_map(|name| environment.get(name));
    let directives = quietened(named.or_else(|| settings.server.log_level.clone()).unwrap_or_else(|| "info".into()));
    let filter =
        EnvFilter::try_new(&directives).map_err(|error| Error::invalid(format!("log filter {directives:?}: {error}")))?;
    let json = match arguments.log_format {
        Some(format) => format == cli::LogFormat::Json,
        None => settings.server.log_format == LogFormat::Json,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let started = if json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    started.map_err(Error::internal)?;
    // A panic is a log line like any other, so that JSON logs stay JSON.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}

/// A level alone, `debug` and `trace` apart, is without the kernel of Delta tables: it tells of each look at a log, and calls it
/// an error when there is no table yet. What goes wrong for us is told by us.
fn quietened(directives: String) -> String {
    let alone = ["error", "warn", "info"].iter().any(|level| directives.eq_ignore_ascii_case(level));
    if alone { format!("{directives},buoyant_kernel=off") } else { directives }
}

#[cfg(test)]
mod tests {
    use super::quietened;

    #[test]
    fn a_level_alone_is_without_the_kernel_and_anything_else_is_as_it_was_asked_for() {
        assert_eq!(quietened("Info".into()), "Info,buoyant_kernel=off");
        for asked in ["debug", "trace", "off", "info,hyper=debug", "datahall=debug"] {
            assert_eq!(quietened(asked.into()), asked);
        }
    }
}
