//! HTTP: requests of each dialect → use cases of the service → answers of that dialect.
//!
//! - `shared/`: what every dialect needs of HTTP and none owns
//! - `dialects/`: a folder each; its `router.rs` is the table of contents
//!
//! [`router`] puts it together; [`openapi`] is the document that describes it.

#[cfg(test)]
mod access_table;
mod dialects;
mod shared;
#[cfg(test)]
mod testing;

use axum::Router;
use datahall_core::clock::{Clock, Random};
use datahall_service::{Service, Settings};
use shared::call::App;
use shared::ids::RequestIds;
use shared::metrics::Endpoint;
use shared::{compress, fallback};
use std::sync::Arc;
use std::time::Duration;

/// The router that answers every path of every dialect.
pub fn router(service: Arc<Service>, clock: Arc<dyn Clock>, random: &dyn Random) -> Router {
    let settings = service.settings();
    let dialects = dialects::all(settings);
    let (mut router, mut endpoints) = (Router::new(), Vec::new());
    for dialect in &dialects {
        for route in &dialect.routes {
            let endpoint = Endpoint::new(&route.path, route.method);
            endpoints.push(endpoint.clone());
            router = route.mount(router, endpoint, dialect);
        }
    }
    let unmatched = Endpoint::new("unmatched", "other");
    endpoints.push(unmatched.clone());
    let router = fallback::mount(router, &dialects, unmatched);
    let compresses = settings.server.compress;
    let timeout = settings.server.request_timeout_ms;
    let app = App {
        clock,
        ids: RequestIds::new(random),
        timeout: (timeout > 0).then(|| Duration::from_millis(timeout)),
        endpoints,
        openapi: shared::openapi::document(&dialects).to_string().into(),
        service,
    };
    let router = router.with_state(Arc::new(app));
    if compresses { router.layer(compress::layer()) } else { router }
}

/// The OpenAPI document of the server that `settings` describes.
pub fn openapi(settings: &Settings) -> serde_json::Value {
    shared::openapi::document(&dialects::all(settings))
}
