//! `GET /metrics`: what an operator watches, as Prometheus reads it.

use crate::shared::call::Call;
use crate::shared::metrics::{self, escape, family};
use crate::shared::openapi::Operation;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use datahall_core::Result;
use datahall_service::{Ctx, Principal, Stats, Status};
use serde_json::json;
use std::fmt::Write;

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn describe() -> Operation {
    let text = json!({"text/plain": {"schema": {"type": "string"}}});
    Operation::new("probes", "metrics", "Counters for Prometheus").content(200, "Text format 0.0.4", text, json!({}))
}

pub(super) async fn handle(call: Call) -> Result<Response> {
    let mut out = String::with_capacity(16 << 10);
    metrics::render(&call.app.endpoints, &mut out);
    gauges(&call.service().stats(), &mut out);
    // Anybody may look here, so only what anybody may list is named.
    let nobody = Ctx { principal: Principal::nobody(true), ..call.ctx.clone() };
    refreshes(&call.service().list(&nobody).await.unwrap_or_default(), &mut out);
    let mut response = Response::new(Body::from(out));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    Ok(response)
}

fn gauges(stats: &Stats, out: &mut String) {
    let plain = [
        ("datapress_datasets_published", "gauge", "Datasets that can be read.", stats.published),
        ("datapress_datasets_pending", "gauge", "Datasets not loaded yet.", stats.pending),
        ("datapress_datasets_failed", "gauge", "Datasets that could not be loaded.", stats.failed),
        ("datapress_saved_queries", "gauge", "Saved queries.", stats.saved_queries),
        (
            "datapress_memory_bytes",
            "gauge",
            "Bytes of rows held in memory, of datasets of which nothing is kept from anybody.",
            stats.memory_bytes,
        ),
        ("datapress_queries_running", "gauge", "Queries running.", stats.queries_running),
        ("datapress_queries_admitted_total", "counter", "Queries let in.", stats.queries_admitted),
        ("datapress_refresh_running", "gauge", "Loads going on.", stats.loads_running),
        ("datapress_refresh_success_total", "counter", "Loads that succeeded.", stats.loads),
        ("datapress_refresh_failure_total", "counter", "Loads that failed.", stats.load_failures),
    ];
    for (name, kind, help, value) in plain {
        family(out, name, kind, help);
        let _ = writeln!(out, "{name} {value}");
    }
    let refused = "datapress_queries_refused_total";
    family(out, refused, "counter", "Queries refused because too many were running: of all callers, or of that one.");
    for (reason, value) in [("capacity", stats.queries_refused_full), ("caller", stats.queries_refused_caller)] {
        let _ = writeln!(out, "{refused}{{reason=\"{reason}\"}} {value}");
    }
}

fn refreshes(datasets: &[Status], out: &mut String) {
    let mut each = |name: &str, help: &str, value: &dyn Fn(&Status) -> Option<f64>| {
        family(out, name, "gauge", help);
        for status in datasets {
            if let Some(value) = value(status) {
                let _ = writeln!(out, "{name}{{dataset=\"{}\"}} {value}", escape(&status.name));
            }
        }
    };
    each("datapress_refresh_last_success_timestamp_seconds", "When the rows served now were loaded.", &|status| {
        status.last_refresh_at.map(|at| at.timestamp() as f64)
    });
    each("datapress_refresh_last_duration_seconds", "How long that load took.", &|status| {
        status.last_refresh_duration_ms.map(|ms| ms as f64 / 1000.0)
    });
    each("datapress_refresh_consecutive_failures", "Failed loads since the last good one.", &|status| {
        Some(f64::from(status.consecutive_failures))
    });
}
