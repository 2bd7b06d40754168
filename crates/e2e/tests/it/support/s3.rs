//! An S3 server in this process, over a folder, that checks signatures.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::host::SingleDomain;
use s3s::service::S3ServiceBuilder;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The key id it accepts.
pub(crate) const KEY_ID: &str = "AKIDTESTTESTTEST";
/// The secret it accepts.
pub(crate) const SECRET: &str = "test/secret+key/0123456789";

/// The domain whose subdomains are buckets.
pub(crate) const DOMAIN: &str = "s3.test";

/// Serves buckets until dropped.
pub(crate) struct S3Server {
    /// As in `http://127.0.0.1:4321`.
    pub(crate) endpoint: String,
    root: TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl S3Server {
    /// Starts it; buckets may be addressed in the path, and in the host name below [`DOMAIN`] when it is used as a proxy.
    pub(crate) async fn start() -> Self {
        let root = TempDir::new().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let service = {
            let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).expect("a store"));
            builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
            builder.set_host(SingleDomain::new(DOMAIN).expect("a domain"));
            builder.build()
        };
        let task = tokio::spawn(async move {
            // Connections end with the server, as they would when its machine goes away.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                connections.spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { endpoint: format!("http://127.0.0.1:{port}"), root, task }
    }

    /// The folder behind `bucket`, made if need be.
    pub(crate) fn bucket(&self, name: &str) -> PathBuf {
        let path = self.root.path().join(name);
        std::fs::create_dir_all(&path).expect("a bucket");
        path
    }

    /// Puts a file.
    pub(crate) fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let path = self.bucket(bucket).join(key);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("folders of the key");
        std::fs::write(path, bytes).expect("an object");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
