//! A saved query as an entry of the registry: what it reads, whose rights it has, who may see its rows.

use super::keeping::Keeping;
use crate::Service;
use crate::auth::Starter;
use crate::config::{DatasetBlock, OnStart, check_duration, order};
use crate::home::Home;
use crate::policies::Stated;
use crate::registry::{Entry, Origin, SavedStatement};
use datahall_core::policy::ColumnChoice;
use datahall_core::{Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long after what it reads a query is loaded anew, unless it says.
const DEBOUNCE: Duration = Duration::from_secs(5);

impl Service {
    /// Sources first, then queries, each after what it reads.
    ///
    /// # Errors
    /// As [`Service::in_order`].
    pub(crate) fn in_loading_order<'a>(&self, blocks: &'a [DatasetBlock]) -> Result<Vec<&'a DatasetBlock>> {
        let (queries, mut all): (Vec<_>, Vec<_>) = blocks.iter().partition(|block| block.is_query());
        all.extend(self.in_order(&queries)?);
        Ok(all)
    }

    /// Blocks of kind `query`, each after those it reads.
    ///
    /// # Errors
    /// `Invalid` for statements that cannot be read, and for queries that read themselves.
    fn in_order<'a>(&self, queries: &[&'a DatasetBlock]) -> Result<Vec<&'a DatasetBlock>> {
        let read = |block: &&DatasetBlock| {
            let context = |error: Error| error.context(format!("dataset '{}'", block.name));
            Ok((block.name.clone(), self.engine.tables_in(sql(block)).map_err(context)?))
        };
        let reads = queries.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(order(&reads)?.into_iter().map(|at| queries[at]).collect())
    }

    /// The entry of a block of kind `query`; what it reads should have its entry already.
    ///
    /// # Errors
    /// `Invalid` for a statement that cannot be read, or that reads something else than the block says.
    pub(crate) fn query_entry(&self, block: &DatasetBlock) -> Result<Entry> {
        block.check(&self.environment)?;
        let names = self.engine.tables_in(sql(block))?;
        let found: Vec<Option<Arc<Entry>>> = names.iter().map(|name| self.registry.known(&Home::default(), name)).collect();
        let depends_on: Vec<String> = names
            .iter()
            .zip(&found)
            .map(|(name, entry)| entry.as_ref().map_or_else(|| name.clone(), |entry| entry.name_at(&Home::default())))
            .collect();
        check_stated(block.source.depends_on.as_deref(), &depends_on)?;
        let refresh = block.refresh.clone().unwrap_or_default();
        let debounce = refresh.debounce.as_deref().map(check_duration).transpose()?;
        let origin = Origin::Statement(Box::new(SavedStatement {
            sql: sql(block).to_owned(),
            depends_on,
            options: block.read_options(),
            sort_by: block.materialize.clone().and_then(|materialize| materialize.sort_by).unwrap_or_default(),
            keeping: Keeping::of(&block.materialize.clone().unwrap_or_default()),
            // Whoever writes the file may do anything.
            maker: block.made_by.clone().unwrap_or(Starter::Admin),
            // What is not there yet is found out when it runs.
            own_view: AtomicBool::new(found.iter().any(|entry| entry.as_ref().is_none_or(|entry| !self.is_same_for_all(entry)))),
            expires_at: None,
            on_start: Some(block.on_start.unwrap_or(OnStart::Eager)),
            after_upstream: (refresh.on_upstream_reload == Some(true)).then(|| debounce.unwrap_or(DEBOUNCE)),
        }));
        let sources: Option<Vec<_>> = found.into_iter().collect();
        // Of what is not there nobody knows who may see it.
        let (policy, private) = match &sources {
            Some(sources) => (inherited(sources), sources.iter().any(|source| self.is_private(source))),
            None => (restricted(), true),
        };
        let private = private || block.visibility == Some(crate::config::Visibility::Private);
        Ok(Entry::new(Home::default(), block.name.clone(), origin, Stated { private, ..policy }, &*self.random))
    }
}

fn sql(block: &DatasetBlock) -> &str {
    block.source.sql.as_deref().unwrap_or_default()
}

/// Refuses dependencies that are stated and not those that there are.
pub(super) fn check_stated(stated: Option<&[String]>, reads: &[String]) -> Result<()> {
    let folded = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    if stated.is_some_and(|stated| folded(stated) != folded(reads)) {
        return Err(Error::invalid("invalid value: depends_on: is not what the statement reads (it may be left out)"));
    }
    Ok(())
}

/// A column that predicates may not name could come under any name: then predicates may name none.
pub(super) fn inherited(sources: &[Arc<Entry>]) -> Stated {
    let some = sources.iter().any(|source| source.stated().filterable != ColumnChoice::All);
    if some { restricted() } else { Stated::default() }
}

fn restricted() -> Stated {
    Stated { filterable: ColumnChoice::Include(Vec::new()), ..Stated::default() }
}
