//! Groups and what is computed of them, in arrays with one place a group, when the groups are few enough to number.

use super::aggregate::Accumulator;
use super::scan::{Rows, Scan};
use super::{Resident, keys};
use crate::predicate::Predicate;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, RecordBatch, UInt32Array, new_empty_array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use arrow::error::ArrowError;
use datahall_core::Result;
use datahall_core::query::{Aggregate, Function};
use std::sync::Arc;

/// More groups than this are left to hashing.
const MAX_GROUPS: usize = 1 << 20;

/// How each row gets the number of its group.
pub(crate) struct Grouping {
    table: Arc<Resident>,
    parts: Vec<Part>,
    groups: usize,
    aggregates: Vec<(Option<usize>, Accumulator)>,
    fields: Vec<Field>,
}

/// One group column: its values are numbered from `low`; the last place is null's.
struct Part {
    column: usize,
    low: keys::Key,
    places: usize,
}

impl Grouping {
    /// By the columns `group`; `None` when they or what is to be computed do not suit this way.
    pub(crate) fn new(table: &Arc<Resident>, group: &[usize], aggregates: &[Aggregate]) -> Option<Self> {
        let mut parts = Vec::with_capacity(group.len());
        let mut groups = 1usize;
        for column in group {
            let part = Part::new(table, *column)?;
            groups = groups.checked_mul(part.places).filter(|groups| *groups <= MAX_GROUPS)?;
            parts.push(part);
        }
        let mut accumulators = Vec::with_capacity(aggregates.len());
        let mut fields: Vec<Field> = group.iter().map(|column| table.schema.field(*column).clone()).collect();
        for aggregate in aggregates {
            let column = match &aggregate.column {
                Some(name) => Some(table.schema.index_of(name).ok()?),
                None => None,
            };
            let data_type = column.map(|column| table.schema.field(column).data_type());
            let accumulator = Accumulator::new(aggregate.function, data_type, groups)?;
            fields.push(Field::new(&aggregate.alias, accumulator.output(), aggregate.function != Function::Count));
            accumulators.push((column, accumulator));
        }
        Some(Self { table: table.clone(), parts, groups, aggregates: accumulators, fields })
    }

    /// Runs over the rows that match `predicate`: one row a group that has any, in the order of the group columns with
    /// nulls last; without group columns one row whatever matches.
    pub(crate) fn run(mut self, predicate: Predicate, go_on: &dyn Fn() -> bool) -> Result<RecordBatch> {
        let failed = |error: ArrowError| datahall_core::Error::internal(error);
        let mut counts = vec![0u64; self.groups];
        let mut scan = Scan::new(self.table.clone(), predicate).map_err(failed)?;
        let mut numbers: Vec<u32> = Vec::new();
        while let Some((chunk, rows)) = scan.next().map_err(failed)? {
            let positions = match rows {
                Rows::All => None,
                Rows::These(rows) => Some(UInt32Array::from(rows)),
            };
            self.number(chunk, positions.as_ref(), &mut numbers);
            numbers.iter().for_each(|group| counts[*group as usize] += 1);
            for (column, accumulator) in &mut self.aggregates {
                let Some(column) = column else { continue };
                let array = self.table.chunks[chunk].column(*column);
                let array = match &positions {
                    Some(positions) => take(array, positions, None).map_err(failed)?,
                    None => array.clone(),
                };
                accumulator.update(&array, &numbers)?;
            }
            if !go_on() {
                break;
            }
        }
        self.finish(&counts)
    }

    fn number(&self, chunk: usize, positions: Option<&UInt32Array>, numbers: &mut Vec<u32>) {
        let batch = &self.table.chunks[chunk];
        let rows = positions.map_or(batch.num_rows(), Array::len);
        numbers.clear();
        numbers.resize(rows, 0);
        for part in &self.parts {
            let (low, places, last) = (part.low, part.places as u32, part.places as u32 - 1);
            let mut at = 0;
            keys::each(batch.column(part.column), positions.map(|positions| positions.values().as_ref()), |_, key| {
                let place = if key == keys::NULL { last } else { (key - low) as u32 };
                numbers[at] = numbers[at] * places + place;
                at += 1;
            });
        }
    }

    fn finish(self, counts: &[u64]) -> Result<RecordBatch> {
        let present: Vec<usize> =
            if self.parts.is_empty() { vec![0] } else { (0..self.groups).filter(|group| counts[*group] > 0).collect() };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.fields.len());
        let mut stride = self.groups;
        for part in &self.parts {
            stride /= part.places;
            let places = present.iter().map(|group| group / stride % part.places);
            columns.push(part.values(&self.table, places).map_err(datahall_core::Error::internal)?);
        }
        for (column, accumulator) in self.aggregates {
            columns.push(accumulator.finish(&present, column.is_none().then_some(counts))?);
        }
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), columns).map_err(datahall_core::Error::internal)
    }
}

impl Part {
    fn new(table: &Resident, column: usize) -> Option<Self> {
        let data_type = table.schema.field(column).data_type();
        let store = &table.columns[column];
        if let Some(dictionary) = &store.dictionary {
            return Some(Self { column, low: 0, places: dictionary.len() + 1 });
        }
        // Values numbered by their distance from the least: only where every key is a value.
        let countable = data_type.is_integer() || matches!(data_type, DataType::Boolean | DataType::Date32);
        if !countable {
            return None;
        }
        let (low, high) = store.zones.bounds().unwrap_or((0, 0));
        let span = usize::try_from(high - low).ok().filter(|span| *span < MAX_GROUPS)?;
        Some(Self { column, low, places: span + 2 })
    }

    /// The group column's values at these places.
    fn values(&self, table: &Resident, places: impl Iterator<Item = usize>) -> Result<ArrayRef, ArrowError> {
        let data_type = table.schema.field(self.column).data_type();
        let last = self.places - 1;
        if table.columns[self.column].dictionary.is_some() {
            let codes: Int32Array = places.map(|place| (place != last).then_some(place as i32)).collect();
            let values = match table.chunks.first() {
                Some(chunk) => chunk.column(self.column).as_dictionary::<Int32Type>().values().clone(),
                None => new_empty_array(&DataType::Utf8),
            };
            return Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(codes, values)?));
        }
        let keys = places.map(|place| (place != last).then(|| self.low + place as keys::Key));
        match data_type {
            DataType::UInt64 => {
                cast(&keys.map(|key| key.map(|key| key as u64)).collect::<arrow::array::UInt64Array>(), data_type)
            }
            DataType::Boolean => Ok(Arc::new(keys.map(|key| key.map(|key| key != 0)).collect::<arrow::array::BooleanArray>())),
            DataType::Date32 => Ok(Arc::new(keys.map(|key| key.map(|key| key as i32)).collect::<arrow::array::Date32Array>())),
            _ => cast(&keys.map(|key| key.map(|key| key as i64)).collect::<arrow::array::Int64Array>(), data_type),
        }
    }
}
