//! A route as data: method, path, who may call it, what the document says of it, and the handler.

use super::call::{App, Call};
use super::dialect::Dialect;
use super::front::{self, Front};
use super::metrics::Endpoint;
use super::openapi::Operation;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use datahall_core::{Error, Result};
use std::borrow::Cow;
use std::sync::Arc;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody; nobody is asked who he is.
    Open,
    /// Anybody; the operation is told who it is, and says in the words of its dialect what it takes. A credential that does not hold is
    /// nobody's.
    Asked,
    /// Whoever may read datasets.
    Read,
    /// Whoever may register and reload them.
    Admin,
    /// Whoever may keep saved queries.
    Manage,
    /// Whoever proves who he is.
    Known,
    /// Whoever may change things in his organisation; the operation refuses others, before it reads the body and in the words of
    /// its dialect.
    Editor,
    /// Whoever administers his organisation, or the instance.
    OrganisationAdmin,
}

/// How a dialect writes an error.
pub(crate) type RenderError = fn(&Error, request_id: &str) -> Response;

type Mount = Arc<dyn Fn(Arc<Front>) -> MethodRouter<Arc<App>> + Send + Sync>;

/// A route.
#[derive(Clone)]
pub(crate) struct Route {
    /// `GET` (which covers `HEAD`), `POST`, `PUT`, `PATCH` or `DELETE`.
    pub(crate) method: &'static str,
    /// With `{name}` for the parameter.
    pub(crate) path: Cow<'static, str>,
    /// Who may call it.
    pub(crate) access: Access,
    /// Whether it takes bodies that may take long to come, and watches over the time itself.
    pub(crate) patient: bool,
    /// What the document says of it.
    pub(crate) describe: fn() -> Operation,
    mount: Mount,
}

/// What answers a call.
pub(crate) trait Handler: Clone + Send + Sync + 'static {
    /// The answer.
    fn answer(self, call: Call) -> impl Future<Output = Result<Response>> + Send + 'static;
}

impl<F, Fut> Handler for F
where
    F: Fn(Call) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response>> + Send + 'static,
{
    fn answer(self, call: Call) -> impl Future<Output = Result<Response>> + Send + 'static {
        self(call)
    }
}

type Path = Cow<'static, str>;

impl Route {
    /// A route that `GET` and `HEAD` lead to.
    pub(crate) fn get(path: impl Into<Path>, access: Access, describe: fn() -> Operation, handler: impl Handler) -> Self {
        Self::new("GET", MethodFilter::GET, path.into(), access, describe, handler)
    }

    /// A route that `POST` leads to.
    pub(crate) fn post(path: impl Into<Path>, access: Access, describe: fn() -> Operation, handler: impl Handler) -> Self {
        Self::new("POST", MethodFilter::POST, path.into(), access, describe, handler)
    }

    /// A route that `PUT` leads to.
    pub(crate) fn put(path: impl Into<Path>, access: Access, describe: fn() -> Operation, handler: impl Handler) -> Self {
        Self::new("PUT", MethodFilter::PUT, path.into(), access, describe, handler)
    }

    /// A route that `PATCH` leads to.
    pub(crate) fn patch(path: impl Into<Path>, access: Access, describe: fn() -> Operation, handler: impl Handler) -> Self {
        Self::new("PATCH", MethodFilter::PATCH, path.into(), access, describe, handler)
    }

    /// A route that `DELETE` leads to.
    pub(crate) fn delete(path: impl Into<Path>, access: Access, describe: fn() -> Operation, handler: impl Handler) -> Self {
        Self::new("DELETE", MethodFilter::DELETE, path.into(), access, describe, handler)
    }

    fn new(
        method: &'static str,
        filter: MethodFilter,
        path: Path,
        access: Access,
        describe: fn() -> Operation,
        handler: impl Handler,
    ) -> Self {
        let mount: Mount = Arc::new(move |front: Arc<Front>| {
            let handler = handler.clone();
            on(filter, move |State(app): State<Arc<App>>, request: Request| {
                let handler = handler.clone();
                front::run(app, front.clone(), request, move |call| handler.answer(call))
            })
        });
        Self { method, path, access, patient: false, describe, mount }
    }

    /// The same route, whose handler watches over the time it takes by itself.
    pub(crate) fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    /// The same route at another path.
    pub(crate) fn at(&self, path: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.into(), ..self.clone() }
    }

    /// Adds the route to `router`, its requests counted by `endpoint`.
    pub(crate) fn mount(&self, router: Router<Arc<App>>, endpoint: Arc<Endpoint>, dialect: &Dialect) -> Router<Arc<App>> {
        let front = Front {
            endpoint,
            access: self.access,
            of_callers_organisation: dialect.of_callers_organisation,
            credentials: dialect.credentials,
            across_sites: dialect.across_sites,
            patient: self.patient,
            render_error: dialect.render_error,
        };
        router.route(&self.path, (self.mount)(Arc::new(front)))
    }
}
