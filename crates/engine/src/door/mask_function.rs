//! A mask as a function of a plan. Nobody can name it: it is never registered.

use super::mask::mask;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datahall_core::policy::Masking;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// `masking` of `column`, which has the type of `field` then.
pub(super) fn masked(column: Expr, masking: &Masking, field: &Field) -> Expr {
    let function = MaskFunction {
        masking: masking.clone(),
        result: field.data_type().clone(),
        signature: Signature::any(1, Volatility::Immutable),
    };
    ScalarUDF::new_from_impl(function).call(vec![column])
}

#[derive(Debug)]
struct MaskFunction {
    masking: Masking,
    result: DataType,
    signature: Signature,
}

// The width of a bucket is a number, which has no order of its own; it is compared by its bits.
impl PartialEq for MaskFunction {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for MaskFunction {}

impl Hash for MaskFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl MaskFunction {
    fn identity(&self) -> (String, &[u8], &DataType) {
        (format!("{:?}", self.masking), &self.masking.key, &self.result)
    }
}

impl ScalarUDFImpl for MaskFunction {
    fn name(&self) -> &'static str {
        "mask"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), self.result.clone(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        Ok(ColumnarValue::Array(mask(&arrays[0], &self.masking)?))
    }
}
