//! `datahall serve`.

use crate::data_dir::DataDir;
use crate::run::{self, Plan};
use crate::terminal::say;
use crate::{cli, config_file, logging};
use datahall_core::Result;
use datahall_service::Environment;

/// Serves the datasets of a configuration file.
///
/// # Errors
/// Whatever keeps it from starting.
pub(crate) fn main(arguments: cli::Serve) -> Result<()> {
    let (settings, config_path) = config_file::load(arguments.config.as_deref())?;
    logging::start(arguments.log, &settings, &Environment::of_process())?;
    let data_dir = DataDir::open(&arguments.data_dir)?;
    match &config_path {
        Some(path) => tracing::info!(path = %path.display(), datasets = settings.datasets.len(), "configuration"),
        None => tracing::info!("no configuration file: starting empty"),
    }
    let listen = arguments.listen.unwrap_or_else(|| host_and_port(&settings.server.listen, settings.server.port));
    run::run(Plan { settings, config_path, data_dir, listen }, |address, token_file, settings| {
        say(format_args!("listening on http://{address}{}", settings.server.prefix));
        if let Some(path) = token_file {
            say(format_args!("the administrator's token is in {}", path.display()));
        }
    })
}

fn host_and_port(host: &str, port: u16) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') { format!("[{bare}]:{port}") } else { format!("{bare}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_colons_get_brackets() {
        assert_eq!(host_and_port("localhost", 80), "localhost:80");
        assert_eq!(host_and_port("::1", 80), "[::1]:80");
        assert_eq!(host_and_port("[::1]", 80), "[::1]:80");
    }
}
