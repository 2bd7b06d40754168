//! Reading the configuration file again, and registering what it has more than is live.

use super::register::as_refusal;
use crate::config::OnStart;
use crate::records::{Reconciled, reconcile};
use crate::registry::Entry;
use crate::{ConfigReload, Ctx, DatasetBlock, ReloadError, Service, Settings, State, home};
use datahall_core::{Error, Result};
use futures::StreamExt;
use std::path::Path;
use std::sync::Arc;

enum Outcome {
    Registered(String),
    Skipped(String),
    Failed(ReloadError),
}

impl Service {
    /// Registers every dataset of the file that is not live. What is live stays as it is; a dataset that could not be
    /// loaded so far is tried again, as the file describes it now.
    ///
    /// # Errors
    /// As [`Service::require_admin`]; `Invalid` when there is no file or it has an error, and nothing has changed then.
    pub async fn reload_config(&self, ctx: &Ctx) -> Result<ConfigReload> {
        self.require_admin(ctx)?;
        let path = self.config_path.clone();
        let path = path.ok_or_else(|| Error::invalid("invalid value: server has no on-disk config file to reload"))?;
        // In a task of its own: half a reload is nobody's wish when the caller goes away.
        let service = self.arc();
        let reload = tokio::spawn(async move { service.reload_file(&path).await });
        let answer = reload.await.map_err(Error::internal)??;
        self.note(ctx, "config.reload", "").await?;
        tracing::info!(principal = ctx.principal.label(), request_id = ctx.request_id, registered = ?answer.registered, "configuration reloaded");
        Ok(answer)
    }

    async fn reload_file(&self, path: &Path) -> Result<ConfigReload> {
        let _one = self.reloading_config.lock().await;
        let (file, environment) = (path.to_owned(), self.environment.clone());
        let settings = tokio::task::spawn_blocking(move || Settings::load(&file, &environment)).await.map_err(Error::internal)?;
        let settings = settings.map_err(|error| Error::invalid(error.message().replace('\n', "; ")))?;
        let reconciled = reconcile(&self.catalog, &settings.datasets, None).await?;
        self.reconcile_schedules(&settings.datasets, &reconciled, true).await?;
        let at_once = self.settings.server.startup.max_concurrent.clamp(1, 1024);
        // Each query after what it reads, and so one after the other.
        let ordered = self.in_loading_order(&settings.datasets)?.into_iter().cloned();
        let (queries, sources): (Vec<_>, Vec<_>) = ordered.partition(DatasetBlock::is_query);
        let add = |block: DatasetBlock| self.add(block, &reconciled);
        let sources = futures::stream::iter(sources).map(add).buffered(at_once);
        let mut outcomes = std::pin::pin!(sources.chain(futures::stream::iter(queries).then(add)));
        let mut answer = ConfigReload::default();
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Outcome::Registered(name) => answer.registered.push(name),
                Outcome::Skipped(name) => answer.skipped.push(name),
                Outcome::Failed(error) => answer.errors.push(error),
            }
        }
        Ok(answer)
    }

    async fn add(&self, block: DatasetBlock, reconciled: &Reconciled) -> Outcome {
        self.drop_expired();
        let name = block.name.clone();
        let old = self.registry.find(home::PROJECT, &name);
        if old.as_ref().is_some_and(|old| old.state() != State::Failed) {
            return Outcome::Skipped(name);
        }
        match self.add_new(&block, old.as_ref(), reconciled).await {
            Ok(true) => Outcome::Registered(name),
            Ok(false) => Outcome::Skipped(name),
            Err(error) => Outcome::Failed(ReloadError { dataset: name, error: error.message().to_owned() }),
        }
    }

    async fn add_new(&self, block: &DatasetBlock, old: Option<&Arc<Entry>>, reconciled: &Reconciled) -> Result<bool> {
        // Somebody else registers it right now: then it is his.
        let Ok(reservation) = self.registry.reserve_over(home::PROJECT, &block.name, old) else { return Ok(false) };
        let entry = Arc::new(self.configured_entry(block, reconciled)?);
        if entry.on_start() == Some(OnStart::Eager) {
            self.load(&entry, "manual").await.map_err(as_refusal)?;
        }
        reservation.fill(entry);
        // Whatever was stated of it since the file was read.
        self.authenticator.directory.policies_moved.notify_one();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, reader};

    fn dataset(name: &str, location: &str) -> String {
        format!("[[dataset]]\nname = '{name}'\nsource = {{kind='csv',location='{location}'}}\n")
    }

    fn write(fixture: &Fixture, text: &str) {
        std::fs::write(fixture.config.as_ref().unwrap(), text).unwrap();
    }

    #[tokio::test]
    async fn new_ones_are_registered_in_the_order_of_the_file_and_errors_do_not_stop_the_rest() {
        let fixture = Fixture::with(&dataset("live", "ok")).await;
        write(&fixture, &[dataset("z", "ok"), dataset("bad", "missing"), dataset("LIVE", "ok"), dataset("a", "ok")].concat());
        let answer = fixture.service.reload_config(&admin()).await.unwrap();
        assert_eq!(answer.registered, ["z", "a"]);
        assert_eq!(answer.skipped, ["LIVE"]);
        assert_eq!(answer.errors[0].dataset, "bad");
        assert!(answer.errors[0].error.contains("no such file"));
        assert_eq!(fixture.service.list(&reader()).await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn an_invalid_file_changes_nothing() {
        let fixture = Fixture::with(&dataset("live", "ok")).await;
        write(&fixture, &format!("{}[[dataset]]\nnam = 'x'\n", dataset("b", "ok")));
        let error = fixture.service.reload_config(&admin()).await.unwrap_err();
        assert!(error.message().contains("line 5") && error.code() == datahall_core::Code::Invalid, "{error:?}");
        assert_eq!(fixture.service.list(&reader()).await.unwrap().len(), 1);
        let memory = Fixture::new().await;
        let error = memory.service.reload_config(&admin()).await.unwrap_err();
        assert_eq!(error.message(), "invalid value: server has no on-disk config file to reload");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn reloads_at_once_register_each_dataset_in_exactly_one_answer() {
        let fixture = Fixture::with("").await;
        let names: Vec<String> = (0..6).map(|number| format!("d{number}")).collect();
        write(&fixture, &names.iter().map(|name| dataset(name, "slow")).collect::<String>());
        let admin = admin();
        let answers = futures::future::join_all((0..5).map(|_| fixture.service.reload_config(&admin))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        for name in &names {
            assert_eq!(answers.iter().filter(|answer| answer.registered.contains(name)).count(), 1);
            assert_eq!(answers.iter().filter(|answer| answer.skipped.contains(name)).count(), 4);
        }
    }

    #[tokio::test]
    async fn what_failed_at_the_start_is_tried_again_as_the_file_has_it_now() {
        let fixture = Fixture::with(&dataset("x", "missing")).await;
        write(&fixture, &dataset("x", "ok"));
        assert_eq!(fixture.service.reload_config(&admin()).await.unwrap().registered, ["x"]);
        assert_eq!(fixture.service.count(&reader(), "x", Default::default()).await.unwrap(), 3);
    }
}
