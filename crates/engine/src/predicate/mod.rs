//! A condition whose literals already have the type of their column. Both ways of reading, resident and DataFusion, run it.

mod evaluate;
mod mask;
mod to_expr;

use arrow::buffer::BooleanBuffer;
use datahall_core::query::Compare;

pub(crate) use evaluate::{Columns, lane_type, matching};

/// A typed condition over columns by position. Null makes every leaf unknown except `Null` and `NotNull`; unknown does
/// not match. Whole numbers, dates, times and decimals share one lane: the `i128` that the column stores, in its own
/// unit and scale. Floats compare as IEEE 754 does: NaN matches no comparison, -0.0 equals 0.0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Predicate {
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
    /// The same for every row whose column is not null.
    Constant {
        column: usize,
        value: bool,
    },
    Null(usize),
    NotNull(usize),
    /// Within both bounds, inclusive.
    Range {
        column: usize,
        low: i128,
        high: i128,
    },
    /// One of these, ascending.
    OneOf {
        column: usize,
        values: Vec<i128>,
    },
    Number {
        column: usize,
        op: Compare,
        value: f64,
    },
    NumberOneOf {
        column: usize,
        values: Vec<f64>,
    },
    Flag {
        column: usize,
        value: bool,
    },
    Text {
        column: usize,
        op: Compare,
        value: String,
    },
    /// One of these, ascending.
    TextOneOf {
        column: usize,
        values: Vec<String>,
    },
    Like {
        column: usize,
        pattern: String,
        ignore_case: bool,
    },
    Bytes {
        column: usize,
        values: Vec<Vec<u8>>,
    },
    /// Resident tables only: the dictionary code is one of those set.
    Codes {
        column: usize,
        set: CodeSet,
    },
}

/// Which codes of a dictionary match.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CodeSet {
    /// Codes from the first up to, not including, the second.
    Range(i32, i32),
    /// One bit a code.
    Bits(BooleanBuffer),
}

impl CodeSet {
    pub(crate) fn contains(&self, code: i32) -> bool {
        match self {
            Self::Range(low, high) => (*low..*high).contains(&code),
            Self::Bits(bits) => bits.value(code as usize),
        }
    }
}

impl Predicate {
    /// Whether it lets every row through.
    pub(crate) fn is_trivial(&self) -> bool {
        matches!(self, Self::All(parts) if parts.iter().all(Self::is_trivial))
    }

    /// The parts of which all must hold.
    pub(crate) fn conjuncts(self) -> Vec<Predicate> {
        match self {
            Self::All(parts) => parts.into_iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// The one column it is about; `None` for combinations.
    pub(crate) fn column(&self) -> Option<usize> {
        match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) => None,
            Self::Null(column) | Self::NotNull(column) => Some(*column),
            Self::Constant { column, .. }
            | Self::Range { column, .. }
            | Self::OneOf { column, .. }
            | Self::Number { column, .. }
            | Self::NumberOneOf { column, .. }
            | Self::Flag { column, .. }
            | Self::Text { column, .. }
            | Self::TextOneOf { column, .. }
            | Self::Like { column, .. }
            | Self::Bytes { column, .. }
            | Self::Codes { column, .. } => Some(*column),
        }
    }
}
