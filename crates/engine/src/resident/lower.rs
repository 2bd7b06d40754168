//! Conditions on text that stands in a dictionary become conditions on codes, judged once a value instead of once a row.

use super::{Resident, dictionary};
use crate::predicate::{CodeSet, Predicate, matching};
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use datahall_core::query::Compare;
use std::sync::Arc;

impl Resident {
    /// `predicate` with every leaf about dictionary text turned into codes.
    pub(super) fn lower(&self, predicate: Predicate) -> Result<Predicate, ArrowError> {
        let many = |parts: Vec<Predicate>| parts.into_iter().map(|part| self.lower(part)).collect::<Result<Vec<_>, _>>();
        match predicate {
            Predicate::All(parts) => Ok(Predicate::All(many(parts)?)),
            Predicate::Any(parts) => Ok(Predicate::Any(many(parts)?)),
            Predicate::Not(part) => Ok(Predicate::Not(Box::new(self.lower(*part)?))),
            leaf => match leaf.column().and_then(|column| Some((column, self.columns[column].dictionary.as_ref()?))) {
                Some((column, values)) => match codes(values, &leaf)? {
                    Some(set) => Ok(Predicate::Codes { column, set }),
                    None => Ok(leaf),
                },
                None => Ok(leaf),
            },
        }
    }
}

fn codes(values: &StringArray, leaf: &Predicate) -> Result<Option<CodeSet>, ArrowError> {
    let total = values.len() as i32;
    let range = |low: usize, high: usize| Some(CodeSet::Range(low as i32, high as i32));
    Ok(match leaf {
        Predicate::Text { op, value, .. } => {
            let found = dictionary::locate(values, value);
            let (at, after) = match found {
                Ok(at) => (at, at + 1),
                Err(at) => (at, at),
            };
            match op {
                Compare::Eq => range(at, after),
                Compare::Lt => range(0, at),
                Compare::Lte => range(0, after),
                Compare::Gt => range(after, total as usize),
                Compare::Gte => range(at, total as usize),
                Compare::Neq => bits(values, leaf)?,
            }
        }
        Predicate::TextOneOf { .. } | Predicate::Like { .. } => bits(values, leaf)?,
        _ => None,
    })
}

/// Judges every value of the dictionary.
fn bits(values: &StringArray, leaf: &Predicate) -> Result<Option<CodeSet>, ArrowError> {
    let on_values = match leaf.clone() {
        Predicate::Text { op, value, .. } => Predicate::Text { column: 0, op, value },
        Predicate::TextOneOf { values, .. } => Predicate::TextOneOf { column: 0, values },
        Predicate::Like { pattern, ignore_case, .. } => Predicate::Like { column: 0, pattern, ignore_case },
        _ => return Ok(None),
    };
    let schema = Arc::new(Schema::new(vec![Field::new("value", DataType::Utf8, true)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(values.clone()) as ArrayRef])?;
    Ok(Some(CodeSet::Bits(matching(&on_values, &batch)?)))
}
