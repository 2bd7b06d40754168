//! The answers for paths that are nobody's and for methods that a path does not have.

use super::across;
use super::call::App;
use super::dialect::Dialect;
use super::front::{self, Line};
use super::metrics::Endpoint;
use super::route::RenderError;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::response::Response;
use datahall_core::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// How a dialect answers for a path of its own.
#[derive(Clone, Copy)]
struct Manner {
    render_error: RenderError,
    method_not_allowed: fn(&str, &str) -> Response,
    across_sites: bool,
}

impl Manner {
    fn of(dialect: &Dialect) -> Self {
        let Dialect { render_error, method_not_allowed, across_sites, .. } = *dialect;
        Self { render_error, method_not_allowed, across_sites }
    }
}

/// Adds them, counted by `unmatched`. A path that is nobody's is answered as the dialect does that has the paths most like it, else as
/// the first does.
pub(crate) fn mount(router: Router<Arc<App>>, dialects: &[Dialect], unmatched: Arc<Endpoint>) -> Router<Arc<App>> {
    let Some(first) = dialects.first() else { return router };
    let (counted, default) = (unmatched.clone(), Manner::of(first));
    let of_heads = |dialect: &Dialect| {
        let manner = Manner::of(dialect);
        dialect.routes.iter().map(|route| (head(&route.path), manner)).collect::<Vec<_>>()
    };
    let heads: Arc<Vec<(Vec<String>, Manner)>> = Arc::new(dialects.iter().flat_map(of_heads).collect());
    let not_found = move |State(app): State<Arc<App>>, request: Request| async move {
        let error = Error::not_found(format!("not found: path: {}", request.uri().path()));
        let asked = head(request.uri().path());
        let mut best = (0, default);
        for (of_route, manner) in heads.iter() {
            let alike = of_route.iter().zip(&asked).take_while(|(of_route, asked)| of_route == asked).count();
            if alike > best.0 {
                best = (alike, *manner);
            }
        }
        refuse(&app, &counted, &request, best.1, |id| (best.1.render_error)(&error, id))
    };
    let of_routes = |dialect: &Dialect| {
        let manner = Manner::of(dialect);
        dialect.routes.iter().map(|route| (route.path.to_string(), manner)).collect::<Vec<_>>()
    };
    let by_path: Arc<HashMap<String, Manner>> = Arc::new(dialects.iter().flat_map(of_routes).collect());
    let wrong_method = move |State(app): State<Arc<App>>, request: Request| async move {
        let message = format!("method not allowed: {} {}", request.method(), request.uri().path());
        let matched = request.extensions().get::<MatchedPath>();
        let manner = matched.and_then(|path| by_path.get(path.as_str())).copied().unwrap_or(default);
        refuse(&app, &unmatched, &request, manner, |id| match manner.across_sites && across::asks_before(&request) {
            true => across::may_ask(),
            false => (manner.method_not_allowed)(&message, id),
        })
    };
    router.fallback(not_found).method_not_allowed_fallback(wrong_method)
}

/// The segments of a path.
fn head(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).take(4).map(str::to_owned).collect()
}

fn refuse(app: &App, endpoint: &Endpoint, request: &Request, manner: Manner, render: impl FnOnce(&str) -> Response) -> Response {
    let (id, started) = (app.ids.of(request.headers()), app.clock.monotonic());
    let mut response = render(&id);
    if manner.across_sites {
        across::allow(across::origin(request.headers()), &mut response);
    }
    front::finish(app, endpoint, &mut response, &Line { id: &id, method: request.method(), uri: request.uri(), started });
    response
}
