//! What may be told of a dataset beside its rows: nothing that depends on what is kept from the caller.

use super::Stated;
use crate::admission::Caller;
use crate::datasets::count_rows;
use crate::registry::{Entry, Generation};
use crate::{Ctx, Service};
use datahall_core::access::Verdict;
use datahall_core::engine::Handle;
use datahall_core::policy::RowAccess;
use datahall_core::privilege::Privilege;
use datahall_core::query::Expr;
use datahall_core::{Code, Error, Result};
use std::sync::atomic::Ordering;

/// In the place of why a load failed, which may quote what the source holds.
const FAILED: &str = "the last load failed; the server's log says why";

impl Service {
    /// How many rows there are for the caller, when that is known or can be found out: counting is a query like any other, and
    /// is not done while there are too many.
    pub(crate) async fn rows_seen(&self, ctx: &Ctx, generation: &Generation, handle: &Handle) -> Option<u64> {
        // How many a live table has is another number each time.
        if handle.policy.rows == RowAccess::All || handle.table.info().live {
            return handle.table.info().rows;
        }
        let counted = generation.count(&handle.policy);
        let count = counted.get_or_try_init(|| self.count_through(ctx, handle)).await;
        count.inspect_err(|error| tracing::debug!(?error, "rows could not be counted")).ok().copied()
    }

    async fn count_through(&self, ctx: &Ctx, handle: &Handle) -> Result<u64> {
        let _permit = self.admission.admit(&Caller::of(ctx))?;
        count_rows(&*self.engine, handle, Expr::default()).await
    }

    /// Why the last load failed, as far as the caller may read it: all of it where nothing is kept from him, or where he could
    /// have it all shown to him.
    pub(crate) fn why_failed(&self, ctx: &Ctx, entry: &Entry, stated: &Stated, why: Option<String>) -> Option<String> {
        let may_read = !stated.keeps_anything() || self.verdict(ctx, entry, Privilege::WritePolicy) == Verdict::Allowed;
        why.map(|why| if may_read { why } else { FAILED.to_owned() })
    }

    /// Whether the caller may know of it as far as it holds what one caller could see: a saved query over something that is
    /// not the same for all is there for its owner alone.
    pub(crate) fn may_share_view(&self, ctx: &Ctx, entry: &Entry) -> bool {
        let Some(statement) = entry.statement() else { return true };
        let own_view = statement.own_view.load(Ordering::Acquire) || !self.is_same_for_all(entry);
        !own_view || statement.maker.is(&ctx.principal)
    }

    /// Why the dataset cannot go: saved queries read it. Those that are somebody else's alone are not named.
    pub(crate) fn still_read(&self, ctx: &Ctx, entry: &Entry) -> Option<Error> {
        let readers = self.registry.dependents(entry);
        let (named, others): (Vec<_>, Vec<_>) = readers.into_iter().partition(|reader| self.sees(ctx, reader));
        let mut names: Vec<&str> = named.iter().map(|reader| reader.name.as_str()).collect();
        if !others.is_empty() {
            names.push("some of somebody else");
        }
        let why = format!("dataset '{}' is read by saved queries: {}", entry.name, names.join(", "));
        if names.is_empty() { None } else { Some(Error::new(Code::Conflict, why)) }
    }

    /// Whether everybody gets the same of it now, and of all that it reads.
    pub(crate) fn is_same_for_all(&self, entry: &Entry) -> bool {
        let reads_same =
            |name: &String| self.registry.known(&entry.home, name).is_some_and(|source| self.is_same_for_all(&source));
        entry.stated().is_same_for_all() && entry.depends_on().iter().all(reads_same)
    }
}
