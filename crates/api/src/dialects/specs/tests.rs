//! The registry of data packages over the whole router.

mod across;
mod events;
mod file;
mod status;
mod update;
mod upload;

use crate::testing::{Answer, Api, session};
use axum::body::Body;
use datahall_service::{Ctx, Hidden, Home, NewUser, Principal, Settings};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../service/src/auth/testdata");

/// A router that takes the tokens of [`token`] and reads sources below `folder`.
struct Registry {
    api: Api,
    folder: TempDir,
}

fn signed(claims: &Value) -> String {
    let key = std::fs::read(Path::new(KEYS).join("test-only-rsa.pem")).unwrap();
    encode(&Header::new(Algorithm::RS256), claims, &EncodingKey::from_rsa_pem(&key).unwrap()).unwrap()
}

/// A token for `owner`, who may have so many packages.
fn token(owner: &str, packages: u64) -> String {
    signed(&json!({"userid": owner, "permissions": {"max_dataset_num": packages}, "service": "source"}))
}

/// The secret of a session of somebody who administers the instance.
async fn administrator(api: &Api) -> String {
    let password = "correct horse";
    let login = "boss".to_owned();
    let new = NewUser { login, password: Some(Hidden(password.into())), admin: true, ..NewUser::default() };
    let ctx = Ctx { principal: Principal::admin(), request_id: String::new(), address: None, home: Home::default() };
    api.service.create_user(&ctx, new).await.unwrap();
    session(api, "boss", password).await
}

impl Registry {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Where nobody here runs pipelines.
    async fn waiting() -> Self {
        Self::with(|settings| settings.specs.run_pipelines = false).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        std::fs::write(root.join("icon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
        let api = Api::with(|settings| {
            settings.auth.jwt.public_key_file = Some(Path::new(KEYS).join("test-only-rsa.pub.pem"));
            settings.security.allowed_roots = Some(vec![root]);
            change(settings);
        })
        .await;
        Self { api, folder }
    }

    /// A spec of one file that is no table.
    fn spec(&self, owner: &str, dataset: &str, findability: &str) -> Value {
        json!({
            "meta": {"owner": "Somebody", "ownerid": owner, "dataset": dataset, "findability": findability},
            "inputs": [{"kind": "datapackage", "url": self.folder.path().join("datapackage.json"), "parameters": {
                "descriptor": {"name": dataset, "resources": [{"name": "icon", "path": "icon.svg"}]}}}],
        })
    }

    /// A spec of one table, `people`, of which these are the lines.
    fn table(&self, owner: &str, dataset: &str, findability: &str, lines: &[&str]) -> Value {
        std::fs::write(self.folder.path().join("people.csv"), format!("name,born\n{}\n", lines.join("\n"))).unwrap();
        let fields = json!([{"name": "name", "type": "string"}, {"name": "born", "type": "date"}]);
        let mut spec = self.spec(owner, dataset, findability);
        spec["inputs"][0]["parameters"]["descriptor"]["resources"] =
            json!([{"name": "people", "path": "people.csv", "schema": {"fields": fields}}]);
        spec
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.api.post_with(path, &[("auth-token", token)], &body.to_string()).await
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.api.send("GET", path, &[("auth-token", token)], Body::empty()).await
    }

    /// Uploads what must be taken; gives the id of its flow.
    async fn uploaded(&self, token: &str, spec: &Value) -> String {
        let answer = self.post("/source/upload", token, spec).await;
        assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(true)), "{}", answer.text());
        answer.json()["flow_id"].as_str().unwrap().to_owned()
    }

    /// The status of a flow once it has ended.
    async fn ended(&self, flow: &str) -> Value {
        for _ in 0..3000 {
            let status = self.api.get(&format!("/source/{flow}")).await.json();
            if ["SUCCEEDED", "FAILED"].contains(&status["state"].as_str().unwrap()) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{flow} does not end");
    }

    /// The same of one that must end well.
    async fn made(&self, token: &str, spec: &Value) -> String {
        let flow = self.uploaded(token, spec).await;
        let status = self.ended(&flow).await;
        assert_eq!(status["state"], "SUCCEEDED", "{status:#}");
        flow
    }
}
