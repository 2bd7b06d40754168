//! Profiles of datasets: what is known of each column when every row was looked at once, as the caller sees it.
//!
//! Rows come through the door like those of any query. Up to a million different values everything is exact; beyond that numbers of
//! different values are estimated (HyperLogLog) and top values found within a known error, and the column says so. Nested and binary
//! columns are only counted.

mod column;
mod counted;
mod distinct;
mod flags;
mod frequent;
mod hash;
mod hll;
mod moments;
mod number;
mod numbers;
mod of_dataset;
mod rounds;
mod small;
mod state;
mod texts;
mod window;

#[cfg(test)]
mod tests;

pub use of_dataset::{ColumnProfile, Profile};
pub use window::{ColumnStats, Step, Window, WindowAsked};

/// Up to so many different values are told apart exactly.
const MOST_EXACT: usize = 1 << 20;
/// Up to so many different values each is counted, in columns that are no text.
const FEW: usize = 1000;
/// How many top values are given.
const TOP: usize = 10;
/// Bytes that all columns of one profile may hold together.
const BUDGET: usize = 384 << 20;

/// Whether a column that is no text has few enough different values for the most frequent of them to say something: a handful, or
/// each of them twice on average.
fn is_low(cardinality: u64, count: u64) -> bool {
    cardinality <= 20 || (cardinality <= FEW as u64 && cardinality * 2 <= count)
}
