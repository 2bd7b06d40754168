//! `GET /api/datasets` and `GET /api/datasets/available`: lists of datasets.

use super::detail::Summary;
use crate::dialects::platform::fault::{self, Fault};
use crate::dialects::platform::paging::{Paging, only, query};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;
use datahall_service::{DatasetFilter, DatasetOrder};
use serde_json::json;

const FILTERS: &[&str] = &["q", "sort"];
/// The longest text that is looked for, in characters.
const LONGEST: usize = 1000;

pub(in super::super) fn describe() -> Operation {
    describe_list(Operation::new("datasets", "list_organisation_datasets", "List the datasets of an organisation"))
        .about("Those of the organisation that the caller acts in, or that `X-Org-Id` names, as far as he may know of them.")
}

pub(in super::super) fn describe_available() -> Operation {
    describe_list(Operation::new("datasets", "list_available_datasets", "List the datasets that can be read as input"))
        .about("Those that the caller may read. A dataset that is shared with somebody is only there for those it is shared with, its owner and administrators.")
}

fn describe_list(operation: Operation) -> Operation {
    let operation = operation
        .query(
            "q",
            json!({"type": "string"}),
            "Only those with this text in name, title, description, tags or columns, in whatever case",
        )
        .query(
            "sort",
            json!({"type": "string", "default": "name", "examples": ["-row_count", "created_at:desc"]}),
            "`name`, `created_at`, `updated_at` or `row_count`; the greatest first as `-name` or `name:desc`",
        );
    Paging::describe(operation).answers(200, "PlatformDatasetList", "One page, and how many there are in all")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(list(call, false).await)
}

pub(in super::super) async fn available(call: Call) -> Result<Response> {
    fault::settle(list(call, true).await)
}

async fn list(call: Call, available: bool) -> Result<Response, Fault> {
    only(&call, FILTERS)?;
    let paging = Paging::of(&call)?;
    let (order, descending) = order(query(&call, "sort")?.as_deref())?;
    let text = query(&call, "q")?.filter(|text| !text.trim().is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST) {
        return Err(Fault::parameter("q", &format!("q: must not have more than {LONGEST} characters")));
    }
    let filter = DatasetFilter { text: text.map(|text| text.trim().to_owned()), order, descending, available };
    let page = call.service().datasets(&call.ctx, &filter, paging.limit, paging.offset).await?;
    paging.answer(page.total, page.items.into_iter().map(Summary::from).collect())
}

fn order(text: Option<&str>) -> Result<(DatasetOrder, bool), Fault> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok((DatasetOrder::Name, false)) };
    let (name, descending) = match (text.strip_prefix('-'), text.split_once(':')) {
        (Some(name), _) => (name, Some(true)),
        (None, Some((name, "desc"))) => (name, Some(true)),
        (None, Some((name, "asc"))) => (name, Some(false)),
        (None, Some((name, _))) => (name, None),
        (None, None) => (text, Some(false)),
    };
    let order = match name {
        "name" => Some(DatasetOrder::Name),
        "created_at" => Some(DatasetOrder::CreatedAt),
        "updated_at" => Some(DatasetOrder::UpdatedAt),
        "row_count" => Some(DatasetOrder::RowCount),
        _ => None,
    };
    order.zip(descending).ok_or_else(|| {
        Fault::parameter("sort", "sort: must be name, created_at, updated_at or row_count, with `-` before or `:desc` behind it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_and_others_refused() {
        for (text, wanted) in [
            (None, (DatasetOrder::Name, false)),
            (Some("-name"), (DatasetOrder::Name, true)),
            (Some("row_count:desc"), (DatasetOrder::RowCount, true)),
            (Some("created_at:asc"), (DatasetOrder::CreatedAt, false)),
            (Some("updated_at"), (DatasetOrder::UpdatedAt, false)),
        ] {
            assert_eq!(order(text).unwrap_or_else(|_| panic!("{text:?}")), wanted);
        }
        for text in ["size", "-", "name:down", "-name:desc", "Name", "--name"] {
            assert!(order(Some(text)).is_err_and(|fault| fault.wrong_parameter() == Some("sort")), "{text}");
        }
    }
}
