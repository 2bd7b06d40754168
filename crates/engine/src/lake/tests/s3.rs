//! An S3 server in this process that puts conditionally one at a time: the file store behind it looks first and writes then.

use datahall_core::dataset::S3Options;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub(crate) const KEY_ID: &str = "AKIDTESTTESTTEST";
pub(crate) const SECRET: &str = "test/secret+key/0123456789";
pub(crate) const BUCKET: &str = "lake";

pub(crate) struct S3Server {
    pub(crate) endpoint: String,
    pub(crate) root: TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl S3Server {
    pub(crate) async fn start() -> Self {
        let root = TempDir::new().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let (store, one) = (builder.build(), Arc::new(Mutex::new(())));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (store, one) = (store.clone(), one.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (store, one) = (store.clone(), one.clone());
                    async move {
                        let conditional = ["if-match", "if-none-match"].iter().any(|name| request.headers().contains_key(*name));
                        let _alone = if conditional { Some(one.lock().await) } else { None };
                        Service::call(&store, request).await
                    }
                });
                connections.spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { endpoint, root, task }
    }

    /// How it is reached.
    pub(crate) fn options(&self) -> S3Options {
        S3Options {
            endpoint: Some(self.endpoint.clone()),
            region: Some("us-east-1".into()),
            path_style: true,
            allow_http: true,
            access_key_id: Some(KEY_ID.into()),
            secret_access_key: Some(SECRET.into()),
            ..S3Options::default()
        }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
