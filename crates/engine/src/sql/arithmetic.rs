//! `+`, `-` and `*` of whole numbers that never wrap: a result beyond its type is an error.

use arrow::compute::kernels::numeric;
use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use datafusion::physical_expr_common::datum::apply;
use datafusion::sql::sqlparser::ast::BinaryOperator;
use std::sync::Arc;

/// Plans the three operators of whole numbers as functions that check.
#[derive(Debug)]
pub(super) struct CheckedArithmetic;

impl ExprPlanner for CheckedArithmetic {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let operation = match raw.op {
            BinaryOperator::Plus => Operation::Add,
            BinaryOperator::Minus => Operation::Subtract,
            BinaryOperator::Multiply => Operation::Multiply,
            _ => return Ok(PlannerResult::Original(raw)),
        };
        match common_type(&raw, schema) {
            Some(kind) => Ok(PlannerResult::Planned(chained(raw.left, operation, raw.right, &kind, schema))),
            None => Ok(PlannerResult::Original(raw)),
        }
    }
}

/// The type that both sides are taken as if that is a whole number.
fn common_type(raw: &RawBinaryExpr, schema: &DFSchema) -> Option<DataType> {
    let (left, right) = (raw.left.get_type(schema).ok()?, raw.right.get_type(schema).ok()?);
    let (left, right) = BinaryTypeCoercer::new(&left, &Operator::Plus, &right).get_input_types().ok()?;
    (left == right && left.is_integer()).then_some(left)
}

/// A long chain is one function of many operands: planning one that nests takes time that grows with the cube of its depth.
fn chained(left: Expr, operation: Operation, right: Expr, kind: &DataType, schema: &DFSchema) -> Expr {
    let same = left.get_type(schema).is_ok_and(|own| own == *kind);
    let right = cast_to(right, kind, schema);
    let (mut operations, mut operands) = match left {
        Expr::ScalarFunction(call) if same => match chain(&call.func).filter(|chain| chain.goes_on_with(operation)) {
            Some(chain) => (chain.operations.clone(), call.args),
            None => (Vec::new(), vec![Expr::ScalarFunction(call)]),
        },
        left => (Vec::new(), vec![cast_to(left, kind, schema)]),
    };
    operations.push(operation);
    operands.push(right);
    let signature = Signature::any(operands.len(), Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Chain { operations, signature })).call(operands)
}

fn cast_to(operand: Expr, kind: &DataType, schema: &DFSchema) -> Expr {
    if operand.get_type(schema).is_ok_and(|own| own == *kind) { operand } else { cast(operand, kind.clone()) }
}

fn chain(function: &ScalarUDF) -> Option<&Chain> {
    function.inner().downcast_ref::<Chain>()
}

/// Whether `function` is one of these. They have no name that a statement could call.
pub(super) fn is_checked(function: &ScalarUDF) -> bool {
    chain(function).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Add,
    Subtract,
    Multiply,
}

/// `a + b - c` or `a * b * c`, from left to right.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Chain {
    operations: Vec<Operation>,
    signature: Signature,
}

impl Chain {
    fn goes_on_with(&self, operation: Operation) -> bool {
        let multiplies = |operation: &Operation| *operation == Operation::Multiply;
        self.operations.first().map(multiplies) == Some(multiplies(&operation))
    }

    fn written(&self, operands: Vec<String>) -> String {
        let mut text = String::new();
        for (at, operand) in operands.into_iter().enumerate() {
            let sign = at.checked_sub(1).and_then(|before| self.operations.get(before)).map_or("", |operation| match operation {
                Operation::Add => " + ",
                Operation::Subtract => " - ",
                Operation::Multiply => " * ",
            });
            text.push_str(sign);
            text.push_str(&operand);
        }
        text
    }
}

impl ScalarUDFImpl for Chain {
    fn name(&self) -> &str {
        "checked arithmetic"
    }

    // The column of an answer is called as it would be with the plain operators.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(self.written(args.iter().map(|arg| arg.schema_name().to_string()).collect()))
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        Ok(self.written(args.iter().map(ToString::to_string).collect()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        arg_types.first().cloned().ok_or_else(|| DataFusionError::Internal("arithmetic of nothing".into()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut operands = args.args.into_iter();
        let first = operands.next().ok_or_else(|| DataFusionError::Internal("arithmetic of nothing".into()))?;
        self.operations.iter().zip(operands).try_fold(first, |left, (operation, right)| {
            apply(
                &left,
                &right,
                match operation {
                    Operation::Add => numeric::add,
                    Operation::Subtract => numeric::sub,
                    Operation::Multiply => numeric::mul,
                },
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::tests::{refusal, rows, state, tables};

    #[test]
    fn long_chains_are_planned_flat_and_computed_from_the_left() {
        let sum = vec!["a"; 95].join(" + ");
        assert_eq!(rows(&format!("SELECT {sum}, {} FROM cars WHERE a = 2", sum.replace('+', "-"))), ["190|-186"]);
        assert_eq!(
            rows("SELECT 9223372036854775807 - 1 + 1, 2 * 3 - 4 * 5 + 6, (1 + 2) * 3 AS x, 1 - (2 - 3)"),
            ["9223372036854775807|-8|9|2"]
        );
        assert_eq!(refusal("SELECT 9223372036854775807 + 1 - 1").message().split(':').next(), Some("number out of range"));
        assert_eq!(rows("SELECT id + 1::TINYINT + age FROM people ORDER BY id"), ["32", "43", "NULL", "30"]);
    }

    #[test]
    fn columns_are_named_as_with_plain_operators() {
        let plan = crate::sql::plan(&state(), "SELECT id + age - 1, id * 2 FROM people", &tables(), 1).unwrap();
        let names: Vec<_> = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["people.id + people.age - Int64(1)", "people.id * Int64(2)"]);
    }
}
