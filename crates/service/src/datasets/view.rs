//! A dataset as one caller sees it at one moment: what is asked of it afterwards is asked of the same rows.

use crate::governance::Meanings;
use crate::loading::Opened;
use crate::{Ctx, Service, State};
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use datahall_core::classify::{SemanticType, Shape};
use datahall_core::{Code, Error, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// A dataset as one caller sees it, with the rows that it had when it was looked up.
pub struct View {
    pub(crate) opened: Opened,
    /// What somebody said of its columns.
    pub(crate) meanings: Arc<Meanings>,
}

impl View {
    /// Its name, as registered.
    pub fn name(&self) -> &str {
        &self.opened.entry.name
    }

    /// The columns that the caller sees, as he sees them.
    pub fn schema(&self) -> SchemaRef {
        self.opened.handle.schema()
    }

    /// Whether the values of a column (spelt as in the schema) are kept from him.
    pub fn is_masked(&self, column: &str) -> bool {
        self.opened.handle.policy.mask(column).is_some()
    }

    /// What the values of a column (spelt as in the schema) mean, where its name or somebody says it.
    pub fn semantic_type(&self, column: &str) -> Option<SemanticType> {
        // By the type that the values have for everybody: a masked column still means what it means.
        let schema = &self.opened.handle.table.info().schema;
        let shape = schema.field_with_name(column).map(|field| Shape::of(field.data_type())).ok()?;
        self.meanings.by_name(column, shape).kind
    }

    /// The column that says of which time a row is, where somebody said which.
    pub fn time_column(&self) -> Option<String> {
        self.meanings.time_column.clone()
    }

    /// When the rows were loaded.
    pub fn refreshed_at(&self) -> DateTime<Utc> {
        self.opened.generation.loaded_at
    }

    /// Names what `question` answers here, without quotes; `None` where the same question may be answered otherwise next time.
    pub fn etag(&self, question: &dyn Debug) -> Option<String> {
        self.opened.etag(question)
    }
}

impl Service {
    /// Looks a dataset up for reading.
    ///
    /// # Errors
    /// As [`Service::require_read`]; `NotFound`; `Forbidden` without READ_DATA on it; `Unavailable` while it is not loaded, which
    /// [is of the source](Error::is_of_source) when that could not be opened.
    pub async fn view(&self, ctx: &Ctx, name: &str) -> Result<View> {
        self.require_read(ctx)?;
        let entry = self.readable(ctx, name).await?;
        let opened = self
            .rows_of(ctx, entry.clone())
            .await
            .map_err(|error| if entry.state() == State::Failed { error.of_source() } else { error })?;
        self.view_of(opened).await
    }

    /// The same of what was opened already.
    pub(crate) async fn view_of(&self, opened: Opened) -> Result<View> {
        let meanings = self.meanings(&opened.entry).await?;
        Ok(View { opened, meanings })
    }
}

/// What the engine could not reach is the source; whether the caller may read at all was found out before.
pub(crate) fn away(error: Error) -> Error {
    if error.code() == Code::Unavailable { error.of_source() } else { error }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, block, reader};
    use datahall_core::Code;

    #[tokio::test]
    async fn a_view_shows_what_its_caller_sees() {
        let fixture = Fixture::new().await;
        let body =
            r#"{"name":"m","source":{"kind":"csv","location":"ok"},"masks":{"kind":{"strategy":"full"},"v":{"hidden":true}}}"#;
        fixture.register_block(block(body)).await.unwrap();
        let view = fixture.service.view(&reader(), "M").await.unwrap();
        let names: Vec<_> = view.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(
            (view.name(), names, view.is_masked("kind"), view.is_masked("id")),
            ("m", vec!["id".into(), "kind".into()], true, false)
        );
        let again = fixture.service.view(&reader(), "m").await.unwrap();
        assert_eq!(view.etag(&"x"), again.etag(&"x"));
        assert_ne!(view.etag(&"x"), view.etag(&"y"));
    }

    #[tokio::test]
    async fn a_source_that_could_not_be_opened_is_told_apart() {
        let fixture = Fixture::with("[[dataset]]\nname = 'gone'\nsource = {kind='csv',location='unreachable'}\n").await;
        let error = fixture.service.view(&reader(), "gone").await.err().unwrap();
        assert_eq!((error.code(), error.is_of_source()), (Code::Unavailable, true));
        let error = fixture.service.view(&reader(), "nope").await.err().unwrap();
        assert_eq!((error.code(), error.is_of_source()), (Code::NotFound, false));
    }
}
