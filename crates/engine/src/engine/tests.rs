//! Both ways of reading give the same rows: random queries over one table, resident and lazy.

mod door;

use super::*;
use crate::resident::{Loaded, load};
use crate::table::{Data, OpenTable};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int16Array, Int64Array, RecordBatch, StringArray,
    UInt64Array,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::physical_plan::execute_stream;
use datahall_core::dataset::{Location, S3Options};
use datahall_core::engine::TableInfo;
use datahall_core::policy::ReadPolicy;
use datahall_core::query::{Aggregate, Compare, Expr, Function, Order, Value};
use futures::TryStreamExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const ROWS: usize = 20_000;

/// How many random cases a test tries.
#[allow(clippy::disallowed_methods, reason = "the long run of the tests asks for more")]
fn cases(ordinary: u32) -> u32 {
    std::env::var("DATAHALL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(ordinary)
}

/// A cheap sequence that looks random and is the same each time.
fn noise(row: usize, salt: u64) -> u64 {
    let mut x = (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 31)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 29)
}

fn table() -> RecordBatch {
    let some = |row: usize, salt: u64| !noise(row, salt).is_multiple_of(11);
    let each = |salt: u64, modulo: u64| (0..ROWS).map(move |row| some(row, salt + 100).then(|| noise(row, salt) % modulo));
    let texts = ["ATL", "Zürich", "a_b", "50%", "", "lhr", "LHR"];
    let floats = [0.0, -0.0, f64::NAN, f64::INFINITY, -1.5, 0.1, 3.0, 2.5];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i16", Arc::new(each(1, 50).map(|x| x.map(|x| x as i16 - 25)).collect::<Int16Array>())),
        ("key", Arc::new((0..ROWS).map(|row| Some(row as i64 / 3)).collect::<Int64Array>())),
        ("u64", Arc::new(each(2, 4).map(|x| x.map(|x| u64::MAX - x)).collect::<UInt64Array>())),
        ("float", Arc::new(each(3, 8).map(|x| x.map(|x| floats[x as usize])).collect::<Float64Array>())),
        ("Text", Arc::new(each(4, 7).map(|x| x.map(|x| texts[x as usize])).collect::<StringArray>())),
        ("unique", Arc::new((0..ROWS).map(|row| Some(format!("{:x}", noise(row, 9)))).collect::<StringArray>())),
        ("day", Arc::new(each(5, 400).map(|x| x.map(|x| x as i32 - 200)).collect::<Date32Array>())),
        ("flag", Arc::new(each(6, 2).map(|x| x.map(|x| x == 0)).collect::<BooleanArray>())),
        (
            "money",
            Arc::new(
                each(7, 1000)
                    .map(|x| x.map(|x| i128::from(x) - 500))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(15, 2)
                    .unwrap(),
            ),
        ),
    ];
    let fields: Vec<_> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

struct Both {
    engine: Arc<DataFusionEngine>,
    resident: Handle,
    lazy: Handle,
    _folder: tempfile::TempDir,
}

fn info(schema: arrow::datatypes::SchemaRef, resident: bool) -> TableInfo {
    TableInfo {
        schema,
        rows: None,
        resident,
        memory_bytes: 0,
        storage_bytes: None,
        indexed: Vec::new(),
        notes: Vec::new(),
        live: false,
        identity: None,
    }
}

async fn both() -> Both {
    both_of(&table()).await
}

/// `batch` as a table in memory and as one that is not.
async fn both_of(batch: &RecordBatch) -> Both {
    let folder = tempfile::tempdir().unwrap();
    let lake = Location { url: folder.path().join("lake").display().to_string(), s3: S3Options::default() };
    let options = Options {
        memory_budget_bytes: 1 << 30,
        query_memory_bytes: 1 << 30,
        spill_bytes: 1 << 30,
        spill_dir: folder.path().join("spill"),
        lake,
        lakehouse: folder.path().join("lakehouse"),
        threads: 2,
    };
    let engine = DataFusionEngine::new(options).unwrap();
    let provider: Arc<dyn TableProvider> = Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch.clone()]]).unwrap());
    let plan = provider.scan(&engine.ordered, None, &[], None).await.unwrap();
    let rows = execute_stream(plan, engine.ordered.task_ctx()).unwrap();
    let Loaded::Resident(resident) = load(rows, &ReadOptions::default(), &engine.budget).await.unwrap() else { panic!("fits") };
    let handle = |table: OpenTable| Handle { table: Arc::new(table), policy: Arc::new(ReadPolicy::default()) };
    let lazy = handle(OpenTable::new(info(provider.schema(), false), Data::Lazy(provider), ReadOptions::default()));
    let resident = handle(OpenTable::new(info(resident.schema.clone(), true), Data::Resident(resident), ReadOptions::default()));
    Both { engine, resident, lazy, _folder: folder }
}

async fn answer(engine: &DataFusionEngine, handle: &Handle, query: &Query) -> std::result::Result<String, String> {
    let query = query.clone().resolve(&handle.schema(), &handle.policy).map_err(|error| error.to_string())?;
    let rows = engine.read(handle, &query).await.map_err(|error| format!("{error:?}"))?;
    printed(rows).await
}

async fn sql(engine: &DataFusionEngine, handle: &Handle, sql: &str) -> std::result::Result<String, String> {
    let tables = [NamedHandle { name: "t".into(), handle: handle.clone() }];
    printed(engine.sql(sql, &tables, 1000).await.map_err(|error| format!("{error:?}"))?).await
}

async fn printed(rows: Rows) -> std::result::Result<String, String> {
    let batches: Vec<RecordBatch> = rows.batches.try_collect().await.map_err(|error| format!("{error:?}"))?;
    let batch = concat_batches(&rows.schema, &batches).map_err(|error| error.to_string())?;
    let plain = |array: &ArrayRef| match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).unwrap(),
        _ => array.clone(),
    };
    let columns: Vec<_> =
        batch.schema().fields().iter().map(|f| f.name().clone()).zip(batch.columns().iter().map(plain)).collect();
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap();
    Ok(pretty_format_batches(&[batch]).unwrap().to_string())
}

fn value_for(column: &'static str) -> BoxedStrategy<Value> {
    let text = |values: &'static [&'static str]| prop::sample::select(values).prop_map(|x| Value::Text(x.into())).boxed();
    match column {
        "Text" => text(&["ATL", "Zürich", "a_b", "nope", "", "LHR", "b"]),
        "unique" => text(&["8", "f", "a0"]),
        "day" => text(&["1970-01-01", "1969-11-02T12:00:00", "1970-07-19", "2100-01-01"]),
        "flag" => any::<bool>().prop_map(Value::Bool).boxed(),
        "u64" => prop_oneof![Just(Value::Int(u64::MAX.into())), Just(Value::Int(i128::from(u64::MAX) - 2)), Just(Value::Int(-1))]
            .boxed(),
        "money" => {
            prop_oneof![Just(Value::Float(0.1)), Just(Value::Text("-1.25".into())), Just(Value::Text("0.005".into()))].boxed()
        }
        _ => prop_oneof![
            (-30i128..30).prop_map(Value::Int),
            Just(Value::Float(2.5)),
            Just(Value::Float(0.0)),
            Just(Value::Int(9999))
        ]
        .boxed(),
    }
}

const COLUMNS: [&str; 9] = ["i16", "key", "u64", "float", "Text", "unique", "day", "flag", "money"];

fn leaf() -> impl Strategy<Value = Expr> {
    let ops = [Compare::Eq, Compare::Neq, Compare::Gt, Compare::Gte, Compare::Lt, Compare::Lte];
    let compare = prop::sample::select(&COLUMNS[..]).prop_flat_map(move |column| {
        let ops = if column == "flag" { &ops[..2] } else { &ops[..] }.to_vec();
        (prop::sample::select(ops), value_for(column)).prop_map(move |(op, value)| Expr::Compare {
            column: column.into(),
            op,
            value,
        })
    });
    let one_of = prop::sample::select(&COLUMNS[..]).prop_flat_map(|column| {
        prop::collection::vec(value_for(column), 1..5).prop_map(move |values| Expr::In { column: column.into(), values })
    });
    let patterns = prop::sample::select(&["A%", "%r%", "_HR", "50\\%", "%", "Z_rich", "", "a\\_b"][..]);
    let like = (prop::sample::select(&["Text", "unique"][..]), patterns, any::<bool>())
        .prop_map(|(column, pattern, ignore_case)| Expr::Like { column: column.into(), pattern: pattern.into(), ignore_case });
    let null = prop::sample::select(&COLUMNS[..]).prop_map(|column| Expr::IsNull { column: column.into() });
    let present = prop::sample::select(&COLUMNS[..]).prop_map(|column| Expr::IsNotNull { column: column.into() });
    prop_oneof![5 => compare, 2 => one_of, 2 => like, 1 => null, 1 => present]
}

fn expression() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..3).prop_map(Expr::All),
            1 => prop::collection::vec(inner.clone(), 1..3).prop_map(Expr::Any),
            1 => inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

fn query() -> impl Strategy<Value = Query> {
    let columns =
        |most: usize| prop::sample::subsequence(COLUMNS.to_vec(), 1..=most).prop_map(|x| x.iter().map(|x| (*x).into()).collect());
    let order = |columns: Vec<String>| {
        let key = (prop::sample::select(columns), any::<bool>(), any::<bool>())
            .prop_map(|(column, descending, nulls_first)| Order { column, descending, nulls_first });
        prop::collection::vec(key, 0..3)
    };
    let page = (prop_oneof![Just(0u64), 0..300u64, 19_000..21_000u64], prop_oneof![0..50u64, 1000..9000u64]);
    let all: Vec<String> = COLUMNS.iter().map(|x| (*x).to_owned()).collect();
    let plain = (expression(), columns(9), order(all), page.clone()).prop_map(|(filter, select, order, (offset, limit))| Query {
        filter,
        select,
        order,
        offset,
        limit: Some(limit),
        ..Query::default()
    });
    let grouped = (expression(), columns(3), page.clone()).prop_flat_map(move |(filter, group, (offset, limit))| {
        let group: Vec<String> = group;
        let functions = vec![Function::Count, Function::Sum, Function::Avg, Function::Min, Function::Max];
        let aggregate = (prop::sample::select(functions), prop::sample::select(&["i16", "key", "money", "Text", "day"][..]));
        let aggregates = prop::collection::vec(aggregate, 0..3).prop_map(|list| {
            let suits = |function: &Function, column: &&str| match function {
                Function::Sum | Function::Avg => !matches!(*column, "Text" | "day"),
                _ => true,
            };
            let numbered = list.into_iter().filter(|(function, column)| suits(function, column)).enumerate();
            let mut aggregates: Vec<_> = numbered
                .map(|(at, (function, column))| Aggregate { function, column: Some(column.into()), alias: format!("x{at}") })
                .collect();
            aggregates.push(Aggregate { function: Function::Count, column: None, alias: "n".into() });
            aggregates
        });
        let having =
            prop_oneof![Just(Expr::default()), Just(Expr::Compare { column: "n".into(), op: Compare::Gt, value: Value::Int(3) })];
        let mut outputs = group.clone();
        outputs.push("n".into());
        (aggregates, having, order(outputs)).prop_map(move |(aggregates, having, order)| Query {
            filter: filter.clone(),
            group: group.clone(),
            aggregates,
            having,
            order,
            offset,
            limit: Some(limit),
            ..Query::default()
        })
    });
    let distinct = (expression(), columns(3), page).prop_map(|(filter, select, (offset, limit))| Query {
        filter,
        select,
        distinct: true,
        offset,
        limit: Some(limit),
        ..Query::default()
    });
    prop_oneof![3 => plain, 2 => grouped, 1 => distinct]
}

#[test]
fn resident_and_lazy_tables_answer_alike() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let both = runtime.block_on(both());
    let config = Config { cases: cases(300), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default())).run(
        &query(),
        |query| {
            let (fast, slow) = runtime.block_on(async {
                (answer(&both.engine, &both.resident, &query).await, answer(&both.engine, &both.lazy, &query).await)
            });
            prop_assert_eq!(fast, slow);
            Ok(())
        },
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_is_given_back_with_the_table() {
    let both = both().await;
    assert!(both.engine.budget.used() > 0);
    drop(both.resident);
    assert_eq!(both.engine.budget.used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_by_hand() {
    let both = both().await;
    let count = |filter: Expr| Query::count(filter);
    let compare = |column: &str, op, value| Expr::Compare { column: column.into(), op, value };
    // Three rows share each key.
    let found = answer(&both.engine, &both.resident, &count(compare("key", Compare::Eq, Value::Int(77)))).await.unwrap();
    assert!(found.contains("| 3     |"), "{found}");
    let all = answer(&both.engine, &both.resident, &count(Expr::default())).await.unwrap();
    assert!(all.contains("20000"), "{all}");
    // -0.0 equals 0.0, and NaN nothing: two of eight values of those that are not null.
    let zero = count(compare("float", Compare::Eq, Value::Float(0.0)));
    let fast = answer(&both.engine, &both.resident, &zero).await;
    assert_eq!(fast, answer(&both.engine, &both.lazy, &zero).await);
    let overflow = Query {
        aggregates: vec![Aggregate { function: Function::Sum, column: Some("u64".into()), alias: "s".into() }],
        ..Query::default()
    };
    let error = answer(&both.engine, &both.resident, &overflow).await.unwrap_err();
    assert!(error.starts_with("Invalid: sum overflows"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn grouping_by_dictionary_text_gives_what_grouping_by_text_gives() {
    let both = both().await;
    for statement in [
        "SELECT \"Text\", count(*) AS n FROM t GROUP BY \"Text\" ORDER BY 1 NULLS FIRST",
        "SELECT count(*) AS n, \"Text\" AS x, flag, \"Text\" FROM t WHERE i16 > 3 GROUP BY \"Text\", flag ORDER BY 2, 3",
        "SELECT u.\"Text\", max(u.key) AS m FROM t AS u GROUP BY u.\"Text\" HAVING count(*) > 1000 ORDER BY m, 1",
        "WITH c AS (SELECT \"Text\" AS a, i16 FROM t WHERE \"Text\" <> '') SELECT a, sum(i16) AS s FROM c GROUP BY a ORDER BY a",
        "SELECT \"Text\" || 'x' AS y, count(DISTINCT \"Text\") AS n FROM t GROUP BY \"Text\" || 'x', \"Text\" ORDER BY 1",
        "SELECT n, count(*) AS m FROM (SELECT \"Text\", day, count(*) AS n FROM t GROUP BY \"Text\", day) GROUP BY n ORDER BY n",
        "SELECT \"Text\", flag, count(*) AS n FROM t GROUP BY ROLLUP (\"Text\", flag) ORDER BY 1, 2, 3",
        "SELECT a.\"Text\", count(*) AS n FROM t a JOIN t b ON a.key = b.key GROUP BY a.\"Text\" ORDER BY 1",
        "SELECT \"Text\" FROM t GROUP BY \"Text\" HAVING \"Text\" > 'A' ORDER BY 1",
        "SELECT \"Text\", flag FROM (SELECT \"Text\", flag, count(*) AS n FROM t GROUP BY \"Text\", flag) WHERE \"Text\" IN ('ATL', '') AND n > 1 ORDER BY 1, 2",
        "SELECT \"Text\" FROM t GROUP BY \"Text\" HAVING \"Text\" IS NULL",
    ] {
        let fast = sql(&both.engine, &both.resident, statement).await;
        assert!(fast.is_ok(), "{statement}: {fast:?}");
        assert_eq!(fast, sql(&both.engine, &both.lazy, statement).await, "{statement}");
    }
}
