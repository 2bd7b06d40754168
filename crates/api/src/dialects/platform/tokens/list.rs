//! `GET /api/auth/tokens`: the API keys that go on, without what proves them.

use super::token::Token;
use crate::dialects::platform::{
    fault,
    fault::Fault,
    paging::{Paging, only},
};
use crate::shared::call::Call;
use crate::shared::openapi::Operation;
use axum::response::Response;
use datahall_core::Result;

pub(in super::super) fn describe() -> Operation {
    let operation = Operation::new("accounts", "list_tokens", "List the tokens");
    Paging::describe(operation.about(
        "Newest first: all of them for an administrator of the instance, those of his organisation for its administrator.",
    ))
    .answers(200, "TokenList", "The tokens that were not revoked")
}

pub(in super::super) async fn handle(call: Call) -> Result<Response> {
    fault::settle(list(call).await)
}

async fn list(call: Call) -> Result<Response, Fault> {
    only(&call, &[])?;
    let paging = Paging::of(&call)?;
    let page = call.service().list_keys(&call.ctx, paging.limit, paging.offset).await?;
    paging.answer(page.total, page.items.into_iter().map(Token::from).collect())
}
