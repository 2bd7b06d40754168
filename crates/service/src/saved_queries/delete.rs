//! Deleting a saved query.

use crate::loading::not_found;
use crate::{Ctx, Service};
use datahall_core::{Error, Result};

impl Service {
    /// Deletes a saved query; gives its name as it was saved.
    ///
    /// # Errors
    /// As [`Service::require_manage`]; `NotFound`; `Forbidden` for a dataset that is no saved query; `Conflict` when
    /// another saved query reads it, or it stands in a file beside other datasets.
    pub async fn delete_saved_query(&self, ctx: &Ctx, name: &str) -> Result<String> {
        self.require_manage(ctx)?;
        let entry = self.find(ctx, name).await?;
        if entry.statement().is_none() {
            return Err(Error::forbidden(format!("forbidden: dataset '{}' is not a saved query", entry.name)));
        }
        if let Some(error) = self.still_read(ctx, &entry) {
            return Err(error);
        }
        if entry.on_start().is_some() {
            // In a task of its own: file, record and dataset go together, also when the caller goes away.
            let (service, ctx_of_it, gone) = (self.arc(), ctx.clone(), entry.clone());
            let drop = tokio::spawn(async move {
                service.drop_query(&ctx_of_it, &gone).await?;
                service.drop_rows(gone);
                Ok::<_, Error>(())
            });
            drop.await.map_err(Error::internal)??;
        }
        if !self.registry.remove(&entry) {
            return Err(not_found(name));
        }
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, query = entry.name, "saved query deleted");
        Ok(entry.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::SavedQueryRequest;
    use crate::testing::{Fixture, admin, reader};
    use datahall_core::Code;

    #[tokio::test]
    async fn only_saved_queries_that_nothing_reads_go() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        for body in [r#"{"name":"Q","sql":"e"}"#, r#"{"name":"r","sql":"q"}"#] {
            fixture
                .service
                .create_saved_query(&admin(), SavedQueryRequest::from_json(body.as_bytes()).unwrap(), true)
                .await
                .unwrap();
        }
        let refusal = async |name: &str| fixture.service.delete_saved_query(&admin(), name).await.unwrap_err().code();
        assert_eq!(refusal("e").await, Code::Forbidden);
        assert_eq!(refusal("nope").await, Code::NotFound);
        assert_eq!(refusal("q").await, Code::Conflict);
        assert_eq!(fixture.service.unregister(&admin(), "e").await.unwrap_err().code(), Code::Conflict);
        assert_eq!(fixture.service.delete_saved_query(&reader(), "r").await.unwrap_err().code(), Code::Forbidden);
        assert_eq!(fixture.service.delete_saved_query(&admin(), "r").await.unwrap(), "r");
        assert_eq!(fixture.service.delete_saved_query(&admin(), "q").await.unwrap(), "Q");
    }
}
