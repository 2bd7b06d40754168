//! Reading the configuration: the file, the folder of more datasets beside it, every section, every check.

use super::report::{Problem, Report, Step, dotted};
use super::{
    Auth, DatasetBlock, Environment, Jobs, Limits, Metrics, Security, Server, Settings, Specs, Sql, Swagger, later, rules, typo,
};
use datahall_core::{Error, Result};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const SECTIONS: &[&str] = &[
    "server",
    "sql",
    "auth",
    "security",
    "limits",
    "jobs",
    "specs",
    "metrics",
    "swagger",
    "docs",
    "explorer",
    "mcp",
    "datafusion",
    "dataset",
];

impl Settings {
    /// Reads and checks the file, and what is in `datasets.d` beside it.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong, each with file, line and key, one a line.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self> {
        let (settings, problems) = read(path, environment);
        if problems.is_empty() {
            return Ok(settings);
        }
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        Err(Error::invalid(lines.join("\n")))
    }
}

/// Everything that is wrong in the file and those in `datasets.d` beside it; empty when it can be used.
pub fn check(path: &Path, environment: &Environment) -> Vec<Problem> {
    read(path, environment).1
}

fn read(path: &Path, environment: &Environment) -> (Settings, Vec<Problem>) {
    match Report::read(path) {
        Ok(report) => assemble(path, report, environment),
        Err(problem) => (Settings::default(), vec![problem]),
    }
}

/// What is wrong with the configuration if the file at `path` held `text`.
pub(super) fn check_text(path: &Path, text: String, environment: &Environment) -> (Settings, Vec<Problem>) {
    match Report::parse(path, text) {
        Ok(report) => assemble(path, report, environment),
        Err(problem) => (Settings::default(), vec![problem]),
    }
}

fn assemble(path: &Path, mut report: Report, environment: &Environment) -> (Settings, Vec<Problem>) {
    let mut settings = Settings::default();
    unknown_sections(&mut report, SECTIONS, "");
    sections(&mut report, &mut settings);
    let mut seen = HashMap::new();
    settings.datasets = datasets(&mut report, environment, &mut seen);
    let mut problems = report.problems;
    settings.notes = report.notes;
    for file in more_files(path, &settings.server.saved_queries_dir) {
        match Report::read(&file) {
            Ok(mut report) => {
                unknown_sections(&mut report, &["dataset"], " (only [[dataset]] may stand in this folder)");
                settings.datasets.extend(datasets(&mut report, environment, &mut seen));
                problems.extend(report.problems);
            }
            Err(problem) => problems.push(problem),
        }
    }
    (settings, problems)
}

fn unknown_sections(report: &mut Report, known: &[&str], why: &str) {
    let unknown: Vec<String> = report.table.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
    for key in unknown {
        let what = if report.table[&key].is_table() { format!("section [{key}]") } else { format!("key `{key}`") };
        let hint = typo::hint(&key, known.iter().copied());
        report.problem(&[Step::Key(key)], format!("unknown {what}{hint}{why}"));
    }
}

fn section<T: DeserializeOwned>(report: &mut Report, name: &str) -> Option<T> {
    let value = report.table.get(name)?.clone();
    report.read_as(&[name.into()], value)
}

fn sections(report: &mut Report, settings: &mut Settings) {
    if let Some(server) = section::<Server>(report, "server") {
        rules::server(report, &server);
        settings.server = server;
    }
    if let Some(sql) = section::<Sql>(report, "sql") {
        rules::at_least(report, &["sql", "max_rows"], sql.max_rows, 1);
        settings.sql = sql;
    }
    if let Some(auth) = section::<Auth>(report, "auth") {
        rules::auth(report, &auth);
        settings.auth = auth;
    }
    if let Some(security) = section::<Security>(report, "security") {
        settings.security = security;
    }
    if let Some(limits) = section::<Limits>(report, "limits") {
        rules::limits(report, &limits);
        settings.limits = limits;
    }
    if let Some(jobs) = section::<Jobs>(report, "jobs") {
        rules::at_least(report, &["jobs", "workers"], jobs.workers as u64, 1);
        settings.jobs = jobs;
    }
    if let Some(specs) = section::<Specs>(report, "specs") {
        specs.check(report);
        settings.specs = specs;
    }
    let metrics = section::<Metrics>(report, "metrics").unwrap_or_default();
    let swagger = section::<Swagger>(report, "swagger").unwrap_or_default();
    let later = later::Later {
        docs: section(report, "docs").unwrap_or_default(),
        explorer: section(report, "explorer").unwrap_or_default(),
        mcp: section(report, "mcp").unwrap_or_default(),
        datafusion: section(report, "datafusion").unwrap_or_default(),
    };
    rules::paths(report, &metrics, &swagger, &later);
    rules::later(report, &settings.server, &later);
    (settings.metrics, settings.swagger) = (metrics, swagger);
}

fn datasets(report: &mut Report, environment: &Environment, seen: &mut HashMap<String, String>) -> Vec<DatasetBlock> {
    // Taken out and not copied: there may be very many.
    let blocks = match report.table.remove("dataset") {
        None => return Vec::new(),
        Some(toml::Value::Array(blocks)) => blocks,
        Some(_) => {
            report.problem(&["dataset".into()], "dataset: each one is a block of its own; write [[dataset]]");
            return Vec::new();
        }
    };
    let mut read = Vec::new();
    for (at, block) in blocks.into_iter().enumerate() {
        let path: [Step; 2] = ["dataset".into(), at.into()];
        let Some(block) = report.read_as::<DatasetBlock>(&path, block) else { continue };
        for finding in block.findings(environment) {
            let inner: Vec<Step> = finding.key.iter().map(|key| Step::from(key.as_str())).collect();
            report.problem(&[&path[..], &inner].concat(), format!("{}: {}", dotted(&inner), finding.message));
        }
        if let Some(other) = seen.insert(block.name.to_lowercase(), block.name.clone()) {
            let message = format!("name: dataset '{}' is there twice (as '{other}'; names are unique ignoring case)", block.name);
            report.problem(&[&path[..], &["name".into()]].concat(), message);
        }
        read.push(block);
    }
    read
}

/// The `*.toml` files of the folder of more datasets, by name.
pub(super) fn more_files(path: &Path, folder: &str) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("")).join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|ending| ending == "toml") && file.is_file())
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let (_, problems) = check_text(Path::new("datasets.toml"), text.into(), &Environment::fixed(&[]));
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        assert_eq!(
            problems("# c\n[server]\nport = 1\nprot = 2\n"),
            ["datasets.toml: line 4: unknown key `prot` in [server]; did you mean `port`?"]
        );
        assert_eq!(
            problems("[server.startup]\nmax_concurent = 2\n"),
            ["datasets.toml: line 2: unknown key `max_concurent` in [server.startup]; did you mean `max_concurrent`?"]
        );
        assert_eq!(problems("\n[sever]\nport = 1\n"), ["datasets.toml: line 2: unknown section [sever]; did you mean `server`?"]);
    }

    #[test]
    fn every_problem_is_found_not_only_the_first() {
        let text = "[server]\nport = 'x'\n[sql]\nmax_rows = 0\nfoo = 1\nbar = 2\n\n[[dataset]]\nname = 'a'\nnme = 'b'\n[dataset.source]\nkind = 'orc'\nlocation = 'x'\n\n[[dataset]]\nname = 'A'\nsource = {kind='csv',location='y'}\n";
        let found = problems(text);
        for (line, what) in [
            (2, "server.port: invalid type"),
            (4, "sql.max_rows: must be at least 1"),
            (5, "unknown key `foo` in [sql]"),
            (6, "unknown key `bar` in [sql]"),
            (10, "unknown key `nme` in [[dataset]]; did you mean `name`?"),
            (12, "source.kind: unknown kind `orc`"),
            (16, "dataset 'A' is there twice"),
        ] {
            let expected = format!("datasets.toml: line {line}: {what}");
            assert!(
                found.iter().any(|problem| problem.starts_with(&expected)
                    || problem.contains(what) && problem.contains(&format!("line {line}:"))),
                "{expected}\n{found:#?}"
            );
        }
        assert_eq!(found.len(), 7, "{found:#?}");
    }

    #[test]
    fn wrong_types_missing_keys_and_bad_toml_say_where() {
        assert!(
            problems("[[dataset]]\nname = 'a'\n")[0].contains("line 1: dataset: missing field `source`"),
            "{:?}",
            problems("[[dataset]]\nname = 'a'\n")
        );
        assert!(problems("[server]\nport = 80\nport = 81\n")[0].contains("line 3"));
        assert!(problems("[server\n")[0].contains("line 1"));
        assert!(problems("server = 1\n")[0].contains("must be a table"));
        assert!(problems("[server]\nstartup = [1, 'all']\n")[0].contains("server.startup: must be a table"));
        assert!(problems("[dataset]\nname = 'a'\n")[0].contains("[[dataset]]"));
        assert!(problems("[auth]\nenabled = true\n")[0].contains("auth.issuer"));
        assert!(problems("[auth]\nalgorithms = ['none']\n")[0].contains("line 2: auth.algorithms"));
        assert!(problems("[metrics]\nenabled = true\npath = '/docs'\n")[0].contains("swagger"));
        assert!(problems("[metrics]\npath = '/api/v1/x'\n")[0].contains("line 2"));
        let proxies = problems("[security]\ntrusted_proxies = ['10.0.0.0/8', '10.0.0.0/99']\n");
        assert!(proxies[0].contains("line 2") && proxies[0].contains("`10.0.0.0/99` is no network"), "{proxies:?}");
        assert!(problems("[jobs]\nworkers = 0\n")[0].contains("line 2: jobs.workers: must be at least 1"));
        assert!(problems("[jobs]\nworker = 1\n")[0].contains("did you mean `workers`?"));
        for (wrong, what) in [
            ("audit_retention_days = -1", "limits.audit_retention_days"),
            ("max_concurrent_queries = -1", "limits.max_concurrent_queries"),
            ("max_concurrent_queries = 'many'", "limits.max_concurrent_queries"),
            ("max_concurrent_per_caller = 513", "limits.max_concurrent_per_caller: must be at most 512"),
            ("max_event_streams = -1", "limits.max_event_streams"),
            ("max_event_streams_per_caller = 129", "limits.max_event_streams_per_caller: must be at most 128"),
            ("max_event_stream = 1", "did you mean `max_event_streams`?"),
            ("max_result_rows = 1.5", "limits.max_result_rows"),
            ("query_timeout_ms = '30s'", "limits.query_timeout_ms"),
            ("query_memory_mb = 0", "limits.query_memory_mb: must be at least 1"),
            ("spill_mb = -5", "limits.spill_mb"),
            ("max_concurent_queries = 1", "did you mean `max_concurrent_queries`?"),
        ] {
            let found = problems(&format!("[limits]\n{wrong}\n"));
            assert!(found[0].contains("line 2") && found[0].contains(what), "{wrong}: {found:?}");
        }
        assert!(problems("[limits]\nmax_concurrent_queries = 0\nmax_concurrent_per_caller = 9\n").is_empty());
        assert!(problems("[limits]\nmax_event_streams = 0\nmax_event_streams_per_caller = 9\n").is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_policy_says_where() {
        let head = "[[dataset]]\nname = 'a'\nsource = {kind='csv',location='x'}\n";
        for (text, expected) in [
            ("[dataset.masks.ssn]\nstrategy = 'scramble'\n", "line 5: masks.ssn.strategy: unknown masking strategy: scramble"),
            (
                "[dataset.masks.ssn]\nstrategy = 'full'\nunmask_roles = 'admin'\n",
                "line 6: dataset.masks.ssn.unmask_roles: invalid type",
            ),
            ("[dataset.masks.ssn]\nstrategy = 'bucket'\nwidth = 0\n", "line 6: masks.ssn.width: the width of a bucket"),
            ("[dataset.masks.ssn]\nstrategy = 'full'\nrole = 'x'\n", "line 6: unknown key `role` in [dataset.masks.ssn]"),
            ("masks = ['full']\n", "line 4: dataset.masks: must be a table"),
            ("row_filter = ''\n", "line 4: row_filter: must not be empty"),
        ] {
            let found = problems(&format!("{head}{text}"));
            assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_this_version_does_not_have_loads_with_a_note() {
        let text = "[server.pgwire]\nenabled = true\npassword = 'p4ss'\n[mcp]\nenabled = true\n[docs]\npath = '/mkdocs'\n[datafusion]\npushdown_filters = true\n";
        let (settings, problems) = check_text(Path::new("d.toml"), text.into(), &Environment::fixed(&[]));
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(settings.notes.len(), 3, "{:?}", settings.notes);
        assert!(settings.notes[0].contains("[server.pgwire] has no effect"));
        assert!(!format!("{settings:?}").contains("p4ss"));
    }

    #[test]
    fn the_folder_beside_the_file_is_read_too() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("datasets.d")).unwrap();
        let path = folder.path().join("datasets.toml");
        let block = |name: &str| format!("[[dataset]]\nname = '{name}'\nsource = {{kind='csv',location='x'}}\n");
        std::fs::write(&path, block("a")).unwrap();
        std::fs::write(folder.path().join("datasets.d/2.toml"), block("c")).unwrap();
        std::fs::write(folder.path().join("datasets.d/1.toml"), block("b")).unwrap();
        std::fs::write(folder.path().join("datasets.d/note.txt"), "not toml").unwrap();
        let names = |settings: Settings| settings.datasets.into_iter().map(|block| block.name).collect::<Vec<_>>();
        assert_eq!(names(Settings::load(&path, &Environment::fixed(&[])).unwrap()), ["a", "b", "c"]);
        std::fs::write(folder.path().join("datasets.d/3.toml"), format!("[server]\n{}", block("B"))).unwrap();
        let error = Settings::load(&path, &Environment::fixed(&[])).unwrap_err();
        assert!(error.message().contains("3.toml: line 1: unknown section [server]"), "{error}");
        assert!(error.message().contains("3.toml: line 3: name: dataset 'B' is there twice"), "{error}");
    }
}
