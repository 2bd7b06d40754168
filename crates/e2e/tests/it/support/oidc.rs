//! A real OpenID Connect provider run by node, and tokens that it would never sign.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// The API that tokens are asked for.
pub(crate) const AUDIENCE: &str = "https://datahall.test/api";

/// A running provider.
pub(crate) struct Provider {
    /// Its issuer URL.
    pub(crate) issuer: String,
    /// The private key it signs with, to make tokens with wrong claims and a right signature.
    pub(crate) signing_key: String,
    /// A private key it does not know.
    pub(crate) foreign_key: String,
    /// A private elliptic key it publishes as well.
    pub(crate) ec_key: String,
    /// The public half of the signing key, to try it as a shared secret.
    pub(crate) public_key: String,
    /// Absent where somebody else runs it. It ends itself when its input does, however this process ends.
    child: Option<(Child, ChildStdin)>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let modules = std::env::var("DATAHALL_NODE_MODULES").unwrap_or_else(|_| {
            panic!("DATAHALL_NODE_MODULES is not set: it names a node_modules folder with oidc-provider. Run `cargo xtask test`")
        });
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .env("DATAHALL_NODE_MODULES", modules)
            .env("AUDIENCE", AUDIENCE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        reader.read_line(&mut line).expect("the provider says where it is");
        // Whatever it prints later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        let input = child.stdin.take().expect("a pipe");
        Self::introduced(&line, Some((child, input)))
    }

    /// One for all tests: that which whoever runs them started and tells of, else one for this process.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Provider> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("DATAHALL_E2E_PROVIDER") {
            Ok(line) => Self::introduced(&line, None),
            Err(_) => Self::start(),
        })
    }

    fn introduced(line: &str, child: Option<(Child, ChildStdin)>) -> Self {
        let hello: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("the provider did not start ({error}): {line:?}"));
        let text = |key: &str| hello[key].as_str().expect("a text").to_owned();
        Self {
            issuer: text("issuer"),
            signing_key: text("signing_key"),
            foreign_key: text("foreign_key"),
            ec_key: text("ec_key"),
            public_key: text("public_key"),
            child,
        }
    }

    /// An access token as a service gets it: client credentials, for the API, with `scope`.
    pub(crate) async fn token(&self, client: &str, scope: &str) -> String {
        let form = format!("grant_type=client_credentials&resource={}&scope={}", escape(AUDIENCE), escape(scope));
        let response = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client")
            .post(format!("{}/token", self.issuer))
            .basic_auth(client, Some("client-secret"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .expect("the provider answers");
        let body: Value = response.json().await.expect("JSON");
        body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {body}")).to_owned()
    }

    /// Claims that are all in order.
    pub(crate) fn claims(&self, scope: &str) -> Value {
        let now = chrono::Utc::now().timestamp();
        json!({"iss": self.issuer, "aud": AUDIENCE, "sub": "robot", "iat": now, "exp": now + 600, "scope": scope})
    }

    /// `claims` signed with the provider's own key.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        sign(Algorithm::RS256, Some("rsa-1"), claims, &EncodingKey::from_rsa_pem(self.signing_key.as_bytes()).expect("a key"))
    }
}

/// `claims` signed with any key.
pub(crate) fn sign(algorithm: Algorithm, kid: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(Into::into);
    encode(&header, claims, key).expect("a token")
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
