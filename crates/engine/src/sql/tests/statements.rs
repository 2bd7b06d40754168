//! Statements that must work, with their rows.

use super::*;

fn check(cases: &[(&str, &[&str])]) {
    for (sql, expected) in cases {
        tables_in(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(rows(sql), *expected, "{sql}");
    }
}

#[test]
fn selecting_filtering_and_ordering() {
    check(&[
        ("SELECT 1", &["1"]),
        ("select id, name from people where age > 26 order by age desc", &["2|bob", "1|ann"]),
        ("SELECT * FROM people ORDER BY age LIMIT 2 OFFSET 1", &["1|ann|x|30", "2|bob|y|40"]),
        ("SELECT id FROM people ORDER BY age", &["4", "1", "2", "3"]),
        ("SELECT id FROM people ORDER BY age DESC", &["3", "2", "1", "4"]),
        ("SELECT DISTINCT team FROM people ORDER BY 1", &["x", "y"]),
        ("SELECT id FROM people WHERE name LIKE '%b%' OR name IS NULL ORDER BY id", &["2", "4"]),
        ("SELECT id FROM people WHERE age BETWEEN 25 AND 30 AND id NOT IN (1) ORDER BY id", &["4"]),
        (
            "SELECT CASE WHEN age IS NULL THEN 'none' WHEN age > 29 THEN 'old' ELSE 'young' END FROM people ORDER BY id",
            &["old", "old", "none", "young"],
        ),
        ("SELECT * EXCLUDE (name, team) FROM people WHERE id = 1", &["1|30"]),
        ("SELECT DISTINCT ON (team) team, id FROM people ORDER BY team, id DESC", &["x|3", "y|4"]),
        ("(SELECT id FROM people WHERE id = 1)", &["1"]),
        ("SELECT id FROM people WHERE id = 1;", &["1"]),
        ("SELECT id -- a comment\nFROM /* another */ people WHERE id = 1", &["1"]),
        ("SELECT $$it's$$ || 'x'", &["it'sx"]),
    ]);
}

#[test]
fn grouping_and_windows() {
    check(&[
        (
            "SELECT team, count(*), sum(age), avg(age), min(age), max(age) FROM people GROUP BY team ORDER BY team",
            &["x|2|30|30.0|30|30", "y|2|65|32.5|25|40"],
        ),
        ("SELECT team FROM people GROUP BY team HAVING sum(age) > 40", &["y"]),
        ("SELECT count(*), count(age), count(DISTINCT team) FROM people", &["4|3|2"]),
        ("SELECT count(*) FILTER (WHERE age > 26) FROM people", &["2"]),
        ("SELECT team, count(*) FROM people GROUP BY ALL ORDER BY 1", &["x|2", "y|2"]),
        ("SELECT team, count(*) FROM people GROUP BY ROLLUP (team) ORDER BY 1", &["x|2", "y|2", "NULL|4"]),
        ("SELECT string_agg(name, ',' ORDER BY name DESC) FROM people", &["cid,bob,ann"]),
        (
            "SELECT id, row_number() OVER (PARTITION BY team ORDER BY id DESC) FROM people ORDER BY id",
            &["1|2", "2|2", "3|1", "4|1"],
        ),
        (
            "SELECT id, sum(id) OVER w, lag(id) OVER w FROM people WINDOW w AS (ORDER BY id) ORDER BY id",
            &["1|1|NULL", "2|3|1", "3|6|2", "4|10|3"],
        ),
        ("SELECT id FROM people QUALIFY rank() OVER (PARTITION BY team ORDER BY id) = 1 ORDER BY id", &["1", "2"]),
        (
            "SELECT id, avg(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM people ORDER BY id",
            &["1|1.0", "2|1.5", "3|2.5", "4|3.5"],
        ),
    ]);
}

#[test]
fn joins_subqueries_ctes_and_sets() {
    check(&[
        ("SELECT p.id, c.\"Name\" FROM people p JOIN cars c ON p.id = c.a WHERE c.a > 2 ORDER BY 1", &["3|saab", "4|mazda"]),
        ("SELECT p.id, s.role FROM people p LEFT JOIN team.staff s USING (id) ORDER BY p.id LIMIT 2", &["1|NULL", "2|lead"]),
        ("SELECT role FROM \"team.staff\" ORDER BY 1", &["dev", "lead"]),
        ("SELECT team.staff.role FROM team.staff WHERE staff.id = 2", &["lead"]),
        ("SELECT count(*) FROM people, cars", &["16"]),
        ("SELECT id FROM people p WHERE EXISTS (SELECT 1 FROM team.staff s WHERE s.id = p.id)", &["2"]),
        ("SELECT id FROM people WHERE id IN (SELECT id FROM team.staff)", &["2"]),
        ("SELECT id FROM people WHERE id NOT IN (SELECT a FROM cars WHERE a < 4)", &["4"]),
        ("SELECT id FROM people WHERE age = (SELECT max(age) FROM people)", &["2"]),
        (
            "SELECT id, (SELECT count(*) FROM people q WHERE q.team = p.team) FROM people p ORDER BY id",
            &["1|2", "2|2", "3|2", "4|2"],
        ),
        ("WITH t AS (SELECT team, count(*) AS n FROM people GROUP BY team), u AS (SELECT * FROM t) SELECT sum(n) FROM u", &["4"]),
        ("WITH people AS (SELECT id FROM people WHERE id < 3) SELECT count(*) FROM people", &["2"]),
        ("WITH t(k) AS (SELECT id FROM people) SELECT max(k) FROM t", &["4"]),
        ("SELECT id FROM people WHERE id < 3 UNION SELECT a FROM cars WHERE a = 2 ORDER BY 1", &["1", "2"]),
        ("SELECT 1 UNION ALL SELECT 1", &["1", "1"]),
        ("SELECT a FROM cars EXCEPT SELECT id FROM people WHERE id > 1", &["1"]),
        ("SELECT a FROM cars INTERSECT SELECT id FROM team.staff", &["2"]),
        ("VALUES (1, 'a'), (2, 'b')", &["1|a", "2|b"]),
        ("SELECT v.k FROM (VALUES (1), (2)) AS v(k) WHERE v.k > 1", &["2"]),
    ]);
}

#[test]
fn columns_with_capitals_need_no_quotes_when_there_is_no_doubt() {
    check(&[
        (
            "SELECT Name, ORIGIN, year FROM cars WHERE origin = 'Europe' ORDER BY YEAR DESC",
            &["saab|Europe|1972", "fiat|Europe|1970"],
        ),
        ("SELECT c.name FROM cars AS c WHERE c.Year = 1971", &["ford"]),
        ("SELECT \"IMDB Rating\" FROM cars WHERE \"Origin\" = 'Japan'", &["8.0"]),
        ("SELECT A, \"A\" FROM cars WHERE a = 1", &["1|10"]),
        ("SELECT origin, count(*) AS n FROM cars GROUP BY Origin HAVING count(*) > 1", &["Europe|2"]),
        ("SELECT upper(name) AS name FROM cars ORDER BY name LIMIT 1", &["FIAT"]),
        ("WITH t AS (SELECT year AS y, origin FROM cars) SELECT y FROM t WHERE ORIGIN = 'USA'", &["1971"]),
        ("SELECT extract(YEAR FROM DATE '2001-02-03'), year FROM cars WHERE year = 1970", &["2001|1970"]),
        ("SELECT DATE '2001-02-03' + INTERVAL '1' YEAR FROM cars WHERE year = 1970", &["2002-02-03"]),
        ("SELECT p.name, c.name FROM people p JOIN cars c ON p.id = c.a WHERE p.id = 1", &["ann|fiat"]),
    ]);
    assert_eq!(plan(&state(), "SELECT origin FROM cars", &tables(), 1).unwrap().schema().field(0).name(), "Origin");
}

#[test]
fn nested_values_and_special_syntax() {
    check(&[
        ("SELECT [1, 2, 3][2], make_array(1, 2), array_length([1, 2])", &["2|[1, 2]|2"]),
        ("SELECT {a: 1, b: 'x'}['b'], struct(1, 2)", &["x|{c0: 1, c1: 2}"]),
        ("SELECT s['a'], s.a AS b FROM (SELECT {a: 7} AS s) AS t", &["7|7"]),
        ("SELECT unnest([1, 2])", &["1", "2"]),
        ("SELECT * FROM unnest([3, 4]) AS u(x)", &["3", "4"]),
        ("SELECT map {'a': 1}['a']", &["1"]),
        (
            "SELECT position('b' IN 'abc'), substring('abcdef' FROM 2 FOR 3), overlay('abc' PLACING 'X' FROM 2 FOR 1), trim(BOTH ' ' FROM ' a ')",
            &["2|bcd|aXc|a"],
        ),
        (
            "SELECT extract(month FROM TIMESTAMP '2001-02-03T04:05:06'), date_trunc('hour', TIMESTAMP '2001-02-03T04:05:06')",
            &["2|2001-02-03T04:00:00"],
        ),
        ("SELECT CAST('12' AS INT) + 1, '3'::BIGINT, TRY_CAST('x' AS INT)", &["13|3|NULL"]),
        ("SELECT 1 IS DISTINCT FROM NULL, coalesce(NULL, 2), nullif(1, 1)", &["true|2|NULL"]),
        ("SELECT length('häß'), upper('äb'), 'a' || 'b', concat('a', 1)", &["3|ÄB|ab|a1"]),
        ("SELECT 1 + 2 * 3 - 4, age + 1 FROM people WHERE id = 1 AND age + 1 = 31", &["3|31"]),
        (
            "SELECT 2::SMALLINT + 3::BIGINT, 1.5 + 1, 18446744073709551615 + 1, DATE '2001-01-01' + 1",
            &["5|2.5|18446744073709551616|2001-01-02"],
        ),
        ("SELECT age * 2 FROM people GROUP BY age * 2 ORDER BY age * 2 LIMIT 1", &["50"]),
        ("SELECT now() IS NOT NULL, current_date <= current_date, current_timestamp IS NULL", &["true|true|false"]),
    ]);
}

#[test]
fn what_asks_for_the_time_is_not_steady() {
    for sql in ["SELECT Now()", "SELECT 1 WHERE current_date > '2001-01-01'", "SELECT today()", "SELECT a AS now FROM t"] {
        assert!(!super::super::is_steady(sql).unwrap(), "{sql}");
    }
    for sql in ["SELECT 'now', a FROM t -- now()", "SELECT known, nowhere FROM now_and_then"] {
        assert!(super::super::is_steady(sql).unwrap(), "{sql}");
    }
    assert!(super::super::is_steady("SELECT 'a").is_err());
}

#[test]
fn describe_and_the_information_schema_tell_of_the_given_tables() {
    check(&[
        ("DESCRIBE people", &["id|Int64|YES", "name|Utf8|YES", "team|Utf8|YES", "age|Int64|YES"]),
        ("desc \"team.staff\";", &["id|Int64|YES", "role|Utf8|YES"]),
        (
            "DESCRIBE TABLE Cars",
            &["Name|Utf8|YES", "Origin|Utf8|YES", "Year|Int64|YES", "IMDB Rating|Float64|YES", "a|Int64|YES", "A|Int64|YES"],
        ),
        (
            "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables ORDER BY table_name",
            &["datahall|public|cars|BASE TABLE", "datahall|public|people|BASE TABLE", "datahall|public|team.staff|BASE TABLE"],
        ),
        (
            "SELECT column_name, ordinal_position, data_type FROM information_schema.columns WHERE table_name = 'people' ORDER BY 2",
            &["id|1|Int64", "name|2|Utf8", "team|3|Utf8", "age|4|Int64"],
        ),
        ("SELECT count(*) FROM datahall.information_schema.columns", &["12"]),
        ("SELECT schema_name FROM information_schema.schemata ORDER BY 1", &["information_schema", "public"]),
        ("SELECT count(*) FROM information_schema.views", &["0"]),
    ]);
}

#[test]
fn no_statement_gives_more_rows_than_the_cap() {
    for sql in [
        "SELECT id FROM people",
        "SELECT name, id FROM people",
        "SELECT id FROM people LIMIT 100",
        "VALUES (1), (2), (3)",
        "DESCRIBE people",
        "SELECT id FROM people ORDER BY id",
        "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3",
        "SELECT unnest([1,2,3])",
    ] {
        assert_eq!(rows_of(sql, &tables(), 2).unwrap().len(), 2, "{sql}");
    }
    assert_eq!(rows_of("SELECT id FROM people LIMIT 1", &tables(), 2).unwrap().len(), 1);
    assert_eq!(rows_of("SELECT id FROM people ORDER BY id DESC", &tables(), 2).unwrap(), ["4", "3"]);
}

#[test]
fn the_tables_of_a_statement_are_named_once_as_written() {
    let named = |sql: &str| tables_in(sql).unwrap();
    assert_eq!(named("SELECT * FROM Cars, \"Cars\" x, cars y"), ["cars", "Cars"]);
    assert_eq!(named("SELECT * FROM \"a.b\" JOIN a.b ON true JOIN P.\"x-y\" ON true"), ["a.b", "p.x-y"]);
    assert_eq!(named("SELECT (SELECT 1 FROM x) WHERE EXISTS (SELECT 1 FROM y) ORDER BY (SELECT 1 FROM z)"), ["x", "y", "z"]);
    assert_eq!(named("WITH c AS (SELECT * FROM t) SELECT * FROM c, (WITH d AS (SELECT * FROM c) SELECT * FROM d)"), ["t"]);
    assert_eq!(named("WITH t AS (SELECT * FROM t) SELECT * FROM t"), ["t"]);
    assert_eq!(named("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b"), ["b"]);
    assert_eq!(named("(WITH t AS (SELECT 1) SELECT * FROM t) UNION (SELECT * FROM t)"), ["t"]);
    assert_eq!(named("DESCRIBE Cars"), ["cars"]);
    assert_eq!(named("SELECT * FROM information_schema.Tables"), ["information_schema.tables"]);
    assert_eq!(named("SELECT 1 UNION SELECT 2 FROM u"), ["u"]);
    assert!(named("VALUES (1)").is_empty());
}
