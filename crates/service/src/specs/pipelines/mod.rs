//! What pipelines do: each makes files of a revision, and says what it made.
//!
//! - `source`: the file of a resource, fetched once a revision
//! - `made`, `kept`: what a pipeline made; what pipelines of one revision need in common
//! - `rows`: the rows of a table; `stepped`, `sorted`: what a spec has done to them; `written`: the same in a file; `csv`: and in a managed table; `report`, `preview`: what is wrong with them,
//!   and the first of them
//! - `copy`, `zip`: files as they are; all of them in one
//! - `package`: the descriptor of the whole (`entries`, `described`, `readme`), by which the revision becomes what is published

mod copy;
mod csv;
mod described;
mod entries;
mod kept;
mod made;
mod own;
mod package;
mod preview;
mod reach;
mod readme;
mod report;
mod results;
mod rows;
mod sorted;
mod source;
mod stated;
mod stepped;
mod stop;
mod written;
mod zip;

#[cfg(test)]
mod tests;

pub(super) use csv::lake_table;
pub(super) use kept::Kept;
pub(super) use made::{Made, MadeFile, MadeTable};
pub(super) use reach::reach;
pub(super) use rows::dialect;

use written::As;

use super::contents::Spec;
use super::place::Place;
use super::plan::{Plan, Step, Table};
use crate::{JobCtx, Object, Service};
use chrono::{DateTime, Utc};
use datahall_core::{Error, Result};
use std::sync::Arc;

/// What a pipeline is given.
pub(super) struct Making<'a> {
    /// Whom to tell, and as whom it is done.
    pub(super) job: &'a JobCtx,
    /// The id of the package's record.
    pub(super) package: &'a str,
    /// The id of the project that the package is in.
    pub(super) project: &'a str,
    /// The number of the revision.
    pub(super) number: i64,
    pub(super) spec: &'a Spec,
    /// The descriptor of the source package.
    pub(super) descriptor: &'a Object,
    pub(super) plan: &'a Plan,
    /// When the package was first uploaded.
    pub(super) created: DateTime<Utc>,
    /// When this revision was.
    pub(super) modified: DateTime<Utc>,
}

impl Making<'_> {
    /// `owner/dataset/number`, the id of the flow.
    pub(super) fn flow(&self) -> String {
        format!("{}/{}/{}", self.spec.owner, self.spec.dataset, self.number)
    }

    fn service(&self) -> &Arc<Service> {
        self.job.service()
    }

    fn place(&self) -> Result<Place> {
        self.service().packages.place(self.package, self.number)
    }

    /// The table at that place of the plan.
    fn table(&self, at: usize) -> Result<&Table> {
        self.plan.tables.get(at).ok_or_else(|| Error::internal(format!("the plan has no table {at}")))
    }

    /// What a file is called until it is whole: unlike all others, whichever worker writes it.
    fn unique(&self) -> String {
        format!("{}-{}", self.job.attempt(), self.service().unique_suffix())
    }
}

/// Does what the step says. Done again, it makes the same again.
///
/// # Errors
/// `Invalid`, in words for whoever may see the revision, when a source is not to be had or does not suit; `StorageFull`.
pub(super) async fn make(making: &Making<'_>, step: &Step) -> Result<Made> {
    match step {
        Step::Report => report::make(making).await,
        Step::Csv(table) => csv::make(making, *table).await,
        Step::Json(table) => making.written_alone(*table, As::Json).await,
        Step::Parquet(table) => making.written_alone(*table, As::Parquet).await,
        Step::Preview(table) => preview::make(making, *table).await,
        Step::Copy(resource) => copy::make(making, *resource).await,
        Step::Zip(_) => zip::make(making, step).await,
        Step::Package => package::make(making).await,
    }
}
