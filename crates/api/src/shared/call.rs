//! One request on its way through a route: what the handler of an operation works with.

use super::metrics::Endpoint;
use super::rows::Deadline;
use super::{body, json};
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use bytes::Bytes;
use datahall_core::clock::Clock;
use datahall_core::{Error, Result};
use datahall_service::{Ctx, Service, Settings};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

use super::ids::RequestIds;

/// What all requests share.
pub(crate) struct App {
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: RequestIds,
    /// The longest a request may take.
    pub(crate) timeout: Option<Duration>,
    /// The counters of every route.
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// The OpenAPI document as it is served.
    pub(crate) openapi: Bytes,
}

/// One request whose sender has been judged.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    /// Who asks.
    pub(crate) ctx: Ctx,
    /// Everything but the body.
    pub(crate) parts: Parts,
    /// The body, unread.
    pub(crate) body: Body,
    /// Until when the answer must be sent.
    pub(crate) deadline: Deadline,
}

impl Call {
    /// The use cases.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.app.service
    }

    /// The configuration.
    pub(crate) fn settings(&self) -> &Settings {
        self.app.service.settings()
    }

    /// The one parameter in the path, as `{name}`.
    ///
    /// # Errors
    /// `Invalid` when it is not UTF-8.
    pub(crate) async fn path_parameter(&mut self) -> Result<String> {
        let Path(name) = Path::<String>::from_request_parts(&mut self.parts, &())
            .await
            .map_err(|error| Error::invalid("invalid path: not UTF-8").with_detail(error))?;
        Ok(name)
    }

    /// The two parameters in the path, in its order.
    ///
    /// # Errors
    /// `Invalid` when one of them is not UTF-8.
    pub(crate) async fn path_parameters(&mut self) -> Result<(String, String)> {
        let Path(names) = Path::<(String, String)>::from_request_parts(&mut self.parts, &())
            .await
            .map_err(|error| Error::invalid("invalid path: not UTF-8").with_detail(error))?;
        Ok(names)
    }

    /// The last value of a parameter of the query string.
    ///
    /// # Errors
    /// `Invalid` when the query string cannot be read.
    pub(crate) fn query_parameter(&self, name: &str) -> Result<Option<String>> {
        if self.parts.uri.query().is_none_or(str::is_empty) {
            return Ok(None);
        }
        Ok(self.parameters()?.into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value))
    }

    /// The first parameter of the query string that is none of `known`.
    ///
    /// # Errors
    /// As [`Call::query_parameter`].
    pub(crate) fn unknown_parameter(&self, known: &[&str]) -> Result<Option<String>> {
        Ok(self.parameters()?.into_iter().map(|(key, _)| key).find(|key| !known.contains(&key.as_str())))
    }

    /// The parameters of the query string as they came.
    ///
    /// # Errors
    /// As [`Call::query_parameter`].
    pub(crate) fn parameters(&self) -> Result<Vec<(String, String)>> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri)
            .map_err(|error| Error::invalid("invalid query string").with_detail(error))?;
        Ok(pairs)
    }

    /// The body, which must be JSON, as bytes.
    ///
    /// # Errors
    /// `TooLarge` beyond `[server] max_body_bytes`; `Invalid` for another content type.
    pub(crate) async fn json_bytes(&mut self) -> Result<Bytes> {
        let limit = self.settings().server.max_body_bytes;
        body::read_json(&self.parts.headers, std::mem::take(&mut self.body), limit).await
    }

    /// The body, as bytes of whatever content type.
    ///
    /// # Errors
    /// `TooLarge` beyond `[server] max_body_bytes`.
    pub(crate) async fn bytes(&mut self) -> Result<Bytes> {
        let limit = self.settings().server.max_body_bytes;
        body::read(&self.parts.headers, std::mem::take(&mut self.body), limit).await
    }

    /// The body, which must be one JSON object.
    ///
    /// # Errors
    /// As [`Call::json_bytes`]; `Invalid` saying where the object is wrong.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        json::parse(&self.json_bytes().await?)
    }
}
