//! What is known of columns, as answers write it.

use arrow::array::ArrayRef;
use datahall_formats::values;
use datahall_service::column_type;
use datahall_service::{ColumnProfile, View};
use serde::Serialize;
use serde_json::Value;

/// One column.
#[derive(Serialize)]
pub(super) struct ColumnFigures {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    masked: bool,
    count: u64,
    null_count: u64,
    null_rate: f64,
    cardinality: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    approximate: bool,
    min: Value,
    max: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stddev: Option<Option<f64>>,
    top_values: Vec<TopValue>,
}

#[derive(Serialize)]
struct TopValue {
    value: Value,
    count: u64,
}

impl ColumnFigures {
    /// Of a column of `view`.
    pub(super) fn of(view: &View, column: &ColumnProfile) -> Self {
        let kind = column_type(&column.kind);
        let is_number = matches!(kind, "int64" | "float64" | "decimal");
        let rows = column.count + column.nulls;
        let mut range = column.range.as_ref().map(|range: &ArrayRef| values(range)).unwrap_or_default().into_iter();
        let top = column.top.as_ref().map(|top: &ArrayRef| values(top)).unwrap_or_default();
        Self {
            name: column.name.clone(),
            kind,
            masked: view.is_masked(&column.name),
            count: column.count,
            null_count: column.nulls,
            null_rate: if rows == 0 { 0.0 } else { column.nulls as f64 / rows as f64 },
            cardinality: column.cardinality,
            approximate: column.approximate,
            min: range.next().unwrap_or_default(),
            max: range.next().unwrap_or_default(),
            mean: is_number.then_some(column.mean),
            stddev: is_number.then_some(column.deviation),
            top_values: top.into_iter().zip(&column.top_counts).map(|(value, count)| TopValue { value, count: *count }).collect(),
        }
    }

    /// Of all `columns` of `view`.
    pub(super) fn all(view: &View, columns: &[ColumnProfile]) -> Vec<Self> {
        columns.iter().map(|column| Self::of(view, column)).collect()
    }
}
