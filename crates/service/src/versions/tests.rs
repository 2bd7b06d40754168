//! Datasets as they were, and their upkeep, over a lake in memory.

use crate::testing::{Fixture, admin, block, reader};
use crate::{At, Ctx, Optimize, Principal, PrincipalKind, VacuumRequest};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datahall_catalog::AuditQuery;
use datahall_core::Code;
use datahall_core::engine::Rows;
use datahall_core::lake::{NO_SUCH_VERSION, NO_VERSIONS, Provenance, Write, WriteMode};
use datahall_core::query::{Expr, Query};
use futures::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

async fn write(fixture: &Fixture, columns: &[(&str, ArrayRef)]) {
    let rows = RecordBatch::try_from_iter(columns.iter().map(|(name, column)| (*name, column.clone()))).unwrap();
    let rows = Rows { schema: rows.schema(), batches: stream::iter([Ok(rows)]).boxed() };
    let provenance = Provenance { user: "ann".into(), ..Provenance::default() };
    let write = Write { mode: WriteMode::Overwrite, provenance };
    let now = datahall_core::clock::Clock::now(&*fixture.clock);
    fixture.engine.lake.write("t", rows, &write, now).await.unwrap();
    fixture.clock.advance(100);
}

/// Versions: 0 with `id, mail` and two rows, 1 and 2 with `id, email` and one row and three.
async fn lake(rest: &str) -> Fixture {
    let fixture = Fixture::new().await;
    write(&fixture, &[("id", ints(&[1, 2])), ("mail", texts(&["a", "b"]))]).await;
    write(&fixture, &[("id", ints(&[3])), ("email", texts(&["c"]))]).await;
    write(&fixture, &[("id", ints(&[4, 5, 6])), ("email", texts(&["d", "e", "f"]))]).await;
    let body = format!(r#"{{"name":"t","source":{{"kind":"delta","location":"t"}}{rest}}}"#);
    fixture.register_block(block(&body)).await.unwrap();
    fixture
}

async fn columns(fixture: &Fixture, ctx: &Ctx, at: At) -> datahall_core::Result<Vec<String>> {
    let view = fixture.service.view_at(ctx, "t", &at).await?;
    Ok(view.schema().fields().iter().map(|field| field.name().clone()).collect())
}

/// Somebody who may read what is public and no more.
fn nobody() -> Ctx {
    Ctx { principal: Principal::nobody(true), ..reader() }
}

fn vacuum(retention_hours: u64, force: bool) -> VacuumRequest {
    VacuumRequest { retention_hours, dry_run: false, force }
}

async fn audited(fixture: &Fixture, action: &str) -> u64 {
    let query = AuditQuery { action: Some(action.into()), limit: 10, ..AuditQuery::default() };
    fixture.service.catalog.audit(&query).await.unwrap().total.unwrap()
}

#[tokio::test]
async fn rows_come_as_they_were_by_version_and_by_time() {
    let fixture = lake("").await;
    let start = 1_750_000_000i64;
    let at = |seconds: i64| At::Time(chrono::DateTime::from_timestamp(start + seconds, 0).unwrap());
    let count = async |at: At| fixture.service.count_at(&reader(), "t", &at, Expr::default()).await;
    for (at, rows) in [
        (At::Now, 3),
        (At::Version(0), 2),
        (At::Version(1), 1),
        (At::Version(2), 3),
        (at(0), 2),
        (at(99), 2),
        (at(100), 1),
        (at(9999), 3),
    ] {
        assert_eq!(count(at).await.unwrap(), rows, "{at:?}");
    }
    for missing in [At::Version(3), at(-1)] {
        let error = count(missing).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (Code::NotFound, Some(NO_SUCH_VERSION)), "{missing:?}");
    }
    let answer = fixture.service.query_at(&reader(), "t", &At::Version(0), Query::default()).await.unwrap();
    let again = fixture.service.query_at(&reader(), "t", &At::Version(0), Query::default()).await.unwrap();
    let other = fixture.service.query_at(&reader(), "t", &At::Version(1), Query::default()).await.unwrap();
    assert_eq!(answer.etag, again.etag);
    assert_ne!(answer.etag, other.etag);
    let batches: Vec<RecordBatch> = answer.rows.await.unwrap().batches.try_collect().await.unwrap();
    assert_eq!((batches[0].num_rows(), batches[0].schema().field(1).name().as_str()), (2, "mail"));
}

#[tokio::test]
async fn what_has_no_versions_says_so() {
    let fixture = Fixture::new().await;
    fixture.register("e").await;
    let service = &fixture.service;
    for error in [
        service.count_at(&reader(), "e", &At::Version(0), Expr::default()).await.unwrap_err(),
        service.view_at(&reader(), "e", &At::Version(0)).await.err().unwrap(),
        service.history(&reader(), "e", (1, 0)).await.unwrap_err(),
        service.vacuum(&admin(), "e", vacuum(168, false)).await.unwrap_err(),
        service.restore(&admin(), "e", 0).await.unwrap_err(),
        service.optimize(&admin(), "e", Optimize { target_size_mb: 1, z_order: vec![] }).await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.reason()), (Code::Conflict, Some(NO_VERSIONS)), "{error:?}");
    }
    let error = service.history(&reader(), "nope", (1, 0)).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::NotFound, None));
}

#[tokio::test]
async fn masks_hold_in_old_versions_and_columns_of_old_do_not_come_back() {
    let fixture = lake(r#","masks":{"email":{"strategy":"full","unmask_roles":[]}}"#).await;
    assert_eq!(columns(&fixture, &nobody(), At::Version(0)).await.unwrap(), ["id"]);
    assert_eq!(columns(&fixture, &admin(), At::Version(0)).await.unwrap(), ["id"]);
    let view = fixture.service.view_at(&nobody(), "t", &At::Version(1)).await.unwrap();
    assert!(view.is_masked("email"));
    let open = lake("").await;
    assert_eq!(columns(&open, &nobody(), At::Version(0)).await.unwrap(), ["id", "mail"]);
    let filtered = lake(r#","row_filter":"email = caller('mail')""#).await;
    let error = columns(&filtered, &nobody(), At::Version(0)).await.unwrap_err();
    assert!(error.code() == Code::Invalid && !error.message().contains("email"), "{error:?}");
    assert!(columns(&filtered, &nobody(), At::Version(1)).await.is_ok());
}

#[tokio::test]
async fn numbers_of_rows_are_for_who_sees_them_all() {
    let fixture = lake("").await;
    let history = fixture.service.history(&nobody(), "t", (2, 1)).await.unwrap();
    let told: Vec<_> = history.commits.iter().map(|commit| (commit.version, commit.rows)).collect();
    assert_eq!((history.total, told), (3, vec![(1, Some(1)), (0, Some(2))]));
    let filtered = lake(r#","row_filter":"email = caller('mail')""#).await;
    for ctx in [nobody(), admin()] {
        let history = filtered.service.history(&ctx, "t", (9, 0)).await.unwrap();
        assert!(history.total == 3 && history.commits.iter().all(|commit| commit.rows.is_none() && commit.metrics.is_empty()));
    }
}

#[tokio::test]
async fn going_back_is_seen_by_all_in_one_step_and_noted() {
    let fixture = lake("").await;
    let before = fixture.service.query(&reader(), "t", Query::default()).await.unwrap();
    let back = fixture.service.restore(&admin(), "t", 0).await.unwrap();
    assert_eq!((back.version, back.rows), (3, Some(2)));
    assert_eq!(columns(&fixture, &reader(), At::Now).await.unwrap(), ["id", "mail"]);
    let after = fixture.service.query(&reader(), "t", Query::default()).await.unwrap();
    assert_ne!(before.etag, after.etag);
    let batches: Vec<RecordBatch> = before.rows.await.unwrap().batches.try_collect().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    assert_eq!(fixture.service.history(&reader(), "t", (1, 0)).await.unwrap().commits[0].user.as_deref(), Some("admin"));
    assert_eq!(audited(&fixture, "dataset.restore").await, 1);
    let entry = fixture.service.registry.find("default", "t").unwrap();
    let record = fixture.service.catalog.get::<datahall_catalog::Dataset>(entry.record.get().unwrap()).await.unwrap();
    assert_eq!(record.unwrap().generation, 1);
    assert_eq!(fixture.service.restore(&admin(), "t", 9).await.unwrap_err().reason(), Some(NO_SUCH_VERSION));
}

#[tokio::test]
async fn nobody_goes_back_to_what_the_policy_does_not_suit() {
    let fixture = lake(r#","masks":{"email":{"strategy":"full"}}"#).await;
    let error = fixture.service.restore(&admin(), "t", 0).await.unwrap_err();
    assert_eq!((error.code(), error.message().contains("email")), (Code::Invalid, false), "{error:?}");
    assert_eq!(fixture.service.restore(&admin(), "t", 1).await.unwrap().rows, Some(1));
    assert_eq!(fixture.service.history(&admin(), "t", (9, 0)).await.unwrap().total, 4);
}

#[tokio::test]
async fn clearing_away_asks_who_wants_to_hurry_to_insist() {
    let fixture = lake("").await;
    let service = &fixture.service;
    let error = service.vacuum(&admin(), "t", vacuum(167, false)).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Invalid, "retention_hours: less than 168 needs force"));
    assert!(service.vacuum(&admin(), "t", vacuum(168, false)).await.unwrap().files.is_empty());
    let dry = VacuumRequest { dry_run: true, ..vacuum(0, true) };
    assert_eq!(service.vacuum(&admin(), "t", dry).await.unwrap().files, ["old.parquet"]);
    assert_eq!(audited(&fixture, "dataset.vacuum").await, 1);
    assert_eq!(service.vacuum(&admin(), "t", vacuum(0, true)).await.unwrap().files.len(), 1);
    assert_eq!(audited(&fixture, "dataset.vacuum").await, 2);
    assert!(service.vacuum(&admin(), "t", vacuum(u64::MAX, false)).await.unwrap().files.is_empty());
}

#[tokio::test]
async fn only_one_keeps_a_table_up_at_a_time() {
    let fixture = lake("").await;
    let entry = fixture.service.registry.find("default", "t").unwrap();
    let alone = entry.upkeep.lock().await;
    let optimize = || Optimize { target_size_mb: 128, z_order: vec![] };
    for error in [
        fixture.service.vacuum(&admin(), "t", vacuum(168, false)).await.unwrap_err(),
        fixture.service.optimize(&admin(), "t", optimize()).await.unwrap_err(),
        fixture.service.restore(&admin(), "t", 0).await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.reason(), error.retry_after_secs()), (Code::Conflict, None, Some(2)));
    }
    drop(alone);
    assert_eq!(fixture.service.optimize(&admin(), "t", optimize()).await.unwrap().version, 2);
}

#[tokio::test]
async fn rows_are_laid_out_by_what_the_caller_sees() {
    let fixture = lake(r#","masks":{"email":{"strategy":"full","unmask_roles":[]}}"#).await;
    let by = async |columns: &[&str], size| {
        let z_order = columns.iter().map(|name| (*name).to_owned()).collect();
        fixture.service.optimize(&admin(), "t", Optimize { target_size_mb: size, z_order }).await
    };
    assert!(by(&["ID"], 1).await.is_ok());
    assert_eq!(by(&["nope"], 1).await.unwrap_err().message(), "unknown column: nope");
    assert!(by(&["email"], 1).await.unwrap_err().message().contains("you do not see it as it is"));
    for size in [0, u64::MAX] {
        assert!(by(&[], size).await.unwrap_err().message().starts_with("target_size_mb: "));
    }
}

#[tokio::test]
async fn only_who_may_write_keeps_up() {
    let fixture = lake("").await;
    let kind = PrincipalKind::User { login: "vic".into() };
    let viewer = Ctx { principal: Principal { kind, ..nobody().principal }, ..reader() };
    let service = &fixture.service;
    assert!(service.history(&viewer, "t", (1, 0)).await.is_ok());
    for error in [
        service.require_upkeep(&viewer, "t").await.unwrap_err(),
        service.vacuum(&viewer, "t", vacuum(168, false)).await.unwrap_err(),
        service.restore(&viewer, "t", 0).await.unwrap_err(),
        service.optimize(&viewer, "t", Optimize { target_size_mb: 1, z_order: vec![] }).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::Forbidden, "{error:?}");
    }
    assert_eq!(service.history(&reader(), "t", (9, 0)).await.unwrap().total, 3);
}
