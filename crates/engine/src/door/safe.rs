//! Which predicates may be put below a row filter: those that cannot fail, whatever the rows are that it leaves out.

use arrow::datatypes::Schema;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, Operator};
use std::collections::HashSet;

/// Whether `filter` only compares columns of `clear` with literals of their own type.
pub(super) fn is_safe(filter: &Expr, schema: &Schema, clear: &HashSet<String>) -> bool {
    let is_clear = |expr: &Expr| matches!(expr, Expr::Column(column) if clear.contains(&column.name));
    let is_literal_for = |literal: &Expr, column: &Expr| match (literal, column) {
        (Expr::Literal(value, _), Expr::Column(column)) => {
            schema.field_with_name(&column.name).is_ok_and(|field| *field.data_type() == value.data_type())
        }
        _ => false,
    };
    match filter {
        Expr::BinaryExpr(binary) if matches!(binary.op, Operator::And | Operator::Or) => {
            is_safe(&binary.left, schema, clear) && is_safe(&binary.right, schema, clear)
        }
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => {
            is_clear(&binary.left) && is_literal_for(&binary.right, &binary.left)
        }
        Expr::InList(list) => is_clear(&list.expr) && list.list.iter().all(|value| is_literal_for(value, &list.expr)),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => is_clear(inner),
        Expr::Not(inner) => is_safe(inner, schema, clear),
        _ => false,
    }
}

/// Whether the operator compares two values.
pub(crate) fn is_comparison(operator: Operator) -> bool {
    use Operator as O;
    let ordered = matches!(operator, O::Eq | O::NotEq | O::Lt | O::LtEq | O::Gt | O::GtEq);
    ordered || matches!(operator, O::IsDistinctFrom | O::IsNotDistinctFrom)
}

/// The same filter about columns of no particular table.
pub(super) fn unqualified(filter: &Expr) -> Result<Expr> {
    let strip = |expr: Expr| match expr {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))),
        other => Ok(Transformed::no(other)),
    };
    filter.clone().transform(strip).data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field};
    use datafusion::prelude::{col, lit, try_cast};

    #[test]
    fn only_what_cannot_fail_on_clear_columns_goes_below() {
        let fields = ["a", "b"].map(|name| Field::new(name, DataType::Int64, true));
        let (schema, clear) = (Schema::new(fields.to_vec()), HashSet::from(["a".to_owned()]));
        let safe = |filter: Expr| is_safe(&filter, &schema, &clear);
        assert!(safe(col("a").gt(lit(1_i64)).and(col("t.a").is_not_null())));
        assert!(safe(col("a").in_list(vec![lit(1_i64)], false)));
        assert!(!safe(col("b").gt(lit(1_i64))));
        assert!(!safe(col("a").gt(lit(1_i64)).or(col("b").is_null())));
        assert!(!safe((lit(1_i64) / col("a")).gt(lit(0_i64))));
        assert!(!safe(col("a").eq(lit("1"))));
        assert!(!safe(try_cast(col("a"), DataType::Utf8).eq(lit("1"))));
    }
}
