//! Looking one record up by what is unique about it.

use super::{Record, Value};
use std::marker::PhantomData;

/// Which record to find: made by a record's `by_…` functions.
#[derive(Debug, Clone)]
pub struct Find<R> {
    pub(crate) columns: &'static [&'static str],
    pub(crate) values: Vec<Value>,
    record: PhantomData<fn() -> R>,
}

impl<R: Record> Find<R> {
    /// By one of the table's unique keys, with a value for each of its columns. Names are compared ignoring case.
    pub(crate) fn new<const N: usize>(columns: &'static [&'static str; N], values: [Value; N]) -> Self {
        Self { columns, values: values.into(), record: PhantomData }
    }
}
