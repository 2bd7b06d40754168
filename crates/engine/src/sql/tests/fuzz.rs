//! Whatever bytes come: an answer or a refusal, never a panic and never a fault of ours.

use super::*;
use datahall_core::Code;
use proptest::prelude::*;

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "QUALIFY",
    "LIMIT",
    "OFFSET",
    "UNION ALL",
    "INTERSECT",
    "EXCEPT",
    "WITH",
    "AS",
    "JOIN",
    "LEFT JOIN",
    "CROSS JOIN",
    "ON",
    "USING",
    "IN",
    "EXISTS",
    "NOT",
    "AND",
    "OR",
    "IS NULL",
    "LIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "DISTINCT",
    "OVER",
    "PARTITION BY",
    "ROWS",
    "UNBOUNDED PRECEDING",
    "VALUES",
    "CAST",
    "INT",
    "ARRAY",
    "STRUCT",
    "MAP",
    "INTERVAL",
    "DATE",
    "EXTRACT",
    "YEAR",
    "ALL",
    "ANY",
    "FILTER",
    "UNNEST",
    "LATERAL",
    "ROLLUP",
    "CUBE",
    "DELETE",
    "INTO",
    "cars",
    "people",
    "team",
    "staff",
    "t",
    "id",
    "name",
    "age",
    "Origin",
    "a",
    "\"A\"",
    "sum",
    "count",
    "max",
    "map",
    "array_agg",
    "coalesce",
    "row_number",
    "information_schema",
    "columns",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ",",
    ".",
    "*",
    "=",
    "<",
    ">",
    "+",
    "-",
    "/",
    "||",
    "::",
    ":",
    ";",
    "'x'",
    "'",
    "\"",
    "1",
    "2.5",
    "1e400",
    "9223372036854775807",
    "NULL",
    "true",
    "--",
    "/*",
    "*/",
    "$$",
    "@",
    "?",
];

fn ends_well(sql: &str) -> std::result::Result<(), TestCaseError> {
    let named = tables_in(sql);
    let planned = plan(&state(), sql, &tables(), 10);
    for error in [named.as_ref().err(), planned.as_ref().err()].into_iter().flatten() {
        prop_assert_eq!(error.code(), Code::Invalid, "{}: {:?}", sql, error);
    }
    prop_assert!(named.is_ok() || planned.is_err(), "planned but has no tables: {}", sql);
    Ok(())
}

fn statements() -> impl Strategy<Value = String> {
    let lists = [include_str!("../hostile.txt"), include_str!("statements.rs"), include_str!("policies.rs")];
    let begins = |line: &str| ["SELECT", "WITH", "VALUES", "DESC"].iter().any(|word| line.starts_with(word));
    let texts =
        lists.iter().flat_map(|list| list.split(['\n', '"'])).filter(|line| begins(line)).map(str::to_owned).collect::<Vec<_>>();
    proptest::sample::select(texts)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        ends_well(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_words(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..40)) {
        ends_well(&words.join(" "))?;
        ends_well(&format!("SELECT {}", words.join(" ")))?;
    }

    #[test]
    fn a_statement_with_a_piece_replaced(sql in statements(), from in 0.0..1.0, len in 0_usize..12, word in proptest::sample::select(WORDS)) {
        let characters: Vec<char> = sql.chars().collect();
        let start = (from * characters.len() as f64) as usize;
        let end = (start + len).min(characters.len());
        let mutated: String = characters[..start].iter().chain(word.chars().collect::<Vec<_>>().iter()).chain(&characters[end..]).collect();
        ends_well(&mutated)?;
    }

    #[test]
    fn two_statements_spliced(one in statements(), two in statements(), at in 0.0..1.0, cut in 0.0..1.0) {
        let head: String = one.chars().take((at * one.chars().count() as f64) as usize).collect();
        let tail: String = two.chars().skip((cut * two.chars().count() as f64) as usize).collect();
        ends_well(&(head + &tail))?;
    }
}
