//! SQL over the datasets that the caller may see.

use crate::loading::Opened;
use crate::registry::Entry;
use crate::{Ctx, Service, SqlAnswer};
use datahall_core::engine::NamedHandle;
use datahall_core::{Code, Error, Result};
use std::sync::Arc;

/// The schema whose tables describe what the caller may see.
const CATALOGUE: &str = "information_schema.";

impl Service {
    /// Runs one read-only statement. At most `max_rows` rows come, and never more than `[sql] max_rows` and `[limits] max_result_rows`.
    /// It counts as a running query until its rows end or are dropped.
    ///
    /// # Errors
    /// `NotFound` when SQL is off; `Invalid` for anything but one permitted read of datasets the caller may see;
    /// `Unavailable` when one of them is not loaded; `Throttled` and `Unavailable` when too much is running; `Timeout`.
    pub async fn sql(&self, ctx: &Ctx, sql: &str, max_rows: Option<u64>) -> Result<SqlAnswer> {
        self.require_read(ctx)?;
        if !self.settings.sql.enabled {
            return Err(Error::not_found("not found: sql endpoint"));
        }
        let most = self.settings.sql.max_rows.max(1).min(self.settings.limits.result_rows().unwrap_or(u64::MAX));
        let max_rows = max_rows.unwrap_or(most).clamp(1, most);
        // Reading a statement costs more than most questions do: who comes too many is told before.
        self.require_room(ctx)?;
        let names = self.engine.tables_in(sql)?;
        let mut tables = Vec::new();
        for name in names.iter().filter(|name| !is_catalogue(name)) {
            let entry = self.table(ctx, name).await?;
            tables.push(NamedHandle { name: name.clone(), handle: self.rows_of(ctx, entry).await?.handle });
        }
        if names.iter().any(|name| is_catalogue(name)) {
            self.add_all_visible(ctx, &mut tables);
        }
        let permit = self.admit(ctx)?;
        let rows = permit.run(self.bounds(), self.engine.sql(sql, &tables, max_rows)).await?;
        Ok(SqlAnswer { rows, max_rows })
    }

    /// The dataset that a statement means by `name`.
    pub(crate) async fn table(&self, ctx: &Ctx, name: &str) -> Result<Arc<Entry>> {
        self.readable(ctx, name).await.map_err(|error| match error.code() {
            Code::NotFound => Error::invalid(format!("invalid value: unknown table: {name}")),
            _ => error,
        })
    }

    // What is not loaded has no columns to describe.
    fn add_all_visible(&self, ctx: &Ctx, tables: &mut Vec<NamedHandle>) {
        for entry in self.registry.everything() {
            let named = tables.iter().any(|table| table.name.eq_ignore_ascii_case(&entry.name));
            if named || entry.home.project() != ctx.home.project() || !self.may_read(ctx, &entry) {
                continue;
            }
            if let Some(current) = entry.current() {
                tables.push(NamedHandle { name: entry.name.clone(), handle: self.handle(ctx, &current) });
            }
        }
    }

    /// The datasets that a statement names, loaded.
    pub(crate) async fn tables(&self, ctx: &Ctx, names: &[String]) -> Result<Vec<(String, Opened)>> {
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            tables.push((name.clone(), self.rows_of(ctx, self.table(ctx, name).await?).await?));
        }
        Ok(tables)
    }
}

fn is_catalogue(name: &str) -> bool {
    name.get(..CATALOGUE.len()).is_some_and(|start| start.eq_ignore_ascii_case(CATALOGUE))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, reader};

    #[tokio::test]
    async fn names_are_found_in_any_case_and_the_cap_is_applied() {
        let fixture = Fixture::new().await;
        fixture.register("Events").await;
        let answer = fixture.service.sql(&reader(), "events", Some(0)).await.unwrap();
        assert_eq!(answer.max_rows, 1);
        assert_eq!(fixture.service.sql(&reader(), "EVENTS", Some(u64::MAX)).await.unwrap().max_rows, 100_000);
        let unknown = fixture.service.sql(&reader(), "events,nope", None).await.unwrap_err();
        assert_eq!(unknown.message(), "invalid value: unknown table: nope");
        assert_eq!(fixture.engine.last_tables(), ["EVENTS"]);
    }

    #[tokio::test]
    async fn the_catalogue_shows_all_that_is_visible() {
        let fixture = Fixture::new().await;
        fixture.register("a").await;
        fixture.register("b").await;
        fixture.service.sql(&reader(), "information_schema.tables,B", None).await.unwrap();
        assert_eq!(fixture.engine.last_tables(), ["B", "a"]);
    }

    #[tokio::test]
    async fn it_is_not_there_when_it_is_off() {
        let fixture = Fixture::with("[sql]\nenabled = false\n").await;
        assert_eq!(fixture.service.sql(&reader(), "x", None).await.unwrap_err().message(), "not found: sql endpoint");
    }
}
