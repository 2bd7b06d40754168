//! The routes of dialect `v1`: method, path, who may call, and the operation.

use super::{
    count, docs, export, list, metrics, openapi, persist, probes, queries, query, register, reload, reload_all, reload_config,
    schema, sql, status, stream, unregister, version,
};
use crate::shared::route::Access::{Admin, Manage, Open, Read};
use crate::shared::route::Route;
use datahall_service::Settings;

/// Below this path the routes of datasets are found without a version, too.
const UNVERSIONED: &str = "/datapress";

/// Every route, as `settings` switch them on.
pub(super) fn routes(settings: &Settings) -> Vec<Route> {
    let mut routes = probes_and_version();
    routes.extend(versioned());
    if settings.metrics.enabled {
        routes.push(Route::get(settings.metrics.path.clone(), Open, metrics::describe, metrics::handle));
    }
    routes.push(Route::get("/openapi.json", Open, openapi::describe, openapi::handle));
    if settings.swagger.enabled {
        let path = &settings.swagger.path;
        routes.push(Route::get(path.clone(), Open, docs::describe_redirect, docs::redirect));
        routes.push(Route::get(format!("{path}/"), Open, docs::describe, docs::handle));
        routes.push(Route::get(format!("{path}/openapi.json"), Open, openapi::describe, openapi::handle));
    }
    let prefix = &settings.server.prefix;
    let aliases: Vec<Route> = aliases(prefix).collect();
    let mut routes: Vec<Route> = routes.iter().map(|route| route.at(format!("{prefix}{}", route.path))).collect();
    routes.extend(aliases);
    routes
}

fn probes_and_version() -> Vec<Route> {
    vec![
        Route::get("/healthz", Open, probes::describe_health, probes::health),
        Route::get("/health", Open, probes::describe_health, probes::health),
        Route::get("/readyz", Open, probes::describe_ready, probes::ready),
        Route::get("/version", Open, version::describe, version::handle),
    ]
}

fn versioned() -> Vec<Route> {
    vec![
        Route::get("/api/v1/datasets", Read, list::describe, list::handle),
        Route::post("/api/v1/datasets", Admin, register::describe, register::handle),
        Route::post("/api/v1/datasets/persist", Admin, persist::describe, persist::handle),
        Route::post("/api/v1/datasets/reload-all", Admin, reload_all::describe, reload_all::handle),
        Route::delete("/api/v1/datasets/{name}", Admin, unregister::describe, unregister::handle),
        Route::get("/api/v1/datasets/{name}/schema", Read, schema::describe, schema::handle),
        Route::get("/api/v1/datasets/{name}/status", Read, status::describe, status::handle),
        Route::post("/api/v1/datasets/{name}/query", Read, query::describe, query::handle),
        Route::post("/api/v1/datasets/{name}/query/stream", Read, stream::describe, stream::handle),
        Route::post("/api/v1/datasets/{name}/count", Read, count::describe, count::handle),
        Route::get("/api/v1/datasets/{name}/parquet", Read, export::describe, export::handle),
        Route::get("/api/v1/datasets/{name}/all.parquet", Read, export::describe, export::handle),
        Route::post("/api/v1/datasets/{name}/reload", Admin, reload::describe, reload::handle),
        Route::post("/api/v1/config/reload", Admin, reload_config::describe, reload_config::handle),
        Route::post("/api/v1/sql", Read, sql::describe, sql::handle),
        Route::get("/api/v1/queries", Manage, queries::describe_list, queries::list),
        Route::post("/api/v1/queries", Manage, queries::describe_create, queries::create),
        Route::delete("/api/v1/queries/{name}", Manage, queries::describe_delete, queries::delete),
    ]
}

/// The same operations for clients that know no version; their listing is a bare array.
fn aliases(prefix: &str) -> impl Iterator<Item = Route> {
    // Under this very prefix the probes are where such clients look for them already.
    let (base, probes) = match prefix {
        UNVERSIONED => (prefix.to_owned(), Vec::new()),
        _ => (format!("{prefix}{UNVERSIONED}"), probes_and_version()),
    };
    let list = Route::get("/api/v1/datasets", Read, list::describe_bare, list::handle_bare);
    let others = versioned().into_iter().filter(|route| (route.method, &*route.path) != ("GET", "/api/v1/datasets"));
    probes
        .into_iter()
        .chain([list])
        .chain(others)
        .map(move |route| route.at(format!("{base}{}", route.path.replacen("/api/v1/", "/api/", 1))))
}
