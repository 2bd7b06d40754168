//! Making a dataset: a record, its masks, its schedule and an entry in the audit log, all in one.

use super::{DatasetInfo, DatasetKind, StoredSource, columns, options};
use crate::config::check_name;
use crate::policies::{Kept, PolicyChange, Stated, write_masks};
use crate::registry::taken;
use crate::{Ctx, Object, PrincipalKind, Service, Visibility};
use arrow::datatypes::SchemaRef;
use chrono::SecondsFormat;
use datahall_catalog::{AuditEntry, Dataset, Origin};
use datahall_core::access::{Scope, Verdict, decide};
use datahall_core::dataset::ReadOptions;
use datahall_core::privilege::Privilege;
use datahall_core::{Code, Error, Result};

/// A dataset to be made. Its source was opened by whoever asks: nothing of it is looked at here.
#[derive(Debug, Clone)]
pub struct NewDataset {
    /// Its name, normalised by the rule of whoever makes it, as [`dataset_name`](super::dataset_name).
    pub name: String,
    /// What it is to whoever makes it.
    pub kind: DatasetKind,
    /// Where its rows are.
    pub source: StoredSource,
    /// How they are read.
    pub options: ReadOptions,
    /// Free text for people.
    pub description: Option<String>,
    /// A title.
    pub friendly_name: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whatever else describes it; the three above win.
    pub metadata: Object,
    /// Masks, row filter and other settings, as a change to none.
    pub policy: PolicyChange,
    /// Its columns, with their new names.
    pub schema: SchemaRef,
    /// How many rows, when that is known.
    pub row_count: Option<u64>,
    /// Where it comes from. Who brought it and when is added, and its kind.
    pub provenance: Object,
    /// Who may know of it, unless `policy` says.
    pub visibility: Visibility,
}

impl NewDataset {
    /// A private dataset of which nothing else is said.
    pub fn new(name: impl Into<String>, kind: DatasetKind, source: StoredSource, schema: SchemaRef) -> Self {
        Self {
            name: name.into(),
            kind,
            source,
            options: ReadOptions::default(),
            description: None,
            friendly_name: None,
            tags: Vec::new(),
            metadata: Object::new(),
            policy: PolicyChange::default(),
            schema,
            row_count: None,
            provenance: Object::new(),
            visibility: Visibility::Private,
        }
    }
}

/// What the caller reads when the name is taken.
pub(super) fn name_taken(name: &str) -> Error {
    Error::new(Code::Conflict, taken(name).message())
}

impl Service {
    /// Refuses callers who may not make datasets where they are.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular; `Forbidden` without WRITE_CONF on the project.
    pub fn require_add(&self, ctx: &Ctx) -> Result<()> {
        self.require_known(ctx)?;
        self.require_in_project(ctx, Privilege::WriteConf, "making datasets")
    }

    fn require_in_project(&self, ctx: &Ctx, privilege: Privilege, doing: &str) -> Result<()> {
        match decide(&ctx.principal.grants, privilege, &ctx.home.scope(), false) {
            Verdict::Allowed => Ok(()),
            _ => Err(Error::forbidden(format!("forbidden: {doing} needs {} on the project", privilege.name()))),
        }
    }

    /// Refuses names that are taken where the caller is, before anything is done for a dataset of that name.
    ///
    /// # Errors
    /// `Conflict`.
    pub async fn require_free(&self, ctx: &Ctx, name: &str) -> Result<()> {
        let project = ctx.home.project();
        let free = self.registry.find(project, name).is_none() && !self.is_recorded(project, name).await?;
        if free { Ok(()) } else { Err(name_taken(name)) }
    }

    /// Makes a dataset where the caller is; all of it or, after an error, nothing.
    ///
    /// # Errors
    /// As [`Service::require_add`]; `Forbidden` for publishing without WRITE_POLICY; `Invalid` for a policy that does not suit the columns
    /// and settings that are none; `Conflict` when the name is taken.
    pub async fn add_dataset(&self, ctx: &Ctx, new: NewDataset) -> Result<DatasetInfo> {
        self.require_add(ctx)?;
        check_name(&new.name)?;
        let public = new.visibility == Visibility::Public;
        let kept = new.policy.applied_to(&Kept { public, ..Kept::default() })?;
        kept.stated(&Stated::default(), 0).check(&*self.engine, &new.schema)?;
        if kept.public {
            self.require_in_project(ctx, Privilege::WritePolicy, "publishing")?;
        }
        let reservation = self.registry.reserve(ctx.home.project(), &new.name).map_err(|_| name_taken(&new.name))?;
        let mut record = self.record_of(ctx, &new)?;
        kept.put_into(&mut record);
        // In a task of its own: what is durable is there, also when the caller goes away.
        let (service, ctx_of_it) = (self.arc(), ctx.clone());
        let made = tokio::spawn(async move {
            let made = service.insert_dataset(&ctx_of_it, record, &kept).await;
            drop(reservation);
            made
        });
        let record = made.await.map_err(Error::internal)??;
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, dataset = record.name, "dataset made");
        self.info_of(ctx, &record).await
    }

    async fn insert_dataset(&self, ctx: &Ctx, mut record: Dataset, kept: &Kept) -> Result<Dataset> {
        let mut change = self.catalog.change(&ctx.actor()).await?;
        if change.find(Dataset::by_name(&record.project, &record.name)).await?.is_some() {
            return Err(name_taken(&record.name));
        }
        change.insert(&mut record).await.map_err(|error| match error.code() {
            Code::Conflict => name_taken(&record.name),
            Code::NotFound if record.connection.is_some() => Error::not_found("not found: connection"),
            _ => error,
        })?;
        write_masks(&mut change, &record.meta.id, &[], &kept.masks).await?;
        self.schedule_refresh(&mut change, ctx, &Dataset::default(), &record).await?;
        change.commit(AuditEntry::created("dataset.create", &record)?.organisation(ctx.home.organisation())).await?;
        Ok(record)
    }

    /// The record of a dataset to be made where the caller is, without a policy.
    ///
    /// # Errors
    /// `Invalid` for details that are none.
    pub(crate) fn record_of(&self, ctx: &Ctx, new: &NewDataset) -> Result<Dataset> {
        let now = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let owner = owner(ctx);
        let mut provenance = new.provenance.clone();
        provenance.insert("kind".into(), new.kind.name().into());
        provenance.insert("imported_by".into(), owner.as_str().into());
        provenance.insert("imported_at".into(), now.into());
        let mut record = Dataset {
            project: ctx.home.project().to_owned(),
            name: new.name.clone(),
            origin: Origin::Api,
            connection: new.source.connection().map(str::to_owned),
            owner: Some(owner),
            source: new.source.to_object(),
            options: options::to_object(&new.options),
            metadata: new.metadata.clone(),
            schema: Some(columns::to_json(&new.schema)),
            kind: new.kind.name().to_owned(),
            row_count: new.row_count.and_then(|rows| i64::try_from(rows).ok()),
            provenance,
            ..Dataset::default()
        };
        let mut details = new.policy.details.clone();
        details.description = details.description.or_else(|| new.description.clone().map(Some));
        details.friendly_name = details.friendly_name.or_else(|| new.friendly_name.clone().map(Some));
        details.tags = details.tags.or_else(|| (!new.tags.is_empty()).then(|| new.tags.clone()));
        if details.refresh.as_ref().is_some_and(Option::is_some) && new.source.connection().is_none() {
            return Err(Error::invalid("refresh: is for datasets that are read through a connector"));
        }
        details.put_into(&mut record)?;
        Ok(record)
    }
}

/// As whose a dataset stands that the caller makes.
pub(super) fn owner(ctx: &Ctx) -> String {
    match &ctx.principal.kind {
        PrincipalKind::Key { owner, name, .. } => owner.as_ref().unwrap_or(name).clone(),
        _ => ctx.principal.label().to_owned(),
    }
}

/// The dataset as a scope.
pub(super) fn scope<'a>(organisation: &'a str, dataset: &'a Dataset) -> Scope<'a> {
    Scope { organisation: Some(organisation), project: Some(&dataset.project), dataset: Some(&dataset.meta.id) }
}
