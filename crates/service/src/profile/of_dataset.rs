//! The profile of a whole dataset.

use super::column::Column;
use super::rounds::{Piece, take_in};
use super::state::{Figures, weight};
use super::{BUDGET, MOST_EXACT};
use crate::datasets::away;
use crate::{Ctx, Service, View};
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Schema};
use chrono::{DateTime, Utc};
use datahall_core::Result;
use datahall_core::query::Query;
use std::sync::Arc;

/// What is known of a dataset's columns.
#[derive(Debug, Clone)]
pub struct Profile {
    /// How many rows were looked at: all that the caller sees.
    pub rows: u64,
    /// Its columns, in their order.
    pub columns: Vec<ColumnProfile>,
    /// When they were looked at.
    pub computed_at: DateTime<Utc>,
}

/// What is known of a column.
#[derive(Debug, Clone)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type, as the caller sees it.
    pub kind: DataType,
    /// How many values there are.
    pub count: u64,
    /// How many are missing.
    pub nulls: u64,
    /// How many different values there are; `None` of nested and binary columns.
    pub cardinality: Option<u64>,
    /// `cardinality` is an estimate, and the counts of top values may be a little too large.
    pub approximate: bool,
    /// The least and the largest value, as an array of two; of floats those that are finite.
    pub range: Option<ArrayRef>,
    /// The mean of finite numbers.
    pub mean: Option<f64>,
    /// Their standard deviation as that of a sample.
    pub deviation: Option<f64>,
    /// The most frequent values, by how often they came and then by themselves, of text, booleans and columns of few different values.
    pub top: Option<ArrayRef>,
    /// How often each of them came.
    pub top_counts: Vec<u64>,
}

impl ColumnProfile {
    pub(super) fn new(name: &str, kind: &DataType, figures: Figures) -> Self {
        let Figures { count, nulls, cardinality, approximate, range, mean, deviation, top, top_counts } = figures;
        Self {
            name: name.to_owned(),
            kind: kind.clone(),
            count,
            nulls,
            cardinality,
            approximate,
            range,
            mean,
            deviation,
            top,
            top_counts,
        }
    }
}

impl Service {
    /// The profile of what the caller sees of a dataset. It is admitted as one query while it is made, and kept as long as the rows
    /// are, unless those may differ at each read.
    ///
    /// # Errors
    /// `Throttled` and `Unavailable` when too much is running; `Timeout`; what reading gives, [marked](Error::is_of_source) where
    /// the source is away.
    pub async fn profile(&self, ctx: &Ctx, view: &View) -> Result<Arc<Profile>> {
        if view.opened.handle.table.info().live {
            return self.make_profile(ctx, view).await.map(Arc::new);
        }
        let cell = view.opened.generation.profile(&view.opened.handle.policy);
        let made = cell.get_or_try_init(|| async { self.make_profile(ctx, view).await.map(Arc::new) }).await?;
        Ok(made.clone())
    }

    async fn make_profile(&self, ctx: &Ctx, view: &View) -> Result<Profile> {
        let _permit = self.admit(ctx)?;
        let work = self.profile_in_passes(view);
        match self.bounds().allowance() {
            Some(mut allowance) => allowance.spend(work).await?,
            None => work.await,
        }
    }

    async fn profile_in_passes(&self, view: &View) -> Result<Profile> {
        let (handle, schema) = (&view.opened.handle, view.schema());
        let info = handle.table.info();
        // What is asked for again may be another by then.
        let passes = if info.live { vec![(0..schema.fields().len()).collect()] } else { passes(&schema, info.rows) };
        let mut profile = Profile { rows: 0, columns: Vec::with_capacity(schema.fields().len()), computed_at: self.clock.now() };
        for pass in passes {
            let fields = || pass.iter().map(|at: &usize| schema.field(*at));
            let query = Query { select: fields().map(|field| field.name().clone()).collect(), ..Query::default() };
            let query = query.resolve(&schema, &handle.policy)?;
            let rows = self.engine.read(handle, &query).await.map_err(away)?;
            let columns = fields().map(|field| Column::new(field.data_type(), 0, self.chance())).collect();
            let mut count = 0;
            let split = |rows: arrow::array::RecordBatch, pieces: &mut Vec<Piece>| {
                count += rows.num_rows() as u64;
                pieces.push(Piece { rows, step: 0 });
                Ok(())
            };
            let columns = take_in(columns, rows, split).await.map_err(away)?;
            profile.rows = count;
            let described = fields().zip(columns);
            profile.columns.extend(
                described.map(|(field, mut column)| ColumnProfile::new(field.name(), field.data_type(), column.finish().0)),
            );
        }
        Ok(profile)
    }

    pub(super) fn chance(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_ne_bytes(bytes)
    }
}

/// The columns that are looked at together: no more than can all be exact. Files and tables in memory are read by columns, so that
/// several passes cost little more than one.
fn passes(schema: &Schema, rows: Option<u64>) -> Vec<Vec<usize>> {
    let rows = rows.unwrap_or(MOST_EXACT as u64);
    let (mut passes, mut held) = (Vec::<Vec<usize>>::new(), 0);
    for (at, field) in schema.fields().iter().enumerate() {
        let weight = weight(field.data_type(), rows);
        match passes.last_mut() {
            Some(pass) if held + weight <= BUDGET as u64 => {
                pass.push(at);
                held += weight;
            }
            _ => {
                passes.push(vec![at]);
                held = weight;
            }
        }
    }
    passes
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Field;

    #[test]
    fn columns_that_can_be_exact_together_are_looked_at_together() {
        let texts = Schema::new((0..12).map(|at| Field::new(format!("c{at}"), DataType::Utf8, true)).collect::<Vec<_>>());
        assert_eq!(passes(&texts, Some(1000)), [(0..12).collect::<Vec<_>>()]);
        let many = passes(&texts, None);
        assert!(many.len() > 1 && many.iter().flatten().copied().eq(0..12), "{many:?}");
        assert_eq!(passes(&Schema::empty(), None), Vec::<Vec<usize>>::new());
    }
}
