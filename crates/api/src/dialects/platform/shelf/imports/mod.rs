//! `/api/datasets/import` and `/api/datasets/import-batch`: tables taken over, one or many.

pub(in super::super) mod cancel;
pub(in super::super) mod one;
pub(in super::super) mod progress;
pub(in super::super) mod start;
