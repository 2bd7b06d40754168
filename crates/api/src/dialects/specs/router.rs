//! The routes of dialect `specs`: method, path, who may call, and the operation.

use super::{events, file, status, update, upload};
use crate::shared::route::Access::{Asked, Read};
use crate::shared::route::Route;
use datahall_service::Settings;

/// Every route.
pub(super) fn routes(settings: &Settings) -> Vec<Route> {
    let routes = [
        // Who may do these is told in the answer, after what is wrong with the body.
        Route::post("/source/upload", Asked, upload::describe, upload::handle),
        Route::post("/source/update", Asked, update::describe, update::handle),
        Route::get("/source/{owner}/{dataset}/events", Read, events::describe, events::handle),
        // Whoever asks; to its owner the spec is told whole.
        Route::get("/source/{owner}/{dataset}/{revision}", Asked, status::describe, status::handle),
        // Words win over revisions and paths.
        Route::get("/source/{owner}/{dataset}/{revision}/datapackage.json", Read, file::describe_descriptor, file::descriptor),
        Route::get("/source/{owner}/{dataset}/{revision}/{*path}", Read, file::describe, file::handle),
    ];
    let prefix = &settings.server.prefix;
    routes.iter().map(|route| route.at(format!("{prefix}{}", route.path))).collect()
}
