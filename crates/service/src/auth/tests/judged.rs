//! Tokens that are remembered: never longer than they, their key, or the settings would be good for.

use super::*;
use crate::config::StaticKeys;

async fn with_known_keys() -> (Setting, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwt.pem");
    std::fs::write(&file, PUBLIC).unwrap();
    let jwt = StaticKeys { public_key_file: Some(file), secret: None };
    (set_up(Auth { jwt, ..Auth::default() }).await, folder)
}

#[tokio::test]
async fn a_signature_is_computed_once() {
    let (mut setting, _folder) = with_known_keys().await;
    let claims = setting.claims(json!({}));
    let (first, second) = (sign(None, &claims, PRIVATE), sign(None, &setting.claims(json!({"sub": "bob"})), PRIVATE));
    assert_eq!(setting.present(&first).await.unwrap().label(), "ann");
    assert!(setting.present(&sign(None, &claims, OTHER_PRIVATE)).await.is_err());
    // Nothing can be judged by these any more; only what was judged is known.
    let other = StaticKeys { public_key_file: None, secret: Some("env:S".into()) };
    setting.authenticator.keys = jwt::static_keys(&other, &Environment::fixed(&[("S", "another")])).unwrap();
    assert_eq!(setting.present(&first).await.unwrap().label(), "ann");
    for token in [second.clone(), sign(None, &claims, OTHER_PRIVATE), format!("{first}0"), first[..first.len() - 1].to_owned()] {
        assert_eq!(code(setting.present(&token).await), Some(Code::Unauthenticated));
    }
}

#[tokio::test]
async fn what_it_says_is_judged_each_time() {
    let (setting, _folder) = with_known_keys().await;
    let now = setting.clock.now().timestamp();
    let short = sign(None, &setting.claims(json!({"exp": now + 100})), PRIVATE);
    let endless = sign(None, &setting.claims(json!({"exp": null})), PRIVATE);
    assert!(setting.present(&short).await.is_ok() && setting.present(&short).await.is_ok());
    // Good in a header of its own, and nowhere else, whichever came first.
    let own = Credentials { auth_token: Some(endless.clone()), ..Credentials::default() };
    assert!(setting.authenticator.identify(&own).await.is_ok());
    assert_eq!(code(setting.present(&endless).await), Some(Code::Unauthenticated));
    setting.clock.advance(161);
    assert_eq!(code(setting.present(&short).await), Some(Code::Unauthenticated), "past its end and the leeway");
    assert!(setting.authenticator.identify(&own).await.is_ok());
}

#[tokio::test]
async fn it_goes_with_the_providers_key() {
    let setting = set_up(settings()).await;
    let claims = setting.claims(json!({"exp": setting.clock.now().timestamp() + 100_000}));
    let old = sign(Some("k1"), &claims, PRIVATE);
    assert!(setting.present(&old).await.is_ok());
    // Rotated: nobody knows before the keys are fetched, which another token's key causes.
    *setting.provider.key_id.lock() = "k2".into();
    assert!(setting.present(&old).await.is_ok());
    setting.clock.advance(11);
    assert!(setting.present(&sign(Some("k2"), &claims, PRIVATE)).await.is_ok());
    assert_eq!(code(setting.present(&old).await), Some(Code::Unauthenticated));
    // Or that they are old.
    let new = sign(Some("k2"), &claims, PRIVATE);
    assert!(setting.present(&new).await.is_ok());
    *setting.provider.key_id.lock() = "k3".into();
    setting.clock.advance(4000);
    assert_eq!(code(setting.present(&new).await), Some(Code::Unauthenticated));
}

#[tokio::test]
async fn no_large_ones_are_kept() {
    let (mut setting, _folder) = with_known_keys().await;
    let large = sign(None, &setting.claims(json!({"note": "x".repeat(4096)})), PRIVATE);
    assert!(setting.present(&large).await.is_ok());
    let other = StaticKeys { public_key_file: None, secret: Some("env:JWT_SECRET".into()) };
    let environment = Environment::fixed(&[("JWT_SECRET", "another")]);
    setting.authenticator.keys = jwt::static_keys(&other, &environment).unwrap();
    assert_eq!(code(setting.present(&large).await), Some(Code::Unauthenticated));
}

/// A measurement: `cargo test --release -p datahall-service -- --ignored --nocapture remembered_token`.
#[tokio::test]
#[ignore = "a measurement, for the release build"]
async fn what_a_remembered_token_costs() {
    use datahall_core::clock::SystemClock;
    const TIMES: u32 = 20_000;
    let (setting, _folder) = with_known_keys().await;
    let token = sign(None, &setting.claims(json!({})), PRIVATE);
    let (clock, mut best) = (SystemClock::new(), Duration::MAX);
    for _ in 0..5 {
        let begun = clock.monotonic();
        for _ in 0..TIMES {
            std::hint::black_box(setting.present(&token).await.unwrap());
        }
        best = best.min((clock.monotonic() - begun) / TIMES);
    }
    println!("identify by a web token: {best:?}");
}
