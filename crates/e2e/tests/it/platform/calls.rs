//! Calls below `/api/datasets` and `/api/connectors` as one caller, and what several tests make first.

use crate::support::http_files::FileServer;
use crate::support::outside::{Outside, sqlite};
use crate::support::s3::{KEY_ID, S3Server, SECRET};
use crate::support::*;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody, with what he presents.
#[derive(Clone)]
pub(super) struct Caller<'a> {
    server: &'a Server,
    credential: String,
    organisation: Option<String>,
}

impl<'a> Caller<'a> {
    /// The administrator of the instance, in the default organisation.
    pub(super) fn admin(server: &'a Server) -> Self {
        Self { server, credential: format!("Bearer {ADMIN_TOKEN}"), organisation: None }
    }

    /// Somebody with that role in the organisation of that name.
    pub(super) async fn member(server: &'a Server, role: &str, organisation: &str) -> Self {
        let body = json!({"name": role, "role": role, "org": organisation, "sub": format!("{role} of {organisation}")});
        let made = server.admin_post("/api/auth/tokens", &body).await.expect(201).json();
        let credential = format!("Bearer {}", made["token"].as_str().expect("a token"));
        Self { server, credential, organisation: None }
    }

    /// The same, acting in another organisation.
    pub(super) fn at(&self, organisation: &str) -> Self {
        Self { organisation: Some(organisation.to_owned()), ..self.clone() }
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let method: Method = method.parse().expect("a method");
        let mut request = self.server.request(method, path).header("authorization", &self.credential);
        if let Some(organisation) = &self.organisation {
            request = request.header("x-org-id", organisation);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.server.send(request).await
    }

    /// Another caller, with that in `Authorization`.
    pub(super) fn with(&self, credential: &str) -> Self {
        Self { credential: credential.to_owned(), ..self.clone() }
    }

    /// Sends a form with a file.
    pub(super) async fn form(&self, path: &str, fields: &[(&str, String)], name: &str, content: &[u8]) -> Reply {
        const BOUNDARY: &str = "----datahall-form";
        let mut body = String::new();
        for (field, value) in fields {
            body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        }
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        let body = [body.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        let mut request = self.server.request(Method::POST, path).header("authorization", &self.credential);
        if let Some(organisation) = &self.organisation {
            request = request.header("x-org-id", organisation);
        }
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.server.send(request.header("content-type", kind).body(body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.call("PATCH", path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// Makes a connector; gives its id.
    pub(super) async fn connector(&self, name: &str, kind: &str, config: &Value) -> String {
        let body = json!({"name": name, "connector_type": kind, "config": config});
        let made = self.post("/api/connectors", &body).await.expect(201).json();
        assert_eq!(made["status"], "ok", "{made}");
        made["connector_id"].as_str().expect("an id").to_owned()
    }

    /// Makes a dataset of a table.
    pub(super) async fn dataset(&self, name: &str, connector: &str, schema: Option<&str>, table: &str) -> Value {
        let body = json!({"name": name, "connector_id": connector, "schema": schema, "source_table": table});
        self.post("/api/datasets", &body).await.expect(201).json()
    }

    /// The rows of an exploration.
    pub(super) async fn rows(&self, name: &str, question: &str) -> Value {
        self.get(&format!("/api/datasets/{name}/explore?{question}")).await.ok().json()["rows"].take()
    }

    /// Waits until a job has ended; gives it with its activities.
    pub(super) async fn ended(&self, job: &str) -> Value {
        wait_for("the end of a job", async || {
            let job = self.get(&format!("/api/jobs/{job}")).await.ok().json();
            ["DONE", "FAILED", "ABORTED"].contains(&job["state"].as_str().expect("a state")).then_some(job)
        })
        .await
    }
}

/// The status and the code of a refusal.
pub(super) fn refusal(reply: &Reply) -> (u16, String) {
    reply.message();
    (reply.status, reply.json()["error"].as_str().expect("a code").to_owned())
}

/// Asks until there is something; `what` is said if it never comes.
pub(super) async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Statements that make the table of [`orders`].
pub(super) const ORDERS_SQL: &str = "CREATE TABLE orders (id INTEGER NOT NULL, customer VARCHAR(40), amount DOUBLE PRECISION);
INSERT INTO orders VALUES (1, 'Ada', 10.5), (2, NULL, -0.25), (3, 'Zoe''s; DROP TABLE orders', 99.5);
CREATE TABLE people (n INTEGER); INSERT INTO people VALUES (7);
";

/// Three orders.
pub(super) fn orders() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let customers: ArrayRef = Arc::new(StringArray::from(vec![Some("Ada"), None, Some("Zoe's; DROP TABLE orders")]));
    let amounts: ArrayRef = Arc::new(Float64Array::from(vec![10.5, -0.25, 99.5]));
    fixtures::batch(vec![("id", ids), ("customer", customers), ("amount", amounts)])
}

/// A connector's type and settings, where the table of orders is behind it, and what keeps it there.
pub(super) struct Shop {
    pub(super) kind: &'static str,
    pub(super) config: Value,
    pub(super) schema: Option<String>,
    pub(super) table: &'static str,
    _kept: Box<dyn std::any::Any + Send>,
}

/// The orders behind a connector of each type that needs nothing from outside this machine.
pub(super) async fn shops() -> Vec<Shop> {
    let mut shops = Vec::new();
    let mut add = |kind, config: Value, schema: Option<&str>, table, kept: Box<dyn std::any::Any + Send>| {
        shops.push(Shop { kind, config, schema: schema.map(str::to_owned), table, _kept: kept });
    };
    let postgres = Outside::postgres(ORDERS_SQL);
    add("postgresql", postgres.config(), Some("public"), "orders", Box::new(postgres));
    let mariadb = Outside::mariadb(ORDERS_SQL);
    add("mysql", mariadb.config(), Some(mariadb.schema().to_owned().as_str()), "orders", Box::new(mariadb));
    let scratch = Scratch::new();
    sqlite(&scratch.path("shop.db"), ORDERS_SQL);
    add("sqlite", json!({"path": scratch.path("shop.db")}), Some("main"), "orders", Box::new(scratch));
    let scratch = Scratch::new();
    scratch.parquet("root/sales/orders.parquet", &orders());
    add("filesystem", json!({"root": scratch.path("root")}), Some("sales"), "orders", Box::new(scratch));
    let scratch = Scratch::new();
    scratch.parquet("root/sales/orders/part-0.parquet", &orders());
    add("lakehouse", json!({"root": scratch.path("root")}), Some("sales"), "orders", Box::new(scratch));
    let s3 = S3Server::start().await;
    s3.put("shop", "data/sales/orders.parquet", &fixtures::parquet_bytes(&orders()));
    let config = json!({"bucket": "shop", "prefix": "data", "endpoint": s3.endpoint, "region": "us-east-1", "path_style": true,
        "allow_http": true, "access_key_id": KEY_ID, "secret_access_key": SECRET});
    add("s3", config, Some("sales"), "orders", Box::new(s3));
    let scratch = Scratch::new();
    scratch.parquet("sales/orders.parquet", &orders());
    let http = FileServer::start(scratch.root()).await;
    add("http", json!({"base_url": http.base}), None, "sales/orders.parquet", Box::new((http, scratch)));
    shops
}
