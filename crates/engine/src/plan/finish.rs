//! What is left to do with groups that are all there: having, order, page.

use crate::bind::bind;
use crate::predicate::matching;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::error::ArrowError;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use std::sync::Arc;

/// Applies having, order, offset and limit of `query` to its groups, which come in the order of the group columns and
/// keep it where the order ties.
///
/// # Errors
/// `Invalid` when having does not suit its column.
pub(crate) fn finish_groups(mut groups: RecordBatch, query: &Query) -> Result<RecordBatch> {
    if !query.having.is_trivial() {
        let having = bind(&query.having, groups.schema_ref())?;
        let mask = matching(&having, &groups).map_err(Error::internal)?;
        groups = filter_record_batch(&groups, &BooleanArray::new(mask, None)).map_err(Error::internal)?;
    }
    if !query.order.is_empty() {
        groups = sorted(&groups, query).map_err(Error::internal)?;
    }
    let offset = usize::try_from(query.offset).unwrap_or(usize::MAX).min(groups.num_rows());
    let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(groups.slice(offset, limit.min(groups.num_rows() - offset)))
}

fn sorted(groups: &RecordBatch, query: &Query) -> Result<RecordBatch, ArrowError> {
    let mut keys = Vec::with_capacity(query.order.len() + 1);
    for order in &query.order {
        let values = groups.column(groups.schema_ref().index_of(&order.column)?).clone();
        let options = Some(SortOptions { descending: order.descending, nulls_first: order.nulls_first });
        keys.push(SortColumn { values, options });
    }
    let place: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..groups.num_rows() as u32));
    keys.push(SortColumn { values: place, options: None });
    take_record_batch(groups, &lexsort_to_indices(&keys, None)?)
}
