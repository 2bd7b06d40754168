//! The table with versions behind a dataset.

use crate::registry::{Entry, Origin};
use crate::{Ctx, Service};
use datahall_catalog::AuditEntry;
use datahall_core::dataset::{DatasetSpec, IndexOptions, Source};
use datahall_core::engine::Access;
use datahall_core::lake::{NO_VERSIONS, Provenance};
use datahall_core::{Code, Error, Result};
use serde_json::Value;
use tokio::sync::MutexGuard;

/// The table with versions behind a dataset.
pub(super) struct Versioned {
    spec: DatasetSpec,
    /// As it is.
    pub(super) source: Source,
    pub(super) access: Access,
}

impl Versioned {
    /// What is opened of a version: not taken into memory, for it is seldom asked for.
    pub(super) fn at(&self, version: u64) -> Result<DatasetSpec> {
        let source = self.source.at(Some(version)).ok_or_else(|| Error::internal("a table with versions has none"))?;
        let mut spec = DatasetSpec { source, ..self.spec.clone() };
        spec.options.lazy = true;
        spec.options.index = IndexOptions::default();
        Ok(spec)
    }

    /// The dataset's name.
    pub(super) fn name(&self) -> &str {
        &self.spec.name
    }

    /// The source's own name of a column.
    pub(super) fn own_name<'a>(&'a self, column: &'a str) -> &'a str {
        let renamed = self.spec.options.rename.iter().find(|(_, new)| new.eq_ignore_ascii_case(column));
        renamed.map_or(column, |(old, _)| old)
    }

    /// What the engine says of the table, as it is said of the dataset.
    pub(super) fn explain(&self, error: Error) -> Error {
        let connected = matches!(self.source, Source::Connected { .. });
        match error.code() {
            _ if error.reason().is_some() => error,
            // What lies behind a connection may be of any kind.
            Code::Invalid if connected => none(&self.spec.name).with_detail(error),
            Code::NotFound => none(&self.spec.name).with_detail(error),
            // It was a table when it was registered, and what is asked for was found to be right: the table is away or broken. Where it
            // lies is not for every reader.
            Code::Invalid => {
                let why = format!("the table of dataset '{}' cannot be read", self.spec.name);
                Error::new(Code::Unavailable, why).of_source().with_detail(error)
            }
            Code::Unavailable => error.of_source(),
            _ => error,
        }
    }
}

fn none(name: &str) -> Error {
    Error::new(Code::Conflict, format!("dataset '{name}' is no Delta table: it has no versions")).because(NO_VERSIONS)
}

impl Service {
    /// The table with versions behind the dataset.
    ///
    /// # Errors
    /// `Conflict` when there is none: rows of an outside system that are kept here have no versions of their own; `Unavailable` when
    /// its connection is gone.
    pub(super) async fn versioned(&self, entry: &Entry) -> Result<Versioned> {
        let (spec, access) = match &entry.origin {
            Origin::Source { spec, access, .. } => ((**spec).clone(), access.clone()),
            Origin::Record(of) if of.cache.is_none() => self.spec_of(entry, of).await?,
            Origin::Record(_) | Origin::Statement(_) => return Err(none(&entry.name)),
        };
        let source = spec.source.at(None).ok_or_else(|| none(&entry.name))?;
        Ok(Versioned { spec, source, access })
    }

    /// Keeps other upkeep of the dataset off as long as this is held.
    ///
    /// # Errors
    /// `Conflict` when some goes on.
    pub(super) fn alone<'a>(&self, entry: &'a Entry) -> Result<MutexGuard<'a, ()>> {
        let busy = |_| {
            let why = format!("dataset '{}' is being kept up by another request; try again", entry.name);
            Error::new(Code::Conflict, why).retry_after(2)
        };
        entry.upkeep.try_lock().map_err(busy)
    }

    /// Notes in the audit log what was done to the table.
    pub(super) async fn note_upkeep(&self, ctx: &Ctx, action: &str, entry: &Entry, detail: Value) -> Result<()> {
        let object = entry.record.get().unwrap_or(&entry.name);
        let note = AuditEntry::new(action).on("dataset", object).detail(detail).organisation(entry.home.organisation());
        self.catalog.record(&ctx.actor(), note).await
    }
}

/// Whose work it is, as the table's log says it.
pub(super) fn provenance(ctx: &Ctx) -> Provenance {
    Provenance { user: ctx.actor().principal, ..Provenance::default() }
}
