//! A permit is somebody else's again however the query ended.

use super::{from, stats};
use crate::testing::Fixture;
use datahall_core::Code;
use datahall_core::query::Query;
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Two ways to read, from one that may run only one query at once: whatever is not given back shows.
async fn fixture(timeout_ms: u64) -> Arc<Fixture> {
    let fixture = Fixture::limited(|limits| (limits.max_concurrent_queries, limits.query_timeout_ms) = (1, timeout_ms)).await;
    for location in ["ok", "breaks", "panics", "endless", "gated"] {
        fixture.register_at(location, location).await;
    }
    Arc::new(fixture)
}

#[tokio::test]
async fn at_the_end_of_the_rows_though_they_are_still_held() {
    let fixture = fixture(0).await;
    let mut rows = fixture.service.query(&from(1), "ok", Query::default()).await.unwrap().rows.await.unwrap();
    assert_eq!(stats(&fixture).queries_running, 1);
    while rows.batches.try_next().await.unwrap().is_some() {}
    assert_eq!(stats(&fixture).queries_running, 0);
    assert!(rows.batches.next().await.is_none());
}

#[tokio::test]
async fn on_an_error() {
    let fixture = fixture(0).await;
    for _ in 0..3 {
        let mut rows = fixture.service.query(&from(1), "breaks", Query::default()).await.unwrap().rows.await.unwrap();
        assert!(rows.batches.next().await.unwrap().is_ok());
        assert_eq!(rows.batches.next().await.unwrap().unwrap_err().message(), "the source changed");
        assert_eq!(stats(&fixture).queries_running, 0);
        assert!(rows.batches.next().await.is_none());
        assert!(fixture.service.export(&from(1), "breaks").await.is_err());
        assert_eq!(stats(&fixture).queries_running, 0);
    }
}

#[tokio::test]
async fn on_a_panic() {
    let fixture = fixture(0).await;
    for _ in 0..3 {
        let task = fixture.clone();
        let read =
            tokio::spawn(async move { task.service.query(&from(1), "panics", Query::default()).await.unwrap().rows.await });
        assert!(read.await.unwrap_err().is_panic());
        assert_eq!(stats(&fixture).queries_running, 0);
    }
}

#[tokio::test]
async fn when_the_caller_goes_away() {
    let fixture = fixture(0).await;
    // Before there are rows,
    let task = fixture.clone();
    let read = tokio::spawn(async move { task.service.query(&from(1), "gated", Query::default()).await.unwrap().rows.await });
    fixture.until(async |_| fixture.engine.begun.load(Ordering::Relaxed) == 1).await;
    assert_eq!(stats(&fixture).queries_running, 1);
    read.abort();
    assert!(read.await.unwrap_err().is_cancelled());
    assert_eq!(stats(&fixture).queries_running, 0);
    // and amid them.
    let mut rows = fixture.service.query(&from(1), "endless", Query::default()).await.unwrap().rows.await.unwrap();
    assert!(rows.batches.next().await.unwrap().is_ok());
    assert_eq!(stats(&fixture).queries_running, 1);
    drop(rows);
    assert_eq!(stats(&fixture).queries_running, 0);
}

#[tokio::test]
async fn when_the_time_is_up() {
    let fixture = fixture(50).await;
    let late = fixture.service.query(&from(1), "gated", Query::default()).await.unwrap().rows.await.unwrap_err();
    assert_eq!((late.code(), late.message()), (Code::Timeout, "query timed out"));
    let mut rows = fixture.service.query(&from(1), "endless", Query::default()).await.unwrap().rows.await.unwrap();
    // Time in which nobody asks for rows is not the query's.
    tokio::time::sleep(std::time::Duration::from_millis(80)).await;
    assert!(rows.batches.next().await.unwrap().is_ok());
    assert_eq!(rows.batches.next().await.unwrap().unwrap_err().code(), Code::Timeout);
    assert_eq!(stats(&fixture).queries_running, 0);
    assert!(rows.batches.next().await.is_none());
    let count = fixture.service.count(&from(1), "gated", datahall_core::query::Expr::IsNull { column: "id".into() }).await;
    assert_eq!(count.unwrap_err().code(), Code::Timeout);
    assert_eq!(fixture.service.export(&from(1), "endless").await.unwrap_err().code(), Code::Timeout);
    assert_eq!(fixture.service.sql(&from(1), "gated", None).await.unwrap_err().code(), Code::Timeout);
    assert_eq!(stats(&fixture).queries_running, 0);
}
