//! `datahall demo`: bundled data, or files given on the command line, served at once, with requests to try.

use crate::data_dir::DataDir;
use crate::demo_data::{self, Served};
use crate::run::{self, Plan};
use crate::terminal::say;
use crate::{cli, logging};
use datahall_core::Result;
use datahall_service::{Environment, Settings};
use std::fmt::Write;

/// Serves the bundled data, or what the command line names.
///
/// # Errors
/// `Invalid` when something named cannot be served; whatever else keeps it from starting.
pub(crate) fn main(arguments: cli::Demo) -> Result<()> {
    let mut settings = Settings::default();
    settings.server.log_level = Some("warn".into());
    settings.sql.enabled = true;
    settings.metrics.enabled = true;
    logging::start(arguments.log, &settings, &Environment::of_process())?;
    let data_dir = DataDir::open(&arguments.data_dir)?;
    let bundled = arguments.data.is_empty();
    let served = if bundled { demo_data::unpack(data_dir.path())? } else { demo_data::describe(&arguments.data)? };
    settings.datasets = served.iter().map(Served::block).collect::<Result<_>>()?;
    let plan = Plan { settings, config_path: None, data_dir, listen: arguments.listen };
    run::run(plan, |address, token_file, _| {
        say(text(&format!("http://{address}"), &served, bundled));
        if let Some(path) = token_file {
            say(format_args!("The administrator's token is in {}", path.display()));
        }
        say(format_args!("listening on http://{address}"));
    })
}

/// What is served, and what to try.
fn text(url: &str, served: &[Served], bundled: bool) -> String {
    let mut out = String::from("Datahall serves:\n");
    let width = served.iter().map(|one| one.name.len()).max().unwrap_or_default();
    for one in served {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {:width$}  {}", one.name, one.about);
    }
    let (name, query, sql) = if bundled { BUNDLED } else { (served[0].name.as_str(), r#"{"page_size":3}"#, "") };
    let count = format!(r#"SELECT count(*) AS n FROM \"{name}\""#);
    let sql = if sql.is_empty() { &count } else { sql };
    let _ = write!(
        out,
        "\nTry:\n\
         \n  curl -s {url}/api/v1/datasets/{name}/schema\n\
         \n  curl -s {url}/api/v1/datasets/{name}/query -H 'Content-Type: application/json' -d '{query}'\n\
         \n  curl -s {url}/api/v1/sql -H 'Content-Type: application/json' -d '{{\"sql\":\"{sql}\"}}'\n\
         \nBrowse the API: {url}/docs/\n"
    );
    out
}

/// Dataset, query and statement to try on the bundled data.
const BUNDLED: (&str, &str, &str) = (
    "flights",
    r#"{"columns":["date","origin","destination","delay"],"predicates":[{"col":"origin","op":"eq","val":"SEA"}],"order_by":[{"col":"delay","dir":"desc"}],"page_size":3}"#,
    "SELECT a.city, count(*) AS flights, avg(f.delay) AS delay FROM flights f JOIN airports a ON f.origin = a.iata GROUP BY a.city ORDER BY flights DESC LIMIT 5",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_try_is_valid_json() {
        let folder = tempfile::tempdir().unwrap();
        let served = demo_data::unpack(folder.path()).unwrap();
        for (served, bundled) in [(&served[..], true), (&served[..1], false)] {
            let text = text("http://h:1", served, bundled);
            let bodies: Vec<_> =
                text.lines().filter_map(|line| line.split_once("-d '")).map(|(_, body)| body.trim_end_matches('\'')).collect();
            assert_eq!(bodies.len(), 2);
            for body in bodies {
                assert!(serde_json::from_str::<serde_json::Value>(body).unwrap().is_object(), "{body}");
            }
        }
    }
}
