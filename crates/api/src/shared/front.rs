//! What happens to every request before and after its operation: an id, who asks, whether he may, the time limit, the
//! error's shape, counters and the log line. One function rather than a stack of layers, which would cost each request more.

use super::call::{App, Call};
use super::metrics::Endpoint;
use super::route::{Access, RenderError};
use super::rows::Deadline;
use super::{across, body, forwarded, ids};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::response::Response;
use datahall_core::{Code, Error, Result};
use datahall_service::{Credentials, Ctx, Home, Principal};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// Stands in the log where no status was sent.
const CLIENT_GONE: u16 = 499;

/// What is known of a route before any request comes.
pub(crate) struct Front {
    /// Its counters.
    pub(crate) endpoint: Arc<Endpoint>,
    /// Who may call it.
    pub(crate) access: Access,
    /// As [`Route::patient`](super::route::Route::patient).
    pub(crate) patient: bool,
    /// As [`Dialect::of_callers_organisation`](super::dialect::Dialect::of_callers_organisation).
    pub(crate) of_callers_organisation: bool,
    /// As [`Dialect::credentials`](super::dialect::Dialect::credentials).
    pub(crate) credentials: fn(&Parts) -> Credentials,
    /// As [`Dialect::across_sites`](super::dialect::Dialect::across_sites).
    pub(crate) across_sites: bool,
    /// How its dialect writes an error.
    pub(crate) render_error: RenderError,
}

/// Runs one request through `handler`.
pub(crate) async fn run<F, Fut>(app: Arc<App>, front: Arc<Front>, request: Request, handler: F) -> Response
where
    F: FnOnce(Call) -> Fut,
    Fut: Future<Output = Result<Response>>,
{
    let started = app.clock.monotonic();
    let id = app.ids.of(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let origin = if front.across_sites { across::origin(request.headers()) } else { None };
    let deadline = Deadline { clock: app.clock.clone(), at: app.timeout.map(|timeout| started + timeout) };
    let line = Line { id: &id, method: &method, uri: &uri, started };
    let gone = Gone { app: &app, endpoint: &front.endpoint, line, armed: true };
    let work = AssertUnwindSafe(judge_and_handle(&app, &front, request, id.clone(), deadline, handler)).catch_unwind();
    let result = match app.timeout.filter(|_| !front.patient) {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Ok(Err(timed_out()))),
    };
    let result = result.unwrap_or_else(|panic| Err(Error::internal(format_args!("panic: {}", panic_text(&*panic)))));
    let mut response = match result {
        Ok(response) => response,
        Err(error) => {
            log_error(&id, &error);
            (front.render_error)(&error, &id)
        }
    };
    gone.disarm();
    if front.across_sites {
        across::allow(origin, &mut response);
    }
    finish(&app, &front.endpoint, &mut response, &line);
    response
}

/// Counts and logs a request whose client went away before there was an answer: its future is dropped, and this with it.
struct Gone<'a> {
    app: &'a App,
    endpoint: &'a Endpoint,
    line: Line<'a>,
    armed: bool,
}

impl Gone<'_> {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        if self.armed {
            record(self.app, self.endpoint, CLIENT_GONE, &self.line);
        }
    }
}

/// What the log line says of a request.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) started: Duration,
}

/// Puts on the headers every answer has, counts it and logs it.
pub(crate) fn finish(app: &App, endpoint: &Endpoint, response: &mut Response, line: &Line<'_>) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(line.id) {
        headers.insert(ids::HEADER, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    record(app, endpoint, response.status().as_u16(), line);
}

fn record(app: &App, endpoint: &Endpoint, status: u16, line: &Line<'_>) {
    let took = app.clock.monotonic().saturating_sub(line.started);
    endpoint.count(status, took);
    tracing::info!(
        target: "datahall::request",
        id = line.id,
        method = line.method.as_str(),
        path = line.uri.path(),
        status,
        duration_ms = took.as_micros() as f64 / 1000.0,
        "request"
    );
}

async fn judge_and_handle<F, Fut>(
    app: &Arc<App>,
    front: &Front,
    request: Request,
    id: String,
    deadline: Deadline,
    handler: F,
) -> Result<Response>
where
    F: FnOnce(Call) -> Fut,
    Fut: Future<Output = Result<Response>>,
{
    let (parts, request_body) = request.into_parts();
    let address = forwarded::sender(&parts, app.service.settings()).address;
    let mut ctx = Ctx { principal: Principal::nobody(false), request_id: id, address, home: Home::default() };
    if let Err(error) = judge(app, front, &parts, &mut ctx).await {
        app.service.note_refusal(&ctx, &format!("{} {}", parts.method, front.endpoint.path()), parts.uri.path(), &error);
        body::drain(&parts.headers, request_body);
        return Err(error);
    }
    handler(Call { app: app.clone(), ctx, parts, body: request_body, deadline }).await
}

/// Finds out who asks and whether he may, before anything of the body is read.
async fn judge(app: &App, front: &Front, parts: &Parts, ctx: &mut Ctx) -> Result<()> {
    if front.access == Access::Open {
        return Ok(());
    }
    let identified = app.service.identify(&(front.credentials)(parts)).await;
    ctx.principal = match identified {
        Err(error) if front.access == Access::Asked && is_refusal(&error) => Principal::nobody(false),
        identified => identified?,
    };
    if front.of_callers_organisation {
        app.service.enter(ctx, organisation(parts)?).await?;
    }
    match front.access {
        Access::Open | Access::Asked => Ok(()),
        Access::Read => app.service.require_read(ctx),
        Access::Admin => app.service.require_admin(ctx),
        Access::Manage => app.service.require_manage(ctx),
        Access::Known | Access::Editor => app.service.require_known(ctx),
        Access::OrganisationAdmin => app.service.require_organisation_admin(ctx),
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.code(), Code::Unauthenticated | Code::Forbidden)
}

/// The organisation that the request names.
fn organisation(parts: &Parts) -> Result<Option<&str>> {
    let mut named = parts.headers.get_all("x-org-id").iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => {
            one.to_str().map(|name| Some(name.trim())).map_err(|_| Error::forbidden("forbidden: X-Org-Id names no organisation"))
        }
        _ => Err(Error::forbidden("forbidden: X-Org-Id is there twice")),
    }
}

fn timed_out() -> Error {
    Error::new(Code::Timeout, "request timed out")
}

fn log_error(id: &str, error: &Error) {
    let detail = error.detail().unwrap_or_default();
    match error.code() {
        Code::Internal | Code::StorageFull => tracing::error!(request_id = id, error = error.message(), detail, "request failed"),
        _ if error.detail().is_some() => tracing::info!(request_id = id, error = error.message(), detail, "request refused"),
        _ => tracing::debug!(request_id = id, error = error.message(), "request refused"),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}
