//! Functions of text whose result can be much longer than what they are given: nested a few deep, they would take all the
//! memory there is, since nothing counts what a function allocates. They run on slices of rows, and stop in time.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    simplify::{ExprSimplifyResult, SimplifyContext},
};
use std::sync::Arc;

/// Bytes that one batch of results may have.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Functions that put a text in as often as another has places for it.
const MULTIPLYING: &[&str] = &["array_to_string", "regexp_replace", "replace"];

/// `function`, bounded if it needs to be.
pub(super) fn bounded(function: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if MULTIPLYING.contains(&function.name()) {
        Arc::new(ScalarUDF::new_from_impl(Bounded { wrapped: function.clone() }))
    } else {
        function.clone()
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    wrapped: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.wrapped.name()
    }

    fn aliases(&self) -> &[String] {
        self.wrapped.aliases()
    }

    fn signature(&self) -> &Signature {
        self.wrapped.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.wrapped.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.wrapped.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.wrapped.coerce_types(arg_types)
    }

    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        // The wrapped function's own rewriting could put the unbounded one back.
        Ok(ExprSimplifyResult::Original(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = if args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) { 1 } else { args.number_rows };
        let worst = worst_cases(&args, rows)?;
        if worst.iter().fold(0_usize, |all, bytes| all.saturating_add(*bytes)) <= MAX_BYTES {
            return self.wrapped.invoke_with_args(args);
        }
        let mut parts: Vec<ArrayRef> = Vec::new();
        let (mut from, mut taken) = (0, 0_usize);
        while from < rows {
            let mut to = from;
            let mut most = 0_usize;
            while to < rows && (to == from || most.saturating_add(worst[to]) <= MAX_BYTES) {
                most = most.saturating_add(worst[to]);
                to += 1;
            }
            if most > MAX_BYTES {
                return Err(too_much(self.name()));
            }
            let part = self.wrapped.invoke_with_args(slice(&args, from, to - from))?.into_array(to - from)?;
            taken += lengths(&part)?.iter().sum::<usize>();
            if taken > MAX_BYTES {
                return Err(too_much(self.name()));
            }
            parts.push(part);
            from = to;
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&parts)?))
    }
}

fn too_much(name: &str) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!("{name} makes more than {MAX_BYTES} bytes"))
}

fn slice(args: &ScalarFunctionArgs, from: usize, rows: usize) -> ScalarFunctionArgs {
    let cut = |arg: &ColumnarValue| match arg {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(from, rows)),
        scalar => scalar.clone(),
    };
    ScalarFunctionArgs { args: args.args.iter().map(cut).collect(), number_rows: rows, ..args.clone() }
}

/// Bytes that each row's result has at most: every byte of the first argument might be a place for all of the others, and
/// what is put in may repeat what it replaces.
fn worst_cases(args: &ScalarFunctionArgs, rows: usize) -> Result<Vec<usize>> {
    let arrays = args.args.iter().map(|arg| match arg {
        ColumnarValue::Array(array) => lengths(array).map(|lengths| (lengths, false)),
        ColumnarValue::Scalar(scalar) => lengths(&scalar.to_array()?).map(|lengths| (lengths, true)),
    });
    let arrays = arrays.collect::<Result<Vec<_>>>()?;
    let length = |(lengths, scalar): &(Vec<usize>, bool), row: usize| lengths[if *scalar { 0 } else { row }];
    let worst = |row: usize| {
        let Some((first, others)) = arrays.split_first() else { return 0 };
        let others: usize = others.iter().map(|other| length(other, row)).sum();
        length(first, row).saturating_add(1).saturating_mul(others.saturating_add(1))
    };
    Ok((0..rows).map(worst).collect())
}

/// The bytes of each value.
fn lengths(array: &ArrayRef) -> Result<Vec<usize>> {
    match array.data_type() {
        DataType::Utf8View => {
            let array = array.as_string_view();
            Ok(array.views().iter().map(|view| *view as u32 as usize).collect())
        }
        DataType::Utf8 => Ok(array.as_string::<i32>().offsets().lengths().collect()),
        DataType::LargeUtf8 => Ok(array.as_string::<i64>().offsets().lengths().collect()),
        DataType::Dictionary(_, value) => lengths(&cast(array, value)?),
        DataType::Null => Ok(vec![0; array.len()]),
        // Arrays of texts and the like: what a slice of each takes.
        _ => Ok((0..array.len()).map(|row| array.slice(row, 1).to_data().get_slice_memory_size().unwrap_or(MAX_BYTES)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::tests::{refusal, rows};
    use datahall_core::Code;

    #[test]
    fn texts_that_multiply_are_stopped() {
        let nested = |times: usize| {
            let text = "a".repeat(100);
            (0..times).fold("name".to_owned(), |inner, _| format!("replace({inner}, 'a', '{text}')"))
        };
        assert_eq!(rows(&format!("SELECT length({}) FROM people WHERE id = 1", nested(3))), ["1000002"]);
        for sql in [
            format!("SELECT length({}) FROM people", nested(8)),
            format!("SELECT length({}) FROM people", nested(3).replace("replace(", "regexp_replace(").replace("')", "', 'g')")) + " WHERE length(" + &nested(6) + ") > 1",
            "SELECT length(regexp_replace(regexp_replace(regexp_replace(regexp_replace(concat(name, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'), '(.*)', '\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1'), '(.*)', '\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1'), '(.*)', '\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1'), '(.*)', '\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1')) FROM people".to_owned(),
        ] {
            assert_eq!(refusal(&sql).code(), Code::LimitExceeded, "{sql}");
        }
    }

    #[test]
    fn what_fits_comes_out_as_it_would() {
        assert_eq!(rows("SELECT replace(name, 'b', 'xx') FROM people ORDER BY id"), ["ann", "xxoxx", "cid", "NULL"]);
        assert_eq!(rows("SELECT regexp_replace(name, '^(.)', '\\1\\1') FROM people ORDER BY id LIMIT 2"), ["aann", "bbob"]);
        assert_eq!(
            rows("SELECT array_to_string([name, 'x', NULL], '-', '?') FROM people ORDER BY id"),
            ["ann-x-?", "bob-x-?", "cid-x-?", "?-x-?"]
        );
        assert_eq!(rows("SELECT replace('a', 'a', 'b'), replace(NULL, 'a', 'b')"), ["b|NULL"]);
    }
}
