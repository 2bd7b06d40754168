//! What of a revision a caller may be told: everything, all but what its own owner alone knows, or nothing of what a pipeline makes of rows
//! that are kept from him.

use super::contents::Findability;
use super::kept_from::Lens;
use super::names::Whose;
use super::plan::{Plan, Step};
use super::sight::is_private;
use super::status::Summary;
use crate::{Ctx, Service, home};
use datahall_catalog::{Package, Project, Revision};
use datahall_core::access::Scope;
use datahall_core::privilege::Privilege;
use datahall_core::{Error, Result};
use std::collections::{BTreeSet, HashSet};

/// The title of the pipelines that tables are counted by.
const CSV: &str = "Creating CSV";

/// What of a revision a caller may be told.
pub(super) struct View {
    /// He neither acts for the owner nor may read what is his: values of rows and secrets of the spec are not for him, whatever is kept.
    pub(super) stranger: bool,
    kept: Kept,
}

/// What is kept from him besides.
enum Kept {
    Nothing,
    Tables {
        tables: BTreeSet<String>,
        /// The names of the pipelines that make something of them; the package's is made of all.
        pipelines: HashSet<String>,
    },
    Everything,
}

impl View {
    /// Of what is gone.
    pub(super) fn of_nothing() -> Self {
        Self { stranger: true, kept: Kept::Everything }
    }

    /// Whether anything is kept, so that nothing is told of the whole.
    pub(super) fn keeps_any(&self) -> bool {
        !matches!(self.kept, Kept::Nothing)
    }

    /// Whether what that pipeline makes is kept; it is named as in the plan.
    pub(super) fn keeps(&self, pipeline: &str) -> bool {
        match &self.kept {
            Kept::Nothing => false,
            Kept::Everything => true,
            Kept::Tables { pipelines, .. } => pipelines.contains(pipeline),
        }
    }

    /// Whether the table of that name is kept.
    pub(super) fn keeps_table(&self, table: &str) -> bool {
        match &self.kept {
            Kept::Nothing => false,
            Kept::Everything => true,
            Kept::Tables { tables, .. } => tables.contains(table),
        }
    }
}

impl Service {
    /// What of a revision of the package the caller may be told.
    ///
    /// # Errors
    /// What the catalog says.
    pub(super) async fn revision_view(&self, ctx: &Ctx, owner: &str, package: &Package, revision: &Revision) -> Result<View> {
        let stranger = self.is_stranger(ctx, owner, package).await?;
        if stranger && !is_open(ctx, package, Some(revision)) {
            return Ok(View { stranger, kept: Kept::Everything });
        }
        let project = self.project_of(package).await?;
        let lens = self.lens(ctx, &project, package).await?;
        let mut kept = lens.kept_now();
        let kept = match self.planned_revision(&revision.meta.id).await {
            Ok(known) => {
                let tables = known.planned.plan.tables.iter().map(|table| table.name.as_str());
                kept.extend(lens.kept(tables, revision.number));
                match kept.is_empty() {
                    true => Kept::Nothing,
                    false => Kept::Tables { pipelines: made_of(&known.planned.plan, &kept), tables: kept },
                }
            }
            // Its plan is dropped, or is none to this program: which pipeline makes what is not known any more.
            Err(error) if matches!(error.code(), datahall_core::Code::NotFound | datahall_core::Code::Invalid) => {
                kept.extend(kept_of_summary(&lens, revision));
                if kept.is_empty() { Kept::Nothing } else { Kept::Everything }
            }
            Err(error) => return Err(error),
        };
        Ok(View { stranger, kept })
    }

    /// The project that the package is in.
    pub(super) async fn project_of(&self, package: &Package) -> Result<Project> {
        let project = self.catalog.get::<Project>(&package.project).await?;
        project.ok_or_else(|| Error::not_found("not found: the project of the package"))
    }

    /// Whether the caller neither acts for the owner nor may read what is his.
    pub(super) async fn is_stranger(&self, ctx: &Ctx, owner: &str, package: &Package) -> Result<bool> {
        let scope = Scope { organisation: Some(home::ORGANISATION), project: Some(&package.project), dataset: None };
        Ok(!ctx.principal.grants.allow(Privilege::ReadData, &scope) && self.acts_for(ctx, owner).await?.is_none())
    }
}

/// Whether what a package makes is there for strangers, as it is now and, if that is known, as it was for the revision.
pub(super) fn is_open(ctx: &Ctx, package: &Package, revision: Option<&Revision>) -> bool {
    let was_private =
        |revision: &Revision| !revision.spec.is_empty() && Whose::of(&revision.spec).findability == Findability::Private;
    ctx.principal.reads_public && !is_private(package) && !revision.is_some_and(was_private)
}

/// The names of the pipelines that make something of one of these tables.
fn made_of(plan: &Plan, tables: &BTreeSet<String>) -> HashSet<String> {
    let is_one = |table: usize| tables.contains(&plan.tables[table].name);
    let resources: HashSet<usize> = (0..plan.tables.len()).filter(|at| is_one(*at)).map(|at| plan.tables[at].resource).collect();
    let makes = |step: &Step| match step {
        Step::Csv(table) | Step::Json(table) | Step::Parquet(table) | Step::Preview(table) => is_one(*table),
        Step::Copy(resource) => resources.contains(resource),
        Step::Report | Step::Zip(_) | Step::Package => true,
    };
    plan.pipelines.iter().filter(|pipeline| makes(&pipeline.step)).map(|pipeline| pipeline.name.clone()).collect()
}

/// The tables whose rows are in what that pipeline makes.
pub(super) fn tables_in(plan: &Plan, pipeline: &str) -> BTreeSet<String> {
    let of = |holds: &dyn Fn(usize) -> bool| {
        let held = plan.tables.iter().enumerate().filter(|(at, _)| holds(*at));
        held.map(|(_, table)| table.name.clone()).collect()
    };
    match plan.pipeline(pipeline).map(|pipeline| &pipeline.step) {
        Some(Step::Csv(table) | Step::Json(table) | Step::Parquet(table) | Step::Preview(table)) => of(&|at| at == *table),
        Some(Step::Copy(resource)) => of(&|at| plan.tables[at].resource == *resource),
        Some(Step::Package) => BTreeSet::new(),
        // A report quotes what is wrong.
        Some(Step::Report | Step::Zip(_)) | None => of(&|_| true),
    }
}

/// Those of the tables of a revision that is closed that are kept, by what its pipelines were called.
fn kept_of_summary(lens: &Lens<'_>, revision: &Revision) -> BTreeSet<String> {
    let Ok(Summary { flow, .. }) = Summary::of(revision) else { return BTreeSet::new() };
    let csv = flow.pipelines.iter().filter(|pipeline| pipeline.title == CSV);
    let tables = csv.filter_map(|pipeline| pipeline.id.rsplit('/').next()?.strip_suffix("_csv"));
    lens.kept(tables, revision.number)
}
