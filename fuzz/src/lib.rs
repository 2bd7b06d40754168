//! The whole server in this process, without a socket: what the fuzz targets post to.

use arrow::array::{BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use datahall_core::clock::{SystemClock, SystemRandom};
use datahall_core::dataset::{Location, S3Options};
use datahall_engine::{DataFusionEngine, Options};
use datahall_service::{Catalog, Deps, Environment, HttpFetch, NetCourier, Service, Settings};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// How many rows the one table has.
pub const ROWS: i64 = 5;

/// A server with one table `t`, and the folder it must leave alone.
pub struct Server {
    runtime: Runtime,
    router: Router,
    folder: tempfile::TempDir,
    files: BTreeSet<PathBuf>,
}

impl Server {
    /// Starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a data folder");
        write_table(&data.join("t.parquet"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let router = runtime.block_on(router(folder.path(), &data.join("t.parquet")));
        let files = files(&data);
        let server = Self { runtime, router, folder, files };
        // Tables load in the background.
        while server.post("/api/v1/datasets/t/count", b"").0 == StatusCode::SERVICE_UNAVAILABLE {
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    /// Posts `body` and gives the status and the answer, which must be one that a caller may get for anything he sends:
    /// never a fault of the server, and JSON when it is a refusal.
    pub fn post(&self, path: &str, body: &[u8]) -> (StatusCode, Vec<u8>) {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_vec()));
        let (status, answer) = self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
            let status = response.status();
            (status, axum::body::to_bytes(response.into_body(), usize::MAX).await)
        });
        let answer = answer.map(|bytes| bytes.to_vec()).unwrap_or_default();
        assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{status}: {}", String::from_utf8_lossy(&answer));
        if !status.is_success() {
            let error: serde_json::Value = serde_json::from_slice(&answer).expect("a refusal is JSON");
            assert!(error["error"].is_string(), "{error}");
        }
        (status, answer)
    }

    /// Checks that nothing was written and the table is as it was.
    pub fn is_unharmed(&self) {
        assert_eq!(files(&self.folder.path().join("data")), self.files, "files came or went");
        let (status, answer) = self.post("/api/v1/datasets/t/count", b"{}");
        assert_eq!((status, answer), (StatusCode::OK, format!("{{\"count\":{ROWS}}}").into_bytes()));
    }
}

async fn router(folder: &Path, table: &Path) -> Router {
    let config = folder.join("datasets.toml");
    let head = "[server]\nrequest_timeout_ms = 10000\n[sql]\nenabled = true\n";
    let source = format!("{{ kind = \"parquet\", location = '{}' }}", table.display());
    std::fs::write(&config, format!("{head}[[dataset]]\nname = \"t\"\nsource = {source}\n")).expect("a configuration");
    let environment = Environment::fixed(&[]);
    let settings = Settings::load(&config, &environment).expect("settings");
    let options = Options {
        memory_budget_bytes: 64 << 20,
        query_memory_bytes: 64 << 20,
        spill_bytes: 64 << 20,
        spill_dir: folder.join("spill"),
        lake: Location { url: folder.join("lake").display().to_string(), s3: S3Options::default() },
        lakehouse: folder.join("lakehouse"),
        threads: 2,
    };
    let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SystemRandom));
    let records = format!("sqlite:{}", folder.join("catalog.db").display());
    let deps = Deps {
        engine: DataFusionEngine::new(options).expect("an engine"),
        catalog: Catalog::open(&records, clock.clone(), random.clone()).await.expect("a catalog"),
        clock: clock.clone(),
        random: random.clone(),
        fetch: Arc::new(HttpFetch::new().expect("a client")),
        courier: Arc::new(NetCourier::new().expect("a client")),
        environment,
        settings,
        config_path: None,
        data_dir: folder.join("server"),
        admin_token: None,
    };
    let service = Service::start(deps).await.expect("a service");
    datahall_api::router(service, clock, &*random)
}

fn write_table(path: &Path) {
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS)) as _),
        ("x", Arc::new(Float64Array::from(vec![Some(0.5), Some(-0.0), None, Some(f64::NAN), Some(1e300)])) as _),
        ("text", Arc::new(StringArray::from(vec![Some("a"), Some(""), None, Some("\u{1F600}"), Some("%_\\")])) as _),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(19_782), None, Some(-1), Some(2_932_896)])) as _),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true), Some(true)])) as _),
    ])
    .expect("a batch");
    let file = std::fs::File::create(path).expect("a file");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("rows written");
    writer.close().expect("a file written");
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be listed");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_targets_post_to_answers_and_refuses_and_stays_unharmed() {
        let server = Server::start();
        for (path, body, status) in [
            ("/api/v1/datasets/t/query", r#"{"predicates":[{"col":"id","op":"gt","val":2}]}"#, StatusCode::OK),
            ("/api/v1/datasets/t/query", "{\"columns\":[\"\u{0}\"]}", StatusCode::BAD_REQUEST),
            ("/api/v1/datasets/t/count", "[[[", StatusCode::BAD_REQUEST),
            ("/api/v1/sql", r#"{"sql":"SELECT count(*) FROM t"}"#, StatusCode::OK),
            ("/api/v1/sql", r#"{"sql":"CREATE TABLE u AS SELECT * FROM t"}"#, StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(server.post(path, body.as_bytes()).0, status, "{path} {body}");
        }
        server.is_unharmed();
    }
}
