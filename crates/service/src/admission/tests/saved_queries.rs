//! Statements that run once and are kept.

use super::{from, stats};
use crate::testing::{Fixture, admin};
use crate::{SavedQueryRequest, State};
use datahall_core::Code;
use datahall_core::query::{Expr, Query};

fn request(sql: &str) -> SavedQueryRequest {
    SavedQueryRequest::from_json(format!(r#"{{"name":"q","sql":"{sql}"}}"#).as_bytes()).unwrap()
}

#[tokio::test]
async fn a_refused_one_leaves_no_trace() {
    let fixture = Fixture::limited(|limits| limits.max_concurrent_queries = 1).await;
    fixture.register("e").await;
    fixture.register_at("g", "endless").await;
    let busy = fixture.service.query(&from(1), "g", Query::default()).await.unwrap().rows.await.unwrap();
    for wait in [true, false] {
        let error = fixture.service.create_saved_query(&admin(), request("e"), wait).await.unwrap_err();
        assert_eq!((error.code(), error.retry_after_secs()), (Code::Unavailable, Some(1)));
        assert!(fixture.service.list_saved_queries(&admin()).unwrap().is_empty());
    }
    drop(busy);
    fixture.service.create_saved_query(&admin(), request("e"), true).await.unwrap();
    assert_eq!(stats(&fixture).queries_running, 0);
}

#[tokio::test]
async fn refreshes_of_one_query_do_not_wait_for_each_other() {
    let fixture = Fixture::limited(|limits| limits.max_concurrent_queries = 1).await;
    fixture.register("e").await;
    fixture.service.create_saved_query(&admin(), request("e"), true).await.unwrap();
    for rows in 10..40 {
        fixture.engine.set_rows(rows);
        fixture.service.reload(&admin(), "e").await.unwrap();
        fixture.service.reload_all(&admin()).unwrap();
        let asked = fixture.service.reload(&admin(), "q").await;
        assert!(asked.is_ok_and(|done| done.rows == Some(rows as u64)) || stats(&fixture).queries_refused_caller > 0);
        fixture.until(async |service| service.status(&from(1), "q").await.unwrap().rows == Some(rows as u64)).await;
    }
    fixture.until(async |service| service.stats().queries_running == 0).await;
}

#[tokio::test]
async fn a_refresh_is_refused_when_somebody_waits_for_it_and_waits_itself_when_nobody_does() {
    let fixture =
        Fixture::limited(|limits| (limits.max_concurrent_queries, limits.max_concurrent_per_caller) = (2, Some(1))).await;
    fixture.register("e").await;
    fixture.register_at("g", "endless").await;
    fixture.service.create_saved_query(&admin(), request("e"), true).await.unwrap();
    let busy = fixture.service.query(&admin(), "g", Query::default()).await.unwrap().rows.await.unwrap();
    assert_eq!(fixture.service.reload(&admin(), "q").await.unwrap_err().code(), Code::Throttled);
    // What is no query is loaded all the same.
    fixture.engine.set_rows(7);
    fixture.service.reload(&admin(), "e").await.unwrap();
    fixture.service.reload_all(&admin()).unwrap();
    fixture.until(async |service| service.status(&from(1), "e").await.unwrap().state == State::Published).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let status = fixture.service.status(&from(1), "q").await.unwrap();
    assert_eq!((status.rows, status.consecutive_failures), (Some(3), 0));
    drop(busy);
    fixture.until(async |service| service.status(&from(1), "q").await.unwrap().rows == Some(7)).await;
    assert_eq!(fixture.service.count(&from(1), "q", Expr::default()).await.unwrap(), 7);
    assert_eq!(stats(&fixture).queries_running, 0);
}
