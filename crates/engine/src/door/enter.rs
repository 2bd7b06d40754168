//! Entering a table with a policy.

use super::Restricted;
use crate::engine::DataFusionEngine;
use crate::errors::from_datafusion;
use crate::memory;
use crate::resident::{Loaded, Resident, load};
use crate::table::{Data, OpenTable};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use datafusion::physical_plan::execute_stream;
use datahall_core::engine::{Handle, TableInfo};
use datahall_core::policy::{ReadPolicy, RowAccess};
use datahall_core::{Error, Result};
use std::ops::Deref;
use std::sync::Arc;

/// A table as it may be read: itself, or a view of it.
pub(crate) enum Seen<'a> {
    Whole(&'a OpenTable, &'a Arc<ReadPolicy>),
    View(Arc<View>),
}

/// A table made for those with one policy.
pub(crate) struct View {
    table: OpenTable,
    /// What is left of the policy: predicates.
    policy: Arc<ReadPolicy>,
}

impl Seen<'_> {
    /// What of the table is still to be hidden, or kept out of predicates.
    pub(crate) fn policy(&self) -> &Arc<ReadPolicy> {
        match self {
            Self::Whole(_, policy) => policy,
            Self::View(view) => &view.policy,
        }
    }

    /// The columns that are seen.
    pub(crate) fn visible(&self) -> SchemaRef {
        self.policy().visible_schema(&self.info.schema)
    }
}

impl Deref for Seen<'_> {
    type Target = OpenTable;

    fn deref(&self) -> &OpenTable {
        match self {
            Self::Whole(table, _) => table,
            Self::View(view) => &view.table,
        }
    }
}

impl DataFusionEngine {
    /// What plans over `tables` run with: all threads; one partition when one of them is a view, since what floats come to
    /// depends on which partition ends first, and that on the rows left out.
    pub(crate) fn state_for<'a>(&self, tables: impl IntoIterator<Item = &'a Seen<'a>>) -> SessionState {
        let views = tables.into_iter().any(|seen| matches!(seen, Seen::View(_)));
        if views { self.ordered.clone() } else { self.parallel.state() }
    }

    /// What `handle` lets be seen.
    ///
    /// # Errors
    /// `Invalid` when the row filter does not suit the table; what reading it gives, when the view is made of its rows.
    pub(crate) async fn enter<'a>(&self, handle: &'a Handle) -> Result<Seen<'a>> {
        let table = OpenTable::of(handle)?;
        if !handle.policy.alters_rows() {
            return Ok(Seen::Whole(table, &handle.policy));
        }
        table.views.get(&handle.policy, self.view(table, &handle.policy)).await.map(Seen::View)
    }

    async fn view(&self, table: &OpenTable, policy: &Arc<ReadPolicy>) -> Result<View> {
        let restricted = Arc::new(Restricted::new(&self.ordered, table.provider(), policy)?);
        let resident = match &table.data {
            Data::Lazy(_) => None,
            Data::Resident(whole) if policy.rows == RowAccess::All => self.masked(whole, table, policy).await?,
            Data::Resident(_) => self.copied(&restricted, table).await?,
        };
        let schema = restricted.schema();
        let info = TableInfo {
            schema,
            rows: resident.as_ref().map(|resident| resident.rows as u64),
            resident: resident.is_some(),
            memory_bytes: 0,
            storage_bytes: None,
            indexed: Vec::new(),
            notes: Vec::new(),
            live: table.info.live,
            identity: None,
        };
        let data = resident.map_or_else(|| Data::Lazy(restricted), Data::Resident);
        let policy = Arc::new(ReadPolicy { filterable: policy.filterable.clone(), ..ReadPolicy::default() });
        Ok(View { table: OpenTable::new(info, data, table.options.clone()), policy })
    }

    /// The masked table in memory; `None` when it does not fit.
    async fn masked(&self, whole: &Arc<Resident>, table: &OpenTable, policy: &Arc<ReadPolicy>) -> Result<Option<Arc<Resident>>> {
        let (whole, policy, options, budget) = (whole.clone(), policy.clone(), table.options.clone(), self.budget.clone());
        let made = self.cpu.compute(move |_| whole.masked(&policy, &options, &budget).map_err(Error::internal)).await?;
        Ok(made.map(Arc::new))
    }

    /// The rows that are seen, copied into memory; `None` when they do not fit.
    async fn copied(&self, restricted: &Arc<Restricted>, table: &OpenTable) -> Result<Option<Arc<Resident>>> {
        let (restricted, state, options, budget) =
            (restricted.clone(), self.ordered.clone(), table.options.clone(), self.budget.clone());
        let work = async move {
            let plan = restricted.scan(&state, None, &[], None).await?;
            load(execute_stream(plan, memory::task(&state))?, &options, &budget).await
        };
        match self.cpu.run(async move { work.await.map_err(from_datafusion) }).await? {
            Loaded::Resident(resident) => Ok(Some(Resident::in_plain_text(resident))),
            Loaded::TooLarge => Ok(None),
        }
    }
}
