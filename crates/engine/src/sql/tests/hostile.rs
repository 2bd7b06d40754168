//! Statements that must not get through, from a list.

use super::*;
use datahall_core::Code;

fn statements() -> impl Iterator<Item = &'static str> {
    // A comment of SQL begins otherwise than one of the list.
    include_str!("../hostile.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn every_hostile_statement_is_refused_as_invalid_before_anything_runs() {
    assert!(statements().count() >= 150);
    let (state, tables) = (state(), tables());
    for sql in statements() {
        let refused = tables_in(sql).and_then(|_| plan(&state, sql, &tables, 10).map(|plan| plan.to_string()));
        match refused {
            Ok(plan) => panic!("accepted: {sql}\n{plan}"),
            Err(error) => assert_eq!(error.code(), Code::Invalid, "{sql}: {error:?}"),
        }
    }
}

#[test]
fn refusals_name_what_the_caller_wrote_and_nothing_else() {
    for sql in statements() {
        let Err(error) = tables_in(sql).and_then(|_| plan(&state(), sql, &tables(), 10).map(drop)) else { continue };
        let message = error.message();
        assert!(!message.contains("Did you mean"), "{sql}: {message}");
        assert!(!message.contains("staff") && !message.contains("datafusion.public"), "{sql}: {message}");
        assert!(!message.contains("sqlparser") && message.len() < 700 && !message.is_empty(), "{sql}: {message}");
    }
}

#[test]
fn what_only_running_shows_to_be_wrong_is_invalid_too() {
    for sql in [
        "SELECT * FROM people LIMIT 'x'",
        "SELECT * FROM people LIMIT -1",
        "SELECT id / 0 FROM people",
        "SELECT id % (age - age) FROM people",
        "SELECT 1.5::DECIMAL(3, 1) / 0",
        "SELECT name::INT FROM people",
        "SELECT CAST('2001-13-01' AS DATE)",
        "SELECT TIMESTAMP 'x'",
        "SELECT to_date(name) FROM people",
        "SELECT 300::TINYINT",
        "SELECT 1e30::BIGINT",
        "SELECT CAST('1234567' AS DECIMAL(3, 1))",
        "SELECT factorial(100)",
        "SELECT chr(-5)",
        "SELECT regexp_like(name, '(') FROM people",
        "SELECT date_trunc('fortnight', now())",
        "SELECT decode('zz', 'hex')",
        "SELECT (SELECT id FROM people)",
        "SELECT sum(name) FROM people",
        "SELECT id + name FROM people",
        "SELECT name + 1 FROM people",
        "SELECT 9223372036854775807 + 1",
        "SELECT id * 9223372036854775807 FROM people",
        "SELECT id - 9223372036854775807 - 9 FROM people",
        "SELECT 2147483647::INT + 1::INT",
        "SELECT a FROM cars WHERE a + 9223372036854775807 > 0",
        "SELECT id FROM people p WHERE (SELECT count(*) FROM cars c WHERE c.a < p.id) = 1",
        "SELECT -(-9223372036854775808)",
        "SELECT abs(-9223372036854775808)",
    ] {
        let error = refusal(sql);
        assert_eq!(error.code(), Code::Invalid, "{sql}: {error:?}");
        assert!(error.message().len() < 400, "{sql}: {error}");
    }
}

#[test]
fn refusals_read_well() {
    let said = |sql: &str| refusal(sql).message().to_owned();
    assert_eq!(said("SELECT * FROM nothing"), "unknown table: nothing");
    assert_eq!(said("SELECT nothing FROM people"), "unknown column: nothing");
    assert_eq!(said("DROP TABLE people"), "only one SELECT, WITH, VALUES, DESCRIBE or EXPLAIN statement is allowed; found DROP");
    assert_eq!(said("SELECT $1"), "line 1, column 8: parameters are not supported; write the value");
    assert_eq!(said("SELECT * INTO x FROM people"), "SELECT INTO is not supported");
    assert_eq!(said("SELECT a FROM cars; SELECT 1"), "only one statement is allowed");
    assert_eq!(said("SELECT 1/0"), "division by zero");
    assert_eq!(said("SELECT sum(id + 9223372036854775800) FROM people"), "sum overflows BIGINT");
    assert!(said("SELECT CAST(name AS INT) FROM people").contains("ann"), "{}", said("SELECT CAST(name AS INT) FROM people"));
    assert_eq!(said("SELECT \"origin\" FROM cars"), "unknown column: origin; for the column with capitals write \"Origin\"");
}
