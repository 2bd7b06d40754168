//! What the columns of one dataset mean, by what was said, by their names, and by a sample of what the caller sees of them.

use crate::datasets::away;
use crate::policies::Kept;
use crate::{Ctx, Service, View};
use arrow::array::{Array, RecordBatch};
use datahall_core::classify::{Evidence, SemanticType, Sensitivity, Shape, by_name, by_values, judge};
use datahall_core::policy::Strategy;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use datahall_formats::texts;
use futures::TryStreamExt;

/// Rows of the sample.
const SAMPLE_ROWS: u64 = 2000;
/// Values of a column that are looked at.
const SAMPLE_VALUES: usize = 1000;
/// Longer values are none of the types that are known.
const LONGEST: usize = 512;

/// What the columns of a dataset mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// The dataset's name.
    pub dataset: String,
    /// The columns that the caller sees, in their order.
    pub columns: Vec<ColumnClass>,
}

/// What a column means, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnClass {
    /// Its name.
    pub name: String,
    /// What its values mean.
    pub kind: Option<SemanticType>,
    /// How sensitive they are: what the mask says, or else by what they mean.
    pub sensitivity: Sensitivity,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// Where that comes from.
    pub evidence: Evidence,
    /// How the settings mask it, if they do.
    pub strategy: Option<&'static str>,
}

impl Service {
    /// What the columns of a dataset mean. Values are judged as the caller sees them; columns that are masked for him by their names
    /// alone, so that nothing is told of what is kept from him. The sample is admitted as a query.
    ///
    /// # Errors
    /// As [`Service::find_rows`] and its rows.
    pub async fn classification(&self, ctx: &Ctx, view: &View) -> Result<Classification> {
        let schema = view.schema();
        let kept = match view.opened.entry.record.get() {
            Some(id) => self.policy_records(id).await?,
            None => None,
        };
        let kept = kept.map(|(dataset, masks)| Kept::of(&dataset, &masks)).transpose()?.unwrap_or_default();
        let shapes: Vec<Shape> = schema.fields().iter().map(|field| Shape::of(field.data_type())).collect();
        let judged = |at: usize| shapes[at] != Shape::Other && !view.is_masked(schema.field(at).name());
        let sampled: Vec<usize> = (0..shapes.len()).filter(|at| judged(*at)).collect();
        let samples = self.sample(ctx, view, &sampled).await?;
        let mut columns = Vec::with_capacity(shapes.len());
        for (at, field) in schema.fields().iter().enumerate() {
            let name = field.name();
            let values = sampled.iter().position(|other| *other == at).map(|place| &samples[place]);
            let by_values = values.and_then(|values| by_values(values.iter().map(String::as_str), shapes[at]));
            let judgement = view.meanings.said(name).unwrap_or_else(|| judge(by_name(name, shapes[at]), by_values));
            let mask = kept.mask_of(name);
            let said = mask.and_then(|mask| Sensitivity::parse(mask.sensitivity.as_deref()?));
            columns.push(ColumnClass {
                name: name.clone(),
                kind: judgement.kind,
                sensitivity: said.unwrap_or_else(|| judgement.kind.map(SemanticType::sensitivity).unwrap_or_default()),
                confidence: judgement.confidence,
                evidence: judgement.evidence,
                strategy: mask.map(|mask| mask.mask.strategy).filter(|strategy| *strategy != Strategy::None).map(Strategy::name),
            });
        }
        Ok(Classification { dataset: view.name().to_owned(), columns })
    }

    /// Values of the columns at these places, as text.
    async fn sample(&self, ctx: &Ctx, view: &View, places: &[usize]) -> Result<Vec<Vec<String>>> {
        let mut samples = vec![Vec::new(); places.len()];
        if places.is_empty() {
            return Ok(samples);
        }
        let (handle, schema) = (&view.opened.handle, view.schema());
        let select = places.iter().map(|at| schema.field(*at).name().clone()).collect();
        let query = Query { select, limit: Some(SAMPLE_ROWS), ..Query::default() }.resolve(&schema, &handle.policy)?;
        let permit = self.admit(ctx)?;
        let start = async { self.engine.read(handle, &query).await.map_err(away) };
        let mut rows = permit.run(self.bounds().of_any_length(), start).await?;
        while let Some(batch) = rows.batches.try_next().await.map_err(away)? {
            take_samples(&batch, &mut samples)?;
        }
        Ok(samples)
    }
}

fn take_samples(batch: &RecordBatch, samples: &mut [Vec<String>]) -> Result<()> {
    if batch.num_columns() != samples.len() {
        return Err(Error::internal("a sample of other columns"));
    }
    for (column, sample) in batch.columns().iter().zip(samples) {
        let room = SAMPLE_VALUES.saturating_sub(sample.len());
        let column = column.slice(0, column.len().min(2 * room));
        let there = texts(&column);
        // What is too long counts as a value that is nothing known.
        let short = |text: &str| if text.len() > LONGEST { String::new() } else { text.to_owned() };
        sample.extend(there.iter().flatten().take(room).map(short));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn a_sample_has_so_many_values_and_no_nulls() {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter((0..3000).map(|at| (at % 2 == 0).then_some(at))));
        let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(LONGEST + 1); 3000]));
        let batch = RecordBatch::try_from_iter([("n", numbers), ("t", long)]).unwrap();
        let mut samples = vec![Vec::new(); 2];
        take_samples(&batch.slice(0, 10), &mut samples).unwrap();
        assert_eq!(samples[0], ["0", "2", "4", "6", "8"]);
        take_samples(&batch, &mut samples).unwrap();
        assert!(samples.iter().all(|sample| sample.len() == SAMPLE_VALUES || sample.len() == 1000), "{}", samples[0].len());
        assert!(samples[1].iter().all(String::is_empty));
    }
}
