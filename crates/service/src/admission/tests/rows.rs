//! Results that are longer than may be given.

use super::{from, stats};
use crate::testing::{Fixture, admin};
use datahall_core::query::{Expr, Query};
use datahall_core::{Code, Error};
use futures::TryStreamExt;

const TOO_LONG: &str = "the result has more than 5 rows, the most that are given: ask for fewer by a filter or a limit";

async fn fixture() -> Fixture {
    let fixture = Fixture::limited(|limits| limits.max_result_rows = 5).await;
    fixture.engine.set_rows(9);
    fixture.register("nine").await;
    fixture.engine.set_rows(5);
    fixture.register("five").await;
    fixture
}

/// How many rows come, or why none.
async fn read(fixture: &Fixture, name: &str, query: Query) -> Result<usize, Error> {
    let rows = fixture.service.query(&from(1), name, query).await?.rows.await?;
    let batches: Vec<_> = rows.batches.try_collect().await?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

#[tokio::test]
async fn they_are_refused_before_a_row_is_read() {
    let fixture = fixture().await;
    let filter = || Expr::IsNotNull { column: "id".into() };
    assert_eq!(read(&fixture, "five", Query::default()).await.unwrap(), 5);
    assert_eq!(read(&fixture, "five", Query { filter: filter(), ..Query::default() }).await.unwrap(), 5);
    assert_eq!(read(&fixture, "nine", Query { limit: Some(5), ..Query::default() }).await.unwrap(), 5);
    for query in [
        Query::default(),
        Query { limit: Some(6), ..Query::default() },
        Query { offset: 3, ..Query::default() },
        Query { filter: filter(), ..Query::default() },
    ] {
        let error = fixture.service.query(&from(1), "nine", query).await.unwrap().rows.await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::LimitExceeded, TOO_LONG));
    }
    assert_eq!(fixture.service.export(&from(1), "nine").await.unwrap_err().message(), TOO_LONG);
    assert!(fixture.service.export(&from(1), "five").await.is_ok());
    assert_eq!(stats(&fixture).queries_running, 0);
}

#[tokio::test]
async fn what_shows_only_as_it_comes_ends_there() {
    let fixture = fixture().await;
    let error = read(&fixture, "nine", Query { distinct: true, ..Query::default() }).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::LimitExceeded, TOO_LONG));
    assert_eq!(stats(&fixture).queries_running, 0);
}

#[tokio::test]
async fn a_statement_is_cut_as_its_own_cap_cuts_it_and_a_saved_one_is_not() {
    let fixture = fixture().await;
    let answer = fixture.service.sql(&from(1), "nine", Some(8)).await.unwrap();
    assert_eq!(answer.max_rows, 5);
    let batches: Vec<_> = answer.rows.batches.try_collect().await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 5);
    let request = crate::SavedQueryRequest::from_json(br#"{"name":"q","sql":"nine"}"#).unwrap();
    assert_eq!(fixture.service.create_saved_query(&admin(), request, true).await.unwrap().rows, Some(9));
}

#[tokio::test]
async fn counting_is_no_long_result() {
    let fixture = fixture().await;
    assert_eq!(fixture.service.count(&from(1), "nine", Expr::default()).await.unwrap(), 9);
    assert_eq!(fixture.service.count(&from(1), "nine", Expr::IsNotNull { column: "id".into() }).await.unwrap(), 9);
    assert_eq!(fixture.service.settings().page_rows(), 5);
}
