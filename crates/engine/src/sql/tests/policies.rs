//! Hidden columns are as if they were not there; restricted ones may be read but not decide which rows count.

use super::*;
use datahall_core::Code;
use datahall_core::policy::ColumnChoice;

/// `people` without `team`, where `name` may not be used in predicates; everything else is open.
fn guarded() -> Given {
    let mut tables = tables();
    tables[1].2 = Arc::new(ReadPolicy {
        visible: ColumnChoice::Exclude(vec!["Team".into()]),
        filterable: ColumnChoice::Exclude(vec!["NAME".into()]),
        ..ReadPolicy::default()
    });
    tables
}

fn answer(sql: &str) -> Result<Vec<String>> {
    rows_of(sql, &guarded(), 100)
}

#[test]
fn a_hidden_column_is_as_unknown_as_one_that_never_was() {
    for place in [
        "SELECT {} FROM people",
        "SELECT 1 FROM people WHERE {} = 'x'",
        "SELECT count(*) FROM people GROUP BY {}",
        "SELECT id FROM people ORDER BY {}",
        "SELECT p.{} FROM people p",
    ] {
        let said = |column: &str| {
            let error = answer(&place.replace("{}", column)).unwrap_err();
            (error.code(), error.message().replace(column, "it"))
        };
        assert_eq!(said("team"), said("nope"), "{place}");
        assert_eq!(said("team").0, Code::Invalid);
    }
    assert_eq!(answer("SELECT * FROM people WHERE id = 1").unwrap(), ["1|ann|30"]);
    assert_eq!(answer("DESCRIBE people").unwrap().len(), 3);
    assert_eq!(answer("SELECT count(*) FROM information_schema.columns WHERE table_name = 'people'").unwrap(), ["3"]);
    assert_eq!(answer("SELECT count(*) FROM people").unwrap(), ["4"]);
}

#[test]
fn a_restricted_column_may_be_read_grouped_and_ordered_by() {
    for sql in [
        "SELECT name FROM people ORDER BY name",
        "SELECT upper(name), count(*) FROM people GROUP BY name",
        "SELECT max(name) FROM people WHERE id > 1",
        "SELECT DISTINCT name FROM people",
        "SELECT name FROM people UNION ALL SELECT 'x'",
        "SELECT row_number() OVER (PARTITION BY name ORDER BY id) FROM people",
        "SELECT p.name FROM people p JOIN cars c ON p.id = c.a WHERE c.a > 1",
        "SELECT (SELECT max(name) FROM people) FROM cars",
        "SELECT c.name FROM cars c WHERE c.name = 'fiat'",
        "WITH p AS (SELECT name, id FROM people) SELECT name FROM p WHERE id IN (1, 2)",
        "SELECT name FROM (SELECT name, sum(age) AS s FROM people GROUP BY name) AS t WHERE s > 1",
        "SELECT name FROM people WHERE EXISTS (SELECT name FROM people)",
        "WITH RECURSIVE p AS (SELECT name FROM people UNION SELECT name || 'x' FROM p LIMIT 9) SELECT name FROM p LIMIT 5",
    ] {
        answer(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

#[test]
fn nothing_that_comes_from_a_restricted_column_decides_which_rows_count() {
    for sql in [
        "SELECT id FROM people WHERE name = 'ann'",
        "SELECT id FROM people WHERE id = 1 AND (age > 1 OR lower(name) LIKE 'a%')",
        "SELECT id FROM people WHERE name IS NULL",
        "SELECT id FROM people WHERE CASE WHEN id = 1 THEN name ELSE '' END = ''",
        "SELECT p.id FROM people p JOIN cars c ON p.name = c.name",
        "SELECT p.id FROM people p LEFT JOIN cars c ON p.id = c.a AND p.name > c.origin",
        "SELECT 1 FROM people p JOIN people q USING (name)",
        "SELECT 1 FROM people p NATURAL JOIN people q",
        "SELECT age FROM people GROUP BY age HAVING max(name) = 'ann'",
        "SELECT name, count(*) FROM people GROUP BY name HAVING name > 'b'",
        "SELECT id FROM people QUALIFY first_value(name) OVER (ORDER BY id) = 'ann'",
        "SELECT id FROM people QUALIFY row_number() OVER (PARTITION BY name ORDER BY id) = 1",
        "SELECT count(*) FILTER (WHERE name = 'ann') FROM people",
        "WITH RECURSIVE p AS (SELECT name FROM people UNION SELECT name FROM p WHERE name = 'ann') SELECT 1 FROM p",
        "WITH RECURSIVE p AS (SELECT 1 AS n UNION ALL SELECT 1 FROM people, p WHERE name = 'ann') SELECT 1 FROM p",
        // It comes to the column that decides only in the second round, and by way of another.
        "WITH RECURSIVE p AS (SELECT name AS a, '' AS b, '' AS c, 1 AS i FROM people \
         UNION ALL SELECT c, a, b, i + 1 FROM p WHERE c < 'x' AND i < 4) SELECT i FROM p",
        "WITH RECURSIVE p AS (SELECT id, name FROM people UNION SELECT p.id + 1, p.name FROM p WHERE p.id < 3) \
         SELECT id FROM p WHERE name > 'b'",
        "SELECT id FROM people WHERE name IN ('ann')",
        "SELECT id FROM people WHERE name IN (SELECT \"Name\" FROM cars)",
        "SELECT a FROM cars WHERE \"Name\" IN (SELECT name FROM people)",
        "SELECT \"Name\" IN (SELECT name FROM people) FROM cars",
        "SELECT a FROM cars WHERE \"Name\" = (SELECT max(name) FROM people)",
        "SELECT a FROM cars c WHERE EXISTS (SELECT 1 FROM people p WHERE p.name = c.name)",
        "SELECT (SELECT count(*) FROM cars c WHERE c.name = p.name) FROM people p",
        "SELECT id FROM (SELECT id, name AS n FROM people) AS t WHERE n = 'ann'",
        "WITH p AS (SELECT id, upper(name) || '' AS n FROM people) SELECT id FROM p WHERE n = 'ANN'",
        "SELECT x FROM (SELECT name AS x FROM people UNION ALL SELECT 'y') AS u WHERE x = 'ann'",
        "SELECT 'y' AS x UNION ALL SELECT x FROM (SELECT 'y' AS x UNION SELECT name FROM people) AS u WHERE x = 'ann'",
        "SELECT name FROM people INTERSECT SELECT 'ann'",
        "SELECT 'ann' INTERSECT SELECT name FROM people",
        "SELECT name FROM people EXCEPT SELECT 'ann'",
        "SELECT x FROM (SELECT unnest([name]) AS x FROM people) AS u WHERE x = 'ann'",
        "SELECT s FROM (SELECT {n: name} AS s FROM people) AS t WHERE s['n'] = 'ann'",
        "SELECT n FROM (SELECT count(name) AS n FROM people GROUP BY age) AS t WHERE n = 0",
        "SELECT r FROM (SELECT rank() OVER (ORDER BY name) AS r FROM people) AS t WHERE r = 1",
        "SELECT k FROM (SELECT DISTINCT ON (id) name AS k FROM people) AS t WHERE k = 'ann'",
        "SELECT name FROM people GROUP BY ROLLUP (name) HAVING name = 'ann'",
    ] {
        let error = answer(sql).expect_err(sql);
        assert_eq!(error.code(), Code::Forbidden, "{sql}: {error:?}");
        assert_eq!(error.message(), "column may not be used in predicates: name", "{sql}");
    }
}
