//! Which way a query is read: by the kernels of a resident table where they can, else by DataFusion. Same answers.

use super::DataFusionEngine;
use crate::bind::bind;
use crate::plan::{self, MAX_TOP_ROWS, check_aggregates, finish_groups, positions, selected};
use crate::resident::{Grouping, Page, Resident, SortKey, Top};
use crate::table::Data;
use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datahall_core::engine::{Handle, Rows};
use datahall_core::query::{Function, Query};
use datahall_core::{Error, Result};
use futures::StreamExt;
use std::sync::Arc;

/// Queries that look at no more rows than this are answered on the caller's thread: handing over would cost more.
const INLINE_ROWS: usize = 65_536;

impl DataFusionEngine {
    pub(super) async fn read_table(&self, handle: &Handle, query: &Query) -> Result<Rows> {
        let table = self.enter(handle).await?;
        let visible = table.visible();
        check_aggregates(query, &visible)?;
        if let Data::Resident(resident) = &table.data
            && let Some(rows) = self.read_resident(resident, query, &visible).await?
        {
            return Ok(table.answer(rows));
        }
        let (ordered, parallel) = (self.ordered.clone(), self.state_for([&table]));
        let (provider, policy, query) = (table.provider(), table.policy().clone(), query.clone());
        let started = self.cpu.run(async move { plan::run(&ordered, &parallel, provider, &policy, &query).await });
        let (schema, batches) = started.await?;
        Ok(table.answer(Rows { schema, batches: self.cpu.stream(batches)? }))
    }

    /// `None` when the kernels cannot.
    async fn read_resident(&self, table: &Arc<Resident>, query: &Query, visible: &Schema) -> Result<Option<Rows>> {
        if query.distinct || query.is_grouped() {
            return self.group_resident(table, query, visible).await;
        }
        let predicate = bind(&query.filter, &table.schema)?;
        let select = positions(&table.schema, &selected(query, visible))?;
        if query.order.is_empty() {
            let page = Page::new(table.clone(), predicate, select, query.offset, query.limit).map_err(Error::internal)?;
            let schema = page.schema();
            let inline = page.cost() <= INLINE_ROWS;
            let rows = page.map(|batch| batch.map_err(Error::internal));
            let batches = if inline { futures::stream::iter(rows).boxed() } else { self.cpu.iterate(rows)? };
            return Ok(Some(Rows { schema, batches }));
        }
        // Its keys have nulls as the largest of all.
        if query.order.iter().any(|order| order.nulls_first != order.descending) {
            return Ok(None);
        }
        let Some(limit) = query.limit.filter(|limit| limit.saturating_add(query.offset) <= MAX_TOP_ROWS) else { return Ok(None) };
        let key = |order: &datahall_core::query::Order| {
            Ok(SortKey {
                column: positions(&table.schema, std::slice::from_ref(&order.column))?[0],
                descending: order.descending,
            })
        };
        let keys = query.order.iter().map(key).collect::<Result<Vec<_>>>()?;
        if !table.can_order(&keys) {
            return Ok(None);
        }
        let top = Top { keys, offset: query.offset as usize, limit: limit as usize };
        let table = table.clone();
        let work = move |go_on: &dyn Fn() -> bool| table.top(predicate, &top, &select, go_on).map_err(Error::internal);
        Ok(Some(one(self.cpu.compute(work).await?)))
    }

    async fn group_resident(&self, table: &Arc<Resident>, query: &Query, visible: &Schema) -> Result<Option<Rows>> {
        let predicate = bind(&query.filter, &table.schema)?;
        let counts_rows = query.group.is_empty()
            && !query.distinct
            && query.aggregates.iter().all(|aggregate| aggregate.function == Function::Count && aggregate.column.is_none());
        let query = query.clone();
        if counts_rows {
            let table = table.clone();
            let fields = query.aggregates.iter().map(|aggregate| Field::new(&aggregate.alias, DataType::Int64, false));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            let quick = table.quick_count(&predicate).map_err(Error::internal)?;
            let count = match quick {
                Some(count) => count,
                None => self.cpu.compute(move |go_on| table.count(predicate, go_on).map_err(Error::internal)).await?,
            };
            let column = Arc::new(Int64Array::from(vec![count as i64]));
            let batch = RecordBatch::try_new(schema, query.aggregates.iter().map(|_| column.clone() as _).collect());
            return Ok(Some(one(finish_groups(batch.map_err(Error::internal)?, &query)?)));
        }
        let names = if query.distinct { selected(&query, visible) } else { query.group.clone() };
        let group = positions(&table.schema, &names)?;
        let Some(grouping) = Grouping::new(table, &group, &query.aggregates) else { return Ok(None) };
        let work = move |go_on: &dyn Fn() -> bool| finish_groups(grouping.run(predicate, go_on)?, &query);
        Ok(Some(one(self.cpu.compute(work).await?)))
    }
}

fn one(batch: RecordBatch) -> Rows {
    Rows { schema: batch.schema(), batches: futures::stream::iter([Ok(batch)]).boxed() }
}
