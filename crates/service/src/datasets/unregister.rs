//! Taking a dataset off that was registered while the server runs. Its source is not touched.

use crate::{Ctx, Service};
use datahall_core::{Code, Error, Result};

impl Service {
    /// Takes the dataset off; queries in flight finish on its rows.
    ///
    /// # Errors
    /// As [`Service::require_admin`]; `NotFound`; `Conflict` when it stands in the configuration file or was made through an API that keeps
    /// datasets, or saved queries read it.
    pub async fn unregister(&self, ctx: &Ctx, name: &str) -> Result<()> {
        self.require_admin(ctx)?;
        let entry = self.find(ctx, name).await?;
        let conflict = |why: String| Err(Error::new(Code::Conflict, why));
        if entry.on_start().is_some() {
            return conflict(format!("dataset '{}' stands in the configuration file: remove it there", entry.name));
        }
        if entry.of_record().is_some() {
            return conflict(format!("dataset '{}' is kept in the catalog: delete it where datasets are made", entry.name));
        }
        if let Some(error) = self.still_read(ctx, &entry) {
            return Err(error);
        }
        let (service, ctx_of_it, gone) = (self.arc(), ctx.clone(), entry.clone());
        let remove = tokio::spawn(async move {
            service.record_unregistration(&ctx_of_it, &gone, None).await?;
            Ok::<_, Error>(service.registry.remove(&gone))
        });
        if !remove.await.map_err(Error::internal)?? {
            return Err(crate::loading::not_found(name));
        }
        tracing::info!(
            principal = ctx.principal.label(),
            request_id = ctx.request_id,
            dataset = entry.name,
            "dataset unregistered"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};
    use datahall_core::Code;

    #[tokio::test]
    async fn a_registered_dataset_goes_and_a_configured_one_stays() {
        let fixture = Fixture::with("[[dataset]]\nname = 'c'\nsource = {kind='csv',location='ok'}\n").await;
        fixture.register("e").await;
        fixture.service.unregister(&admin(), "E").await.unwrap();
        assert_eq!(fixture.service.unregister(&admin(), "e").await.unwrap_err().code(), Code::NotFound);
        assert_eq!(fixture.service.unregister(&admin(), "c").await.unwrap_err().code(), Code::Conflict);
        assert_eq!(fixture.service.list(&reader()).await.unwrap().len(), 1);
    }
}
