//! More queries at once than may run.

use super::{from, stats};
use crate::Ctx;
use crate::testing::{Fixture, admin};
use datahall_core::query::{Expr, Query};
use datahall_core::{Code, Error};
use futures::TryStreamExt;
use std::sync::atomic::Ordering;
use tokio::task::JoinSet;

/// Every use case that reads rows, in turn; to its end.
async fn read(fixture: &Fixture, ctx: &Ctx, way: usize) -> Result<(), Error> {
    let service = &fixture.service;
    match way % 4 {
        0 => {
            let rows = service.query(ctx, "g", Query::default()).await?.rows.await?;
            rows.batches.try_collect::<Vec<_>>().await.map(drop)
        }
        1 => service.count(ctx, "g", Expr::IsNull { column: "id".into() }).await.map(drop),
        2 => service.sql(ctx, "g", None).await?.rows.batches.try_collect::<Vec<_>>().await.map(drop),
        _ => {
            // Each its own dataset: one export is made once for all who want it.
            service.export(ctx, &format!("x{way}")).await.map(drop)
        }
    }
}

#[tokio::test]
async fn of_ten_times_what_may_run_exactly_that_is_let_in_and_the_rest_is_told_at_once() {
    let fixture =
        Fixture::limited(|limits| (limits.max_concurrent_queries, limits.max_concurrent_per_caller) = (8, Some(8))).await;
    fixture.register_at("g", "gated").await;
    for number in (3..80).step_by(4) {
        fixture.register_at(&format!("x{number}"), "gated").await;
    }
    let fixture = std::sync::Arc::new(fixture);
    let mut all = JoinSet::new();
    for number in 0..80 {
        let fixture = fixture.clone();
        all.spawn(async move { read(&fixture, &from(number), number.into()).await });
    }
    let mut refused = 0;
    // While not one of those let in has ended.
    while refused < 72 {
        let error = all.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!((error.code(), error.retry_after_secs()), (Code::Unavailable, Some(1)), "{error:?}");
        assert_eq!(error.message(), "at capacity: 8 queries are running");
        refused += 1;
    }
    fixture.until(async |_| fixture.engine.begun.load(Ordering::Relaxed) == 8).await;
    let busy = stats(&fixture);
    assert_eq!((busy.queries_running, busy.queries_admitted, busy.queries_refused_full), (8, 8, 72));
    fixture.engine.gate.add_permits(8);
    while let Some(done) = all.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!((stats(&fixture).queries_running, stats(&fixture).queries_refused_caller), (0, 0));
}

#[tokio::test]
async fn one_caller_cannot_use_up_anothers() {
    let fixture = Fixture::limited(|limits| limits.max_concurrent_queries = 4).await;
    fixture.register_at("g", "endless").await;
    let mut held = Vec::new();
    let mut refused = Vec::new();
    for _ in 0..10 {
        match fixture.service.query(&from(1), "g", Query::default()).await.unwrap().rows.await {
            Ok(rows) => held.push(rows),
            Err(error) => refused.push(error),
        }
    }
    assert_eq!((held.len(), refused.len()), (2, 8));
    for error in refused {
        assert_eq!((error.code(), error.retry_after_secs()), (Code::Throttled, Some(1)));
        assert_eq!(error.message(), "too many queries at once: 2 of this caller's are running");
    }
    for ctx in [from(2), admin()] {
        held.push(fixture.service.query(&ctx, "g", Query::default()).await.unwrap().rows.await.unwrap());
    }
    // Full for everybody; who has too much himself is told that.
    let code = async |ctx: Ctx| fixture.service.query(&ctx, "g", Query::default()).await.unwrap().rows.await.unwrap_err().code();
    assert_eq!((code(from(3)).await, code(from(1)).await), (Code::Unavailable, Code::Throttled));
    let counts = stats(&fixture);
    assert_eq!((counts.queries_refused_caller, counts.queries_refused_full), (9, 1));
    held.clear();
    assert_eq!(stats(&fixture).queries_running, 0);
    assert!(fixture.service.query(&from(3), "g", Query::default()).await.unwrap().rows.await.is_ok());
}

#[tokio::test]
async fn what_reads_no_rows_is_never_refused() {
    let fixture = Fixture::limited(|limits| limits.max_concurrent_queries = 1).await;
    fixture.register_at("g", "endless").await;
    fixture.register("e").await;
    let export = fixture.service.export(&from(1), "e").await.unwrap();
    let _all_there_is = fixture.service.query(&from(1), "g", Query::default()).await.unwrap().rows.await.unwrap();
    let service = &fixture.service;
    // Who has the answer already, by its tag, does not ask for its rows.
    assert!(!service.query(&from(2), "e", Query::default()).await.unwrap().etag.unwrap().is_empty());
    assert_eq!(service.count(&from(2), "e", Expr::default()).await.unwrap(), 3);
    assert_eq!(service.export(&from(2), "e").await.unwrap().path, export.path);
    assert_eq!(service.schema(&from(2), "e").await.unwrap().sample.len(), 1);
    assert_eq!(service.list(&from(2)).await.unwrap().len(), 2);
    service.reload(&admin(), "e").await.unwrap();
    assert_eq!(service.export(&from(2), "e").await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn nought_is_no_limit() {
    let fixture = Fixture::limited(|limits| limits.max_concurrent_queries = 0).await;
    fixture.register_at("g", "endless").await;
    let mut held = Vec::new();
    for _ in 0..2000 {
        held.push(fixture.service.query(&from(1), "g", Query::default()).await.unwrap().rows.await.unwrap());
    }
    assert_eq!(stats(&fixture).queries_running, 2000);
}
