//! `datahall catalog backup|restore|check`.

use crate::cli;
use crate::data_dir::DataDir;
use crate::terminal::say;
use datahall_core::clock::{SystemClock, SystemRandom};
use datahall_core::{Error, Result};
use datahall_service::Environment;
use datahall_service::catalog::{Actor, Catalog, Replace, restore};
use std::path::Path;
use std::sync::Arc;

/// Where the catalog is: `$DATABASE_URL`, else a SQLite file in the data directory.
pub(crate) fn url(environment: &Environment, data_dir: &Path) -> String {
    let file = || format!("sqlite:{}", data_dir.join("catalog.db").display());
    environment.get("DATABASE_URL").unwrap_or_else(file)
}

/// Does what is asked with the catalog.
///
/// # Errors
/// Whatever keeps it from being done; `Invalid` when a check finds something wrong.
pub(crate) fn main(command: cli::Catalog) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
    runtime.block_on(async {
        match command {
            cli::Catalog::Backup(arguments) => backup(&arguments).await,
            cli::Catalog::Restore(arguments) => put_back(&arguments).await,
            cli::Catalog::Check(arguments) => check(&arguments).await,
        }
    })
}

/// Opens the catalog as a server would, beside one that may be running.
pub(crate) async fn open(data_dir: &Path) -> Result<Catalog> {
    let environment = Environment::of_process();
    if environment.get("DATABASE_URL").is_none() && !data_dir.join("catalog.db").is_file() {
        let path = data_dir.join("catalog.db");
        return Err(Error::invalid(format!("{}: there is no catalog (name its folder with --data-dir)", path.display())));
    }
    Catalog::open(&url(&environment, data_dir), Arc::new(SystemClock::new()), Arc::new(SystemRandom)).await
}

async fn backup(arguments: &cli::Backup) -> Result<()> {
    let catalog = open(&arguments.data_dir).await?;
    let report = catalog.backup(&arguments.file).await?;
    say(format_args!("{}: {} rows, schema {}", arguments.file.display(), report.rows, report.schema));
    catalog.close().await;
    Ok(())
}

async fn put_back(arguments: &cli::Restore) -> Result<()> {
    // No server may run meanwhile: it would keep what it read before.
    let data_dir = DataDir::open(&arguments.data_dir)?;
    let url = url(&Environment::of_process(), data_dir.path());
    let replace = if arguments.replace { Replace::Yes } else { Replace::No };
    let report = restore(&arguments.file, &url, replace, &Actor::named("command line"), &SystemClock::new()).await?;
    say(format_args!("{}: {} rows restored, schema {}", arguments.file.display(), report.rows, report.schema));
    Ok(())
}

async fn check(arguments: &cli::CatalogPlace) -> Result<()> {
    let catalog = open(&arguments.data_dir).await?;
    let report = catalog.check().await?;
    catalog.close().await;
    for (table, records) in report.records.iter().filter(|(_, records)| *records > 0) {
        say(format_args!("{table}: {records}"));
    }
    if report.problems.is_empty() {
        say(format_args!("schema {}: ok", report.schema));
        return Ok(());
    }
    report.problems.iter().for_each(say);
    Err(Error::invalid(format!("the catalog has {} problems", report.problems.len())))
}
