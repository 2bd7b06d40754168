//! The two functions of [`super::codes`]: dictionary values → one number, and back.

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Dictionaries whose positions are put into one number, the first one counting most. Each has a place more, for null.
#[derive(Debug, Clone)]
pub(super) struct Numbered(Arc<[ArrayRef]>);

impl Numbered {
    /// `None` without dictionaries, and when there would be more numbers than an `i64` has.
    pub(super) fn new(dictionaries: Vec<ArrayRef>) -> Option<Self> {
        let numbers = dictionaries.iter().try_fold(1i64, |numbers, values| numbers.checked_mul(places(values)));
        (!dictionaries.is_empty() && numbers.is_some()).then(|| Self(dictionaries.into()))
    }
}

impl PartialEq for Numbered {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Numbered {}

impl Hash for Numbered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}

fn places(values: &ArrayRef) -> i64 {
    values.len() as i64 + 1
}

/// The function from one column a dictionary to the number.
pub(super) fn number(numbered: &Numbered) -> ScalarUDF {
    let types = numbered.0.iter().map(dictionary_type).collect();
    ScalarUDF::new_from_impl(Number { numbered: numbered.clone(), signature: Signature::exact(types, Volatility::Immutable) })
}

/// The function from the number to the value of the column `at`.
pub(super) fn value(numbered: &Numbered, at: usize, nullable: bool) -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    ScalarUDF::new_from_impl(Value { numbered: numbered.clone(), at, nullable, signature })
}

fn dictionary_type(values: &ArrayRef) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values.data_type().clone()))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Number {
    numbered: Numbered,
    signature: Signature,
}

impl ScalarUDFImpl for Number {
    fn name(&self) -> &str {
        "group_number"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Int64, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut numbers = vec![0i64; args.number_rows];
        for (argument, expected) in args.args.iter().zip(self.numbered.0.iter()) {
            let array = argument.to_array(args.number_rows)?;
            let array = array.as_dictionary::<Int32Type>();
            let recoded;
            // Operators between here and the table pass its dictionary on, unless they write batches to disk meanwhile.
            let keys = if array.values().to_data().ptr_eq(&expected.to_data()) {
                array.keys()
            } else {
                recoded = recode(array, expected)?;
                &recoded
            };
            let (places, null) = (places(expected), expected.len() as i64);
            let rows = numbers.iter_mut().zip(keys.values());
            match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => rows.for_each(|(number, key)| *number = *number * places + i64::from(*key)),
                Some(nulls) => rows.zip(nulls).for_each(|((number, key), valid)| {
                    *number = *number * places + if valid { i64::from(*key) } else { null };
                }),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(Int64Array::from(numbers))))
    }
}

/// The keys of `array` as positions in the sorted dictionary `expected`.
fn recode(array: &DictionaryArray<Int32Type>, expected: &ArrayRef) -> Result<Int32Array> {
    let (from, to) = (array.values().as_string::<i32>(), expected.as_string::<i32>());
    let position = |value: Option<&str>| {
        let value = value?;
        let (mut low, mut high) = (0, to.len());
        while low < high {
            let middle = low.midpoint(high);
            if to.value(middle) < value { low = middle + 1 } else { high = middle }
        }
        (low < to.len() && to.value(low) == value).then_some(low as i32)
    };
    let positions: Int32Array = from.iter().map(position).collect();
    if positions.null_count() > from.null_count() {
        return Err(DataFusionError::Internal("a value that the dictionary lacks".into()));
    }
    Ok(take(&positions, array.keys(), None)?.as_primitive::<Int32Type>().clone())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Value {
    numbered: Numbered,
    at: usize,
    nullable: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Value {
    fn name(&self) -> &str {
        "group_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(dictionary_type(&self.numbered.0[self.at]))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let data_type = dictionary_type(&self.numbered.0[self.at]);
        Ok(Arc::new(Field::new(args.arg_fields[0].name(), data_type, self.nullable)))
    }

    /// The value of the number of a column is the column: conditions on groups, moved before the grouping, become conditions on it.
    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let mut argument = &args[0];
        while let Expr::Alias(alias) = argument {
            argument = &alias.expr;
        }
        if let Expr::ScalarFunction(call) = argument
            && let Some(number) = (call.func.inner().as_ref() as &dyn Any).downcast_ref::<Number>()
            && number.numbered == self.numbered
        {
            return Ok(ExprSimplifyResult::Simplified(call.args[self.at].clone()));
        }
        Ok(ExprSimplifyResult::Original(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let numbers = args.args[0].to_array(args.number_rows)?;
        let values = &self.numbered.0[self.at];
        let stride: i64 = self.numbered.0[self.at + 1..].iter().map(places).product();
        let (places, null) = (places(values), values.len() as i64);
        let code = |number: &i64| Some(number / stride % places).filter(|code| *code != null).map(|code| code as i32);
        let codes: Int32Array = numbers.as_primitive::<Int64Type>().values().iter().map(code).collect();
        Ok(ColumnarValue::Array(Arc::new(DictionaryArray::<Int32Type>::try_new(codes, values.clone())?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    #[test]
    fn keys_of_another_numbering_are_found_by_value_and_nulls_stay_null() {
        let expected: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let array: DictionaryArray<Int32Type> = [Some("c"), None, Some("a")].into_iter().collect();
        assert_eq!(recode(&array, &expected).unwrap(), Int32Array::from(vec![Some(2), None, Some(0)]));
        let strange: DictionaryArray<Int32Type> = [Some("bb")].into_iter().collect();
        assert!(recode(&strange, &expected).is_err());
    }

    #[test]
    fn more_groups_than_numbers_are_left_alone() {
        let large: ArrayRef = Arc::new(Int32Array::from(vec![0; 1 << 20]));
        assert!(Numbered::new(vec![large.clone(); 3]).is_some());
        assert!(Numbered::new(vec![large; 4]).is_none());
        assert!(Numbered::new(vec![]).is_none());
    }
}
