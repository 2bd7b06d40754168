//! HTTP: requests of each dialect → use cases of the service → answers of that dialect.
//!
//! - `shared/`: what every dialect needs of HTTP and none owns
//! - `dialects/v1/`: the dataset server's API; its `router.rs` is the table of contents
//!
//! [`router`] puts it together; [`openapi`] is the document that describes it.

mod dialects;
mod shared;

use axum::Router;
use datahall_core::clock::{Clock, Random};
use datahall_service::{Service, Settings};
use shared::call::App;
use shared::compress;
use shared::ids::RequestIds;
use shared::metrics::Endpoint;
use std::sync::Arc;
use std::time::Duration;

use dialects::v1;

/// The router that answers every path of every dialect.
pub fn router(service: Arc<Service>, clock: Arc<dyn Clock>, random: &dyn Random) -> Router {
    let settings = service.settings();
    let routes = v1::routes(settings);
    let mut endpoints: Vec<_> = routes.iter().map(|route| Endpoint::new(&route.path, route.method)).collect();
    let unmatched = Endpoint::new("unmatched", "other");
    endpoints.push(unmatched.clone());
    let mut router = Router::new();
    for (route, endpoint) in routes.iter().zip(&endpoints) {
        router = route.mount(router, endpoint.clone(), v1::render_error);
    }
    let router = v1::fallbacks(router, unmatched);
    let compresses = settings.server.compress;
    let timeout = settings.server.request_timeout_ms;
    let app = App {
        clock,
        ids: RequestIds::new(random),
        timeout: (timeout > 0).then(|| Duration::from_millis(timeout)),
        endpoints,
        openapi: v1::document(settings).to_string().into(),
        service,
    };
    let router = router.with_state(Arc::new(app));
    if compresses { router.layer(compress::layer()) } else { router }
}

/// The OpenAPI document of the server that `settings` describes.
pub fn openapi(settings: &Settings) -> serde_json::Value {
    v1::document(settings)
}
