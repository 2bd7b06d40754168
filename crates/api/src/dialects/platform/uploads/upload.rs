//! `POST /api/datasets/file/upload`.

use super::{answer, fields, form, refused};
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::settings;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use crate::shared::reply;
use axum::http::StatusCode;
use axum::response::Response;
use datahall_core::{Code, Error, Result};
use datahall_formats::ingest::Hints;
use datahall_service::{NewUpload, OnError, Purpose, dataset_name};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The fields beside those that say how the file is to be read.
pub(super) const OWN: &[&str] = &["name", "description", "friendly_name", "tags", "replace", "on_error", "settings"];

pub(super) fn example() -> Value {
    json!({"file": "id,name\n1,Ada\n2,Grace\n", "name": "people", "types": "{\"id\":\"int64\"}"})
}

pub(in super::super) fn describe() -> Operation {
    Operation::new("datasets", "upload_file", "Make a dataset of a file")
        .about(
            "The file is read as `/api/datasets/file/preview` does it and becomes one version of a table of the server's own; with \
             `replace=true`, the next version of the dataset of that name, if there is one. Its masks and other settings stay then, so \
             `settings` is for new datasets only. When rows are wrong nothing is made and they are told in `reports`; with \
             `on_error=skip` the others are taken and the wrong ones told in the answer. Send `name` and `replace` before `file`.",
        )
        .form("FileUploadForm", example())
        .answers(201, "UploadedDataset", "The dataset")
        .fails(409, "The name is taken (`dataset_name_taken`)")
        .fails(413, "The file is too long, or holds or unpacks to more than is taken (`file_too_large`)")
        .fails(415, "The body is no form, or the file is of no type that is taken, or not of the type its name says (`unsupported_file_type`)")
        .fails(422, "A field is wrong (`invalid_request`), or the file cannot be read or has wrong rows (`invalid_file`)")
        .fails(507, "There is no space left for the file")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(upload(call).await)
}

async fn upload(mut call: Call) -> Result<Response, Fault> {
    let received = form::receive(&mut call, Purpose::Create).await?;
    let known = [&Hints::FIELDS[..], OWN].concat();
    let (service, ctx) = (call.service().clone(), call.ctx.clone());
    let form = form::read(&mut call, received, &known, move |texts| {
        // Who said by now that nothing is to be replaced need not send the file to hear that the name is taken.
        let (name, replace) = (fields::text(texts, "name"), texts.get("replace").map(|_| fields::truth(texts, "replace")));
        let (service, ctx) = (service.clone(), ctx.clone());
        Box::pin(async move {
            let Some(name) = name.map(|name| dataset_name(&name)).transpose()? else { return Ok(()) };
            match replace.transpose()? {
                Some(false) => service.require_free(&ctx, &name).await.map_err(taken),
                _ => Ok(()),
            }
        })
    });
    let form = form.await?;
    let new = wanted(&form.texts, form.received.name())?;
    match call.service().create_upload(&call.ctx, form.received, new).await {
        Ok(uploaded) => Ok(reply::json_with(StatusCode::CREATED, &answer::Uploaded::from(uploaded))?),
        Err(refused) => refused::answer(refused),
    }
}

fn taken(error: Error) -> Fault {
    match error.code() {
        Code::Conflict => Fault::coded(StatusCode::CONFLICT, "dataset_name_taken", error),
        _ => error.into(),
    }
}

/// What the form says of the dataset; the file's name is its name by default.
fn wanted(texts: &BTreeMap<String, String>, file_name: &str) -> Result<NewUpload, Fault> {
    let given = fields::text(texts, "name");
    let name = match &given {
        Some(name) => dataset_name(name)?,
        None => {
            let hint = |error: Error| Error::invalid(format!("{}, and the file's name is none: send a name", error.message()));
            dataset_name(stem(file_name)).map_err(hint)?
        }
    };
    let on_error = match fields::text(texts, "on_error").as_deref() {
        None | Some("fail" | "refuse") => OnError::Refuse,
        Some("skip") => OnError::Skip,
        Some(_) => return Err(Error::invalid("on_error: must be fail or skip").into()),
    };
    let policy = match fields::text(texts, "settings") {
        Some(text) => Some(settings::of_text(&text).map_err(|error| error.context("settings"))?),
        None => None,
    };
    Ok(NewUpload {
        name,
        hints: fields::hints(texts)?,
        on_error,
        replace: fields::truth(texts, "replace")?,
        description: fields::text(texts, "description"),
        friendly_name: fields::text(texts, "friendly_name"),
        tags: fields::words(texts, "tags")?,
        policy,
    })
}

/// A file's name without its ending and that of its compression.
fn stem(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    let packed = [".gz", ".gzip", ".zst", ".zstd", ".zip"].iter().find(|ending| lower.ends_with(**ending));
    let name = &name[..name.len() - packed.map_or(0, |ending| ending.len())];
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn the_stem_of_a_name() {
        for (name, expected) in [("a.csv", "a"), ("a.b.csv.gz", "a.b"), ("a.zip", "a"), ("a", "a"), ("a.CSV.GZ", "a")] {
            assert_eq!(stem(name), expected);
        }
    }
}
