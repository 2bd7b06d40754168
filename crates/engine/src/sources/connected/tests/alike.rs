//! What a database does of a query and what is done here give the same: each question is asked of tables, whose databases may do all
//! of it, and of statements that give the same rows, of which they do little.

use super::lab::{Lab, mysql, postgresql};
use datahall_core::connection::{Connection, Part};
use datahall_core::dataset::ReadOptions;
use datahall_core::engine::Handle;
use datahall_core::query::{Aggregate, Compare, Expr, Function, Order, Query, Value};
use std::sync::Arc;

const ROWS: &str = "CREATE TABLE o (id int primary key, part int, name varchar(20), amount numeric(12, 2), day date);
    INSERT INTO o VALUES (1, 1, 'a', 10.50, '2024-01-01'), (2, 1, 'A', -0.25, '2024-02-29'), (3, 2, 'b', NULL, NULL),
        (4, NULL, NULL, 3.00, '2024-03-01'), (5, 3, 'a b', 7.75, '2024-03-01'), (6, 2, '', 0.00, '1999-12-31'), (7, 9, 'z', 1.00, NULL);
    CREATE TABLE p (part int, label varchar(20), id int);
    INSERT INTO p VALUES (1, 'one', 10), (2, 'two', 20), (3, NULL, 30), (4, 'four', 40);";

const STATEMENTS: &[&str] = &[
    "SELECT * FROM o",
    "SELECT max(amount), id FROM o GROUP BY id",
    "SELECT id, max(amount) FROM o GROUP BY id",
    "SELECT part, count(*) AS n, sum(amount) AS s FROM o GROUP BY part",
    "SELECT part AS q, count(*) FROM o GROUP BY part ORDER BY q",
    "SELECT count(*) AS n, part FROM o WHERE id > 1 GROUP BY part HAVING count(*) > 1",
    "SELECT part FROM o GROUP BY part HAVING sum(amount) > 1 ORDER BY part",
    "SELECT part FROM o GROUP BY part HAVING max(id) > 2 AND count(amount) = 1",
    "SELECT DISTINCT part FROM o",
    "SELECT DISTINCT part, name FROM o WHERE id < 6",
    "SELECT count(DISTINCT part) AS n FROM o",
    "SELECT count(*) FROM o WHERE name = 'a'",
    "SELECT min(day), max(day), min(name) FROM o",
    "SELECT avg(id), avg(part) FROM o WHERE id <> 3",
    "SELECT part, avg(id) AS m, min(day) FROM o GROUP BY part",
    "SELECT round(avg(amount), 3) FROM o",
    "SELECT sum(amount) FROM o WHERE id > 100",
    "SELECT x.n FROM (SELECT id AS n, part FROM o) x WHERE x.n >= 3",
    "SELECT x.n, count(*) AS c FROM (SELECT part AS n FROM o) x GROUP BY x.n",
    "SELECT max(x.n) FROM (SELECT id + 1 AS n FROM o) x",
    "SELECT s.part, s.m FROM (SELECT part, max(id) AS m FROM o GROUP BY part) s WHERE s.m > 2",
    "SELECT count(*) FROM (SELECT part FROM o GROUP BY part) g",
    "SELECT sum(m) FROM (SELECT part, max(id) AS m FROM o GROUP BY part) g",
    "SELECT * FROM o JOIN p ON o.part = p.part",
    "SELECT o.id, p.id, label FROM o JOIN p ON o.part = p.part WHERE o.id < 6",
    "SELECT a.id, b.id FROM o a JOIN o b ON a.part = b.part AND a.id < b.id",
    "SELECT a.id AS x, b.id AS y FROM o a LEFT JOIN p b ON a.part = b.part",
    "SELECT o.id, p.label FROM o LEFT JOIN p ON o.part = p.part AND p.id > 15",
    "SELECT o.id FROM o LEFT JOIN p ON o.part = p.part WHERE p.label IS NULL",
    "SELECT p.label, count(*) AS n FROM o JOIN p ON o.part = p.part GROUP BY p.label",
    "SELECT p.label, max(o.id), min(p.id) FROM o LEFT JOIN p ON o.part = p.part GROUP BY p.label, p.id",
    "SELECT l.label, g.n FROM p l JOIN (SELECT part, count(*) AS n FROM o GROUP BY part) g ON g.part = l.part",
    "SELECT l.label, g.n FROM (SELECT part, count(*) AS n FROM o GROUP BY part) g LEFT JOIN p l ON g.part = l.part",
    "SELECT label FROM p WHERE part IN (SELECT part FROM o WHERE id > 2)",
    "SELECT label FROM p WHERE NOT EXISTS (SELECT 1 FROM o WHERE o.part = p.part)",
    "SELECT id FROM o ORDER BY id DESC LIMIT 3",
    "SELECT name FROM o ORDER BY id LIMIT 2 OFFSET 1",
    "SELECT id, amount FROM o ORDER BY amount NULLS LAST, id LIMIT 4",
    "SELECT id, amount FROM o ORDER BY amount NULLS FIRST, id LIMIT 2",
    "SELECT id, amount FROM o ORDER BY amount DESC NULLS LAST, id LIMIT 2",
    "SELECT id AS k FROM o ORDER BY k LIMIT 2",
    "SELECT part, count(*) AS n FROM o GROUP BY part ORDER BY n DESC, part LIMIT 2",
    "SELECT part, count(*) AS n FROM o GROUP BY part ORDER BY part LIMIT 2",
    "SELECT max(id) FROM (SELECT id FROM o ORDER BY id LIMIT 3) f",
    "SELECT count(*) FROM (SELECT id FROM o ORDER BY id DESC LIMIT 3) f WHERE id > 5",
    "SELECT id FROM o UNION ALL SELECT part FROM p",
    "SELECT count(*) AS n FROM o, p WHERE o.part = p.part AND o.amount > 1",
    "WITH g AS (SELECT part, sum(id) AS s FROM o GROUP BY part) SELECT a.part FROM g a JOIN g b ON a.part = b.part AND a.s >= b.s",
    "SELECT upper(name), length(name) FROM o WHERE name <> ''",
    "SELECT id, row_number() OVER (PARTITION BY part ORDER BY id) AS r FROM o",
    "SELECT CASE WHEN part = 1 THEN 'x' ELSE 'y' END AS k, count(*) FROM o GROUP BY 1",
    "SELECT id FROM o WHERE day BETWEEN DATE '2024-01-01' AND DATE '2024-02-29' OR day IS NULL",
    "SELECT id FROM o WHERE NOT (part = 1)",
    "SELECT id FROM o WHERE part NOT IN (1, 2)",
    "SELECT id FROM o WHERE amount >= 1.00 AND part IN (1, 3, 9)",
];

async fn tables(lab: &Lab, connection: &Arc<Connection>) -> [(Handle, Handle); 2] {
    let of = async |name: &str| {
        let statement = Part::Query { sql: format!("SELECT * FROM {name}") };
        let little = lab.try_open(connection, statement, ReadOptions::default()).await.unwrap();
        (lab.open(connection, name).await, Handle { table: little, policy: Arc::default() })
    };
    [of("o").await, of("p").await]
}

/// Without the zeros that a decimal ends with: a statement does not say how many digits its columns have.
fn plain(rows: Vec<String>) -> Vec<String> {
    let cell = |cell: &str| match cell.parse::<f64>() {
        Ok(_) if cell.contains('.') => cell.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => cell.to_owned(),
    };
    rows.iter().map(|row| row.split('|').map(cell).collect::<Vec<_>>().join("|")).collect()
}

async fn alike(lab: &Lab, connection: &Arc<Connection>) {
    let [(much, little), (much_p, little_p)] = tables(lab, connection).await;
    for sql in STATEMENTS {
        let there = lab.sql(sql, &[("o", &much), ("p", &much_p)]).await;
        let here = lab.sql(sql, &[("o", &little), ("p", &little_p)]).await;
        let (mut there, mut here) = (plain(there.unwrap_or_else(|error| panic!("{sql}: {error:?}"))), plain(here.unwrap()));
        if sql.contains(" OVER ") || !sql.contains("ORDER BY") {
            there.sort();
            here.sort();
        }
        assert_eq!(there, here, "{sql}");
        assert!(!here.is_empty(), "{sql}");
    }
}

#[tokio::test]
async fn statements_on_postgresql() {
    let (lab, (connection, _)) = (Lab::new(), postgresql(ROWS).await);
    alike(&lab, &connection).await;
}

#[tokio::test]
async fn statements_on_mariadb() {
    let (lab, (connection, _)) = (Lab::new(), mysql(ROWS).await);
    alike(&lab, &connection).await;
}

fn computed(function: Function, column: &str) -> Aggregate {
    Aggregate { function, column: Some(column.into()), alias: format!("{column} of it") }
}

/// As the query language asks, with columns by other names too.
#[tokio::test]
async fn queries_with_and_without_other_names() {
    let lab = Lab::new();
    for (connection, _) in [postgresql(ROWS).await, mysql(ROWS).await] {
        for rename in [Vec::new(), vec![("id".to_owned(), "Number".to_owned()), ("amount".to_owned(), "id".to_owned())]] {
            let number = if rename.is_empty() { "id" } else { "Number" };
            let amount = if rename.is_empty() { "amount" } else { "id" };
            let options = ReadOptions { rename, ..ReadOptions::default() };
            let table = Part::Table { schema: None, name: "o".into() };
            let table = lab.try_open(&connection, table, options).await.unwrap();
            let handle = Handle { table, policy: Arc::default() };
            let grouped = Query {
                group: vec![number.into()],
                aggregates: vec![computed(Function::Max, amount)],
                order: vec![Order { column: number.into(), descending: false, nulls_first: false }],
                limit: Some(3),
                ..Query::default()
            };
            assert_eq!(lab.read(&handle, grouped).await.unwrap(), ["1|10.50", "2|-0.25", "3|"]);
            let from = Expr::Compare { column: number.into(), op: Compare::Gte, value: Value::Int(3) };
            assert_eq!(lab.read(&handle, Query::count(from.clone())).await.unwrap(), ["5"]);
            let summed = Query { aggregates: vec![computed(Function::Sum, amount)], filter: from, ..Query::default() };
            assert_eq!(lab.read(&handle, summed).await.unwrap(), ["11.75"]);
            let sql = format!("SELECT part, max(\"{number}\") AS m FROM o WHERE \"{amount}\" > 0 GROUP BY part ORDER BY part");
            assert_eq!(lab.sql(&sql, &[("o", &handle)]).await.unwrap(), ["1|1", "3|5", "9|7", "|4"]);
        }
    }
}
