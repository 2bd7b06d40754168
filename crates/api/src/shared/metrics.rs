//! Request counts and durations, per route and status, as Prometheus reads them.

use slot::Slot;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the duration buckets, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// The statuses that are counted one by one; every other one counts as the last.
const STATUSES: [u16; 23] =
    [200, 201, 202, 204, 206, 304, 307, 308, 400, 401, 403, 404, 405, 409, 412, 413, 416, 422, 429, 500, 503, 504, 507];

/// The counters of one route and method.
pub(crate) struct Endpoint {
    path: String,
    method: String,
    slots: Box<[Slot]>,
}

impl Endpoint {
    /// Counters that stand at zero.
    pub(crate) fn new(path: &str, method: &str) -> Arc<Self> {
        let slots = (0..=STATUSES.len()).map(|_| Slot::default()).collect();
        Arc::new(Self { path: path.to_owned(), method: method.to_owned(), slots })
    }

    /// The path, with `{name}` for the parameter.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Counts one answer.
    pub(crate) fn count(&self, status: u16, took: Duration) {
        let at = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        self.slots[at].count(took);
    }
}

/// Appends the counters of `endpoints` to `out`.
pub(crate) fn render(endpoints: &[Arc<Endpoint>], out: &mut String) {
    family(out, "datapress_http_requests_duration_seconds", "histogram", "Duration of requests, up to the head of the answer.");
    for (labels, slot) in used(endpoints) {
        slot.render(&labels, out);
    }
    family(out, "datapress_http_requests_total", "counter", "Requests answered.");
    for (labels, slot) in used(endpoints) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "datapress_http_requests_total{{{labels}}} {}", slot.total());
    }
}

/// Appends the two lines that head a family of metrics.
pub(crate) fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// `text` as the value of a label.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn used(endpoints: &[Arc<Endpoint>]) -> impl Iterator<Item = (String, &Slot)> {
    endpoints.iter().flat_map(|endpoint| {
        endpoint.slots.iter().enumerate().filter(|(_, slot)| slot.total() > 0).map(|(at, slot)| {
            let status = STATUSES.get(at).map_or("other".into(), u16::to_string);
            let (path, method) = (escape(&endpoint.path), escape(&endpoint.method));
            (format!("endpoint=\"{path}\",method=\"{method}\",status=\"{status}\""), slot)
        })
    })
}

mod slot {
    //! One histogram, counted without locks.

    use super::BOUNDS;
    use std::fmt::Write;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::time::Duration;

    /// One histogram.
    #[derive(Default)]
    pub(super) struct Slot {
        buckets: [AtomicU64; BOUNDS.len() + 1],
        nanos: AtomicU64,
    }

    impl Slot {
        pub(super) fn count(&self, took: Duration) {
            let seconds = took.as_secs_f64();
            let at = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
            self.buckets[at].fetch_add(1, Relaxed);
            self.nanos.fetch_add(took.as_nanos() as u64, Relaxed);
        }

        pub(super) fn total(&self) -> u64 {
            self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
        }

        pub(super) fn render(&self, labels: &str, out: &mut String) {
            const NAME: &str = "datapress_http_requests_duration_seconds";
            let mut below = 0;
            for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
                below += bucket.load(Relaxed);
                let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {below}");
            }
            below += self.buckets[BOUNDS.len()].load(Relaxed);
            let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {below}");
            let _ = writeln!(out, "{NAME}_sum{{{labels}}} {}", self.nanos.load(Relaxed) as f64 / 1e9);
            let _ = writeln!(out, "{NAME}_count{{{labels}}} {below}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_fall_into_cumulative_buckets() {
        let endpoint = Endpoint::new("/x/{name}", "GET");
        endpoint.count(200, Duration::from_millis(2));
        endpoint.count(200, Duration::from_millis(400));
        endpoint.count(418, Duration::from_secs(60));
        let mut out = String::new();
        render(&[endpoint], &mut out);
        for line in [
            r#"datapress_http_requests_duration_seconds_bucket{endpoint="/x/{name}",method="GET",status="200",le="0.0025"} 1"#,
            r#"datapress_http_requests_duration_seconds_bucket{endpoint="/x/{name}",method="GET",status="200",le="0.5"} 2"#,
            r#"datapress_http_requests_duration_seconds_bucket{endpoint="/x/{name}",method="GET",status="other",le="10"} 0"#,
            r#"datapress_http_requests_duration_seconds_bucket{endpoint="/x/{name}",method="GET",status="other",le="+Inf"} 1"#,
            r#"datapress_http_requests_total{endpoint="/x/{name}",method="GET",status="200"} 2"#,
        ] {
            assert!(out.lines().any(|found| found == line), "{line}\n{out}");
        }
    }
}
