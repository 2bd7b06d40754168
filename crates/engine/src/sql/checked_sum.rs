//! `sum` that never wraps: whole numbers add up in 128 bits, and a result beyond 64 is an error.

mod groups;
mod rows;

use arrow::array::ArrowPrimitiveType;
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type, UInt64Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
};
use std::sync::{Arc, LazyLock};

/// What the error of a sum that does not fit says, so that it can be told from others.
pub(crate) const OVERFLOW: &str = "sum overflows BIGINT";

/// The type of partial sums: wide enough for as many 64-bit numbers as there can be rows.
const STATE: DataType = DataType::Decimal128(38, 0);

/// The function `sum`, for plans built by hand as for SQL.
pub(crate) fn checked_sum() -> Arc<AggregateUDF> {
    static SUM: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
        let wrapped = sum_udaf();
        Arc::new(AggregateUDF::new_from_impl(CheckedSum { signature: wrapped.signature().clone(), wrapped }))
    });
    SUM.clone()
}

/// A whole number type that `sum` takes.
trait Whole:
    ArrowPrimitiveType<Native: Into<i128> + TryFrom<i128> + std::hash::Hash + Eq + Copy> + std::fmt::Debug + Send + Sync
{
}
impl Whole for Int64Type {}
impl Whole for UInt64Type {}

fn narrow<T: Whole>(sum: i128) -> Result<T::Native> {
    let overflow = || DataFusionError::ArrowError(Box::new(ArrowError::ArithmeticOverflow(OVERFLOW.into())), None);
    T::Native::try_from(sum).map_err(|_| overflow())
}

/// `sum`: for whole numbers ours, for the rest (`wrapped`) DataFusion's.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    signature: Signature,
    wrapped: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.wrapped.return_type(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let whole = matches!(args.return_type(), DataType::Int64 | DataType::UInt64);
        if !whole || args.is_distinct {
            return self.wrapped.state_fields(args);
        }
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sum"), STATE, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match (args.return_field.data_type(), args.is_distinct) {
            (DataType::Int64, false) => Ok(Box::new(rows::Sum::<Int64Type>::default())),
            (DataType::UInt64, false) => Ok(Box::new(rows::Sum::<UInt64Type>::default())),
            (DataType::Int64, true) => Ok(Box::new(rows::DistinctSum::<Int64Type>::default())),
            (DataType::UInt64, true) => Ok(Box::new(rows::DistinctSum::<UInt64Type>::default())),
            _ => self.wrapped.accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match args.return_field.data_type() {
            DataType::Int64 | DataType::UInt64 => self.accumulator(args),
            _ => self.wrapped.create_sliding_accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.wrapped.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match args.return_field.data_type() {
            DataType::Int64 => Ok(Box::new(groups::GroupSums::<Int64Type>::default())),
            DataType::UInt64 => Ok(Box::new(groups::GroupSums::<UInt64Type>::default())),
            _ => self.wrapped.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.wrapped.inner().set_monotonicity(data_type)
    }
}

/// Partial sums as an array; the precision of [`STATE`] is a label, the numbers are whole 128-bit ones.
fn states(sums: Vec<i128>, nulls: Option<arrow::buffer::NullBuffer>) -> arrow::array::ArrayRef {
    Arc::new(arrow::array::PrimitiveArray::<Decimal128Type>::new(sums.into(), nulls).with_data_type(STATE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, UInt64Array};
    use arrow::datatypes::Schema;
    use datafusion::catalog::MemTable;
    use datafusion::prelude::{SessionConfig, SessionContext};

    /// `sql` over table `t`: `g` group, `i` Int64, `u` UInt64, `s` Int32, in several partitions and small batches.
    async fn run(batches: Vec<Vec<RecordBatch>>, sql: &str) -> Result<Vec<RecordBatch>> {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3).with_batch_size(2));
        context.register_udaf(checked_sum().as_ref().clone());
        context.register_table("t", Arc::new(MemTable::try_new(batches[0][0].schema(), batches)?))?;
        context.sql(sql).await?.collect().await
    }

    fn batch(rows: &[(i32, Option<i64>, Option<u64>)]) -> RecordBatch {
        let nullable = |name: &str, kind| Field::new(name, kind, true);
        let schema = Schema::new(vec![
            nullable("g", DataType::Int32),
            nullable("i", DataType::Int64),
            nullable("u", DataType::UInt64),
            nullable("s", DataType::Int32),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.0))),
            Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.1))),
            Arc::new(UInt64Array::from_iter(rows.iter().map(|row| row.2))),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.0))),
        ];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    fn flat<T: Whole>(batches: &[RecordBatch], column: usize) -> Vec<Option<T::Native>> {
        batches.iter().flat_map(|b| b.column(column).as_primitive::<T>().iter().collect::<Vec<_>>()).collect()
    }

    fn two_partitions() -> Vec<Vec<RecordBatch>> {
        let first = batch(&[(1, Some(i64::MAX), Some(u64::MAX)), (2, None, None), (1, Some(5), None)]);
        let second = batch(&[(1, Some(-6), None), (2, None, None), (3, Some(7), Some(8))]);
        vec![vec![first], vec![second]]
    }

    #[tokio::test]
    async fn a_sum_that_leaves_the_range_on_the_way_and_comes_back_is_right() {
        let sums = run(two_partitions(), "SELECT g, sum(i), sum(u), sum(s) FROM t GROUP BY g ORDER BY g").await.unwrap();
        assert_eq!(flat::<Int64Type>(&sums, 1), [Some(i64::MAX - 1), None, Some(7)]);
        assert_eq!(flat::<UInt64Type>(&sums, 2), [Some(u64::MAX), None, Some(8)]);
        assert_eq!(flat::<Int64Type>(&sums, 3), [Some(3), Some(4), Some(3)]);
        assert_eq!(sums[0].schema().field(1).name(), "sum(t.i)");
    }

    #[tokio::test]
    async fn a_sum_beyond_the_range_is_an_error_and_not_another_number() {
        for sql in [
            "SELECT sum(i) FROM t",
            "SELECT g % 1, sum(i) FROM t GROUP BY 1",
            "SELECT sum(u) FROM t",
            "SELECT sum(DISTINCT i), sum(DISTINCT s), count(DISTINCT u) FROM t",
            "SELECT sum(i) OVER () FROM t",
            "SELECT sum(i) OVER (ORDER BY i DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
            "SELECT sum(i + 0) FROM t",
            "SELECT sum(i) FILTER (WHERE i > 0) FROM t",
        ] {
            let error = run(two_partitions(), sql).await.expect_err(sql).to_string();
            assert!(error.contains(OVERFLOW), "{sql}: {error}");
        }
    }

    #[tokio::test]
    async fn windows_slide_and_distinct_values_count_once() {
        let rows = vec![vec![batch(&[(1, Some(1), Some(3)), (2, Some(2), Some(3)), (3, None, None), (4, Some(2), Some(1))])]];
        let sql = "SELECT sum(i) OVER (ORDER BY g ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
                          sum(DISTINCT u) OVER (ORDER BY g), sum(i) OVER (ORDER BY g ROWS BETWEEN CURRENT ROW AND CURRENT ROW)
                   FROM t ORDER BY g";
        let out = run(rows.clone(), sql).await.unwrap();
        assert_eq!(flat::<Int64Type>(&out, 0), [Some(1), Some(3), Some(2), Some(2)]);
        assert_eq!(flat::<UInt64Type>(&out, 1), [Some(3), Some(3), Some(3), Some(4)]);
        assert_eq!(flat::<Int64Type>(&out, 2), [Some(1), Some(2), None, Some(2)]);
        let out = run(rows, "SELECT sum(DISTINCT i), sum(i), sum(i) FILTER (WHERE g > 100), sum(u * 1.5) FROM t").await.unwrap();
        assert_eq!(flat::<Int64Type>(&out, 0), [Some(3)]);
        assert_eq!(flat::<Int64Type>(&out, 1), [Some(5)]);
        assert_eq!(flat::<Int64Type>(&out, 2), [None]);
        assert_eq!(out[0].column(3).as_primitive::<arrow::datatypes::Float64Type>().value(0), 10.5);
    }
}
