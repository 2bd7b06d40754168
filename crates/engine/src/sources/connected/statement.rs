//! Statements in a database's own SQL: one SELECT, and nothing that writes.

use super::dialect::Dialect;
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement};
use datafusion::sql::sqlparser::dialect::{Dialect as Grammar, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use datafusion::sql::sqlparser::parser::Parser;
use datahall_core::{Error, Result};

/// The longest statement.
const LONGEST: usize = 1 << 20;

/// `sql` without a semicolon at its end.
///
/// # Errors
/// `Invalid` when it is not exactly one SELECT that only reads. What it may read is for the database to judge.
pub(super) fn one_select(dialect: Dialect, sql: &str) -> Result<&str> {
    let grammar: &dyn Grammar = match dialect {
        Dialect::Postgresql => &PostgreSqlDialect {},
        Dialect::Mysql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Plain | Dialect::PlainWithBackticks => &GenericDialect {},
    };
    if sql.len() > LONGEST || sql.contains('\0') {
        return Err(Error::invalid("the query is too long, or holds a NUL"));
    }
    let statements =
        Parser::parse_sql(grammar, sql).map_err(|error| Error::invalid(format!("the query cannot be parsed: {error}")))?;
    let [Statement::Query(query)] = statements.as_slice() else {
        return Err(Error::invalid("the query must be exactly one SELECT"));
    };
    if !reads_only(query) {
        return Err(Error::invalid("the query must only read: no INTO, no FOR UPDATE, nothing that writes"));
    }
    Ok(sql.trim().trim_end_matches(';').trim_end())
}

fn reads_only(query: &Query) -> bool {
    let parts = query.with.iter().flat_map(|with| &with.cte_tables).all(|table| reads_only(&table.query));
    query.locks.is_empty() && parts && body(&query.body)
}

fn body(part: &SetExpr) -> bool {
    match part {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => reads_only(query),
        SetExpr::SetOperation { left, right, .. } => body(left) && body(right),
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_select_passes() {
        for sql in [
            "SELECT 1",
            "select a from t;",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "(SELECT 1) UNION ALL SELECT 2",
            "VALUES (1)",
        ] {
            assert!(one_select(Dialect::Postgresql, sql).is_ok(), "{sql}");
        }
        assert_eq!(one_select(Dialect::Mysql, " SELECT 1 ; ").unwrap(), "SELECT 1");
    }

    #[test]
    fn what_writes_or_is_more_than_one_is_refused() {
        for sql in [
            "",
            "SELECT 1; SELECT 2",
            "DELETE FROM t",
            "SELECT * INTO x FROM t",
            "SELECT * FROM t FOR UPDATE",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
            "COPY t TO '/tmp/x'",
            "SET x = 1",
            "EXPLAIN ANALYZE DELETE FROM t",
            "SELECT 1) AS q; DROP TABLE t; --",
        ] {
            assert!(one_select(Dialect::Postgresql, sql).is_err(), "{sql}");
        }
    }
}
