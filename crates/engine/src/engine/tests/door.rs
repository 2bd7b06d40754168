//! What a policy keeps from a caller changes nothing for him, and the views of a table answer alike in memory and not.

use super::*;
use arrow::array::Array;
use datahall_core::policy::{Masking, RowAccess, Strategy as Mask};
use proptest::test_runner::TestRng;

/// Masks, a hidden column and a row filter; `i16 > caller('least')` leaves out about half of the rows.
fn restricted() -> ReadPolicy {
    let masks = [("u64", Mask::Full), ("float", Mask::Redact), ("unique", Mask::Partial), ("money", Mask::Bucket { width: 5.0 })];
    ReadPolicy {
        visible: datahall_core::policy::ColumnChoice::Exclude(vec!["flag".into()]),
        masks: masks.into_iter().map(|(name, strategy)| (name.to_owned(), Masking { strategy, key: [3; 32] })).collect(),
        rows: RowAccess::Matching {
            sql: "i16 >= CAST(caller('least') AS INT)".into(),
            caller: [("least".to_owned(), vec!["1".to_owned()])].into(),
        },
        ..ReadPolicy::default()
    }
}

/// The same table for whom [`restricted`] holds: other values behind masks with the same image, in the hidden column and in
/// the rows left out, of which there are more.
fn altered() -> RecordBatch {
    let batch = table();
    let numbers = batch.column(0).as_any().downcast_ref::<Int16Array>().unwrap();
    let seen = |row: usize| !numbers.is_null(row) && numbers.value(row) >= 1;
    // Each row left out comes three times, with the values of another row.
    let sources: Vec<Option<u64>> = (0..ROWS)
        .flat_map(|row| if seen(row) { vec![Some(row as u64)] } else { vec![Some(noise(row, 77) % ROWS as u64); 3] })
        .collect();
    let is_seen: Vec<bool> = (0..ROWS).flat_map(|row| vec![seen(row); if seen(row) { 1 } else { 3 }]).collect();
    let indices = UInt64Array::from(sources);
    let mut columns: Vec<ArrayRef> =
        batch.columns().iter().map(|column| arrow::compute::take(column, &indices, None).unwrap()).collect();
    let rows = is_seen.len();
    // Values that numbers of rows left out have: nulls, zeroes, the extremes.
    let hidden = [None, Some(i16::MIN), Some(0), Some(-7)];
    let first = columns[0].as_any().downcast_ref::<Int16Array>().unwrap().clone();
    columns[0] = Arc::new(
        (0..rows).map(|row| if is_seen[row] { Some(first.value(row)) } else { hidden[row % 4] }).collect::<Int16Array>(),
    );
    let keys = columns[1].as_any().downcast_ref::<Int64Array>().unwrap().clone();
    let extremes = [Some(0), Some(i64::MAX), None, Some(i64::MIN)];
    columns[1] = Arc::new(
        (0..rows).map(|row| if is_seen[row] { Some(keys.value(row)) } else { extremes[row % 4] }).collect::<Int64Array>(),
    );
    let big = columns[2].clone();
    columns[2] =
        Arc::new((0..rows).map(|row| (!is_seen[row] || !big.is_null(row)).then_some(row as u64)).collect::<UInt64Array>());
    columns[3] = Arc::new((0..rows).map(|row| (row % 5 != 0).then_some(row as f64 - 3.5)).collect::<Float64Array>());
    let text = columns[4].as_any().downcast_ref::<StringArray>().unwrap().clone();
    let texts = |row: usize| if is_seen[row] { (!text.is_null(row)).then(|| text.value(row)) } else { Some("not a number") };
    columns[4] = Arc::new((0..rows).map(texts).collect::<StringArray>());
    let unique = columns[5].as_any().downcast_ref::<StringArray>().unwrap().clone();
    columns[5] = Arc::new((0..rows).map(|row| Some(same_image(unique.value(row), is_seen[row]))).collect::<StringArray>());
    columns[7] = Arc::new((0..rows).map(|row| Some(row % 2 == 0)).collect::<BooleanArray>());
    let money = columns[8].as_any().downcast_ref::<Decimal128Array>().unwrap().clone();
    // Another value of the same bucket, five wide.
    let other = |row: usize| (!money.is_null(row)).then(|| money.value(row).div_euclid(500) * 500 + (row % 500) as i128);
    columns[8] = Arc::new((0..rows).map(other).collect::<Decimal128Array>().with_precision_and_scale(15, 2).unwrap());
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// Another text that [`Mask::Partial`] shows alike.
fn same_image(text: &str, seen: bool) -> String {
    if !seen {
        return format!("{text}{text}");
    }
    let kept = match text.len() {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    };
    let middle = "?".repeat(text.len() - 2 * kept);
    format!("{}{middle}{}", &text[..kept], &text[text.len() - kept..])
}

fn through(handle: &Handle, policy: ReadPolicy) -> Handle {
    Handle { table: handle.table.clone(), policy: Arc::new(policy) }
}

const STATEMENTS: &[&str] = &[
    "SELECT * FROM t",
    "SELECT count(*), count(float), count(u64), min(unique), max(\"Text\"), sum(key), avg(i16) FROM t",
    "SELECT 10 / key FROM t",
    "SELECT 10 % (key - 100000000) FROM t ORDER BY 1 LIMIT 3",
    "SELECT key * 9000000000000 FROM t",
    "SELECT -key FROM t ORDER BY 1 LIMIT 5",
    "SELECT CAST(\"Text\" AS INT) FROM t",
    "SELECT CAST(u64 AS BIGINT) FROM t",
    "SELECT CAST(unique AS DATE) FROM t WHERE unique > '5'",
    "SELECT i16, count(*) FROM t WHERE 1 / i16 > 0 GROUP BY i16 ORDER BY i16",
    "SELECT u64, count(*) FROM t GROUP BY u64 ORDER BY 1",
    "SELECT money, count(*) FROM t GROUP BY money ORDER BY money",
    "SELECT length(unique), upper(money), float FROM t WHERE u64 = '***' ORDER BY 1, 2 LIMIT 20",
    "SELECT flag FROM t",
    "SELECT sum(money) FROM t",
    "SELECT a.key, b.i16 FROM t a JOIN t b ON a.unique = b.unique AND a.key < b.key ORDER BY 1, 2 LIMIT 50",
    "SELECT key, row_number() OVER (PARTITION BY \"Text\" ORDER BY key, i16) AS n FROM t ORDER BY 1, 2 LIMIT 30",
    "SELECT DISTINCT \"Text\" FROM t ORDER BY 1",
    "SELECT * FROM t WHERE key IN (SELECT max(key) FROM t) ORDER BY 1",
    "SELECT key FROM t WHERE EXISTS (SELECT 1 FROM t u WHERE u.key = 10 / t.i16) ORDER BY 1 LIMIT 5",
    "SELECT stddev(key), approx_distinct(key), median(i16) FROM t",
    "SELECT (SELECT count(*) FROM t WHERE float IS NULL) AS n, (SELECT count(*) FROM t WHERE money LIKE '[%') AS m",
    "DESCRIBE t",
    "EXPLAIN SELECT key FROM t WHERE key > 5 AND unique LIKE 'a%'",
    "SELECT column_name, data_type, is_nullable FROM information_schema.columns",
    "SELECT key FROM t UNION ALL SELECT i16 FROM t ORDER BY 1 LIMIT 10",
    "SELECT key, i16 FROM t ORDER BY key DESC, i16 LIMIT 10 OFFSET 100",
    "SELECT key FROM t LIMIT 7",
];

fn cases(ordinary: u32) -> u32 {
    std::env::var("DATAHALL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(ordinary)
}

fn same(tables: &[(&DataFusionEngine, Handle)], runtime: &tokio::runtime::Runtime, wanted: &dyn Fn(&str) -> bool) {
    let config = Config { cases: cases(150), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new_with_rng(config, TestRng::deterministic_rng(Default::default())).run(&query(), |query| {
        let first = runtime.block_on(answer(tables[0].0, &tables[0].1, &query));
        for (engine, handle) in &tables[1..] {
            prop_assert_eq!(&first, &runtime.block_on(answer(engine, handle, &query)));
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    for statement in STATEMENTS.iter().filter(|statement| wanted(statement)) {
        let first = runtime.block_on(sql(tables[0].0, &tables[0].1, statement));
        for (engine, handle) in &tables[1..] {
            let other = runtime.block_on(sql(engine, handle, statement));
            // A table in memory casts the values of a dictionary, so that it may fail on another value first.
            let failed = first.is_err() && other.is_err() && !wanted("EXPLAIN");
            assert!(first == other || failed, "{statement}\n{first:?}\n{other:?}");
        }
    }
}

#[test]
fn what_is_kept_from_a_caller_changes_nothing_for_him() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (one, other) = runtime.block_on(async { (both_of(&table()).await, both_of(&altered()).await) });
    let through = |both: &Both, handle: &Handle| (Arc::clone(&both.engine), through(handle, restricted()));
    let seen =
        [through(&one, &one.resident), through(&other, &other.resident), through(&one, &one.lazy), through(&other, &other.lazy)];
    let seen: Vec<_> = seen.iter().map(|(engine, handle)| (engine.as_ref(), handle.clone())).collect();
    for tables in [&seen[..2], &seen[2..]] {
        same(tables, &runtime, &|_| true);
    }
    // The plan of a table in memory is another than that of one that is not.
    same(&seen[1..3], &runtime, &|statement| !statement.starts_with("EXPLAIN"));
    // He who may see it all sees that they differ.
    let whole = "SELECT count(*), sum(i16), min(unique) FROM t";
    let first = runtime.block_on(sql(&one.engine, &one.resident, whole));
    assert_ne!(first, runtime.block_on(sql(&other.engine, &other.resident, whole)));
}

#[test]
fn masks_alone_answer_alike_in_memory_and_not() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let both = runtime.block_on(both());
    let policy = ReadPolicy { rows: RowAccess::All, ..restricted() };
    let tables = [(&*both.engine, through(&both.resident, policy.clone())), (&*both.engine, through(&both.lazy, policy))];
    same(&tables, &runtime, &|statement| !statement.starts_with("EXPLAIN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_made_once_and_goes_with_its_table() {
    let both = both().await;
    let handle = through(&both.resident, restricted());
    let before = both.engine.budget.used();
    let count = "SELECT count(*) AS n, count(float) AS f, min(u64) AS u FROM t";
    let expected = "SELECT count(*) AS n, 0 AS f, '***' AS u FROM t WHERE i16 >= 1";
    let first = sql(&both.engine, &handle, count).await.unwrap();
    assert_eq!(first, sql(&both.engine, &both.lazy, expected).await.unwrap());
    let held = both.engine.budget.used();
    assert!(held > before);
    sql(&both.engine, &handle, count).await.unwrap();
    assert_eq!(both.engine.budget.used(), held);
    let nothing = through(&both.resident, ReadPolicy { rows: RowAccess::None, ..ReadPolicy::default() });
    assert!(sql(&both.engine, &nothing, "SELECT count(*) AS n FROM t").await.unwrap().contains("| 0 "));
    drop((handle, nothing, both.resident));
    assert_eq!(both.engine.budget.used(), 0);
}
