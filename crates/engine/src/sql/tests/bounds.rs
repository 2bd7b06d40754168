//! Statements that are made to take the planner long, or its stack.

use super::*;
use datahall_core::Code;
use datahall_core::clock::{Clock, SystemClock};

/// Plans `sql`, which must end soon, well or as invalid.
fn soon(what: &str, sql: &str) -> Result<()> {
    let clock = SystemClock::new();
    let planned = tables_in(sql).and_then(|_| plan(&state(), sql, &tables(), 10));
    let optimised = planned.and_then(|plan| {
        let optimised = roomy(|| state().optimize(&plan));
        optimised.map(drop).map_err(|error| explain_execution(&error).unwrap_or_else(|| Error::internal(error)))
    });
    assert!(clock.monotonic().as_secs() < 20, "{what} took {:?}", clock.monotonic());
    if let Err(error) = &optimised {
        assert_eq!(error.code(), Code::Invalid, "{what}: {error:?}");
    }
    optimised
}

#[test]
fn nests_and_chains_without_end_are_refused_in_time() {
    let shapes: &[(&str, &str, &str, &str)] = &[
        ("brackets", "SELECT ", "(", ")"),
        ("NOT", "SELECT ", "NOT ", ""),
        ("minus", "SELECT ", "- ", ""),
        ("plus", "SELECT 1", "", "+1"),
        ("AND", "SELECT true", "", " AND true"),
        ("concat", "SELECT 'a'", "", "||'a'"),
        ("calls", "SELECT ", "abs(", ")"),
        ("maps", "SELECT ", "map('a',", ")"),
        ("CASE", "SELECT ", "CASE WHEN true THEN ", " END"),
        ("CAST", "SELECT ", "CAST(", " AS INT)"),
        ("casts", "SELECT 1", "", "::INT"),
        ("subscripts", "SELECT a", "", "[1]"),
        ("arrays", "SELECT ", "[", "]"),
        ("structs", "SELECT ", "{a:", "}"),
        ("types", "SELECT CAST(1 AS ", "ARRAY<", ">"),
        ("array types", "SELECT CAST(1 AS INT", "", "[]"),
        ("IS NULL", "SELECT 1", "", " IS NULL"),
        ("EXTRACT", "SELECT ", "EXTRACT(YEAR FROM ", ")"),
        ("POSITION", "SELECT ", "POSITION('a' IN ", ")"),
        ("INTERVAL", "SELECT ", "INTERVAL ", ""),
        ("tables", "SELECT 1 FROM ", "(", ")"),
        ("derived tables", "SELECT 1 FROM ", "(SELECT * FROM ", ") AS t"),
        ("EXISTS", "SELECT ", "EXISTS (SELECT 1 WHERE ", ")"),
        ("IN", "SELECT ", "1 IN (SELECT ", ")"),
        ("UNION", "SELECT 1", "", " UNION SELECT 1"),
        ("EXCEPT", "SELECT 1", "", " EXCEPT SELECT 2"),
        ("WITH", "", "WITH a AS (", ") SELECT 1"),
        ("joins", "SELECT 1 FROM cars", "", " CROSS JOIN cars"),
        ("commas", "SELECT 1 FROM cars", "", ", cars"),
        ("comments", "SELECT 1", "/*", "*/"),
        ("alternation", "SELECT ", "CASE WHEN abs(", ") THEN 1 END"),
    ];
    for (what, before, open, close) in shapes {
        for times in [3, 12, 30, 39, 200, 1_000, 10_000] {
            let sql = format!("{before}{}1{}", open.repeat(times), close.repeat(times));
            let refused = soon(&format!("{what} × {times}"), &sql).is_err();
            assert!(refused || times < 10_000 || *what == "comments", "{what} × {times} was accepted");
        }
    }
}

#[test]
fn a_few_ctes_that_double_each_other_are_refused() {
    let doubled: String = (1..40).map(|n| format!(", t{n} AS (SELECT x.a FROM t{p} AS x, t{p} AS y)", p = n - 1)).collect();
    assert!(soon("CTEs", &format!("WITH t0 AS (SELECT a FROM cars){doubled} SELECT * FROM t39")).is_err());
    let selected: String =
        (1..40).map(|n| format!(", t{n} AS (SELECT (SELECT max(a) FROM t{p}) + (SELECT 1 FROM t{p}) AS a)", p = n - 1)).collect();
    assert!(soon("subqueries", &format!("WITH t0 AS (SELECT 1 AS a){selected} SELECT * FROM t39")).is_err());
}

#[test]
fn an_expression_that_doubles_from_level_to_level_is_refused() {
    let doubled: String = (1..40).map(|n| format!(", t{n} AS (SELECT a + a AS a FROM t{p})", p = n - 1)).collect();
    assert!(soon("sums", &format!("WITH t0 AS (SELECT a FROM cars){doubled} SELECT * FROM t39 WHERE a > 1")).is_err());
}

#[test]
fn an_expression_that_nests_deeper_from_level_to_level_is_refused() {
    let deep = ["1"; 100].join(" + ");
    let chained: String = (1..40).map(|n| format!(", t{n} AS (SELECT a + {deep} AS a FROM t{p})", p = n - 1)).collect();
    assert!(soon("chain", &format!("WITH t0 AS (SELECT a FROM cars){chained} SELECT a FROM t39")).is_err());
}

#[test]
fn a_chain_of_ctes_runs_or_is_refused_but_takes_no_stack_that_there_is_not() {
    for step in [
        "SELECT a FROM t{} WHERE a > 0",
        "SELECT max(a) AS a FROM t{} GROUP BY a",
        "SELECT DISTINCT a FROM t{}",
        "SELECT a FROM t{} UNION ALL SELECT 1",
        "SELECT sum(a) OVER (ORDER BY a) AS a FROM t{}",
        "SELECT x.a FROM t{} x JOIN cars y ON x.a = y.a",
        "SELECT a FROM t{} ORDER BY a LIMIT 100",
        "SELECT a FROM t{} x WHERE EXISTS (SELECT 1 FROM cars c WHERE c.a = x.a)",
    ] {
        for (most, must) in [(20, true), (39, false), (58, false), (90, false)] {
            let chain: String = (1..most).map(|n| format!(", t{n} AS ({})", step.replace("{}", &(n - 1).to_string()))).collect();
            let sql = format!("WITH t0 AS (SELECT a FROM cars){chain} SELECT count(*) >= 4 FROM t{}", most - 1);
            match rows_of(&sql, &tables(), 5) {
                Ok(rows) => assert_eq!(rows, ["true"], "{step} × {most}"),
                Err(error) => assert!(!must && error.code() == Code::Invalid, "{step} × {most}: {error:?}"),
            }
        }
    }
}

#[test]
fn a_cube_of_many_columns_is_refused() {
    let keys = (0..40).map(|n| format!("a + {n}")).collect::<Vec<_>>().join(", ");
    assert!(soon("CUBE", &format!("SELECT count(*) FROM cars GROUP BY CUBE ({keys})")).is_err());
    assert!(soon("CUBEs", &format!("SELECT count(*) FROM cars GROUP BY {}", vec!["CUBE (a, \"A\")"; 20].join(", "))).is_err());
    assert_eq!(rows("SELECT count(*) FROM cars GROUP BY CUBE (a, \"A\") HAVING count(*) > 1"), ["4"]);
}

#[test]
fn what_people_and_tools_write_stays_within_the_bounds() {
    let values: Vec<_> = (0..4_000).map(|n| n.to_string()).collect();
    assert_eq!(rows(&format!("SELECT count(*) FROM cars WHERE a IN ({})", values.join(","))), ["4"]);
    let ors: Vec<_> = (0..500).map(|n| format!("a = {n}")).collect();
    assert_eq!(rows(&format!("SELECT count(*) FROM cars WHERE {}", ors.join(" OR "))), ["4"]);
    let ands: Vec<_> = (0..300).map(|n| format!("(a <> {} OR name = '{n}')", n + 3)).collect();
    assert_eq!(rows(&format!("SELECT count(*) FROM cars WHERE {}", ands.join(" AND "))), ["2"]);
    let sum = vec!["a"; 90].join(" + ");
    assert_eq!(rows(&format!("SELECT {sum} FROM cars WHERE a = 2")), ["180"]);
    let floats = vec!["\"IMDB Rating\""; 90].join(" * 1.0 + ");
    assert_eq!(rows(&format!("SELECT {floats} FROM cars WHERE a = 1")), ["585.0"]);
    let text = vec!["name"; 90].join(" || ");
    assert_eq!(rows(&format!("SELECT length({text}) FROM cars WHERE a = 2")), ["360"]);
    let cases: String = (0..200).map(|n| format!(" WHEN a = {n} THEN {n}")).collect();
    assert_eq!(rows(&format!("SELECT CASE{cases} END FROM cars WHERE a = 2")), ["2"]);
    let ctes: String = (1..30).map(|n| format!(", t{n} AS (SELECT a + 1 AS a FROM t{p})", p = n - 1)).collect();
    assert_eq!(rows(&format!("WITH t0 AS (SELECT a FROM cars){ctes} SELECT max(a) FROM t29")), ["33"]);
    let unions = vec!["SELECT 1"; 80].join(" UNION ALL ");
    assert_eq!(rows(&format!("SELECT count(*) FROM ({unions}) AS u")), ["80"]);
}

#[test]
fn many_deep_expressions_are_planned_in_time_or_refused() {
    for term in ["name || ", "1.5 + ", "- ", "abs(", "id + ", "NOT id > 1 AND "] {
        let one =
            if term == "abs(" { format!("{}1{}", term.repeat(38), ")".repeat(38)) } else { format!("{}id", term.repeat(40)) };
        let many: Vec<_> = (0..200).map(|n| format!("{one} AS c{n}")).collect();
        let _ = soon(term, &format!("SELECT {} FROM people", many.join(", ")));
        let long = format!("{}id", term.repeat(95));
        let many: Vec<_> = (0..40).map(|n| format!("{long} AS c{n}")).collect();
        let _ = soon(term, &format!("SELECT {} FROM people", many.join(", ")));
    }
}

#[test]
fn too_long_a_statement_is_refused_and_says_so() {
    let error = refusal(&format!("SELECT '{}'", "x".repeat(70_000)));
    assert!(error.message().contains("at most 65536"), "{error}");
}
