//! Profiles against a simple model: everything kept, sorted and counted.

use super::column::Column;
use super::rounds::{Piece, take_in};
use super::state::{Figures, state};
use super::{TOP, is_low};
use arrow::array::*;
use arrow::compute::{cast, concat};
use arrow::datatypes::*;
use datahall_core::engine::Rows;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn figures(kind: &DataType, batches: &[ArrayRef]) -> Figures {
    let mut state = state(kind, false, 7);
    batches.iter().for_each(|batch| state.add(batch));
    state.finish();
    state.figures()
}

/// Values that are there, different ones, the least and the largest, the most frequent.
type Model<T> = (u64, u64, Option<(T, T)>, Vec<(T, u64)>);

/// What simply is so.
fn model<T: Ord + Clone + std::fmt::Debug>(values: &[Option<T>], texts: bool) -> Model<T> {
    let there: Vec<T> = values.iter().flatten().cloned().collect();
    let mut counts = BTreeMap::<T, u64>::new();
    there.iter().for_each(|value| *counts.entry(value.clone()).or_default() += 1);
    let range = counts.keys().next().cloned().zip(counts.keys().next_back().cloned());
    let shown = texts || is_low(counts.len() as u64, there.len() as u64);
    let cardinality = counts.len() as u64;
    let mut top: Vec<_> = counts.into_iter().collect();
    top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    top.truncate(if shown { TOP } else { 0 });
    (there.len() as u64, cardinality, range, top)
}

proptest! {
    #[test]
    fn whole_numbers(values in prop::collection::vec(prop::option::of(-40i64..40), 0..300), step in 1usize..50) {
        let (count, cardinality, range, top) = model(&values, false);
        let mean = values.iter().flatten().sum::<i64>() as f64 / count as f64;
        let squares: f64 = values.iter().flatten().map(|value| (*value as f64 - mean).powi(2)).sum();
        let plain: ArrayRef = Arc::new(Int64Array::from(values.clone()));
        for kind in [DataType::Int64, DataType::Int8, DataType::Int16, DataType::Int32, DataType::Float64, DataType::Decimal128(20, 2)] {
            let array = cast(&plain, &kind).unwrap();
            let batches: Vec<ArrayRef> = (0..values.len()).step_by(step).map(|at| array.slice(at, step.min(values.len() - at))).collect();
            let found = figures(&kind, &batches);
            prop_assert_eq!((found.count, found.nulls, found.cardinality), (count, values.len() as u64 - count, Some(cardinality)));
            prop_assert!(!found.approximate);
            let back = |array: &ArrayRef| cast(array, &DataType::Int64).unwrap().as_primitive::<Int64Type>().values().to_vec();
            prop_assert_eq!(found.range.as_ref().map(back), range.map(|(least, most)| vec![least, most]));
            prop_assert_eq!(back(found.top.as_ref().unwrap()), top.iter().map(|(value, _)| *value).collect::<Vec<_>>());
            prop_assert_eq!(&found.top_counts, &top.iter().map(|(_, count)| *count).collect::<Vec<_>>());
            match found.mean {
                Some(found) => prop_assert!((found - mean).abs() < 1e-9),
                None => prop_assert_eq!(count, 0),
            }
            match found.deviation {
                Some(found) => prop_assert!((found - (squares / (count - 1) as f64).sqrt()).abs() < 1e-9),
                None => prop_assert!(count < 2),
            }
        }
    }

    #[test]
    fn texts_in_every_form(values in prop::collection::vec(prop::option::of("[ab]{0,3}"), 0..200), step in 1usize..50) {
        let (count, cardinality, range, top) = model(&values, true);
        let plain: ArrayRef = Arc::new(StringArray::from(values.clone()));
        let dictionary = |key| DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
        for kind in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary(DataType::Int32), dictionary(DataType::UInt8)] {
            // Pieces with dictionaries of their own, and pieces that share one.
            let of_own = |at: usize| cast(&plain.slice(at, step.min(values.len() - at)), &kind).unwrap();
            let shared = cast(&plain, &kind).unwrap();
            let of_shared = |at: usize| shared.slice(at, step.min(values.len() - at));
            let starts = || (0..values.len()).step_by(step);
            for batches in [starts().map(of_own).collect::<Vec<_>>(), starts().map(of_shared).collect()] {
                let found = figures(&kind, &batches);
                prop_assert_eq!((found.count, found.nulls, found.cardinality), (count, values.len() as u64 - count, Some(cardinality)));
                let back = |array: &ArrayRef| array.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect::<Vec<_>>();
                prop_assert_eq!(found.range.as_ref().map(back), range.clone().map(|(least, most)| vec![least, most]));
                prop_assert_eq!(back(found.top.as_ref().unwrap()), top.iter().map(|(value, _)| value.clone()).collect::<Vec<_>>());
                prop_assert_eq!(&found.top_counts, &top.iter().map(|(_, count)| *count).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn floats_that_are_no_numbers_count_and_do_not_measure() {
    let values = vec![Some(1.0), Some(f64::NAN), None, Some(f64::INFINITY), Some(-0.0), Some(0.0), Some(-f64::NAN), Some(2.0)];
    let found = figures(&DataType::Float64, &[Arc::new(Float64Array::from(values))]);
    // 1, NaN, infinity, 0, 2.
    assert_eq!((found.count, found.nulls, found.cardinality), (7, 1, Some(5)));
    assert_eq!((found.mean, found.range.unwrap().as_primitive::<Float64Type>().values().to_vec()), (Some(0.75), vec![0.0, 2.0]));
    assert_eq!(found.top.unwrap().as_primitive::<Float64Type>().values().to_vec(), [0.0, 1.0, 2.0]);
    assert_eq!(found.top_counts, [2, 1, 1]);
}

#[test]
fn booleans_dates_and_nested_columns() {
    let flags = figures(&DataType::Boolean, &[Arc::new(BooleanArray::from(vec![Some(true), None, Some(true), Some(false)]))]);
    assert_eq!((flags.count, flags.nulls, flags.cardinality, flags.top_counts), (3, 1, Some(2), vec![2, 1]));
    assert_eq!(flags.top.unwrap().as_boolean().values().iter().collect::<Vec<_>>(), [true, false]);
    let days = figures(&DataType::Date32, &[Arc::new(Date32Array::from(vec![Some(5), Some(3), None]))]);
    assert_eq!((days.cardinality, days.mean, days.range.unwrap().data_type().clone()), (Some(2), None, DataType::Date32));
    let lists = ListArray::from_iter_primitive::<Int8Type, _, _>([Some(vec![Some(1)]), None]);
    let nested = figures(&lists.data_type().clone(), &[Arc::new(lists)]);
    assert_eq!(
        (nested.count, nested.nulls, nested.cardinality, nested.range.is_none(), nested.top.is_none()),
        (1, 1, None, true, true)
    );
    let zoned = DataType::Timestamp(TimeUnit::Second, Some("Europe/Zurich".into()));
    let moments = figures(&zoned, &[Arc::new(TimestampSecondArray::from(vec![1]).with_timezone("Europe/Zurich"))]);
    assert_eq!(moments.range.unwrap().data_type(), &zoned);
    let nulls = figures(&DataType::Null, &[Arc::new(NullArray::new(3))]);
    assert_eq!((nulls.count, nulls.nulls), (0, 3));
}

#[test]
fn a_null_in_a_dictionary_is_a_null() {
    let values = StringArray::from(vec![Some("a"), None]);
    let array = DictionaryArray::<Int8Type>::new(Int8Array::from(vec![Some(0), Some(1), None, Some(0)]), Arc::new(values));
    let found = figures(&array.data_type().clone(), &[Arc::new(array)]);
    assert_eq!((found.count, found.nulls, found.cardinality, found.top_counts), (2, 2, Some(1), vec![2]));
    let days = DictionaryArray::<Int8Type>::new(Int8Array::from(vec![1, 0, 1]), Arc::new(Date32Array::from(vec![4, 5])));
    let found = figures(&days.data_type().clone(), &[Arc::new(days)]);
    assert_eq!((found.cardinality, found.top_counts), (Some(2), vec![2, 1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rounds_give_what_one_thread_gives() {
    let batch = |at: i64| {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..9000).map(|row| (row * 7 + at) % 5000)));
        let texts = cast(&numbers, &DataType::Utf8).unwrap();
        RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
    };
    let batches: Vec<RecordBatch> = (0..60).map(batch).collect();
    let columns = || batches[0].schema().fields().iter().map(|field| Column::new(field.data_type(), 2, 3)).collect();
    let rows = Rows { schema: batches[0].schema(), batches: stream::iter(batches.clone().into_iter().map(Ok)).boxed() };
    let mut at = 0;
    let split = |rows: RecordBatch, pieces: &mut Vec<Piece>| {
        at += 1;
        pieces.push(Piece { rows, step: at % 2 });
        Ok(())
    };
    let mut found = take_in(columns(), rows, split).await.unwrap();
    for (place, column) in found.iter_mut().enumerate() {
        let (whole, steps) = column.finish();
        let all: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(place).as_ref()).collect();
        let expected = figures(batches[0].schema().field(place).data_type(), &[concat(&all).unwrap()]);
        assert_eq!((whole.count, whole.cardinality, whole.mean.is_some()), (540_000, Some(5000), place == 0));
        assert_eq!(
            (whole.count, whole.cardinality, &whole.top_counts),
            (expected.count, expected.cardinality, &expected.top_counts)
        );
        assert_eq!(steps.iter().map(|step| step.count).collect::<Vec<_>>(), [270_000, 270_000]);
    }
    let broken = Rows {
        schema: batches[0].schema(),
        batches: stream::iter([Ok(batch(0)), Err(datahall_core::Error::invalid("x"))]).boxed(),
    };
    let pass = |rows: RecordBatch, pieces: &mut Vec<Piece>| {
        pieces.push(Piece { rows, step: 0 });
        Ok(())
    };
    assert_eq!(take_in(columns(), broken, pass).await.err().unwrap().message(), "x");
}
