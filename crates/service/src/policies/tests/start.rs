//! Policies of the configuration file: at the start, beside what an API set, and when the rows do not suit them.

use super::{guarded, kinds, mask, viewer};
use crate::testing::{Fixture, admin, block, reader};
use crate::{State, home};
use datahall_catalog::{Dataset, List, Mask, Origin};
use datahall_core::{Code, query::Expr};
use serde_json::json;

fn with(rest: &str) -> String {
    format!("[[dataset]]\nname = 'e'\nsource = {{kind='csv',location='ok'}}\n{rest}\n")
}

#[tokio::test]
async fn what_does_not_suit_the_rows_is_refused_or_serves_nothing() {
    for (policy, why) in [
        (json!({"masks": {"x": {"strategy": "full"}}}), "a mask names an unknown column: x"),
        (json!({"row_filter": "x = caller('a')"}), "row_filter: unknown column: x"),
        (json!({"row_filter": "1 = 1"}), "row_filter: not understood"),
        (json!({"masks": {"id": {"hidden": true}, "kind": {"hidden": true}, "v": {"hidden": true}}}), "hides every column"),
    ] {
        let fixture = Fixture::new().await;
        let mut body = json!({"name": "e", "source": {"kind": "csv", "location": "ok"}});
        body.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
        let error = fixture.register_block(block(&body.to_string())).await.unwrap_err();
        assert!(error.code() == Code::Invalid && error.message().contains(why), "{error:?}");
        let text = toml::to_string(&json!({"dataset": [body]})).unwrap();
        let fixture = Fixture::with(&text).await;
        assert_eq!(fixture.service.status(&admin(), "e").await.unwrap().state, State::Failed);
        let error = fixture.service.count(&admin(), "e", Expr::default()).await.unwrap_err();
        assert!(error.code() == Code::Unavailable && error.message().contains(why), "{error:?}");
    }
}

#[tokio::test]
async fn the_file_wins_and_what_an_api_set_stays_otherwise() {
    let fixture = Fixture::with(&with("[dataset.masks.kind]\nstrategy = 'full'")).await;
    let service = &fixture.service;
    assert_eq!(kinds(&fixture, &viewer(), "e").await, ["***"; 3]);
    service.change_policy(&admin(), "e", mask("v", "redact")).await.unwrap();
    let error = service.change_policy(&admin(), "e", mask("kind", "hash")).await.unwrap_err();
    assert!(error.code() == Code::Conflict && error.message().contains("configuration file"), "{error:?}");
    let masks = async || service.policy(&admin(), "e").await.unwrap().masks;
    let write = |text: &str| std::fs::write(fixture.config.as_ref().unwrap(), with(text)).unwrap();
    write("[dataset.masks.V]\nstrategy = 'hash'");
    service.reload_config(&admin()).await.unwrap();
    let after = masks().await;
    assert_eq!((after.len(), after["V"].strategy), (1, "hash"));
    fixture.until(async |_| kinds(&fixture, &viewer(), "e").await == ["k0", "k1", "k2"]).await;
    write("");
    service.reload_config(&admin()).await.unwrap();
    assert!(masks().await.is_empty());
}

#[tokio::test]
async fn rows_that_lose_a_masked_column_are_not_taken() {
    let fixture = Fixture::new().await;
    guarded(&fixture).await;
    let catalog = &fixture.service.catalog;
    let id = catalog.find(Dataset::by_name(home::PROJECT, "e")).await.unwrap().unwrap().meta.id;
    assert_eq!(catalog.list(&List::<Mask>::all().only("dataset", id.as_str())).await.unwrap().items.len(), 2);
    fixture.engine.set_narrow(true);
    let error = fixture.service.reload(&admin(), "e").await.unwrap_err();
    assert!(error.message().contains("unknown column: v"), "{error:?}");
    assert_eq!(kinds(&fixture, &reader(), "e").await, ["***"; 3]);
}

#[tokio::test]
async fn records_that_no_policy_can_be_serve_nothing() {
    let fixture = Fixture::with(&with("")).await;
    let catalog = &fixture.service.catalog;
    let mut change = catalog.change(&datahall_catalog::Actor::named("x")).await.unwrap();
    let mut dataset = change.find(Dataset::by_name(home::PROJECT, "e")).await.unwrap().unwrap();
    assert_eq!(dataset.origin, Origin::File);
    let column = "kind".to_owned();
    let mut broken = Mask { dataset: dataset.meta.id.clone(), column, strategy: "scramble".into(), ..Mask::default() };
    change.insert(&mut broken).await.unwrap();
    change.update(&mut dataset).await.unwrap();
    change.commit(datahall_catalog::AuditEntry::new("test")).await.unwrap();
    fixture.until(async |service| service.count(&reader(), "e", Expr::default()).await.is_err()).await;
    assert_eq!(fixture.service.status(&admin(), "e").await.unwrap().state, State::Failed);
}
