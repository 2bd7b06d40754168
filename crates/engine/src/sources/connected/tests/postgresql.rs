//! PostgreSQL.

use super::lab::{Lab, logged, postgresql, until};
use datahall_core::Code;
use datahall_core::connection::{Connection, Part, Reach};
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::{Access, Engine, Handle};
use datahall_core::query::{Compare, Expr, Order, Query, Value};
use futures::StreamExt;
use sqlx::{Connection as _, PgConnection};
use std::sync::Arc;

const TYPES: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN price AS numeric(10, 2);
    CREATE SCHEMA "Sales";
    CREATE TABLE "Sales"."Order ""x""" (
        "Id" bigint PRIMARY KEY, small smallint, "order" int, r real, d double precision, n numeric(20, 4), loose numeric, p price,
        t text, v varchar(5), c char(4), b boolean, day date, at timestamp, tz timestamptz, tm time, raw bytea, u uuid, j jsonb,
        m mood, ints int[], texts text[], ip inet, span interval);
    INSERT INTO "Sales"."Order ""x""" VALUES
        (9223372036854775807, -32768, 7, 1.5, 0.1, 1234567890.1234, 0.000000000000000001, 12.345, 'ä''|\', 'abc', 'ab', true,
         '2024-02-29', '2024-02-29 12:00:00.123456', '2024-02-29 12:00:00+02', '23:59:59.5', '\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
         '{"k": [1, null]}', 'ok', '{1,NULL,-3}', '{"a b","c\"d"}', '10.0.0.1', '1 day 2 hours'),
        (2, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         '{}', NULL, NULL);"#;

#[tokio::test]
async fn every_type_is_read_as_what_it_is() {
    let (lab, (connection, _)) = (Lab::new(), postgresql(TYPES).await);
    let schemas = lab.engine.schemas(&connection, &Access::default()).await.unwrap();
    assert_eq!(schemas, ["Sales", "public"]);
    let tables = lab.engine.tables(&connection, Some("Sales"), &Access::default()).await.unwrap();
    assert_eq!((tables[0].name.as_str(), tables[0].kind, tables.len()), ("Order \"x\"", "table", 1));
    let part = Part::Table { schema: Some("Sales".into()), name: "Order \"x\"".into() };
    let table = lab.try_open(&connection, part, ReadOptions::default()).await.unwrap();
    assert!(table.info().live && table.info().rows.is_none());
    let types: Vec<String> = table.info().schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(
        types.join(" | "),
        "Int64 | Int16 | Int32 | Float32 | Float64 | Decimal128(20, 4) | Decimal128(38, 18) | Decimal128(10, 2) | Utf8 | Utf8 | Utf8 | \
         Boolean | Date32 | Timestamp(µs) | Timestamp(µs, \"UTC\") | Time64(µs) | Binary | Utf8 | Utf8 | Utf8 | List(Int32) | \
         List(Utf8) | Utf8 | Utf8"
    );
    let handle = Handle { table, policy: Arc::default() };
    let order = vec![Order { column: "Id".into(), descending: true, nulls_first: false }];
    let rows = lab.read(&handle, Query { order, ..Query::default() }).await.unwrap();
    assert_eq!(
        rows,
        [
            "9223372036854775807|-32768|7|1.5|0.1|1234567890.1234|0.000000000000000001|12.35|ä'|\\|abc|ab  |true|2024-02-29|\
             2024-02-29T12:00:00.123456|2024-02-29T10:00:00Z|23:59:59.500|00ff|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{\"k\": [1, null]}|\
             ok|[1, , -3]|[a b, c\"d]|10.0.0.1|P1DT2H",
            "2|||NaN|inf|||||||||||||||||[]||",
        ]
    );
}

const ROWS: &str = "CREATE TABLE pushed (id bigint, part int, name text, amount numeric(12, 2), at timestamptz);
    INSERT INTO pushed SELECT i, i % 10, 'n' || i % 100, i / 4.0, '2024-01-01'::timestamptz + i * interval '1 minute'
        FROM generate_series(1, 20000) i;
    CREATE TABLE parts (part int, label text); INSERT INTO parts SELECT i, 'p' || i FROM generate_series(0, 9) i;";

fn last_statement(database: &Connection) -> String {
    let Reach::Postgresql(_) = &database.reach else { unreachable!() };
    let statements = logged("DATAHALL_TEST_POSTGRES_LOG", "statement: SELECT");
    statements.iter().rev().find(|line| line.contains("pushed")).cloned().unwrap_or_default()
}

/// One test, for it looks at the last statement of the log that names its table.
#[tokio::test]
async fn conditions_columns_limits_groups_and_joins_are_done_there() {
    let (lab, (connection, _)) = (Lab::new(), postgresql(ROWS).await);
    let pushed = lab.open(&connection, "pushed").await;
    let parts = lab.open(&connection, "parts").await;
    let filter = Expr::All(vec![
        Expr::Compare { column: "name".into(), op: Compare::Eq, value: Value::Text("n7".into()) },
        Expr::Compare { column: "id".into(), op: Compare::Gt, value: Value::Int(100) },
    ]);
    let query = Query { select: vec!["id".into()], filter: filter.clone(), limit: Some(2), ..Query::default() };
    assert_eq!(lab.read(&pushed, query).await.unwrap(), ["107", "207"]);
    let said = last_statement(&connection);
    for part in ["SELECT \"id\" FROM", "\"name\" = 'n7'", "\"id\" >= 101", "LIMIT 2"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(lab.read(&pushed, Query::count(filter)).await.unwrap(), ["199"]);
    let said = last_statement(&connection);
    assert!(said.contains("count(") && said.contains("WHERE"), "{said}");
    let sql = "SELECT part, count(*) AS n, sum(amount) AS s, max(at) AS latest FROM pushed WHERE id <= 1000 GROUP BY part ORDER BY part";
    let rows = lab.sql(sql, &[("pushed", &pushed)]).await.unwrap();
    // Of i/4 with two places over i = 10, 20, … 1000.
    assert_eq!(rows[0], "0|100|12625.00|2024-01-01T16:40:00Z");
    let said = last_statement(&connection);
    assert!(said.contains("GROUP BY"), "{said}");
    let sql =
        "SELECT p.label, count(*) AS n FROM pushed x JOIN parts p ON x.part = p.part WHERE x.id < 26 GROUP BY p.label ORDER BY 1";
    let rows = lab.sql(sql, &[("pushed", &pushed), ("parts", &parts)]).await.unwrap();
    assert_eq!((rows.len(), rows[0].as_str(), rows[9].as_str()), (10, "p0|2", "p9|2"));
    let said = last_statement(&connection);
    assert!(said.contains("JOIN") && said.contains("GROUP BY"), "{said}");
    let order = vec![Order { column: "id".into(), descending: true, nulls_first: false }];
    let rows = lab.read(&pushed, Query { select: vec!["id".into()], order, limit: Some(1), ..Query::default() }).await.unwrap();
    assert_eq!(rows, ["20000"]);
    // Text in another order than ours is not theirs to compare.
    let sql = "SELECT min(name) AS first FROM pushed WHERE upper(name) < 'N2'";
    assert_eq!(lab.sql(sql, &[("pushed", &pushed)]).await.unwrap(), ["n0"]);
}

#[tokio::test]
async fn what_is_left_ends_there() {
    let (lab, (connection, url)) = (Lab::new(), postgresql("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await);
    let mut watch = PgConnection::connect(url.as_str()).await.unwrap();
    let active = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()";
    for sql in [
        "SELECT generate_series(1, 1000000000) AS i",
        "SELECT pg_sleep(600)::text AS i",
        "SELECT count(*) AS i FROM generate_series(1, 10000000000)",
    ] {
        let table = lab.try_open(&connection, Part::Query { sql: sql.into() }, ReadOptions::default()).await.unwrap();
        let handle = Handle { table, policy: Arc::default() };
        let query = Query::default().resolve(&handle.schema(), &handle.policy).unwrap();
        let mut rows = lab.engine.read(&handle, &query).await.unwrap();
        if sql.starts_with("SELECT generate") {
            assert!(rows.batches.next().await.unwrap().unwrap().num_rows() > 0);
        } else {
            // Asked for, and with nothing to give as long as this test goes on.
            let mut first = rows.batches.next();
            until(async || {
                assert!(futures::poll!(&mut first).is_pending());
                sqlx::query_scalar::<_, i64>(active).fetch_one(&mut watch).await.unwrap() == 1
            })
            .await;
        }
        drop(rows);
        until(async || sqlx::query_scalar::<_, i64>(active).fetch_one(&mut watch).await.unwrap() == 0).await;
    }
    let rows = lab.read(&lab.open(&connection, "t").await, Query::default()).await.unwrap();
    assert_eq!(rows, ["1"]);
}

#[tokio::test]
async fn statements_read_and_no_more() {
    let script = "CREATE TABLE t (id int); CREATE SEQUENCE s; CREATE FUNCTION put() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id'";
    let (lab, (connection, url)) = (Lab::new(), postgresql(script).await);
    let ask = async |sql: &str| {
        let table = lab.try_open(&connection, Part::Query { sql: sql.into() }, ReadOptions::default()).await?;
        let handle = Handle { table, policy: Arc::default() };
        lab.read(&handle, Query::default()).await
    };
    assert_eq!(ask("SELECT 1 AS one, 'x'::text AS two -- the end").await.unwrap(), ["1|x"]);
    for sql in [
        "SELECT put() AS p",
        "SELECT nextval('s') AS n",
        "DELETE FROM t",
        "SELECT 1; SELECT 2",
        "SELECT 1 AS a, 2 AS a",
        "SELECT nope",
    ] {
        let error = ask(sql).await.unwrap_err();
        assert_eq!(error.code(), Code::Invalid, "{sql}: {error:?}");
    }
    let error = ask("SELECT set_config('transaction_read_only', 'off', false) AS x, put() AS p").await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid, "{error:?}");
    let mut watch = PgConnection::connect(url.as_str()).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM t").fetch_one(&mut watch).await.unwrap(), 0);
}

#[tokio::test]
async fn a_server_that_went_away_is_told_and_found_again() {
    let (lab, (connection, _)) = (Lab::new(), postgresql("CREATE TABLE t (id int); INSERT INTO t VALUES (5)").await);
    let Reach::Postgresql(database) = &connection.reach else { unreachable!() };
    let target = (database.host.clone(), database.port);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let through = Connection {
        id: "proxied".into(),
        reach: Reach::Postgresql(datahall_core::connection::Database { port, ..database.clone() }),
        ..(*connection).clone()
    };
    let through = Arc::new(through);
    let serve = |listener: tokio::net::TcpListener| {
        let target = target.clone();
        let mut open = tokio::task::JoinSet::new();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                open.spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        })
    };
    let proxy = serve(listener);
    let handle = lab.open(&through, "t").await;
    assert_eq!(lab.read(&handle, Query::default()).await.unwrap(), ["5"]);
    proxy.abort();
    let _ = proxy.await;
    let error = lab.read(&handle, Query::default()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "connector 'outside' does not answer"));
    assert_eq!(lab.engine.probe(&through, &Access::default()).await.unwrap_err().code(), Code::Unavailable);
    let _proxy = serve(tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap());
    assert_eq!(lab.read(&handle, Query::default()).await.unwrap(), ["5"]);
}

#[tokio::test]
async fn hosts_that_are_not_public_are_refused_where_only_those_are_allowed() {
    let (lab, (connection, _)) = (Lab::new(), postgresql("SELECT 1").await);
    let access = Access { roots: Some(Vec::new()), private_networks: false };
    let Reach::Postgresql(database) = &connection.reach else { unreachable!() };
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0x7f000001", "/var/run/postgresql"] {
        let reach = Reach::Postgresql(datahall_core::connection::Database { host: host.into(), ..database.clone() });
        let there = Connection { id: String::new(), reach, ..(*connection).clone() };
        let error = lab.engine.probe(&there, &access).await.unwrap_err();
        assert!(matches!(error.code(), Code::Invalid | Code::Unavailable), "{host}: {error:?}");
    }
}

#[tokio::test]
async fn columns_have_the_names_they_were_given() {
    let (lab, (connection, _)) =
        (Lab::new(), postgresql("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')").await);
    let options = ReadOptions { rename: vec![("a".into(), "number".into())], ..ReadOptions::default() };
    let part = Part::Table { schema: Some("public".into()), name: "t".into() };
    let table = lab.try_open(&connection, part.clone(), options).await.unwrap();
    let handle = Handle { table, policy: Arc::default() };
    let rows = lab.sql("SELECT number, b FROM t WHERE number = 2", &[("t", &handle)]).await.unwrap();
    assert_eq!(rows, ["2|y"]);
    let filter = Expr::Compare { column: "number".into(), op: Compare::Lt, value: Value::Int(2) };
    assert_eq!(lab.read(&handle, Query::count(filter)).await.unwrap(), ["1"]);
    for rename in [("nope", "x"), ("a", "b")] {
        let options = ReadOptions { rename: vec![(rename.0.into(), rename.1.into())], ..ReadOptions::default() };
        assert_eq!(lab.try_open(&connection, part.clone(), options).await.err().unwrap().code(), Code::Invalid);
    }
}
