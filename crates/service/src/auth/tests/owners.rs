//! Tokens of owners of data packages: whose signature counts, what they say, what they give, and every forgery.

use super::*;
use crate::TokenOwner;
use crate::auth::Starter;
use crate::specs::owner::{SPEC_OWNER, keys};
use datahall_catalog::{Actor, AuditEntry, Project};
use datahall_core::privilege::Privilege;
use serde_json::Map;

/// The server that `AUTH_SERVER` names, whose key can be exchanged.
struct FakeServer {
    answer: Mutex<Option<String>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Fetch for FakeServer {
    async fn get(&self, url: &str) -> Result<Vec<u8>> {
        self.asked.lock().push(url.to_owned());
        let answer = self.answer.lock().clone();
        answer.map(String::into_bytes).ok_or_else(|| Error::unavailable("down"))
    }
}

struct Owners {
    authenticator: Authenticator,
    server: Arc<FakeServer>,
    clock: Arc<FakeClock>,
    catalog: Catalog,
    _folder: tempfile::TempDir,
}

impl Owners {
    async fn new(settings: Auth, answer: Option<&str>) -> Self {
        let server = Arc::new(FakeServer { answer: Mutex::new(answer.map(str::to_owned)), asked: Mutex::default() });
        let clock = FakeClock::new();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("catalog.db").display());
        let catalog = Catalog::open(&url, clock.clone(), random()).await.unwrap();
        home::ensure(&catalog).await.unwrap();
        let directory = Arc::new(Directory::new(catalog.clone(), clock.clone()).0);
        let listener = Arc::downgrade(&directory);
        catalog.on_commit(move |tables| listener.upgrade().into_iter().for_each(|directory| directory.forget(tables)));
        directory.refresh().await.unwrap();
        let environment = Environment::fixed(&[("AUTH_SERVER", "auth.example")]);
        let made = Authenticator::new(&settings, None, server.clone(), directory, clock.clone(), &environment);
        Self { authenticator: made.await.unwrap(), server, clock, catalog, _folder: folder }
    }

    async fn auth_token(&self, token: &str) -> Result<Principal> {
        let credentials = Credentials { auth_token: Some(token.to_owned()), ..Credentials::default() };
        self.authenticator.identify(&credentials).await
    }

    async fn bearer(&self, token: &str) -> Result<Principal> {
        let credentials = Credentials { authorization: Some(format!("Bearer {token}")), ..Credentials::default() };
        self.authenticator.identify(&credentials).await
    }

    async fn owner(&self, claims: Value) -> Option<TokenOwner> {
        self.auth_token(&sign(None, &claims, PRIVATE)).await.unwrap().owner
    }

    async fn project(&self, key: &str, owner: &str) -> String {
        let metadata = Map::from_iter([(SPEC_OWNER.to_owned(), owner.into())]);
        let organisation = home::ORGANISATION.to_owned();
        let mut project = Project { organisation, key: key.into(), metadata, ..Project::default() };
        let mut change = self.catalog.change(&Actor::system()).await.unwrap();
        change.insert(&mut project).await.unwrap();
        change.commit(AuditEntry::new("test")).await.unwrap();
        project.meta.id
    }
}

fn ann() -> Value {
    json!({"userid": "ann", "permissions": {"max_dataset_num": 3, "max_public_storage_mb": 10}, "service": "source"})
}

#[tokio::test]
async fn the_key_is_asked_for_at_the_start_and_the_token_names_the_owner_and_his_plan() {
    for answer in [PUBLIC.to_owned(), json!({ "public_key": PUBLIC }).to_string()] {
        let owners = Owners::new(Auth::default(), Some(&answer)).await;
        assert_eq!(*owners.server.asked.lock(), ["http://auth.example/auth/public-key"]);
        let principal = owners.auth_token(&sign(None, &ann(), PRIVATE)).await.unwrap();
        let owner = principal.owner.clone().unwrap();
        assert_eq!((owner.id.as_str(), owner.max_datasets, owner.max_public_storage_mb), ("ann", 3, Some(10)));
        assert_eq!((principal.label(), principal.reads_public), ("ann", true));
        assert!(held(&principal).is_empty(), "the default project is not his");
    }
}

#[tokio::test]
async fn what_a_plan_does_not_say_in_numbers_it_does_not_give() {
    let owners = Owners::new(Auth::default(), Some(PUBLIC)).await;
    for (permissions, most) in [
        (json!(null), 0),
        (json!({}), 0),
        (json!([]), 0),
        (json!({"max_dataset_num": "7"}), 0),
        (json!({"max_dataset_num": -1}), 0),
        (json!({"max_dataset_num": 1.5}), 0),
        (json!({"max_dataset_num": 7.0}), 7),
        (json!({"max_dataset_num": 1e300}), u64::MAX),
    ] {
        let owner = owners.owner(json!({"userid": "ann", "permissions": permissions})).await.unwrap();
        assert_eq!(owner.max_datasets, most, "{permissions}");
    }
    for (said, most) in [(json!(null), None), (json!(7), Some(7)), (json!("7"), Some(0)), (json!(-1), Some(0))] {
        let permissions = json!({"max_private_storage_mb": said});
        let owner = owners.owner(json!({"userid": "ann", "permissions": permissions})).await.unwrap();
        assert_eq!((owner.max_private_storage_mb, owner.max_public_storage_mb), (most, None), "{said}");
    }
    for userid in [json!(null), json!(7), json!(""), json!("a/b"), json!(".."), json!("x".repeat(101))] {
        assert_eq!(owners.owner(json!({ "userid": userid })).await, None, "{userid}");
    }
}

#[tokio::test]
async fn forgeries_are_refused() {
    let owners = Owners::new(Auth::default(), Some(PUBLIC)).await;
    let good = sign(None, &ann(), PRIVATE);
    let parts: Vec<&str> = good.split('.').collect();
    let encode_part = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let with_header = |header: &str, signature: &str| format!("{}.{}.{signature}", encode_part(header), parts[1]);
    let shared = |secret: &[u8]| encode(&Header::new(Algorithm::HS256), &ann(), &EncodingKey::from_secret(secret)).unwrap();
    let other_of_the_family =
        |algorithm| encode(&Header::new(algorithm), &ann(), &EncodingKey::from_rsa_pem(PRIVATE).unwrap()).unwrap();
    let eve = encode_part(&json!({"userid": "eve"}).to_string());
    for (what, token) in [
        ("alg none", with_header(r#"{"alg":"none"}"#, "")),
        ("alg None", with_header(r#"{"alg":"None"}"#, "")),
        ("no alg", with_header(r#"{"typ":"JWT"}"#, parts[2])),
        ("an extension that must be understood", with_header(r#"{"alg":"RS256","crit":["x"],"x":1}"#, parts[2])),
        ("the public key as a shared secret", shared(PUBLIC.as_bytes())),
        ("the same without its last line end", shared(PUBLIC.trim().as_bytes())),
        ("a shared secret of nothing", shared(b"")),
        ("RS512", other_of_the_family(Algorithm::RS512)),
        ("PS256", other_of_the_family(Algorithm::PS256)),
        ("somebody else's key", sign(None, &ann(), OTHER_PRIVATE)),
        ("other claims under the signature", format!("{}.{eve}.{}", parts[0], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.x")),
        ("no token", "x".into()),
        ("nothing", String::new()),
        ("a long one", sign(None, &json!({"userid": "ann", "x": "x".repeat(20_000)}), PRIVATE)),
        ("a broken key of Datahall's", "dh_nonsense".into()),
    ] {
        assert_eq!(code(owners.auth_token(&token).await), Some(Code::Unauthenticated), "{what}");
        assert!(owners.bearer(&token).await.is_err(), "{what}");
    }
    assert!(owners.auth_token(&good).await.is_ok());
}

#[tokio::test]
async fn an_end_is_optional_in_a_header_of_its_own_and_counts_where_it_is_said() {
    let owners = Owners::new(Auth::default(), Some(PUBLIC)).await;
    let now = owners.clock.now().timestamp();
    let with = |changes: &[(&str, Value)]| {
        let mut claims = ann();
        changes.iter().for_each(|(name, value)| claims[*name] = value.clone());
        sign(None, &claims, PRIVATE)
    };
    assert!(owners.auth_token(&with(&[])).await.is_ok());
    assert_eq!(code(owners.bearer(&with(&[])).await), Some(Code::Unauthenticated), "a bearer's must end");
    let ends = with(&[("exp", json!(now + 60))]);
    assert_eq!(owners.bearer(&ends).await.unwrap(), owners.auth_token(&ends).await.unwrap());
    for (what, token) in [
        ("expired", with(&[("exp", json!(now - 61))])),
        ("ends in words", with(&[("exp", json!("never"))])),
        ("ends with null", with(&[("exp", json!(null))])),
        ("not yet", with(&[("nbf", json!(now + 61))])),
    ] {
        assert_eq!(code(owners.auth_token(&token).await), Some(Code::Unauthenticated), "{what}");
    }
    let strict = Auth { issuer: ISSUER.into(), audience: "datahall".into(), ..Auth::default() };
    let strict = Owners::new(strict, Some(PUBLIC)).await;
    assert_eq!(code(strict.auth_token(&with(&[])).await), Some(Code::Unauthenticated), "issuer and audience are configured");
    assert!(strict.auth_token(&with(&[("iss", json!(ISSUER)), ("aud", json!("datahall"))])).await.is_ok());
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_signature_does_not_fit_and_not_at_every_strangers_wish() {
    let owners = Owners::new(Auth::default(), None).await;
    let good = sign(None, &ann(), PRIVATE);
    assert_eq!(code(owners.auth_token(&good).await), Some(Code::Unavailable), "it started without a key");
    *owners.server.answer.lock() = Some(PUBLIC.to_owned());
    assert_eq!(code(owners.auth_token(&good).await), Some(Code::Unavailable), "asked a moment ago");
    owners.clock.advance(11);
    assert!(owners.auth_token(&good).await.is_ok());
    let asked = owners.server.asked.lock().len();
    for _ in 0..20 {
        assert!(owners.auth_token(&sign(None, &ann(), OTHER_PRIVATE)).await.is_err());
    }
    assert_eq!(owners.server.asked.lock().len(), asked);
    // What it gives instead of a key changes nothing, and neither does its absence.
    for answer in [Some("<html>"), None] {
        *owners.server.answer.lock() = answer.map(str::to_owned);
        owners.clock.advance(4000);
        assert!(owners.auth_token(&good).await.is_ok(), "{answer:?}");
    }
    assert!(owners.server.asked.lock().len() > asked);
}

#[tokio::test]
async fn an_owner_has_his_project_as_soon_as_it_is_there_and_no_other() {
    let owners = Owners::new(Auth::default(), Some(PUBLIC)).await;
    let token = sign(None, &ann(), PRIVATE);
    let allows = async |project: &str, privilege| {
        let scope = Scope { organisation: Some(home::ORGANISATION), project: Some(project), dataset: Some("d") };
        owners.auth_token(&token).await.unwrap().grants.allow(privilege, &scope)
    };
    let other = owners.project("ANN", "ANN").await;
    assert!(!allows(&other, Privilege::ReadData).await, "owners are told apart by case, projects are not");
    let own = owners.project(&keys("ann")[1], "ann").await;
    for privilege in Privilege::ALL {
        let has = !matches!(privilege, Privilege::Admin | Privilege::RunCode);
        assert_eq!(allows(&own, privilege).await, has, "{privilege:?}");
    }
    assert!(!allows(&other, Privilege::ReadData).await && !allows(home::PROJECT, Privilege::ReadData).await);
    let mut change = owners.catalog.change(&Actor::system()).await.unwrap();
    let project = owners.catalog.get::<Project>(&own).await.unwrap().unwrap();
    change.delete(&project).await.unwrap();
    change.commit(AuditEntry::new("test")).await.unwrap();
    assert!(!allows(&own, Privilege::ReadData).await);
}

#[tokio::test]
async fn whoever_starts_something_as_an_owner_is_one_later_too() {
    let owners = Owners::new(Auth::default(), Some(PUBLIC)).await;
    let claims = json!({"userid": "ann", "permissions": {"max_dataset_num": 3}, "exp": owners.clock.now().timestamp() + 5});
    let ann = owners.auth_token(&sign(None, &claims, PRIVATE)).await.unwrap();
    let kept = Starter::of(&ann).unwrap().to_object().unwrap();
    let own = owners.project("ann", "ann").await;
    owners.clock.advance(100_000);
    let kept = Starter::from_object(&kept).unwrap();
    let anew = owners.authenticator.anew(&kept).await.unwrap();
    assert_eq!((&anew.owner, anew.label()), (&ann.owner, "ann"));
    let scope = Scope { organisation: Some(home::ORGANISATION), project: Some(&own), dataset: None };
    assert!(anew.grants.allow(Privilege::RunJobs, &scope));
    let eve = Principal { owner: Some(TokenOwner { id: "eve".into(), ..anew.owner.clone().unwrap() }), ..anew.clone() };
    assert!(kept.is(&anew) && !kept.is(&eve));
    // Kept before tokens named owners.
    let old = r#"{"kind":"token","subject":"s","scopes":[],"tenant":null,"organisation":null,"groups":[]}"#;
    assert!(Starter::from_object(&serde_json::from_str(old).unwrap()).is_ok());
}

#[tokio::test]
async fn what_a_provider_of_logins_calls_a_userid_makes_nobody_an_owner() {
    let setting = set_up(settings()).await;
    let token = sign(Some("k1"), &setting.claims(json!({"userid": "ann"})), PRIVATE);
    assert_eq!(setting.present(&token).await.unwrap().owner, None);
    let as_auth_token = async |claims: Value| {
        let token = sign(Some("k1"), &setting.claims(claims), PRIVATE);
        let credentials = Credentials { auth_token: Some(token), ..Credentials::default() };
        setting.authenticator.identify(&credentials).await
    };
    assert_eq!(as_auth_token(json!({"userid": "ann"})).await.unwrap().owner, None);
    assert_eq!(code(as_auth_token(json!({"exp": null})).await), Some(Code::Unauthenticated), "a login must end");
    let admin = Credentials { auth_token: Some("secret".into()), ..Credentials::default() };
    assert_eq!(setting.authenticator.identify(&admin).await.unwrap(), Principal::admin());
}

#[tokio::test]
async fn a_shared_secret_signs_for_owners_too() {
    let jwt = crate::config::StaticKeys { public_key_file: None, secret: Some("env:JWT_SECRET".into()) };
    let setting = set_up(Auth { jwt, ..Auth::default() }).await;
    let token = encode(&Header::new(Algorithm::HS256), &ann(), &EncodingKey::from_secret(b"a shared secret")).unwrap();
    let credentials = Credentials { auth_token: Some(token), ..Credentials::default() };
    assert_eq!(setting.authenticator.identify(&credentials).await.unwrap().owner.unwrap().id, "ann");
}
