//! `GET /api/datasets/{name}/shares`.

use super::share::Share;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::paging::{Paging, only};
use crate::dialects::platform::settings;
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super::super) fn describe() -> Operation {
    let operation = Operation::new("datasets", "list_shares", "List with whom a dataset is shared").about("The oldest first.");
    Paging::describe(operation).answers(200, "ShareList", "The shares")
}

pub(in super::super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(list(call).await)
}

async fn list(mut call: Call) -> Result<Response, Fault> {
    let name = call.path_parameter().await?;
    let shares = call.service().shares(&call.ctx, &name).await;
    let shares = shares.map_err(|error| settings::answer::fault(error, "dataset.read", &name))?;
    only(&call, &[])?;
    let paging = Paging::of(&call)?;
    let total = shares.len() as u64;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page = shares.into_iter().skip(count(paging.offset)).take(count(paging.limit));
    paging.answer(Some(total), page.map(Share::from).collect())
}
