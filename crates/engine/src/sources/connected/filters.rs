//! Which conditions a database is asked for: those that mean the same there, and those that find at least what is wanted.

use super::dialect::Dialect;
use super::outside::{Compares, OutsideColumn};
use datafusion::common::Column;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;

/// The most that one condition may say.
const LONGEST: usize = 100_000;

/// A condition as a database reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) sql: String,
    /// It finds just what is wanted; otherwise it may find more, never less.
    pub(super) exact: bool,
}

/// Writes conditions on the columns of one table.
pub(super) struct Filters<'a> {
    pub(super) dialect: Dialect,
    pub(super) columns: &'a [OutsideColumn],
}

impl Filters<'_> {
    /// `expr` as the database reads it, if it can be asked that.
    pub(super) fn condition(&self, expr: &Expr) -> Option<Condition> {
        self.expression(expr).filter(|condition| condition.sql.len() <= LONGEST)
    }

    fn expression(&self, expr: &Expr) -> Option<Condition> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                let word = if *op == Operator::And { "AND" } else { "OR" };
                Some(Condition { sql: format!("({} {word} {})", left.sql, right.sql), exact: left.exact && right.exact })
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (plain(left), literal(right)) {
                (Some(column), Some(value)) => self.compare(column, *op, value),
                _ => self.compare(plain(right)?, op.swap()?, literal(left)?),
            },
            // What finds more would leave out more.
            Expr::Not(inner) => {
                self.expression(inner).filter(|inner| inner.exact).map(|inner| exactly(format!("(NOT {})", inner.sql)))
            }
            Expr::IsNull(inner) => self.null(inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.null(inner, "IS NOT NULL"),
            Expr::Between(Between { expr, negated: false, low, high }) => {
                let column = plain(expr)?;
                let low = self.compare(column, Operator::GtEq, literal(low)?)?;
                let high = self.compare(column, Operator::LtEq, literal(high)?)?;
                Some(Condition { sql: format!("({} AND {})", low.sql, high.sql), exact: low.exact && high.exact })
            }
            Expr::InList(InList { expr, list, negated }) => self.list(plain(expr)?, list, *negated),
            Expr::Column(column) => {
                let known = self.column(column)?;
                let boolean =
                    *known.field.data_type() == arrow::datatypes::DataType::Boolean && known.compares == Compares::Alike;
                boolean.then(|| exactly(format!("({} IS TRUE)", self.dialect.name(&column.name))))
            }
            _ => None,
        }
    }

    fn column(&self, column: &Column) -> Option<&OutsideColumn> {
        self.columns.iter().find(|known| *known.field.name() == column.name)
    }

    fn null(&self, inner: &Expr, what: &str) -> Option<Condition> {
        let Expr::Column(column) = inner else { return None };
        self.column(column).filter(|column| column.compares != Compares::Never)?;
        Some(exactly(format!("({} {what})", self.dialect.name(&column.name))))
    }

    fn compare(&self, column: &Column, op: Operator, value: &ScalarValue) -> Option<Condition> {
        let known = self.column(column)?;
        let sign = match op {
            Operator::Eq => "=",
            Operator::NotEq => "<>",
            Operator::Lt => "<",
            Operator::LtEq => "<=",
            Operator::Gt => ">",
            Operator::GtEq => ">=",
            _ => return None,
        };
        // Types are brought together before; where they still differ, the database would do it in its own way.
        if value.data_type() != *known.field.data_type() && !is_text(value) {
            return None;
        }
        let (name, value) = (self.dialect.name(&column.name), self.dialect.value(value)?);
        match known.compares {
            Compares::Alike => Some(exactly(format!("({name} {sign} {value})"))),
            Compares::Text if matches!(op, Operator::Eq | Operator::NotEq) => Some(exactly(format!("({name} {sign} {value})"))),
            Compares::Text if self.dialect == Dialect::Postgresql => {
                Some(exactly(format!("({name} COLLATE \"C\" {sign} {value})")))
            }
            Compares::Loosely if op == Operator::Eq => Some(Condition { sql: format!("({name} = {value})"), exact: false }),
            _ => None,
        }
    }

    fn list(&self, column: &Column, list: &[Expr], negated: bool) -> Option<Condition> {
        let known = self.column(column)?;
        let exact = match known.compares {
            Compares::Alike | Compares::Text => true,
            Compares::Loosely if !negated => false,
            _ => return None,
        };
        let value = |expr: &Expr| {
            let value = literal(expr)?;
            let fits = value.data_type() == *known.field.data_type() || is_text(value);
            if fits { self.dialect.value(value) } else { None }
        };
        let values = list.iter().map(value).collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())?;
        let word = if negated { "NOT IN" } else { "IN" };
        let sql = format!("({} {word} ({}))", self.dialect.name(&column.name), values.join(", "));
        Some(Condition { sql, exact })
    }
}

fn exactly(sql: String) -> Condition {
    Condition { sql, exact: true }
}

fn plain(expr: &Expr) -> Option<&Column> {
    if let Expr::Column(column) = expr { Some(column) } else { None }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    if let Expr::Literal(value, _) = expr { Some(value) } else { None }
}

fn is_text(value: &ScalarValue) -> bool {
    matches!(value, ScalarValue::Utf8(_) | ScalarValue::LargeUtf8(_) | ScalarValue::Utf8View(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field};
    use datafusion::prelude::{col, lit};

    fn columns() -> Vec<OutsideColumn> {
        let column = |name, kind, compares| OutsideColumn { field: Field::new(name, kind, true), compares };
        vec![
            column("n", DataType::Int64, Compares::Alike),
            column("t", DataType::Utf8, Compares::Text),
            column("padded", DataType::Utf8, Compares::Loosely),
            column("odd", DataType::Utf8, Compares::Never),
        ]
    }

    fn asked(dialect: Dialect, expr: &Expr) -> Option<(String, bool)> {
        let columns = columns();
        Filters { dialect, columns: &columns }.condition(expr).map(|condition| (condition.sql, condition.exact))
    }

    #[test]
    fn what_means_the_same_is_asked_for() {
        let pg = |expr: &Expr| asked(Dialect::Postgresql, expr).unwrap();
        assert_eq!(pg(&col("n").gt(lit(5i64)).and(col("t").eq(lit("x'y")))), ("((\"n\" > 5) AND (\"t\" = 'x''y'))".into(), true));
        assert_eq!(pg(&lit(5i64).gt(col("n"))), ("(\"n\" < 5)".into(), true));
        assert_eq!(pg(&col("t").lt(lit("b"))), ("(\"t\" COLLATE \"C\" < 'b')".into(), true));
        assert_eq!(pg(&col("n").in_list(vec![lit(1i64), lit(2i64)], true)), ("(\"n\" NOT IN (1, 2))".into(), true));
        assert_eq!(pg(&col("padded").eq(lit("x"))), ("(\"padded\" = 'x')".into(), false));
        assert_eq!(pg(&col("n").is_null()), ("(\"n\" IS NULL)".into(), true));
    }

    #[test]
    fn what_may_mean_something_else_is_not() {
        let refused = [
            col("padded").not_eq(lit("x")),
            col("odd").eq(lit("x")),
            !col("padded").eq(lit("x")),
            col("n").eq(lit(5i32)),
            (col("n") + lit(1i64)).eq(lit(2i64)),
            col("t").like(lit("a%")),
        ];
        for expr in &refused {
            assert_eq!(asked(Dialect::Postgresql, expr), None, "{expr}");
        }
        assert_eq!(asked(Dialect::Sqlite, &col("t").lt(lit("b"))), None);
    }
}
