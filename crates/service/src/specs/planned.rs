//! What a revision is to be: its spec, its descriptor and the plan they come to, derived again wherever it is needed.

use super::contents::Spec;
use super::plan::Plan;
use crate::{Ctx, Object, Service};
use datahall_catalog::{Package, Revision};
use datahall_core::{Error, Result};
use datahall_formats::tabular::TableSchema;
use futures::StreamExt;
use parking_lot::Mutex;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a descriptor that is fetched.
const LONGEST: usize = 16 << 20;
/// How long fetching it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Plans that are remembered; a revision has many pipelines, and each asks for it.
const MOST: usize = 8;
/// The most pipelines of a revision.
const MOST_PIPELINES: usize = 10_000;

/// What a revision is to be.
pub(super) struct Planned {
    pub(super) spec: Spec,
    pub(super) descriptor: Object,
    pub(super) plan: Plan,
    /// Whether the descriptor stood in the spec.
    pub(super) given: bool,
}

/// Of a revision that is there.
pub(super) struct PlannedRevision {
    pub(super) revision: Revision,
    pub(super) package: Package,
    pub(super) planned: Planned,
}

/// The last plans that were derived, by the ids of their revisions.
#[derive(Default)]
pub(crate) struct Plans(Mutex<Vec<Arc<PlannedRevision>>>);

impl Planned {
    /// Of a spec and the descriptor that goes with it.
    ///
    /// # Errors
    /// What is wrong with either, and where.
    pub(super) fn of(spec: Spec, fetched: Option<Object>) -> Result<Self, String> {
        let given = spec.descriptor.is_some();
        let missing = || "inputs[0].parameters.descriptor: is missing".to_owned();
        let descriptor = spec.descriptor.clone().or(fetched).ok_or_else(missing)?;
        let plan = Plan::of(&spec, &descriptor)?;
        let pipelines = plan.pipelines.len();
        if pipelines > MOST_PIPELINES {
            return Err(format!(
                "descriptor.resources: {pipelines} pipelines are more than a package may have ({MOST_PIPELINES})"
            ));
        }
        for table in &plan.tables {
            match table.schema.as_ref().map(TableSchema::parse) {
                Some(Err(fault)) => return Err(format!("the schema of table '{}': {}", table.name, fault)),
                Some(Ok(schema)) => {
                    if let Some(field) = table.steps.unknown(&schema.names().collect::<Vec<_>>()) {
                        return Err(format!("dpp of table '{}': there is no field '{}'", table.name, field.escape_debug()));
                    }
                }
                None => {}
            }
            if let Err(fault) = super::pipelines::dialect(&plan.resources[table.resource], table) {
                return Err(format!("how table '{}' is read: {fault}", table.name));
            }
        }
        Ok(Self { spec, descriptor, plan, given })
    }
}

impl Service {
    /// Reads contents whose owner the caller may act for; a descriptor that does not stand in them is fetched as far as he may have files
    /// read.
    ///
    /// # Errors
    /// What is wrong with them, and where.
    pub(super) async fn planned(&self, ctx: &Ctx, contents: &Object) -> Result<Planned, String> {
        let spec = Spec::parse(contents)?;
        let fetched = match &spec.descriptor {
            Some(_) => None,
            None => {
                Some(self.fetch_descriptor(ctx, &spec.url).await.map_err(|error| format!("inputs[0].url: {}", error.message()))?)
            }
        };
        // Schemas and names of thousands of resources take their time.
        let planned = tokio::task::spawn_blocking(move || Planned::of(spec, fetched)).await;
        planned.map_err(|_| "it could not be planned: a fault of the program".to_owned())?
    }

    async fn fetch_descriptor(&self, ctx: &Ctx, url: &str) -> Result<Object> {
        let late = |_| Error::invalid(format!("{url}: could not be read within {} seconds", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, self.read_descriptor(ctx, url)).await.map_err(late)?
    }

    async fn read_descriptor(&self, ctx: &Ctx, url: &str) -> Result<Object> {
        let (location, access) = super::pipelines::reach(self, ctx, url)?;
        let mut fetched = self.engine.fetch(&location, &access).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = fetched.bytes.next().await {
            let piece = piece?;
            if bytes.len() + piece.len() > LONGEST {
                return Err(Error::invalid(format!("{url}: is longer than a descriptor may be ({LONGEST} bytes)")));
            }
            bytes.extend_from_slice(&piece);
        }
        let without_mark = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match serde_json::from_slice(without_mark) {
            Ok(Json::Object(descriptor)) => Ok(descriptor),
            Ok(_) => Err(Error::invalid(format!("{url}: is no data package: it must be a JSON object"))),
            Err(error) => Err(Error::invalid(format!("{url}: is no data package: {error}"))),
        }
    }

    /// What the revision of that id is to be.
    ///
    /// # Errors
    /// `NotFound` when it is gone, or what it made is.
    pub(super) async fn planned_revision(&self, id: &str) -> Result<Arc<PlannedRevision>> {
        if let Some(known) = self.specs.plans.0.lock().iter().find(|known| known.revision.meta.id == id) {
            return Ok(known.clone());
        }
        let gone = || Error::not_found("not found: the revision is gone");
        let revision = self.catalog.get::<Revision>(id).await?.filter(|revision| revision.kept).ok_or_else(gone)?;
        let package = self.catalog.get::<Package>(&revision.package).await?.ok_or_else(gone)?;
        let (contents, fetched) = (revision.spec.clone(), revision.descriptor.clone());
        let planned = tokio::task::spawn_blocking(move || Planned::of(Spec::parse(&contents)?, fetched)).await;
        // It was judged when it was uploaded, perhaps by a program that took more.
        let planned =
            planned.map_err(Error::internal)?.map_err(|why| Error::invalid(format!("the spec does not hold any more: {why}")))?;
        let found = Arc::new(PlannedRevision { revision, package, planned });
        let mut plans = self.specs.plans.0.lock();
        if plans.len() >= MOST {
            plans.remove(0);
        }
        plans.push(found.clone());
        Ok(found)
    }
}
