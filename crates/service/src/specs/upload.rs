//! Uploading a spec: the checks of the contract (`specs`, 2), in its order and in its words.

use super::authority::Acting;
use super::contents::names_dataset;
use super::names::Whose;
use super::revise::{Again, NewRevision, Revised};
use super::storage::{self, Room};
use super::{owner, period};
use crate::auth::Starter;
use crate::{Ctx, Object, Service};
use datahall_catalog::{List, Package, PackageKind, Revision};
use datahall_core::{Code, Error, Result};
use serde_json::Value as Json;

const EMPTY: &str = "Received empty contents (make sure your content-type is correct)";
const NO_OWNER: &str = "Missing owner in spec";
const NOT_AUTHORISED: &str = "No token or token not authorised for owner";
const INVALID: &str = "Validation failed for contents";

/// What became of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UploadOutcome {
    /// `owner/dataset`, once it is known whose it would be and that the caller may.
    pub dataset_id: Option<String>,
    /// `owner/dataset/number`, when there is a new revision.
    pub flow_id: Option<String>,
    /// What is wrong; empty when nothing is.
    pub errors: Vec<String>,
}

impl UploadOutcome {
    /// Whether there is a new revision.
    pub fn success(&self) -> bool {
        self.errors.is_empty()
    }

    fn refused(why: &str) -> Self {
        Self { errors: vec![why.to_owned()], ..Self::default() }
    }
}

/// What became of contents that the caller may upload.
pub(super) enum Tried {
    /// There is a new revision.
    Made { dataset: String, number: i64 },
    /// There is none.
    Failed { dataset: Option<String>, errors: Vec<String> },
}

impl Service {
    /// Takes a spec, `None` where the request had no JSON: its package is made or has it in the place of the one before, and a new revision
    /// waits to be made. What is wrong with it changes nothing.
    ///
    /// # Errors
    /// Only what is no fault of the request: `Unavailable`, `StorageFull`.
    pub async fn upload_spec(&self, ctx: &Ctx, contents: Option<Json>) -> Result<UploadOutcome> {
        let Some(contents) = contents.filter(|contents| !contents.is_null()) else { return Ok(UploadOutcome::refused(EMPTY)) };
        let owner = contents.pointer("/meta/ownerid").and_then(Json::as_str).filter(|owner| !owner.trim().is_empty());
        let Some(owner) = owner.map(str::to_owned) else { return Ok(UploadOutcome::refused(NO_OWNER)) };
        let acting = self.acts_for(ctx, &owner).await?;
        let (Some(acting), Json::Object(contents)) = (acting, contents) else {
            let error = Error::new(Code::Forbidden, NOT_AUTHORISED);
            self.note_refusal_on(ctx, "spec.upload", ("owner", &owner), &error);
            return Ok(UploadOutcome::refused(NOT_AUTHORISED));
        };
        let tried = self.try_upload(ctx, acting, &owner, &contents).await?;
        Ok(match tried {
            Tried::Made { dataset, number } => {
                UploadOutcome { flow_id: Some(format!("{dataset}/{number}")), dataset_id: Some(dataset), errors: Vec::new() }
            }
            Tried::Failed { dataset, errors } => {
                self.tell_failed_upload(ctx, dataset.as_deref().unwrap_or(&owner), &errors).await;
                UploadOutcome { dataset_id: dataset, flow_id: None, errors }
            }
        })
    }

    async fn try_upload(&self, ctx: &Ctx, acting: Acting, owner: &str, contents: &Object) -> Result<Tried> {
        let named = contents.get("meta").and_then(|meta| meta.get("dataset")).and_then(Json::as_str);
        let named = named.filter(|name| names_dataset(name)).map(|name| (name, format!("{owner}/{name}")));
        let dataset = named.as_ref().map(|(_, id)| id.clone());
        let failed = |errors: Vec<String>| Ok(Tried::Failed { dataset: dataset.clone(), errors });
        if let (Some(most), Some((name, _))) = (acting.most, &named)
            && self.exceeds_plan(owner, name, most).await?
        {
            return failed(vec![too_many(most)]);
        }
        if let Some(why) = self.exceeds_storage(ctx, owner, contents).await? {
            return failed(vec![why]);
        }
        let period = match period::parse(contents.get("schedule")) {
            Ok(period) => period,
            Err(why) => return failed(vec![why.to_owned()]),
        };
        let planned = match self.planned(ctx, contents).await {
            Ok(planned) => planned,
            Err(why) => return failed(vec![INVALID.to_owned(), why]),
        };
        let new = NewRevision { contents, planned: &planned, most: acting.most, again: Again::Every(period), key: None };
        let starter = Starter::of(&ctx.principal)?;
        Ok(match self.revise(&ctx.actor(), &starter, &new).await? {
            Revised::Made(number) => {
                let spec = &planned.spec;
                Tried::Made { dataset: format!("{}/{}", spec.owner, spec.dataset), number }
            }
            Revised::TooMany(most) => Tried::Failed { dataset, errors: vec![too_many(most)] },
            Revised::Refused(why) => Tried::Failed { dataset, errors: vec![INVALID.to_owned(), why] },
        })
    }

    /// Takes the spec of a package once more, as whoever uploaded it. `key`: asked again with it, gives what was made before.
    pub(super) async fn upload_again(&self, ctx: &Ctx, contents: Object, key: String) -> Result<Tried> {
        let owner =
            contents.get("meta").and_then(|meta| meta.get("ownerid")).and_then(Json::as_str).unwrap_or_default().to_owned();
        if self.acts_for(ctx, &owner).await?.is_none() {
            return Err(Error::forbidden("forbidden: whoever uploaded it may not do so any more"));
        }
        let tried = match self.planned(ctx, &contents).await {
            Err(why) => Tried::Failed { dataset: None, errors: vec![INVALID.to_owned(), why] },
            Ok(planned) => {
                let (dataset, starter) = (format!("{owner}/{}", planned.spec.dataset), Starter::of(&ctx.principal)?);
                let new =
                    NewRevision { contents: &contents, planned: &planned, most: None, again: Again::AsItIs, key: Some(key) };
                match self.revise(&ctx.actor(), &starter, &new).await? {
                    Revised::Made(number) => Tried::Made { dataset, number },
                    Revised::TooMany(most) => Tried::Failed { dataset: Some(dataset), errors: vec![too_many(most)] },
                    Revised::Refused(why) => Tried::Failed { dataset: Some(dataset), errors: vec![INVALID.to_owned(), why] },
                }
            }
        };
        if let Tried::Failed { errors, .. } = &tried {
            let name = contents.get("meta").and_then(|meta| meta.get("dataset")).and_then(Json::as_str).unwrap_or_default();
            self.tell_failed_upload(ctx, &format!("{owner}/{name}"), errors).await;
        }
        Ok(tried)
    }

    /// Whether it would be one package more than the owner may have. Looked at first, for it comes before what takes longer; when the
    /// package is made it is looked at again.
    async fn exceeds_plan(&self, owner: &str, name: &str, most: u64) -> Result<bool> {
        let Some(project) = owner::project(&self.catalog, owner).await? else { return Ok(most == 0) };
        if self.catalog.find(Package::by_name(&project.meta.id, PackageKind::Spec, name)).await?.is_some() {
            return Ok(false);
        }
        let all = List::<Package>::all().only("project", &project.meta.id).only("kind", "spec").page(1, 0).with_total();
        Ok(self.catalog.list(&all).await?.total.unwrap_or_default() >= most)
    }

    /// Why the owner's plan has no room for it, whatever it will hold: his other packages hold as much as they may.
    async fn exceeds_storage(&self, ctx: &Ctx, owner: &str, contents: &Object) -> Result<Option<String>> {
        let whose = Whose::of(contents);
        let Some(room) = Room::of(ctx, owner, whose.findability) else { return Ok(None) };
        let all = match owner::project(&self.catalog, owner).await? {
            Some(project) => self.catalog.list(&storage::packages(&project.meta.id)).await?.items,
            None => Vec::new(),
        };
        let mine = all.iter().find(|package| package.name == whose.dataset).map_or("", |package| package.meta.id.as_str());
        Ok(room.check(&all, mine, 1).err().map(|error| error.message().to_owned()))
    }

    /// The number of the newest revision of the package, if it has not ended.
    pub(super) async fn under_way(&self, package: &str) -> Result<Option<i64>> {
        let last = List::<Revision>::all().only("package", package).order_by_desc("number").page(1, 0);
        let Some(last) = self.catalog.list(&last).await?.items.into_iter().next() else { return Ok(None) };
        let Some(job) = last.job.filter(|_| last.state.is_none()) else { return Ok(None) };
        let job = self.catalog.get::<datahall_catalog::Job>(&job).await?;
        Ok(job.filter(|job| !job.state.is_end()).map(|_| last.number))
    }
}

fn too_many(most: u64) -> String {
    format!("Max datasets for user exceeded plan limit ({most})")
}
