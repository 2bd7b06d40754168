//! A table in memory as it is seen through masks: the masked columns anew, all others shared.

use super::load::{Column, chunks};
use super::{Budget, Resident};
use crate::door::mask;
use arrow::array::{ArrayRef, AsArray};
use arrow::compute::take;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use datahall_core::dataset::ReadOptions;
use datahall_core::policy::{Masking, ReadPolicy};
use std::sync::Arc;

impl Resident {
    /// What `policy`, which lets all rows be seen, shows of it; `None` when that does not fit `budget`.
    ///
    /// # Errors
    /// When Arrow cannot build an array.
    pub(crate) fn masked(
        &self,
        policy: &ReadPolicy,
        options: &ReadOptions,
        budget: &Arc<Budget>,
    ) -> Result<Option<Self>, ArrowError> {
        let shown: SchemaRef = policy.visible_schema(&self.schema);
        let mut reservation = budget.reserve();
        let (mut fields, mut arrays, mut stores) = (Vec::new(), Vec::new(), Vec::new());
        for (field, position) in shown.fields().iter().zip(policy.visible_positions(&self.schema)) {
            let Some(masking) = policy.mask(field.name()) else {
                fields.push(self.schema.fields()[position].clone());
                arrays.push(self.chunks.iter().map(|chunk| chunk.column(position).clone()).collect());
                stores.push(self.columns[position].clone());
                continue;
            };
            let mut column = Column::new(field, options);
            let values = self.dictionary(position).map(|values| mask(&values, masking)).transpose()?;
            for chunk in &self.chunks {
                let masked = masked(chunk.column(position), masking, values.as_ref())?;
                if !reservation.grow(column.push(&masked)?) {
                    return Ok(None);
                }
            }
            let (field, chunks, store) = column.finish(field, options)?;
            if !reservation.grow(store.index_bytes()) {
                return Ok(None);
            }
            fields.push(Arc::new(field));
            arrays.push(chunks);
            stores.push(Arc::new(store));
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        let chunks = chunks(&schema, &arrays, self.rows)?;
        Ok(Some(Self { schema, rows: self.rows, chunks, columns: stores, plain_text: true, reservation }))
    }

    /// The same table with answers in plain text: whether text is kept in dictionaries depends on its values.
    pub(crate) fn in_plain_text(table: Arc<Self>) -> Arc<Self> {
        Arc::new(match Arc::try_unwrap(table) {
            Ok(table) => Self { plain_text: true, ..table },
            Err(_) => unreachable!("it was only just loaded"),
        })
    }
}

/// One chunk masked; `values` are those of its dictionary, masked, when there is one for all chunks.
fn masked(array: &ArrayRef, masking: &Masking, values: Option<&ArrayRef>) -> Result<ArrayRef, ArrowError> {
    match (values, array.as_any_dictionary_opt()) {
        (Some(values), Some(dictionary)) => take(values, dictionary.keys(), None),
        _ => mask(array, masking),
    }
}
