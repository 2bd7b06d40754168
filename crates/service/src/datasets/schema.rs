//! The columns of a dataset, with one row to look at.

use crate::{Ctx, Service, TableSchema};
use datahall_core::Result;
use datahall_core::query::Query;
use futures::TryStreamExt;

impl Service {
    /// The visible columns, which of them have an index, and the first row.
    ///
    /// # Errors
    /// As [`Service::query`].
    pub async fn schema(&self, ctx: &Ctx, name: &str) -> Result<TableSchema> {
        self.require_read(ctx)?;
        let opened = self.opened(ctx, name).await?;
        let fields = opened.handle.schema();
        let first = Query { limit: Some(1), ..Query::default() }.resolve(&fields, &opened.handle.policy)?;
        let rows = self.engine.read(&opened.handle, &first).await?;
        let sample = rows.batches.try_filter(|batch| std::future::ready(batch.num_rows() > 0)).try_collect().await?;
        let info = opened.handle.table.info();
        // Which columns have an index depends on their values, on those that are kept from the caller too.
        let told = !opened.handle.policy.alters_rows();
        let visible = |column: &&String| told && fields.fields().iter().any(|field| field.name() == *column);
        Ok(TableSchema {
            name: opened.entry.name.clone(),
            rows: self.rows_seen(ctx, &opened.generation, &opened.handle).await,
            indexed: info.indexed.iter().filter(visible).map(|column| column.to_lowercase()).collect(),
            fields,
            sample,
            refreshed_at: opened.generation.loaded_at,
            etag: opened.etag(&"schema"),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, block, reader};

    #[tokio::test]
    async fn a_hidden_column_is_in_no_part_of_it() {
        let fixture = Fixture::new().await;
        let body = r#"{"name":"h","source":{"kind":"csv","location":"ok"},"projection_filter":{"exclude":["ID"]}}"#;
        assert_eq!(fixture.register_block(block(body)).await.unwrap().columns, 2);
        let schema = fixture.service.schema(&reader(), "h").await.unwrap();
        assert_eq!(schema.fields.fields().len(), 2);
        assert_eq!(schema.indexed, ["kind"]);
        assert_eq!((schema.sample.len(), schema.sample[0].num_columns(), schema.sample[0].num_rows()), (1, 2, 1));
    }
}
