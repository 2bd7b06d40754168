//! Tokens that must count and tokens that must not, on keys that are for these tests alone.

use super::*;
use crate::testing::{FakeClock, random};
use crate::{PrincipalKind, home};
use async_trait::async_trait;
use datahall_catalog::Catalog;
use datahall_core::access::Scope;
use datahall_core::privilege::{self, Privileges, Role};
use datahall_core::{Code, Error};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parking_lot::Mutex;
use serde_json::{Value, json};

mod judged;
mod owners;

const PRIVATE: &[u8] = include_bytes!("testdata/test-only-rsa.pem");
const PUBLIC: &str = include_str!("testdata/test-only-rsa.pub.pem");
const MODULUS: &str = include_str!("testdata/test-only-rsa.modulus");
const OTHER_PRIVATE: &[u8] = include_bytes!("testdata/test-only-other-rsa.pem");
const ISSUER: &str = "https://id.example/realm";

/// A provider that gives one key under a name that can be changed.
struct FakeProvider {
    key_id: Mutex<String>,
    down: Mutex<bool>,
    fetches: Mutex<usize>,
}

#[async_trait]
impl Fetch for FakeProvider {
    async fn get(&self, url: &str) -> Result<Vec<u8>> {
        if *self.down.lock() {
            return Err(Error::unavailable("down"));
        }
        let body = match url {
            "https://id.example/realm/.well-known/openid-configuration" => {
                json!({"issuer": ISSUER, "jwks_uri": "https://id.example/keys", "other": 1})
            }
            "https://id.example/keys" => {
                *self.fetches.lock() += 1;
                json!({"keys": [
                    {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"},
                    {"kty": "quantum", "kid": "later"},
                    {"kty": "RSA", "kid": "enc", "use": "enc", "n": MODULUS, "e": "AQAB"},
                    {"kty": "RSA", "kid": *self.key_id.lock(), "use": "sig", "alg": "RS256", "n": MODULUS, "e": "AQAB"},
                ]})
            }
            _ => return Err(Error::internal(url)),
        };
        Ok(serde_json::to_vec(&body).unwrap())
    }
}

struct Setting {
    authenticator: Authenticator,
    provider: Arc<FakeProvider>,
    clock: Arc<FakeClock>,
    directory: Arc<Directory>,
    _folder: tempfile::TempDir,
}

fn settings() -> Auth {
    Auth {
        enabled: true,
        issuer: ISSUER.into(),
        audience: "datahall".into(),
        read_scopes: vec!["datasets:read".into()],
        reload_scopes: vec!["datasets:reload".into()],
        ..Auth::default()
    }
}

async fn set_up(settings: Auth) -> Setting {
    let provider = Arc::new(FakeProvider { key_id: Mutex::new("k1".into()), down: Mutex::new(false), fetches: Mutex::new(0) });
    let clock = FakeClock::new();
    let environment = Environment::fixed(&[("JWT_SECRET", "a shared secret")]);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("catalog.db").display());
    let catalog = Catalog::open(&url, clock.clone(), random()).await.unwrap();
    home::ensure(&catalog).await.unwrap();
    let directory = Arc::new(Directory::new(catalog, clock.clone()).0);
    let secret = Some("secret".into());
    let authenticator =
        Authenticator::new(&settings, secret, provider.clone(), directory.clone(), clock.clone(), &environment).await.unwrap();
    Setting { authenticator, provider, clock, directory, _folder: folder }
}

impl Setting {
    fn claims(&self, changes: Value) -> Value {
        let now = self.clock.now().timestamp();
        let mut claims =
            json!({"iss": ISSUER, "aud": "datahall", "sub": "ann", "exp": now + 600, "scope": "openid Datasets:READ"});
        for (key, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(key)
            } else {
                claims.as_object_mut().unwrap().insert(key.clone(), value.clone())
            };
        }
        claims
    }

    async fn present(&self, token: &str) -> Result<Principal> {
        let credentials = Credentials { authorization: Some(format!("Bearer {token}")), ..Credentials::default() };
        self.authenticator.identify(&credentials).await
    }

    async fn signed(&self, changes: Value) -> Result<Principal> {
        self.present(&sign(Some("k1"), &self.claims(changes), PRIVATE)).await
    }
}

fn sign(kid: Option<&str>, claims: &Value, key: &[u8]) -> String {
    let header = Header { kid: kid.map(Into::into), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &EncodingKey::from_rsa_pem(key).unwrap()).unwrap()
}

/// What a principal holds on the default project.
fn held(principal: &Principal) -> Privileges {
    principal.grants.on(&home::scope())
}

fn code(outcome: Result<Principal>) -> Option<Code> {
    outcome.err().map(|error| error.code())
}

#[tokio::test]
async fn a_good_token_gives_its_scopes() {
    let setting = set_up(settings()).await;
    let principal = setting.signed(json!({"scp": ["Other"]})).await.unwrap();
    assert_eq!(principal.label(), "ann");
    assert_eq!(held(&principal), privilege::of_public_datasets());
    assert!(principal.reads_public);
    let admin = setting.signed(json!({"scope": null, "scp": "datasets:read datasets:reload datasets:manage"})).await.unwrap();
    assert!(held(&admin).contain_all(privilege::of_operators().union(privilege::of_public_datasets())));
    let none = setting.signed(json!({"scope": null})).await.unwrap();
    assert!(held(&none).is_empty() && !none.reads_public);
    let nobody = setting.authenticator.identify(&Credentials::default()).await.unwrap();
    assert_eq!(nobody, Principal::nobody(false));
    assert!(setting.present(&sign(None, &setting.claims(json!({})), PRIVATE)).await.is_ok(), "the only key that fits");
    assert!(setting.signed(json!({"aud": ["x", "datahall"]})).await.is_ok());
    assert!(setting.signed(json!({"iss": format!("{ISSUER}/")})).await.is_err());
}

#[tokio::test]
async fn what_a_token_says_must_hold() {
    let setting = set_up(settings()).await;
    let now = setting.clock.now().timestamp();
    for (what, changes) in [
        ("another issuer", json!({"iss": "https://evil.example"})),
        ("no issuer", json!({"iss": null})),
        ("another audience", json!({"aud": "other"})),
        ("no audience", json!({"aud": null})),
        ("an empty list of audiences", json!({"aud": []})),
        ("expired", json!({"exp": now - 61})),
        ("never expires", json!({"exp": null})),
        ("expires in words", json!({"exp": "tomorrow"})),
        ("not yet", json!({"nbf": now + 3600})),
        ("not before in words", json!({"nbf": "now"})),
    ] {
        assert_eq!(code(setting.signed(changes).await), Some(Code::Unauthenticated), "{what}");
    }
    assert!(setting.signed(json!({"exp": now - 59})).await.is_ok(), "within the leeway");
    assert!(setting.signed(json!({"nbf": now + 59})).await.is_ok(), "within the leeway");
}

#[tokio::test]
async fn signatures_must_hold() {
    let setting = set_up(settings()).await;
    let claims = setting.claims(json!({}));
    let good = sign(Some("k1"), &claims, PRIVATE);
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = |header: &str| {
        use base64::Engine;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.", encode(header), encode(&claims.to_string()))
    };
    let shared = |secret: &[u8], kid: &str| {
        let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let other = sign(Some("k1"), &setting.claims(json!({"sub": "bob"})), PRIVATE);
    for (what, token) in [
        ("alg none", unsigned(r#"{"alg":"none","kid":"k1"}"#)),
        ("alg None", unsigned(r#"{"alg":"None","kid":"k1"}"#)),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("another token's signature", format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2])),
        ("the public key as a shared secret", shared(PUBLIC.as_bytes(), "k1")),
        ("the provider's shared key", shared(b"secret", "shared")),
        ("somebody else's key", sign(Some("k1"), &claims, OTHER_PRIVATE)),
        ("an unknown key", sign(Some("k2"), &claims, PRIVATE)),
        ("a key for encryption", sign(Some("enc"), &claims, PRIVATE)),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("no token", "x".into()),
        ("a long one", "x".repeat(100_000)),
    ] {
        assert_eq!(code(setting.present(&token).await), Some(Code::Unauthenticated), "{what}");
    }
    let ps256 = encode(
        &Header { kid: Some("k1".into()), ..Header::new(Algorithm::PS256) },
        &claims,
        &EncodingKey::from_rsa_pem(PRIVATE).unwrap(),
    );
    assert_eq!(code(setting.present(&ps256.unwrap()).await), Some(Code::Unauthenticated), "an algorithm that is not permitted");
    let critical = unsigned(r#"{"alg":"RS256","kid":"k1","crit":["exp"]}"#);
    assert_eq!(code(setting.present(&critical).await), Some(Code::Unauthenticated));
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_not_at_every_strangers_wish() {
    let setting = set_up(settings()).await;
    let claims = setting.claims(json!({"exp": setting.clock.now().timestamp() + 100_000}));
    assert_eq!(*setting.provider.fetches.lock(), 1);
    *setting.provider.key_id.lock() = "k2".into();
    let token = sign(Some("k2"), &claims, PRIVATE);
    assert!(setting.present(&token).await.is_err(), "fetched a moment ago");
    setting.clock.advance(11);
    assert!(setting.present(&token).await.is_ok());
    for number in 0..20 {
        assert!(setting.present(&sign(Some(&format!("x{number}")), &claims, PRIVATE)).await.is_err());
    }
    assert_eq!(*setting.provider.fetches.lock(), 2);
    // Old keys serve on while the provider is down.
    setting.clock.advance(4000);
    *setting.provider.down.lock() = true;
    assert!(setting.present(&token).await.is_ok());
}

#[tokio::test]
async fn without_keys_a_token_cannot_be_judged() {
    let setting = set_up(settings()).await;
    let down = FakeProvider { key_id: Mutex::default(), down: Mutex::new(true), fetches: Mutex::default() };
    let down: Arc<FakeProvider> = Arc::new(down);
    let (clock, none, directory) = (setting.clock.clone(), Environment::fixed(&[]), setting.directory.clone());
    let strict = Auth { start_degraded: false, ..settings() };
    assert_eq!(
        Authenticator::new(&strict, None, down.clone(), directory.clone(), clock.clone(), &none).await.err().unwrap().code(),
        Code::Unavailable
    );
    let authenticator =
        Authenticator::new(&settings(), None, down.clone(), directory.clone(), clock.clone(), &none).await.unwrap();
    let degraded = Setting { authenticator, provider: down.clone(), clock, directory, _folder: setting._folder };
    assert_eq!(code(degraded.signed(json!({})).await), Some(Code::Unavailable));
    *down.down.lock() = false;
    *down.key_id.lock() = "k1".into();
    degraded.clock.advance(11);
    assert!(degraded.signed(json!({})).await.is_ok());
}

#[tokio::test]
async fn tenants_fallback_and_anonymous_reading() {
    let tenants = Auth { tenant_claim: "/org/id".into(), allowed_tenants: vec!["a".into()], ..settings() };
    let setting = set_up(tenants).await;
    let principal = setting.signed(json!({"org": {"id": "a"}})).await.unwrap();
    assert!(matches!(principal.kind, PrincipalKind::Token { tenant: Some(tenant), .. } if tenant == "a"));
    assert_eq!(code(setting.signed(json!({"org": {"id": "b"}})).await), Some(Code::Forbidden));
    assert_eq!(code(setting.signed(json!({})).await), Some(Code::Forbidden));

    let admin = Credentials { admin_token: Some("secret".into()), ..Credentials::default() };
    assert_eq!(setting.authenticator.identify(&admin).await.unwrap(), Principal::admin());
    let setting = set_up(Auth { admin_token_fallback: false, anonymous_read: true, ..settings() }).await;
    assert_eq!(setting.authenticator.identify(&admin).await.unwrap(), Principal::nobody(true));
    assert_eq!(code(setting.present("secret").await), Some(Code::Unauthenticated));
    let unscoped = setting.signed(json!({"scope": "x"})).await.unwrap();
    assert!(held(&unscoped).is_empty() && unscoped.reads_public);
    // No scope named: any token may read, and none administers.
    let setting = set_up(Auth { read_scopes: vec![], reload_scopes: vec![], ..settings() }).await;
    let principal = setting.signed(json!({"scope": null})).await.unwrap();
    assert_eq!(held(&principal), privilege::of_public_datasets());
    assert!(principal.reads_public);
}

#[tokio::test]
async fn known_keys_count_without_a_provider_and_each_for_its_algorithm_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt.pem");
    std::fs::write(&file, PUBLIC).unwrap();
    let jwt = crate::config::StaticKeys { public_key_file: Some(file), secret: Some("env:JWT_SECRET".into()) };
    let setting = set_up(Auth { jwt, audience: "datahall".into(), ..Auth::default() }).await;
    let claims = setting.claims(json!({}));
    let shared = |secret: &[u8]| encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).unwrap();
    assert!(setting.present(&sign(None, &claims, PRIVATE)).await.is_ok());
    assert!(setting.present(&shared(b"a shared secret")).await.is_ok());
    for token in [shared(PUBLIC.as_bytes()), shared(b"other"), sign(None, &claims, OTHER_PRIVATE)] {
        assert_eq!(code(setting.present(&token).await), Some(Code::Unauthenticated));
    }
    let meant_for_others = sign(None, &setting.claims(json!({"aud": null})), PRIVATE);
    assert_eq!(code(setting.present(&meant_for_others).await), Some(Code::Unauthenticated));
    let nobody = setting.authenticator.identify(&Credentials::default()).await.unwrap();
    assert_eq!(nobody, Principal::nobody(true), "reading is open while [auth] is off");
    let unset = crate::config::StaticKeys { public_key_file: None, secret: Some("env:NOT_SET".into()) };
    assert!(jwt::static_keys(&unset, &Environment::fixed(&[])).err().unwrap().message().contains("NOT_SET"));
}

#[tokio::test]
async fn org_and_role_give_that_role_there_and_nothing_elsewhere() {
    // No scope named: without a role, any token may read the default project.
    let setting = set_up(Auth { read_scopes: vec![], ..settings() }).await;
    let claims = json!({"org": "acme", "role": "admin", "groups": ["a", 1, "b"], "scope": null});
    let principal = setting.signed(claims.clone()).await.unwrap();
    let organisation = principal.organisation.clone().unwrap();
    assert_eq!((organisation.key.as_str(), organisation.role), ("acme", Role::Admin));
    assert_eq!((principal.groups.join(" ").as_str(), principal.reads_public), ("a b", true));
    let own = Scope { organisation: Some(&organisation.organisation), project: Some("p"), dataset: Some("d") };
    assert_eq!(principal.grants.on(&own), Privileges::ALL);
    assert!(held(&principal).is_empty() && principal.grants.on(&Scope::default()).is_empty());
    assert_eq!(setting.signed(claims).await.unwrap().organisation, Some(organisation), "it is there from then on");
    let home = setting.signed(json!({"org": "Default", "role": "viewer"})).await.unwrap();
    assert_eq!(home.organisation.as_ref().unwrap().organisation, "default");
    assert_eq!(held(&home), Role::Viewer.privileges());
    let scoped = set_up(settings()).await;
    let both = scoped.signed(json!({"org": "acme", "role": "viewer", "scope": "datasets:reload"})).await.unwrap();
    assert!(held(&both).contain_all(privilege::of_operators()), "a scope that the configuration names counts beside the role");
}

#[tokio::test]
async fn org_and_role_that_mean_something_else_leave_a_token_as_it_was() {
    let setting = set_up(settings()).await;
    for claims in [
        json!({"org": "acme"}),
        json!({"role": "admin"}),
        json!({"org": "acme", "role": "owner"}),
        json!({"org": "acme", "role": "ADMIN"}),
        json!({"org": {"id": "acme"}, "role": "admin"}),
        json!({"org": "acme", "role": ["admin"]}),
        json!({"org": null, "role": "admin", "groups": ["root"]}),
    ] {
        let principal = setting.signed(claims.clone()).await.unwrap();
        assert_eq!((principal.organisation.is_none(), principal.groups.len()), (true, 0), "{claims}");
        assert_eq!(held(&principal), privilege::of_public_datasets(), "{claims}");
    }
    for org in ["", " ", "a/b", "a\u{0}b", "a\u{202e}b", &"x".repeat(300)] {
        let outcome = setting.signed(json!({"org": org, "role": "viewer"})).await;
        assert_eq!(code(outcome), Some(Code::Unauthenticated), "{org:?}");
    }
}

#[tokio::test]
async fn claims_that_are_plain_values_are_what_is_known_of_the_bearer() {
    let setting = set_up(settings()).await;
    let claims = json!({"region": ["EU", "US"], "level": 3, "address": {"city": "Oslo"}, "vip": true});
    let known = setting.signed(claims).await.unwrap().attributes.unwrap();
    assert_eq!(
        (known["region"].join(" "), known["level"].join(" "), known["vip"].join(" ")),
        ("EU US".into(), "3".into(), "true".into())
    );
    assert!(known.contains_key("sub") && !known.contains_key("address"));
}
