//! Keys that are made, stated, moved, of another server, and lost.

use super::*;
use crate::testing::random;
use datahall_core::clock::SystemClock;

const STATED: &str = "0123456789abcdef0123456789abcdef";

struct World {
    catalog: Catalog,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("catalog.db").display());
        Self { catalog: Catalog::open(&url, Arc::new(SystemClock::new()), random()).await.unwrap(), folder }
    }

    /// A server whose data directory has that name.
    fn server(&self, name: &str, stated: Option<&str>) -> Vault {
        let stated: Vec<_> = stated.iter().map(|key| (VARIABLE, *key)).collect();
        Vault::new(&Environment::fixed(&stated), self.folder.path().join(name), random()).unwrap()
    }

    async fn seal(&self, vault: &Vault) -> Result<String> {
        vault.seal(&self.catalog, "c1", &object(json!({"host": "h", "port": 1})), &object(json!({"password": "hunter2"}))).await
    }
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn open(vault: &Vault, sealed: &str) -> Result<Object> {
    vault.open("c1", &object(json!({"port": 1, "host": "h"})), sealed)
}

#[tokio::test]
async fn a_key_is_made_at_first_need_and_opens_after_a_restart() {
    let world = World::new().await;
    let vault = world.server("a", None);
    assert!(!world.folder.path().join("a").exists());
    let sealed = world.seal(&vault).await.unwrap();
    assert!(sealed.starts_with("v1:") && !sealed.contains("hunter2"));
    assert_eq!(open(&world.server("a", None), &sealed).unwrap()["password"], "hunter2");
    let elsewhere = [("c2", json!({"host": "h", "port": 1})), ("c1", json!({"host": "evil", "port": 1})), ("c1", json!({}))];
    for (id, plain) in elsewhere {
        assert_eq!(vault.open(id, &object(plain), &sealed).unwrap_err().code(), Code::Unavailable);
    }
    for broken in ["", "v1", "v1:", "v1::", "v2:a:b", "v1:00000000:!", &sealed[..sealed.len() - 1], &format!("{sealed}A")] {
        assert_eq!(open(&vault, broken).unwrap_err().code(), Code::Unavailable, "{broken}");
    }
}

#[tokio::test]
async fn a_second_server_makes_no_key_of_its_own() {
    let world = World::new().await;
    let sealed = world.seal(&world.server("a", None)).await.unwrap();
    let second = world.server("b", None);
    for error in [open(&second, &sealed).unwrap_err(), world.seal(&second).await.unwrap_err()] {
        assert!(error.message().contains(VARIABLE), "{error}");
    }
    assert!(!world.folder.path().join("b").exists());
    // The same, had it made one before, on another catalog.
    let other = World::new().await;
    let made = Vault::new(&Environment::fixed(&[]), world.folder.path().join("b"), random()).unwrap();
    other.seal(&made).await.unwrap();
    assert!(world.seal(&second).await.unwrap_err().message().contains(VARIABLE));
    // Stating the first one's key is all that it takes.
    let key = std::fs::read_to_string(world.folder.path().join("a").join(file::FILE)).unwrap();
    let told = world.server("b", Some(&key));
    assert!(open(&told, &sealed).is_ok());
    assert!(open(&world.server("a", None), &world.seal(&told).await.unwrap()).is_ok());
}

#[tokio::test]
async fn moving_from_the_file_to_a_stated_key_loses_nothing() {
    let world = World::new().await;
    let before = world.seal(&world.server("a", None)).await.unwrap();
    let moved = world.server("a", Some(STATED));
    assert!(open(&moved, &before).is_ok());
    let after = world.seal(&moved).await.unwrap();
    assert!(open(&moved, &after).is_ok() && open(&world.server("z", Some(STATED)), &after).is_ok());
    assert!(open(&world.server("a", None), &after).is_err());
    assert!(world.seal(&world.server("a", None)).await.is_err(), "the file's key is not the one any more");
}

#[tokio::test]
async fn who_lost_the_key_states_a_new_one() {
    let world = World::new().await;
    let lost = world.seal(&world.server("a", Some(STATED))).await.unwrap();
    let new = world.server("a", Some("another key of many characters"));
    assert!(open(&new, &lost).unwrap_err().message().contains(VARIABLE));
    assert!(open(&new, &world.seal(&new).await.unwrap()).is_ok());
}

#[tokio::test]
async fn two_at_once_on_one_catalog_agree_or_one_is_told() {
    let world = World::new().await;
    let (a, b) = (world.server("a", None), world.server("b", None));
    let (a, b) = tokio::join!(world.seal(&a), world.seal(&b));
    assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1, "{a:?} {b:?}");
}

#[test]
fn a_short_key_keeps_the_server_from_starting() {
    let error = Vault::new(&Environment::fixed(&[(VARIABLE, "short")]), "x".into(), random()).err().unwrap();
    assert!(error.message().starts_with("DATAHALL_SECRET_KEY: must have at least"), "{error}");
    assert!(!error.message().contains("short "));
}
