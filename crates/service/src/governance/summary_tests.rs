//! The figures of a few records, by hand; and when they are made anew.

use super::*;
use crate::testing::{Fixture, admin, block, reader};
use serde_json::json;

fn mask(column: &str, strategy: &str, hidden: bool, sensitivity: Option<&str>) -> Mask {
    let params = sensitivity.map(|level| ("sensitivity".to_owned(), json!(level))).into_iter().collect();
    Mask { column: column.into(), strategy: strategy.into(), hidden, params, ..Mask::default() }
}

#[test]
fn columns_are_counted_by_what_is_known_of_them() {
    let columns: Vec<(String, Shape)> =
        ["id", "Email", "salary", "city", "code", "mail", "plain"].map(|name| (name.to_owned(), Shape::Text)).into();
    let settings = json!({"semantic_overrides": {"code": "iban", "mail": "none"}});
    let dataset = Dataset { settings: settings.as_object().unwrap().clone(), ..Dataset::default() };
    let masks =
        [mask("email", "partial", false, None), mask("salary", "", true, Some("high")), mask("plain", "none", false, None)];
    let mut summary = GovernanceSummary::default();
    summary.add(&dataset, &columns, &masks);
    assert_eq!((summary.datasets, summary.columns), (1, 7));
    // Email high, salary said high, code critical, the others low.
    let expected = BTreeMap::from([(Sensitivity::Low, 4), (Sensitivity::High, 2), (Sensitivity::Critical, 1)]);
    assert_eq!(summary.by_sensitivity, expected);
    assert_eq!((summary.sensitive_columns, summary.masked_columns), (3, 2));
    assert!((summary.coverage() - 2.0 / 3.0).abs() < 1e-12);
    // A column of low sensitivity that is masked is sensitive to somebody.
    summary.add(&Dataset::default(), &[("city".to_owned(), Shape::Text)], &[mask("city", "full", false, None)]);
    assert_eq!((summary.sensitive_columns, summary.masked_columns, summary.datasets), (4, 3, 2));
    assert_eq!(GovernanceSummary::default().coverage(), 1.0);
}

#[tokio::test]
async fn figures_are_kept_until_something_changes() {
    let fixture = Fixture::new().await;
    let summary = async || fixture.service.governance_summary(&admin()).await.unwrap();
    assert!(fixture.service.governance_summary(&reader()).await.is_err());
    let empty = summary().await;
    assert_eq!((empty.datasets, empty.by_sensitivity.len()), (0, 4));
    assert!(Arc::ptr_eq(&empty, &summary().await));
    let body = r#"{"name":"e","source":{"kind":"csv","location":"ok"},"masks":{"kind":{"strategy":"full"}}}"#;
    fixture.register_block(block(body)).await.unwrap();
    let one = summary().await;
    assert_eq!((one.datasets, one.columns, one.masked_columns, one.sensitive_columns), (1, 3, 1, 1));
    assert!(Arc::ptr_eq(&one, &summary().await));
    fixture.service.unregister(&admin(), "e").await.unwrap();
    assert_eq!(summary().await.datasets, 0);
}
