//! Rows of outside systems that are kept, and taken over again.

use super::{connected, connection};
use crate::testing::{Fixture, admin};
use crate::{DetailsChange, JobState, PolicyChange, RefreshMode, RefreshSetting, Service};
use datahall_catalog::{List, Schedule};
use datahall_core::Code;
use datahall_core::query::{Expr, Query};

fn refreshed(mode: RefreshMode, interval: Option<&str>) -> PolicyChange {
    let setting = RefreshSetting { mode, interval: interval.map(Into::into), ..RefreshSetting::default() };
    let details = DetailsChange { refresh: Some(Some(setting)), ..DetailsChange::default() };
    PolicyChange { details, ..PolicyChange::default() }
}

async fn refresh(fixture: &Fixture) {
    let job = fixture.service.refresh(&admin(), "orders", None).await.unwrap();
    let state = async |service: &Service| service.job(&admin(), &job.id, true).await.unwrap();
    fixture.until(async |service| state(service).await.0.state.is_end()).await;
    let (job, activities) = state(&fixture.service).await;
    assert_eq!(job.state, JobState::Done, "{activities:?}");
}

#[tokio::test]
async fn they_are_read_as_they_were_until_the_new_ones_are_whole() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let other = fixture.another_node().await;
    let id = connection(&fixture, "default", "/tmp/a.db").await;
    service.add_dataset(&admin(), connected("orders", &id, "orders")).await.unwrap();
    let count = async |service: &Service| service.count(&admin(), "orders", Expr::default()).await.unwrap();
    assert_eq!((count(service).await, count(&other).await), (3, 3));
    fixture.engine.set_rows(4);
    assert_eq!((count(service).await, count(&other).await), (3, 3), "what was opened stays as it is in this engine");
    service.change_policy(&admin(), "orders", refreshed(RefreshMode::Manual, None)).await.unwrap();
    refresh(&fixture).await;
    assert_eq!((count(service).await, fixture.engine.lake.names().len()), (4, 1));
    fixture.until(async |_| count(&other).await == 4).await;
    assert!(service.query(&admin(), "orders", Query::default()).await.unwrap().etag.is_some(), "they stay the same now");
    fixture.engine.set_rows(5);
    assert_eq!(count(service).await, 4);
    refresh(&fixture).await;
    assert_eq!((count(service).await, service.dataset(&admin(), "orders").await.unwrap().row_count), (5, Some(5)));
    service.change_policy(&admin(), "orders", refreshed(RefreshMode::OnDemand, None)).await.unwrap();
    fixture.engine.set_rows(6);
    assert_eq!((count(service).await, fixture.engine.lake.names().len()), (6, 0));
}

#[tokio::test]
async fn a_schedule_comes_and_goes_with_the_setting() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let id = connection(&fixture, "default", "/tmp/a.db").await;
    service.add_dataset(&admin(), connected("orders", &id, "orders")).await.unwrap();
    let schedules = async || service.catalog.list(&List::<Schedule>::all()).await.unwrap().items;
    service.change_policy(&admin(), "orders", refreshed(RefreshMode::Interval, Some("1h"))).await.unwrap();
    let made = schedules().await;
    assert_eq!((made.len(), made[0].spec.as_str(), made[0].owner.as_str()), (1, "every 1h", "dataset"));
    fixture.until(async |service| service.dataset(&admin(), "orders").await.unwrap().generation == 1).await;
    let wrong = service.change_policy(&admin(), "orders", refreshed(RefreshMode::Interval, Some("soon"))).await.unwrap_err();
    assert_eq!(wrong.code(), Code::Invalid);
    service.remove_dataset(&admin(), "orders", None).await.unwrap();
    assert!(schedules().await.is_empty() && fixture.engine.lake.names().is_empty());
    fixture.register("e").await;
    let file = service.change_policy(&admin(), "e", refreshed(RefreshMode::Manual, None)).await.unwrap_err();
    assert!(file.message().contains("through a connector"), "{file:?}");
}
