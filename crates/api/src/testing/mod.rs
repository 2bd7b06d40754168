//! A router with one dataset, `small`, and requests to it.

mod engine;
// What the fake engine of `service` does, too.
#[path = "../../../service/src/testing/policed.rs"]
mod policed;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use datahall_core::Result;
use datahall_core::clock::{SystemClock, SystemRandom};
use datahall_service::{
    Catalog, Ctx, DatasetBlock, Deps, Environment, Fetch, Hidden, Home, NetCourier, NewUser, Principal, Service, Settings,
};
use engine::SmallEngine;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt;

/// The administrator's secret.
pub(crate) const ADMIN: (&str, &str) = ("x-admin-token", "s3cret");

/// A running router.
pub(crate) struct Api {
    router: Router,
    pub(crate) service: Arc<Service>,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

struct NoFetch;

#[async_trait]
impl Fetch for NoFetch {
    async fn get(&self, url: &str) -> Result<Vec<u8>> {
        Err(datahall_core::Error::unavailable(url.to_owned()))
    }
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("small.parquet"), "x").unwrap();
        let mut settings = Settings::default();
        settings.sql.enabled = true;
        settings.metrics.enabled = true;
        let location = folder.path().join("small.parquet");
        let block = serde_json::json!({"name": "small", "source": {"kind": "parquet", "location": location}});
        settings.datasets.push(DatasetBlock::from_json(block.to_string().as_bytes()).unwrap());
        change(&mut settings);
        let clock = Arc::new(SystemClock::new());
        let url = format!("sqlite:{}", folder.path().join("catalog.db").display());
        let service = Service::start(Deps {
            engine: Arc::new(SmallEngine),
            catalog: Catalog::open(&url, clock.clone(), Arc::new(SystemRandom)).await.unwrap(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            fetch: Arc::new(NoFetch),
            courier: Arc::new(NetCourier::new().unwrap()),
            environment: Environment::fixed(&[]),
            settings,
            config_path: None,
            data_dir: folder.path().to_path_buf(),
            admin_token: Some(ADMIN.1.into()),
        })
        .await
        .unwrap();
        let api = Self { router: crate::router(service.clone(), clock, &SystemRandom), service, _folder: folder };
        for _ in 0..500 {
            if api.get("/readyz").await.status == 200 {
                return api;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("not ready: {}", api.get("/readyz").await.text());
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, &[], body).await
    }

    pub(crate) async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, Body::from(body.to_owned())).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.request(request.body(body).unwrap()).await
    }

    /// As [`Api::request`], its body unread.
    pub(crate) async fn response(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn request(&self, request: Request<Body>) -> Answer {
        let response = self.response(request).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// Makes a token with this role in the default organisation; gives the header that presents it.
pub(crate) async fn token(api: &Api, role: &str) -> (&'static str, String) {
    let body = serde_json::json!({"name": role, "role": role});
    let answer = api.post_with("/api/auth/tokens", &[ADMIN], &body.to_string()).await;
    ("authorization", format!("Bearer {}", answer.json()["token"].as_str().unwrap()))
}

/// Makes a user.
pub(crate) async fn user(api: &Api, login: &str, password: &str) {
    let new = NewUser { login: login.into(), password: Some(Hidden(password.into())), ..NewUser::default() };
    let ctx = Ctx { principal: Principal::admin(), request_id: String::new(), address: None, home: Home::default() };
    api.service.create_user(&ctx, new).await.unwrap();
}

/// Logs a user in; gives the session's secret.
pub(crate) async fn session(api: &Api, login: &str, password: &str) -> String {
    let body = serde_json::json!({"username": login, "password": password});
    let answer = api.post("/api/auth/login", &body.to_string()).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}
