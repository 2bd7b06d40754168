//! What the values of sections must satisfy beyond their types.

use super::later::Later;
use super::report::{Report, Step, dotted};
use super::{Auth, Limits, Metrics, Server, Swagger};

/// What other routes are made of; a configurable path may be none of them and not below them.
const RESERVED: &[&str] = &["/api", "/datapress", "/health", "/healthz", "/readyz", "/version", "/openapi.json", "/source"];

fn steps(keys: &[&str]) -> Vec<Step> {
    keys.iter().map(|key| Step::from(*key)).collect()
}

fn problem(report: &mut Report, keys: &[&str], message: impl std::fmt::Display) {
    let path = steps(keys);
    let message = format!("{}: {message}", dotted(&path));
    report.problem(&path, message);
}

pub(super) fn at_least(report: &mut Report, keys: &[&str], value: u64, least: u64) {
    if value < least {
        problem(report, keys, format!("must be at least {least}"));
    }
}

pub(super) fn server(report: &mut Report, server: &Server) {
    match server.backend.as_str() {
        "datafusion" => {}
        "duckdb" => report.note(&steps(&["server", "backend"]), "server.backend: `duckdb` has no effect, there is one engine"),
        _ => problem(report, &["server", "backend"], "must be `datafusion` or `duckdb`"),
    }
    if server.listen.trim().is_empty() || server.listen.contains(char::is_whitespace) {
        problem(report, &["server", "listen"], "must be a host name or an address");
    }
    let prefix = &server.prefix;
    if !prefix.is_empty() && (!prefix.starts_with('/') || prefix.ends_with('/') || !plain_path(prefix)) {
        problem(report, &["server", "prefix"], "must be empty, or start with `/` and not end with `/`");
    }
    if let Some(storage) = &server.storage {
        storage.check(report);
    }
    at_least(report, &["server", "max_page_size"], server.max_page_size, 1);
    at_least(report, &["server", "max_body_bytes"], server.max_body_bytes as u64, 1);
    at_least(report, &["server", "workers"], server.workers.unwrap_or(1) as u64, 1);
    at_least(report, &["server", "memory_budget_mb"], server.memory_budget_mb.unwrap_or(1), 1);
    at_least(report, &["server", "startup", "max_concurrent"], server.startup.max_concurrent as u64, 1);
    at_least(report, &["server", "refresh", "max_concurrent"], server.refresh.max_concurrent as u64, 1);
    let folder = std::path::Path::new(&server.saved_queries_dir);
    if server.saved_queries_dir.is_empty() || folder.is_absolute() || folder.components().any(|part| part.as_os_str() == "..") {
        problem(report, &["server", "saved_queries_dir"], "must be a folder beside the configuration file");
    }
}

pub(super) fn limits(report: &mut Report, limits: &Limits) {
    at_least(report, &["limits", "query_memory_mb"], limits.query_memory_mb.unwrap_or(1), 1);
    for (of_one, key, most, all) in [
        (limits.max_concurrent_per_caller, "max_concurrent_per_caller", limits.max_concurrent_queries, "max_concurrent_queries"),
        (limits.max_event_streams_per_caller, "max_event_streams_per_caller", limits.max_event_streams, "max_event_streams"),
    ] {
        // More than all together would be a limit that never holds.
        if most > 0 && of_one.is_some_and(|of_one| of_one > most) {
            problem(report, &["limits", key], format!("must be at most {most}, as many as {all}"));
        }
    }
}

pub(super) fn auth(report: &mut Report, auth: &Auth) {
    if (auth.enabled || !auth.issuer.is_empty()) && !is_http_url(&auth.issuer) {
        problem(report, &["auth", "issuer"], "must be an http:// or https:// URL");
    }
    if auth.algorithms.is_empty() {
        problem(report, &["auth", "algorithms"], "must name at least one algorithm");
    }
    at_least(report, &["auth", "jwks_refresh_secs"], auth.jwks_refresh_secs, 60);
    if !auth.tenant_claim.is_empty() && !auth.tenant_claim.starts_with('/') {
        problem(report, &["auth", "tenant_claim"], "must be a JSON pointer, as `/tenant`");
    }
    if !auth.allowed_tenants.is_empty() && auth.tenant_claim.is_empty() {
        problem(report, &["auth", "allowed_tenants"], "needs tenant_claim");
    }
    if auth.jwt.secret.as_ref().is_some_and(|secret| secret.strip_prefix("env:").is_none_or(str::is_empty)) {
        problem(report, &["auth", "jwt", "secret"], "must be `env:NAME`, the variable that holds the secret");
    }
}

/// The configurable paths: each well formed, none reserved, no two the same.
pub(super) fn paths(report: &mut Report, metrics: &Metrics, swagger: &Swagger, later: &Later) {
    let mut taken: Vec<(&str, &str)> = Vec::new();
    let all = [
        ("metrics", metrics.enabled, Some(metrics.path.as_str())),
        ("swagger", swagger.enabled, Some(swagger.path.as_str())),
        ("docs", later.docs.enabled == Some(true), later.docs.path.as_deref()),
        ("explorer", later.explorer.enabled == Some(true), later.explorer.path.as_deref()),
        ("mcp", later.mcp.enabled, later.mcp.path.as_deref()),
    ];
    for (section, enabled, path) in all {
        let Some(path) = path else { continue };
        let keys = [section, "path"];
        if !path.starts_with('/') || path.ends_with('/') || !plain_path(path) {
            problem(report, &keys, "must start with `/` and not end with `/`");
        } else if let Some(reserved) =
            RESERVED.iter().find(|reserved| path == **reserved || path.starts_with(&format!("{reserved}/")))
        {
            problem(report, &keys, format!("`{reserved}` is taken by other routes"));
        } else if let Some((other, _)) = taken.iter().find(|(_, other)| enabled && *other == path) {
            problem(report, &keys, format!("is the same as {other}.path"));
        } else if enabled {
            taken.push((section, path));
        }
    }
}

/// What is turned on and this version does not have: a note each, so that nothing is ignored in silence.
pub(super) fn later(report: &mut Report, server: &Server, later: &Later) {
    let mut note = |keys: &[&str]| {
        let path = steps(keys);
        let message = format!("[{}] has no effect: this version does not have it", dotted(&path));
        report.note(&path, &message);
    };
    for (on, keys) in [
        (server.quack.enabled, &["server", "quack"][..]),
        (server.pgwire.enabled, &["server", "pgwire"]),
        (later.docs.enabled == Some(true), &["docs"]),
        (later.explorer.enabled == Some(true), &["explorer"]),
        (later.mcp.enabled, &["mcp"]),
        (later.datafusion.is_set(), &["datafusion"]),
    ] {
        if on {
            note(keys);
        }
    }
}

fn plain_path(path: &str) -> bool {
    !path.contains("//") && path.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.~".contains(c)) && !path.contains("/../")
}

fn is_http_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
