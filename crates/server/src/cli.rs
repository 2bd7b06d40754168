//! The command line.

pub(crate) mod accounts;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// One server for datasets: register Parquet, CSV, JSON, Arrow, Excel or Delta, and query them over HTTP.
#[derive(Debug, Parser)]
#[command(name = "datahall", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "Examples:
  datahall demo                              serve bundled data and print what to try
  datahall demo --data sales.csv             serve a file of yours
  datahall init                              write a commented datasets.toml
  datahall check                             say what is wrong with it
  datahall serve                             serve what it describes
  datahall serve --config /etc/datahall/datasets.toml --listen 0.0.0.0:8080";

const CATALOG: &str = "It is where $DATABASE_URL says, else catalog.db in the data directory.

Examples:
  datahall catalog backup nightly.ndjson
  datahall catalog check --data-dir /var/lib/datahall
  DATABASE_URL=postgres://db.example.com/datahall datahall catalog restore nightly.ndjson";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the datasets of a configuration file
    Serve(Serve),
    /// Serve bundled data, or files of yours, and print what to try
    Demo(Demo),
    /// Write a commented configuration file
    Init(Init),
    /// Check a configuration file, and say line and key of what is wrong
    Check(Config),
    /// Make, change, list and delete users
    User(accounts::User),
    /// Make, list and delete groups of users
    Group(accounts::Group),
    /// Make, list and revoke API keys
    Key(accounts::Key),
    /// Back up, restore or check the catalog
    #[command(subcommand, after_help = CATALOG)]
    Catalog(Catalog),
    /// Print the OpenAPI document
    Openapi(Config),
}

/// Serve the datasets of a configuration file.
///
/// Without --config it is $DATAPRESS_CONFIG_FILE, else $DATASETS_CONFIG, else ./datasets.toml when there is one; with none
/// of them the server starts empty, and datasets are registered over HTTP. $ADMIN_TOKEN is the administrator's secret; when it
/// is not set, one is made at the first start and kept in the data directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  datahall serve
  ADMIN_TOKEN=secret datahall serve --config datasets.toml --listen 127.0.0.1:9000
  DATAHALL_LOG=debug datahall serve --log-format json")]
pub(crate) struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the server keeps its own files
    #[arg(long, value_name = "DIR", default_value = "./datahall-data")]
    pub(crate) data_dir: PathBuf,
    /// Where to listen; wins over the configuration. Port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    #[command(flatten)]
    pub(crate) log: Log,
}

/// Serve bundled data, or files of yours, and print what to try.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  datahall demo
  datahall demo --data flights.parquet --data ./exports
  datahall demo --listen 127.0.0.1:9000")]
pub(crate) struct Demo {
    /// A file or folder to serve instead of the bundled data; may be given several times
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) data: Vec<PathBuf>,
    /// Where the server keeps its own files
    #[arg(long, value_name = "DIR", default_value = "./datahall-demo")]
    pub(crate) data_dir: PathBuf,
    /// Where to listen. Port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: String,
    #[command(flatten)]
    pub(crate) log: Log,
}

/// Write a commented configuration file.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder that gets datasets.toml
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// Which configuration file.
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// The configuration file; found as by `serve` when not given
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The records that a server keeps: in $DATABASE_URL, else in catalog.db in the data directory.
#[derive(Debug, Subcommand)]
pub(crate) enum Catalog {
    /// Write all records into one file; a server may run meanwhile
    Backup(Backup),
    /// Read all records from such a file; no server may run meanwhile
    Restore(Restore),
    /// Look for damage
    Check(CatalogPlace),
}

/// Write all records into one file. It holds password hashes: keep it as you keep those.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file; one that is there is replaced, once the new one is whole
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The data directory of the server
    #[arg(long, value_name = "DIR", default_value = "./datahall-data")]
    pub(crate) data_dir: PathBuf,
}

/// Read all records from a backup, into SQLite or PostgreSQL, whichever it came from.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The data directory of the server
    #[arg(long, value_name = "DIR", default_value = "./datahall-data")]
    pub(crate) data_dir: PathBuf,
    /// Replace the records that are there
    #[arg(long)]
    pub(crate) replace: bool,
}

/// Which catalog.
#[derive(Debug, Args)]
pub(crate) struct CatalogPlace {
    /// The data directory of the server
    #[arg(long, value_name = "DIR", default_value = "./datahall-data")]
    pub(crate) data_dir: PathBuf,
}

/// How to log.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Log {
    /// How log lines are written; wins over the configuration. What is logged: $DATAHALL_LOG or $RUST_LOG, as in `info` or
    /// `warn,datahall::request=info`
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["datahall", "demo", "--data", "a", "b", "--data", "c"]);
        let Command::Demo(demo) = cli.command else { panic!("not demo") };
        assert_eq!(demo.data.len(), 3);
    }
}
