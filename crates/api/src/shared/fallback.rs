//! The answers for paths that are nobody's and for methods that a path does not have.

use super::call::App;
use super::dialect::Dialect;
use super::front::{self, Line};
use super::metrics::Endpoint;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::response::Response;
use datahall_core::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// Adds them, counted by `unmatched`. A path that is nobody's is answered as the dialect does that has the paths most like it, else as
/// the first does.
pub(crate) fn mount(router: Router<Arc<App>>, dialects: &[Dialect], unmatched: Arc<Endpoint>) -> Router<Arc<App>> {
    let Some(first) = dialects.first() else { return router };
    let (counted, fallback) = (unmatched.clone(), first.render_error);
    let of_heads = |dialect: &Dialect| {
        let render = dialect.render_error;
        dialect.routes.iter().map(|route| (head(&route.path), render)).collect::<Vec<_>>()
    };
    let heads: Arc<Vec<(Vec<String>, _)>> = Arc::new(dialects.iter().flat_map(of_heads).collect());
    let not_found = move |State(app): State<Arc<App>>, request: Request| async move {
        let error = Error::not_found(format!("not found: path: {}", request.uri().path()));
        let asked = head(request.uri().path());
        let mut best = (0, fallback);
        for (of_route, render) in heads.iter() {
            let alike = of_route.iter().zip(&asked).take_while(|(of_route, asked)| of_route == asked).count();
            if alike > best.0 {
                best = (alike, *render);
            }
        }
        refuse(&app, &counted, &request, |id| (best.1)(&error, id))
    };
    let default = first.method_not_allowed;
    let of_routes = |dialect: &Dialect| {
        let render = dialect.method_not_allowed;
        dialect.routes.iter().map(|route| (route.path.to_string(), render)).collect::<Vec<_>>()
    };
    let by_path: Arc<HashMap<String, _>> = Arc::new(dialects.iter().flat_map(of_routes).collect());
    let wrong_method = move |State(app): State<Arc<App>>, request: Request| async move {
        let message = format!("method not allowed: {} {}", request.method(), request.uri().path());
        let matched = request.extensions().get::<MatchedPath>();
        let render = matched.and_then(|path| by_path.get(path.as_str())).copied().unwrap_or(default);
        refuse(&app, &unmatched, &request, |id| render(&message, id))
    };
    router.fallback(not_found).method_not_allowed_fallback(wrong_method)
}

/// The segments of a path.
fn head(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).take(4).map(str::to_owned).collect()
}

fn refuse(app: &App, endpoint: &Endpoint, request: &Request, render: impl FnOnce(&str) -> Response) -> Response {
    let (id, started) = (app.ids.of(request.headers()), app.clock.monotonic());
    let mut response = render(&id);
    front::finish(app, endpoint, &mut response, &Line { id: &id, method: request.method(), uri: request.uri(), started });
    response
}
