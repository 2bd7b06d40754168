//! Appending a dataset's block to the configuration file. It is not loaded, and its source need not be there yet.

use crate::auth::Starter;
use crate::{Ctx, DatasetBlock, Service, config};
use datahall_core::{Error, Result};
use std::path::PathBuf;

impl Service {
    /// Appends the block, durably; gives the absolute path of the file.
    ///
    /// # Errors
    /// As [`Service::require_admin`]; `Invalid` when there is no file, for a bad block, and for a name the file has already.
    pub async fn persist(&self, ctx: &Ctx, mut block: DatasetBlock) -> Result<PathBuf> {
        self.require_admin(ctx)?;
        let path = self.config_path.clone();
        let path = path.ok_or_else(|| Error::invalid("invalid value: server has no on-disk config file to append to"))?;
        block.check(&self.environment)?;
        if block.is_query() {
            block.made_by = Some(Starter::of(&ctx.principal)?);
        }
        // Taken along into the task, which goes on when the caller goes away.
        let one = self.persisting.clone().lock_owned().await;
        let (environment, suffix, name) = (self.environment.clone(), self.unique_suffix(), block.name.clone());
        let file = path.clone();
        let append = tokio::task::spawn_blocking(move || {
            let outcome = config::append(&file, &block, &environment, &suffix);
            drop(one);
            outcome
        });
        append.await.map_err(Error::internal)??;
        self.note(ctx, "dataset.persist", &name).await?;
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, dataset = name, "dataset persisted");
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, block};

    #[tokio::test]
    async fn without_a_file_there_is_nothing_to_append_to() {
        let fixture = Fixture::new().await;
        let error =
            fixture.service.persist(&admin(), block(r#"{"name":"e","source":{"kind":"csv","location":"x"}}"#)).await.unwrap_err();
        assert_eq!(error.message(), "invalid value: server has no on-disk config file to append to");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn persists_at_once_each_put_their_block_in_once() {
        let fixture = Fixture::with("# mine").await;
        let persist = |number: usize| {
            let body = format!(r#"{{"name":"d{}","source":{{"kind":"csv","location":"not there yet"}}}}"#, number % 8);
            let service = fixture.service.clone();
            async move { service.persist(&admin(), block(&body)).await }
        };
        let outcomes = futures::future::join_all((0..16).map(persist)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 8);
        assert!(outcomes.iter().flatten().all(|path| path.is_absolute()));
        let text = std::fs::read_to_string(fixture.config.as_ref().unwrap()).unwrap();
        assert!(text.starts_with("# mine\n[[dataset]]\n"));
        for number in 0..8 {
            assert_eq!(text.matches(&format!("name = \"d{number}\"")).count(), 1, "{text}");
        }
        assert!(fixture.service.list(&admin()).await.unwrap().is_empty());
    }
}
