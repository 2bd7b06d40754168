//! The routes of dialect `platform`: method, path, who may call, and the operation.

use super::shelf::imports;
use super::{audit, connectors, datasets, jobs, lakehouse, login, logout, me, settings, shelf, tokens, uploads};
use crate::shared::route::Access::{Editor, Known, Open, OrganisationAdmin};
use crate::shared::route::Route;
use datahall_service::Settings;

/// Every route.
pub(super) fn routes(server: &Settings) -> Vec<Route> {
    let routes = [
        Route::get("/api/me", Known, me::describe, me::handle),
        Route::post("/api/auth/login", Open, login::describe, login::handle),
        // Whoever is logged out already may log out again, and his browser forgets the cookie.
        Route::post("/api/auth/logout", Open, logout::describe, logout::handle),
        Route::get("/api/auth/tokens", OrganisationAdmin, tokens::list::describe, tokens::list::handle),
        Route::post("/api/auth/tokens", OrganisationAdmin, tokens::create::describe, tokens::create::handle),
        Route::delete("/api/auth/tokens/{id}", OrganisationAdmin, tokens::revoke::describe, tokens::revoke::handle),
        Route::get("/api/jobs", Known, jobs::list::describe, jobs::list::handle),
        Route::get("/api/jobs/{id}", Known, jobs::read::describe, jobs::read::handle),
        Route::get("/api/jobs/{id}/activities/{name}/log", Known, jobs::log::describe, jobs::log::handle),
        Route::post("/api/jobs/{id}/abort", Known, jobs::abort::describe, jobs::abort::handle),
        Route::get("/api/jobs/{id}/events", Known, jobs::events::describe, jobs::events::handle),
        Route::get("/api/audit", OrganisationAdmin, audit::describe, audit::handle),
        Route::get("/api/datasets/{name}/settings", Known, settings::read::describe, settings::read::handle),
        Route::put("/api/datasets/{name}/settings", Known, settings::change::describe_put, settings::change::put),
        Route::patch("/api/datasets/{name}/settings", Known, settings::change::describe_patch, settings::change::patch),
        // Reading.
        Route::get("/api/datasets/{name}/preview", Known, datasets::preview::describe, datasets::preview::handle),
        Route::get("/api/datasets/{name}/explore", Known, datasets::explore::describe, datasets::explore::handle),
        Route::get("/api/datasets/{name}/profile", Known, datasets::profile::describe, datasets::profile::handle),
        Route::get("/api/datasets/{name}/column-stats", Known, datasets::column_stats::describe, datasets::column_stats::handle),
        Route::get(
            "/api/datasets/{name}/classification",
            Known,
            datasets::classification::describe,
            datasets::classification::handle,
        ),
        Route::get("/api/datasets/governance/summary", Known, datasets::governance::describe, datasets::governance::handle),
        // Connectors.
        Route::get("/api/connectors", Known, connectors::list::describe, connectors::list::handle),
        Route::post("/api/connectors", Editor, connectors::create::describe, connectors::create::handle),
        Route::get("/api/connectors/catalog", Known, connectors::catalog::describe, connectors::catalog::handle),
        Route::get("/api/connectors/{id}", Known, connectors::read::describe, connectors::read::handle),
        Route::put("/api/connectors/{id}", Editor, connectors::change::describe_put, connectors::change::put),
        Route::patch("/api/connectors/{id}", Editor, connectors::change::describe_patch, connectors::change::patch),
        Route::delete("/api/connectors/{id}", Editor, connectors::delete::describe, connectors::delete::handle),
        Route::post("/api/connectors/{id}/test", Known, connectors::test::describe, connectors::test::handle),
        Route::get("/api/datasets/browse/schemas", Known, connectors::browse::describe_schemas, connectors::browse::schemas),
        Route::get("/api/datasets/browse/tables", Known, connectors::browse::describe_tables, connectors::browse::tables),
        // Uploads. How long they take depends on the caller's line.
        Route::post("/api/datasets/file/preview", Known, uploads::preview::describe, uploads::preview::handle).patient(),
        Route::post("/api/datasets/file/upload", Editor, uploads::upload::describe, uploads::upload::handle).patient(),
        // Versions of Delta tables, and their upkeep.
        Route::get("/api/datasets/{name}/history", Known, lakehouse::history::describe, lakehouse::history::handle),
        Route::post("/api/datasets/{name}/vacuum", Known, lakehouse::vacuum::describe, lakehouse::vacuum::handle),
        Route::post("/api/datasets/{name}/optimize", Known, lakehouse::optimize::describe, lakehouse::optimize::handle),
        Route::post("/api/datasets/{name}/restore", Known, lakehouse::restore::describe, lakehouse::restore::handle),
        // Datasets as such. Paths that are words win over names, which cannot be those words.
        Route::get("/api/datasets", Known, shelf::list::describe, shelf::list::handle),
        Route::get("/api/datasets/available", Known, shelf::list::describe_available, shelf::list::available),
        Route::post("/api/datasets", Editor, shelf::create::describe, shelf::create::handle),
        Route::get("/api/datasets/{name}", Known, shelf::read::describe, shelf::read::handle),
        Route::patch("/api/datasets/{name}", Known, shelf::change::describe, shelf::change::handle),
        Route::delete("/api/datasets/{name}", Known, shelf::remove::describe, shelf::remove::handle),
        Route::post("/api/datasets/{name}/refresh", Known, shelf::refresh::describe, shelf::refresh::handle),
        Route::get("/api/datasets/{name}/shares", Known, shelf::shares::list::describe, shelf::shares::list::handle),
        Route::post("/api/datasets/{name}/shares", Known, shelf::shares::create::describe, shelf::shares::create::handle),
        Route::delete("/api/datasets/{name}/shares/{id}", Known, shelf::shares::remove::describe, shelf::shares::remove::handle),
        Route::post("/api/datasets/import", Editor, imports::one::describe, imports::one::handle),
        Route::post("/api/datasets/import-batch", Editor, imports::start::describe, imports::start::handle),
        Route::get("/api/datasets/import/{name}", Known, imports::progress::describe, imports::progress::handle),
        Route::delete("/api/datasets/import/{name}", Editor, imports::cancel::describe, imports::cancel::handle),
    ];
    let prefix = &server.server.prefix;
    routes.iter().map(|route| route.at(format!("{prefix}{}", route.path))).collect()
}
