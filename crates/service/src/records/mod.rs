//! The datasets of dialect `v1` as records of the catalog: those of the configuration file, and those registered at run time.

mod of_block;
mod reconcile;
mod runtime;

pub(crate) use reconcile::{Reconciled, reconcile, reconcile_as};
