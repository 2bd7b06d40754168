//! MariaDB, which speaks as MySQL does.

use super::lab::{Lab, logged, mysql, until};
use datahall_core::Code;
use datahall_core::connection::Part;
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::{Access, Engine, Handle};
use datahall_core::query::{Compare, Expr, Query, Value};
use futures::StreamExt;
use sqlx::{Connection as _, MySqlConnection};
use std::sync::Arc;

const TYPES: &str = "CREATE TABLE `Or``der` (`select` bigint unsigned primary key, tiny tinyint, f float, d double, n decimal(20,4), big decimal(65,30),
        t text, v varchar(9), day date, at datetime(6), ts timestamp(3) NULL, tm time, raw blob, j json, e enum('a','b'), y year, yes boolean);
    SET time_zone = '+00:00';
    INSERT INTO `Or``der` VALUES (18446744073709551615, -128, 1.5, 0.1, 12.3456, 1.5, 'ä''\\\\|', 'Abc', '2024-02-29', '2024-02-29 12:00:00.123456',
        '2024-02-29 12:00:00.5', '-838:59:59', x'00ff', '{\"k\": 1}', 'b', 2024, true);
    INSERT INTO `Or``der` (`select`) VALUES (2)";

#[tokio::test]
async fn every_type_is_read_as_what_it_is() {
    let (lab, (connection, url)) = (Lab::new(), mysql(TYPES).await);
    let schema = url.path().trim_start_matches('/');
    assert!(lab.engine.schemas(&connection, &Access::default()).await.unwrap().iter().any(|name| name == schema));
    let tables = lab.engine.tables(&connection, None, &Access::default()).await.unwrap();
    assert_eq!((tables[0].name.as_str(), tables.len()), ("Or`der", 1));
    let handle = lab.open(&connection, "Or`der").await;
    let mut rows = lab.read(&handle, Query::default()).await.unwrap();
    rows.sort();
    assert_eq!(
        rows,
        [
            "18446744073709551615|-128|1.5|0.1|12.3456|1.500000000000000000000000000000|ä'\\|Abc|2024-02-29|\
             2024-02-29T12:00:00.123456|2024-02-29T12:00:00.500Z|-838:59:59|00ff|{\"k\": 1}|b|2024|1",
            "2||||||||||||||||",
        ]
        .map(|row| row.replace("ä'\\|", "ä'\\||"))
        .map(|row| row.to_owned())
    );
}

#[tokio::test]
async fn conditions_and_limits_are_done_there_and_text_is_compared_here() {
    let script = "CREATE TABLE pushed_m (id int primary key, name varchar(20));
        INSERT INTO pushed_m VALUES (1, 'a'), (2, 'A'), (3, 'b')";
    let (lab, (connection, _)) = (Lab::new(), mysql(script).await);
    let table = lab.open(&connection, "pushed_m").await;
    let is_a = Expr::Compare { column: "name".into(), op: Compare::Eq, value: Value::Text("a".into()) };
    let query = |filter: Expr| Query { select: vec!["id".into()], filter, limit: Some(5), ..Query::default() };
    assert_eq!(lab.read(&table, query(is_a)).await.unwrap(), ["1"]);
    let above = Expr::Compare { column: "id".into(), op: Compare::Gte, value: Value::Int(3) };
    assert_eq!(lab.read(&table, query(above.clone())).await.unwrap(), ["3"]);
    let said = logged("DATAHALL_TEST_MARIADB_LOG", "pushed_m");
    assert!(said.iter().any(|line| line.contains("`name` = 'a'") && !line.contains("LIMIT 5")), "{said:?}");
    assert!(said.iter().any(|line| line.contains("`id` >= 3") && line.contains("LIMIT 5")), "{said:?}");
    assert_eq!(lab.read(&table, Query::count(above)).await.unwrap(), ["1"]);
    let said = logged("DATAHALL_TEST_MARIADB_LOG", "pushed_m");
    assert!(said.last().unwrap().to_lowercase().contains("count("), "{said:?}");
    let groups = lab.sql("SELECT name, count(*) AS n FROM pushed_m GROUP BY name ORDER BY name", &[("pushed_m", &table)]).await;
    assert_eq!(groups.unwrap(), ["A|1", "a|1", "b|1"]);
}

#[tokio::test]
async fn what_is_left_ends_there_and_nothing_is_written() {
    let (lab, (connection, url)) = (Lab::new(), mysql("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await);
    let mut watch = MySqlConnection::connect(url.as_str()).await.unwrap();
    let part = Part::Query { sql: "SELECT a.id + SLEEP(600) AS i FROM t a".into() };
    let table = lab.try_open(&connection, part, ReadOptions::default()).await.unwrap();
    let handle = Handle { table, policy: Arc::default() };
    let query = Query::default().resolve(&handle.schema(), &handle.policy).unwrap();
    let mut rows = lab.engine.read(&handle, &query).await.unwrap();
    let running = "SELECT CAST(COUNT(*) AS SIGNED) FROM information_schema.processlist WHERE info LIKE '%SLEEP(600)%' AND id <> CONNECTION_ID()";
    let mut first = rows.batches.next();
    until(async || {
        assert!(futures::poll!(&mut first).is_pending());
        sqlx::query_scalar::<_, i64>(running).fetch_one(&mut watch).await.unwrap() == 1
    })
    .await;
    drop(rows);
    until(async || sqlx::query_scalar::<_, i64>(running).fetch_one(&mut watch).await.unwrap() == 0).await;
    for sql in ["DELETE FROM t", "SELECT * FROM t INTO OUTFILE '/tmp/x'", "SELECT nope FROM t", "SELECT 1; SELECT 2"] {
        let opened = lab.try_open(&connection, Part::Query { sql: sql.into() }, ReadOptions::default()).await;
        assert_eq!(opened.err().unwrap().code(), Code::Invalid, "{sql}");
    }
}
