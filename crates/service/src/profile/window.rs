//! The profile of a rolling window of time, as a whole and day by day.

use super::column::Column;
use super::of_dataset::ColumnProfile;
use super::rounds::{Piece, take_in};
use crate::datasets::away;
use crate::{Ctx, Service, View};
use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::*;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use datahall_core::query::{Compare, Expr, Query, Value, find_column};
use datahall_core::{Error, Result};

/// The longest window, in days.
const MOST_DAYS: i64 = 366;

/// Which window is asked for.
#[derive(Debug, Clone)]
pub struct WindowAsked {
    /// How long it is.
    pub length: Duration,
    /// Its last moment; now unless said.
    pub until: Option<DateTime<Utc>>,
    /// The column of the moments; the first date or timestamp unless said.
    pub time_column: Option<String>,
}

/// A window of time: moments after `from`, up to `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its beginning, which is not part of it.
    pub from: DateTime<Utc>,
    /// Its last moment.
    pub until: DateTime<Utc>,
    /// The column of the moments.
    pub time_column: String,
}

/// What is known of the columns of a dataset in a window of time.
#[derive(Debug, Clone)]
pub struct ColumnStats {
    /// The window.
    pub window: Window,
    /// All of it.
    pub whole: Step,
    /// Each of its days, the oldest first; that may be shorter than a day.
    pub days: Vec<Step>,
    /// When the rows were looked at.
    pub computed_at: DateTime<Utc>,
}

/// A part of a window.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its beginning, which is not part of it.
    pub from: DateTime<Utc>,
    /// Its last moment.
    pub until: DateTime<Utc>,
    /// How many rows are of that time.
    pub rows: u64,
    /// What is known of their columns.
    pub columns: Vec<ColumnProfile>,
}

impl Service {
    /// The window that is asked for of a dataset.
    ///
    /// # Errors
    /// `Invalid` for a length that is not positive or beyond 366 days; for a column that is none or has no moments; when none has.
    pub fn window(&self, view: &View, asked: WindowAsked) -> Result<Window> {
        if asked.length <= Duration::zero() || asked.length > Duration::days(MOST_DAYS) {
            return Err(Error::invalid(format!("a window is longer than nothing and at most {MOST_DAYS} days long")));
        }
        let until = asked.until.unwrap_or_else(|| self.clock.now());
        let from = until.checked_sub_signed(asked.length).ok_or_else(|| Error::invalid("the window begins before all time"))?;
        let schema = view.schema();
        let stated = asked.time_column.or_else(|| view.time_column());
        let time_column = match stated {
            Some(name) => find_column(&schema, &name)?.to_owned(),
            None => {
                let timed = schema.fields().iter().find(|field| is_moment(field.data_type()));
                timed.map(|field| field.name().clone()).ok_or_else(|| Error::invalid("no column is a date or a timestamp"))?
            }
        };
        let kind = schema.field_with_name(&time_column).map_err(Error::internal)?.data_type();
        if !is_moment(kind) {
            return Err(Error::invalid(format!("column {time_column} is neither a date nor a timestamp")));
        }
        Ok(Window { from, until, time_column })
    }

    /// What is known of the columns of a dataset in `window`. It is admitted as one query.
    ///
    /// # Errors
    /// As [`Service::profile`]; `Forbidden` when the column of the moments may not be used in predicates.
    pub async fn column_stats(&self, ctx: &Ctx, view: &View, window: Window) -> Result<ColumnStats> {
        let _permit = self.admit(ctx)?;
        let work = self.make_column_stats(view, window);
        match self.bounds().allowance() {
            Some(mut allowance) => allowance.spend(work).await?,
            None => work.await,
        }
    }

    async fn make_column_stats(&self, view: &View, window: Window) -> Result<ColumnStats> {
        let (handle, schema) = (&view.opened.handle, view.schema());
        let query = Query { filter: window.filter(), ..Query::default() }.resolve(&schema, &handle.policy)?;
        let computed_at = self.clock.now();
        let rows = self.engine.read(handle, &query).await.map_err(away)?;
        let steps = window.steps();
        let fields = schema.fields();
        let columns = fields.iter().map(|field| Column::new(field.data_type(), steps.len(), self.chance())).collect();
        let time = schema.index_of(&window.time_column).map_err(Error::internal)?;
        let mut counts = vec![0u64; steps.len()];
        let columns =
            take_in(columns, rows, |batch, pieces| split(batch, time, &window, &mut counts, pieces)).await.map_err(away)?;
        let mut whole = Vec::with_capacity(columns.len());
        let mut days: Vec<Step> = steps
            .iter()
            .zip(&counts)
            .map(|((from, until), rows)| Step { from: *from, until: *until, rows: *rows, columns: vec![] })
            .collect();
        for (field, mut column) in fields.iter().zip(columns) {
            let profile = |figures| ColumnProfile::new(field.name(), field.data_type(), figures);
            let (all, each) = column.finish();
            whole.push(profile(all));
            days.iter_mut().zip(each).for_each(|(day, figures)| day.columns.push(profile(figures)));
        }
        let whole = Step { from: window.from, until: window.until, rows: counts.iter().sum(), columns: whole };
        Ok(ColumnStats { window, whole, days, computed_at })
    }
}

impl Window {
    fn filter(&self) -> Expr {
        let bound = |op, at: DateTime<Utc>| Expr::Compare {
            column: self.time_column.clone(),
            op,
            value: Value::Text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        };
        Expr::All(vec![bound(Compare::Gt, self.from), bound(Compare::Lte, self.until)])
    }

    /// Each day back from the end, the oldest first.
    fn steps(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let mut steps = Vec::new();
        let mut until = self.until;
        while until > self.from {
            let from = (until - Duration::days(1)).max(self.from);
            steps.push((from, until));
            until = from;
        }
        steps.reverse();
        steps
    }
}

fn is_moment(kind: &DataType) -> bool {
    matches!(kind, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

/// The rows of each step by themselves.
fn split(batch: RecordBatch, time: usize, window: &Window, counts: &mut [u64], pieces: &mut Vec<Piece>) -> Result<()> {
    let steps = steps_of(batch.column(time), window.until, counts.len())?;
    steps.iter().for_each(|step| counts[*step as usize] += 1);
    let Some(first) = steps.first() else { return Ok(()) };
    if steps.iter().all(|step| step == first) {
        pieces.push(Piece { rows: batch, step: *first as usize });
        return Ok(());
    }
    let mut rows_of: std::collections::BTreeMap<u32, Vec<u32>> = std::collections::BTreeMap::new();
    for (row, step) in steps.iter().enumerate() {
        rows_of.entry(*step).or_default().push(row as u32);
    }
    for (step, rows) in rows_of {
        let rows = take_record_batch(&batch, &UInt32Array::from(rows)).map_err(Error::internal)?;
        pieces.push(Piece { rows, step: step as usize });
    }
    Ok(())
}

/// Of which of so many steps each moment is.
fn steps_of(moments: &dyn Array, until: DateTime<Utc>, steps: usize) -> Result<Vec<u32>> {
    const SECOND: i128 = 1_000_000_000;
    const DAY: i128 = 86_400 * SECOND;
    let end = i128::from(until.timestamp()) * SECOND + i128::from(until.timestamp_subsec_nanos());
    let of = |moment: i64, unit: i128| {
        let back = (end - i128::from(moment) * unit).div_euclid(DAY).clamp(0, steps as i128 - 1);
        (steps as i128 - 1 - back) as u32
    };
    fn each<T: ArrowPrimitiveType>(moments: &dyn Array, of: impl Fn(T::Native) -> u32) -> Vec<u32> {
        moments.as_primitive::<T>().values().iter().map(|moment| of(*moment)).collect()
    }
    Ok(match moments.data_type() {
        DataType::Date32 => each::<Date32Type>(moments, |day| of(day.into(), DAY)),
        DataType::Date64 => each::<Date64Type>(moments, |millis| of(millis, SECOND / 1000)),
        DataType::Timestamp(TimeUnit::Second, _) => each::<TimestampSecondType>(moments, |at| of(at, SECOND)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => each::<TimestampMillisecondType>(moments, |at| of(at, SECOND / 1000)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => each::<TimestampMicrosecondType>(moments, |at| of(at, 1000)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => each::<TimestampNanosecondType>(moments, |at| of(at, 1)),
        other => return Err(Error::internal(format!("moments of type {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Date32Array, TimestampMillisecondArray};
    use std::sync::Arc;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn window(from: &str, until: &str) -> Window {
        Window { from: at(from), until: at(until), time_column: "t".into() }
    }

    #[test]
    fn days_are_counted_back_from_the_end() {
        let steps = window("2024-01-01T06:00:00Z", "2024-01-03T12:00:00Z").steps();
        let expected = [
            ("2024-01-01T06:00:00Z", "2024-01-01T12:00:00Z"),
            ("2024-01-01T12:00:00Z", "2024-01-02T12:00:00Z"),
            ("2024-01-02T12:00:00Z", "2024-01-03T12:00:00Z"),
        ];
        assert_eq!(steps, expected.map(|(from, until)| (at(from), at(until))));
        assert_eq!(window("2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z").steps().len(), 7);
        assert_eq!(window("2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z").steps().len(), 1);
    }

    #[test]
    fn the_last_moment_is_part_of_a_step_and_the_first_is_not() {
        let until = at("2024-01-03T00:00:00Z");
        let millis = |text: &str| at(text).timestamp_millis();
        let moments = TimestampMillisecondArray::from(vec![
            millis("2024-01-03T00:00:00Z"),
            millis("2024-01-02T00:00:00.001Z"),
            millis("2024-01-02T00:00:00Z"),
            millis("2024-01-01T00:00:00.001Z"),
        ]);
        assert_eq!(steps_of(&moments, until, 2).unwrap(), [1, 1, 0, 0]);
        let days = Date32Array::from(vec![19_725, 19_724]);
        assert_eq!(steps_of(&days, until, 2).unwrap(), [1, 0]);
    }

    #[test]
    fn rows_of_a_step_come_together() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![19_725, 19_724, 19_725]));
        let batch = RecordBatch::try_from_iter([("t", days)]).unwrap();
        let (mut counts, mut pieces) = (vec![0; 2], Vec::new());
        let window = window("2024-01-01T00:00:00Z", "2024-01-03T00:00:00Z");
        split(batch.clone(), 0, &window, &mut counts, &mut pieces).unwrap();
        assert_eq!(counts, [1, 2]);
        assert_eq!(pieces.iter().map(|piece| (piece.step, piece.rows.num_rows())).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
        split(batch.slice(0, 1), 0, &window, &mut counts, &mut pieces).unwrap();
        assert_eq!((counts, pieces.len(), pieces[2].step), (vec![1, 3], 3, 1));
    }
}
